"""Surveys of sweeps: chunks of runs, summarized one by one, and all of them together."""


rule survey:
    """Data, table and figure of every sweep that has a survey."""
    input:
        whole(plan.surveys.files),


rule survey_chunk:
    """Simulate and summarize some runs; finished ones lie in results/surveys/{sweep}/runs."""
    output:
        "results/surveys/{sweep}/chunks/{chunk}.nc",
    log:
        "logs/survey_chunk/{sweep}.{chunk}.log",
    benchmark:
        "benchmarks/survey_chunk/{sweep}.{chunk}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=240,
    params:
        sweep=plan.surveys.of,
        runs=plan.surveys.runs,
        source=plan.surveys.digest,
    script:
        "../scripts/survey_chunk.py"


rule collect_survey:
    """All runs of a survey as one data set and one table, failed ones marked."""
    input:
        chunks=plan.surveys.chunks_of,
    output:
        data="results/surveys/{sweep}.nc",
        table="results/surveys/{sweep}.tsv",
    log:
        "logs/collect_survey/{sweep}.log",
    benchmark:
        "benchmarks/collect_survey/{sweep}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        runs=plan.surveys.runs,
        versions=plan.versions,
        source=plan.digests.of("sweeps.survey"),
    script:
        "../scripts/collect_survey.py"


rule figure_survey:
    """Learning and drift of every condition of a survey along its axis."""
    input:
        data="results/surveys/{sweep}.nc",
    output:
        pdf="results/figures/survey.{sweep}.pdf",
        png=report(
            "results/figures/survey.{sweep}.png",
            caption="../report/survey.rst",
            category=plan.report.categories["Networks"],
            labels={"figure": "survey", "sweep": "{sweep}"},
        ),
        tsv="results/figures/survey.{sweep}.tsv",
    log:
        "logs/figure_survey/{sweep}.log",
    benchmark:
        "benchmarks/figure_survey/{sweep}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        axes=plan.surveys.axes,
        compare=plan.block("compare", "confidence", "headline_instances"),
        options=plan.block("figures", "width", "dpi"),
        source=plan.digests.figure("survey"),
    script:
        "../scripts/figure_survey.py"
