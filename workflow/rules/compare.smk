"""Models against recordings: scores, baselines, noise ceiling, and what they could tell apart."""


rule compare:
    """Scores of every configured comparison."""
    input:
        plan.comparison_files,
        plan.recovery_files,


rule compare_sweep:
    """Every condition of a sweep against one recording."""
    input:
        unpack(plan.compared),
    output:
        "results/compare/{comparison}.nc",
    log:
        "logs/compare_sweep/{comparison}.log",
    benchmark:
        "benchmarks/compare_sweep/{comparison}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        comparison=plan.comparison,
        conditions=plan.conditions,
        options=plan.block("compare"),
        seed=plan.config.seed,
        source=plan.digest("comparison.compare"),
    script:
        "../scripts/compare_sweep.py"


rule recover:
    """Which rules a comparison could tell apart, and whether any is compatible with the data."""
    input:
        unpack(plan.recovered),
    output:
        "results/recovery/{comparison}.nc",
    log:
        "logs/recover/{comparison}.log",
    benchmark:
        "benchmarks/recover/{comparison}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        compare=plan.block("compare"),
        options=plan.block("recovery"),
        seed=plan.config.seed,
        source=plan.digest("comparison.recovery"),
    script:
        "../scripts/recover.py"
