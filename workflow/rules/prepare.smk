"""Recordings, real and synthetic, into the trials contract; units of several pooled into one."""


rule prepare_trials:
    """Trials file of one configured recording."""
    input:
        paths(plan.files_of),
    output:
        trials=TRIALS,
    log:
        "results/logs/prepare_trials/{recording}.log",
    benchmark:
        "results/benchmarks/prepare_trials/{recording}.tsv"
    wildcard_constraints:
        recording=pattern(study.stored),
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        recording=study.recording,
        raw=RAW,
        seed=study.config.seed,
        terms=plan.terms,
        own_files=dates.stamps(study.files_of),
        source=code("prepare_trials", plan.plugins.source),
    script:
        "../scripts/prepare_trials.py"


# On the submitting host: compute nodes have no network.
localrules:
    stream_trials,


use rule prepare_trials as stream_trials with:
    """Trials file of a recording that is read from an address, without a download."""
    log:
        "results/logs/stream_trials/{recording}.log",
    benchmark:
        "results/benchmarks/stream_trials/{recording}.tsv"
    wildcard_constraints:
        recording=pattern(study.streamed),
    retries: 2
    resources:
        mem_mb=more(2000),
        runtime=more(240),
        downloads=1,


rule pool_trials:
    """Units of several recordings side by side, joined on stimulus, segment, repeat and block."""
    input:
        lambda wildcards: collect(TRIALS, recording=study.pooled(wildcards)),
    output:
        trials=TRIALS,
    log:
        "results/logs/pool_trials/{recording}.log",
    benchmark:
        "results/benchmarks/pool_trials/{recording}.tsv"
    wildcard_constraints:
        recording=pattern(study.pools),
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(8000),
        runtime=more(60),
    params:
        source=code("pool_trials"),
    script:
        "../scripts/pool_trials.py"


rule recordings_table:
    """What each recording is, whom to cite for it and under which terms it is used."""
    input:
        collect(TRIALS, recording=study.recorded.names),
    output:
        tsv="results/recordings.tsv",
        page=report(
            "results/recordings.html",
            caption="../report/recordings.rst",
            category=CATEGORIES["Data"],
            labels={"figure": "sources of the recordings"},
        ),
    log:
        "results/logs/recordings_table/recordings_table.log",
    benchmark:
        "results/benchmarks/recordings_table/recordings_table.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        source=code("recordings_table"),
    script:
        "../scripts/recordings_table.py"
