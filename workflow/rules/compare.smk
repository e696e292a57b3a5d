"""Models against recordings: scores, baselines, noise ceiling, and what they could tell apart."""


rule compare:
    """Scores of every configured comparison."""
    input:
        whole(plan.comparisons.files),


rule compare_sweep:
    """Every point of a sweep against one recording."""
    input:
        unpack(plan.comparisons.inputs),
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
        points=plan.comparisons.points,
        options=plan.comparisons.scored,
        seed=plan.config.seed,
        source=plan.digests.of("comparison.scores.scores"),
    script:
        "../scripts/compare_sweep.py"


rule compare_animals:
    """The point that is best for the other animals, scored on each animal left out."""
    input:
        plan.comparisons.animals,
    output:
        "results/compare/{compared_group}.animals.nc",
    log:
        "logs/compare_animals/{compared_group}.log",
    benchmark:
        "benchmarks/compare_animals/{compared_group}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        options=plan.block("compare", "time_scale"),
        source=plan.digests.of("comparison.scores.across_animals"),
    script:
        "../scripts/compare_animals.py"


rule compare_structure:
    """Similarity matrices of a recording against those of every run, with what lag alone gives."""
    input:
        unpack(plan.comparisons.trials),
    output:
        "results/structure/{comparison}.nc",
    log:
        "logs/compare_structure/{comparison}.log",
    benchmark:
        "benchmarks/compare_structure/{comparison}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        sweep=plan.comparisons.sweep,
        points=plan.comparisons.points,
        selections=plan.comparisons.selections,
        timing=lambda wildcards: plan.measures[plan.config.compare.timing].model_dump(
            mode="json"
        ),
        options=plan.block(
            "compare",
            "structure",
            "min_units",
            "assumed_order",
            "confidence",
            "headline_instances",
        ),
        seed=plan.config.seed,
        source=plan.comparisons.structure_digest,
    script:
        "../scripts/compare_structure.py"


rule structure_animals:
    """Similarity matrices over animals: ceiling, and models against it and each other."""
    input:
        plan.comparisons.structures,
    output:
        "results/structure/{compared_group}.animals.nc",
    log:
        "logs/structure_animals/{compared_group}.log",
    benchmark:
        "benchmarks/structure_animals/{compared_group}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        options=plan.block("compare", "bootstrap", "confidence"),
        seed=plan.config.seed,
        source=plan.comparisons.structure_animals_digest,
    script:
        "../scripts/structure_animals.py"


rule recover:
    """Which rules a comparison could tell apart, and whether any is compatible with the data."""
    input:
        unpack(plan.comparisons.recovered),
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
        compare=plan.comparisons.scored,
        options=plan.block("recovery"),
        seed=plan.config.seed,
        source=plan.digests.of("comparison.recovery.recovery"),
    script:
        "../scripts/recover.py"
