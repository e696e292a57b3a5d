"""Models against recordings: scores, baselines, noise ceiling, and what they could distinguish."""


rule compare:
    """Scores of every configured comparison."""
    input:
        whole(plan.comparisons.made),


rule compare_sweep:
    """Every point of the sweeps against one recording."""
    input:
        unpack(paths(plan.comparisons.inputs)),
    output:
        scores="results/compare/{comparison}.nc",
    log:
        "results/logs/compare_sweep/{comparison}.log",
    benchmark:
        "results/benchmarks/compare_sweep/{comparison}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(15),
    params:
        sweeps=plan.comparisons.sweeps,
        points=plan.comparisons.points,
        options=plan.comparisons.scored,
        seed=study.config.seed,
        source=code("compare_sweep"),
    script:
        "../scripts/compare_sweep.py"


rule compare_animals:
    """The point that is best for the other animals, scored on each animal left out."""
    input:
        paths(plan.comparisons.animals),
    output:
        scores="results/compare/{compared_group}.animals.nc",
    log:
        "results/logs/compare_animals/{compared_group}.log",
    benchmark:
        "results/benchmarks/compare_animals/{compared_group}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(15),
    params:
        options=study.block("compare", "time_scale"),
        source=code("compare_animals"),
    script:
        "../scripts/compare_animals.py"


rule compare_structure:
    """Similarity matrices of a recording against those of every run, with what lag alone gives."""
    input:
        unpack(paths(plan.comparisons.trials)),
    output:
        structure="results/structure/{comparison}.nc",
    log:
        "results/logs/compare_structure/{comparison}.log",
    benchmark:
        "results/benchmarks/compare_structure/{comparison}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(60),
    params:
        sweeps=plan.comparisons.sweeps,
        points=plan.comparisons.points,
        selections=plan.comparisons.selections,
        timing=study.timing,
        options=study.block(
            "compare",
            "structure",
            "min_units",
            "assumed_order",
            "confidence",
            "min_instances",
        ),
        seed=study.config.seed,
        source=code(
            "compare_structure", plan.plugins.timing, plan.comparisons.comparators
        ),
    script:
        "../scripts/compare_structure.py"


rule structure_animals:
    """Similarity matrices over animals: ceiling, and models against it and each other."""
    input:
        paths(plan.comparisons.structures_of),
    output:
        structure="results/structure/{compared_group}.animals.nc",
    log:
        "results/logs/structure_animals/{compared_group}.log",
    benchmark:
        "results/benchmarks/structure_animals/{compared_group}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(60),
    params:
        options=study.block("compare", "bootstrap", "confidence"),
        seed=study.config.seed,
        source=code("structure_animals", plan.comparisons.comparators),
    script:
        "../scripts/structure_animals.py"


rule recover:
    """Which variants a comparison could distinguish, and whether any is compatible with the data."""
    input:
        unpack(paths(plan.comparisons.recovered)),
    output:
        recovery="results/recovery/{comparison}.nc",
    log:
        "results/logs/recover/{comparison}.log",
    benchmark:
        "results/benchmarks/recover/{comparison}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        compare=plan.comparisons.scored,
        options=study.block("recovery"),
        seed=study.config.seed,
        source=code("recover"),
    script:
        "../scripts/recover.py"
