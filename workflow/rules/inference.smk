"""Indices and statistics over animals or network instances: tables and forest plots."""


rule inference:
    """All tables of inference of the configuration, and their figures."""
    input:
        whole([*plan.inferences.made, *drawn(plan.inferences.figures)]),


rule inference_table:
    """Every statistic of a group of recordings over animals, tested against no drift."""
    input:
        unpack(paths(plan.inferences.inputs)),
    output:
        tsv="results/inference/{inference}.tsv",
        values="results/inference/{inference}.values.tsv",
        result="results/inference/{inference}.nc",
        page=report(
            "results/inference/{inference}.html",
            caption="../report/inference.rst",
            category=CATEGORIES["Drift"],
            labels={"figure": "table of inference ({inference})"},
        ),
    log:
        "results/logs/inference_table/{inference}.log",
    benchmark:
        "results/benchmarks/inference_table/{inference}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        entry=plan.inferences.entry,
        seed=study.config.seed,
        source=code("inference_table"),
    script:
        "../scripts/inference_table.py"
