"""Indices and statistics over animals or network instances: tables and forest plots."""


rule inference:
    """All tables of inference of the configuration, and their figures."""
    input:
        whole(plan.inferences.files),


rule inference_table:
    """Every statistic of a group of recordings over animals, tested against no drift."""
    input:
        unpack(plan.inferences.inputs),
    output:
        tsv="results/inference/{inference}.tsv",
        values="results/inference/{inference}.values.tsv",
        result="results/inference/{inference}.nc",
        page=report(
            "results/inference/{inference}.html",
            caption="../report/inference.rst",
            category=plan.report.categories["Drift"],
            labels={
                "recording": "{inference}",
                "figure": "table of inference",
                "selection": "all",
            },
        ),
    log:
        "logs/inference_table/{inference}.log",
    benchmark:
        "benchmarks/inference_table/{inference}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        entry=plan.inferences.entry,
        seed=plan.config.seed,
        source=plan.digests.of("drift.over_animals", "report.page"),
    script:
        "../scripts/inference.py"


rule figure_inference:
    """Effect sizes over animals with their intervals."""
    input:
        result="results/inference/{inference}.nc",
    output:
        pdf="results/figures/inference.{inference}.pdf",
        png=report(
            "results/figures/inference.{inference}.png",
            caption="../report/inference.rst",
            category=plan.report.categories["Drift"],
            labels={
                "recording": "{inference}",
                "figure": "forest plot",
                "selection": "all",
            },
        ),
        tsv="results/figures/inference.{inference}.tsv",
    log:
        "logs/figure_inference/{inference}.log",
    benchmark:
        "benchmarks/figure_inference/{inference}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        figure="inference",
        lists=[],
        options=plan.block("figures", "width", "dpi"),
        source=plan.digests.figure("inference"),
    script:
        "../scripts/figure.py"
