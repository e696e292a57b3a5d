"""The model's predictions for the recordings, written before looking and scored here."""


rule predictions:
    """The table of predictions."""
    input:
        whole(plan.preregistered.made),


rule score_predictions:
    """Which predictions held, which did not, and which these recordings cannot test."""
    input:
        paths(plan.preregistered.inputs),
    output:
        tsv="results/predictions.tsv",
        page=report(
            "results/predictions.html",
            caption="../report/predictions.rst",
            category=CATEGORIES["Comparison"],
            labels={"figure": "table of predictions"},
        ),
    log:
        "results/logs/score_predictions.log",
    benchmark:
        "results/benchmarks/score_predictions.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        entry=plan.preregistered.entry,
        source=code("score_predictions"),
    script:
        "../scripts/score_predictions.py"
