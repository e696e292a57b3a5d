"""Recordings, real and synthetic, into the trials contract."""


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
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        recording=plan.recording,
        seed=plan.config.seed,
        registry=str(plan.registry),
        source=plan.source_digest,
    script:
        "../scripts/prepare_trials.py"
