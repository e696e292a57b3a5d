"""Surveys of sweeps: chunks of runs, summarized one by one, and all of them together."""


rule survey:
    """Data, table and figure of every sweep that has a survey."""
    input:
        whole([*plan.surveys.made, *drawn(plan.surveys.figures)]),


rule survey_chunk:
    """Simulate and summarize some runs; finished ones lie in results/surveys/{sweep}/runs."""
    input:
        unpack(paths(plan.surveys.files)),
    output:
        chunk="results/surveys/{sweep}/chunks/{chunk}.nc",
    log:
        "results/logs/survey_chunk/{sweep}.{chunk}.log",
    benchmark:
        "results/benchmarks/survey_chunk/{sweep}.{chunk}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(240),
    params:
        sweep=plan.surveys.of,
        runs=plan.surveys.runs,
        build="results/networks/build",
        own_files=dates.stamps(plan.surveys.read),
        source=code("survey_chunk", plan.surveys.modules),
    script:
        "../scripts/survey_chunk.py"


rule collect_survey:
    """All runs of a survey as one data set and one table, failed ones marked."""
    input:
        chunks=paths(plan.surveys.chunks_of),
    output:
        data="results/surveys/{sweep}.nc",
        table="results/surveys/{sweep}.tsv",
    log:
        "results/logs/collect_survey/{sweep}.log",
    benchmark:
        "results/benchmarks/collect_survey/{sweep}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(20),
    params:
        runs=plan.surveys.runs,
        accept=plan.surveys.accept,
        match=plan.surveys.match,
        versions=plan.versions,
        source=code("collect_survey"),
    script:
        "../scripts/collect_survey.py"
