"""The model's predictions for the recordings, written before looking and scored here."""


rule predictions:
    """The table of predictions."""
    input:
        whole(plan.foretold.files),


rule score_predictions:
    """Which predictions held, which did not, and which these recordings cannot test."""
    input:
        plan.foretold.inputs,
    output:
        tsv="results/predictions.tsv",
        page=report(
            "results/predictions.html",
            caption="../report/predictions.rst",
            category=plan.report.categories["Comparison"],
            labels={"comparison": "predictions", "figure": "table"},
        ),
    log:
        "logs/score_predictions.log",
    benchmark:
        "benchmarks/score_predictions.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        entry=plan.foretold.entry,
        source=plan.digests.of("comparison.predictions", "report.page"),
    script:
        "../scripts/predictions.py"
