"""Models against recordings: scores, baselines, noise ceiling."""


rule compare:
    """Scores of every configured comparison."""
    input:
        plan.comparison_files,


rule compare_sweep:
    """Every point of a sweep against one recording."""
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
        points=plan.compared_points,
        options=plan.block("compare"),
        seed=plan.config.seed,
        source=plan.digest("comparison.compare"),
    script:
        "../scripts/compare_sweep.py"


rule compare_animals:
    """The point that is best for the other animals, scored on each animal left out."""
    input:
        plan.compared_animals,
    output:
        "results/compare/{compared_group}.animals.nc",
    log:
        "logs/compare_animals/{compared_group}.log",
    benchmark:
        "benchmarks/compare_animals/{compared_group}.tsv"
    wildcard_constraints:
        compared_group=plan.pattern(plan.animals),
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        options=plan.block("compare"),
        source=plan.digest("comparison.animals"),
    script:
        "../scripts/compare_animals.py"
