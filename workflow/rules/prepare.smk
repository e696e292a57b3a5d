"""Recordings, real and synthetic, into the trials contract; units of several pooled into one."""


rule prepare_trials:
    """Trials file of one configured recording."""
    input:
        plan.files_of_recording,
    output:
        trials="results/trials/{source_recording}.nc",
    log:
        "logs/prepare_trials/{source_recording}.log",
    benchmark:
        "benchmarks/prepare_trials/{source_recording}.tsv"
    wildcard_constraints:
        source_recording=plan.pattern(plan.stored),
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        recording=plan.recording,
        seed=plan.config.seed,
        terms=plan.terms,
        source=plan.digests.source,
    script:
        "../scripts/prepare_trials.py"


# On the submitting host: compute nodes have no network.
localrules:
    stream_trials,


rule stream_trials:
    """Trials file of a recording that is read from an address, without a download."""
    output:
        trials="results/trials/{source_recording}.nc",
    log:
        "logs/stream_trials/{source_recording}.log",
    benchmark:
        "benchmarks/stream_trials/{source_recording}.tsv"
    wildcard_constraints:
        source_recording=plan.pattern(plan.streamed),
    retries: 2
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
        downloads=1,
    params:
        recording=plan.recording,
        seed=plan.config.seed,
        terms=plan.terms,
        source=plan.digests.source,
    script:
        "../scripts/prepare_trials.py"


rule pool_trials:
    """Units of several recordings side by side, joined on stimulus, segment, repeat and block."""
    input:
        plan.pooled,
    output:
        trials="results/trials/{pooled_recording}.nc",
    log:
        "logs/pool_trials/{pooled_recording}.log",
    benchmark:
        "benchmarks/pool_trials/{pooled_recording}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        source=plan.digests.of("sources.pooling"),
    script:
        "../scripts/pool_trials.py"


rule recordings_table:
    """What each recording is, whom to cite for it and under which terms it is used."""
    input:
        plan.trials_files,
    output:
        tsv="results/recordings.tsv",
        page=report(
            "results/recordings.html",
            caption="../report/recordings.rst",
            category=plan.report.categories["Data"],
            labels={"recording": "all", "figure": "sources", "selection": "all"},
        ),
    log:
        "logs/recordings_table/recordings_table.log",
    benchmark:
        "benchmarks/recordings_table/recordings_table.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        source=plan.digests.of("report.overview", "report.page"),
    script:
        "../scripts/recordings_table.py"
