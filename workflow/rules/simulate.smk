"""Sweeps of plastic networks: one compiled binary, many points and instances."""


rule sweep:
    """Simulate every point and instance of every sweep."""
    input:
        whole(
            [
                *(output("sweep_points.table", sweep=name) for name in study.sweeps),
                *map(trials, study.points),
            ]
        ),


rule sweep_points:
    """Table of a sweep's points: id, variant, instance, overrides."""
    output:
        table="results/sweeps/{sweep}.tsv",
    log:
        "results/logs/sweep_points/{sweep}.log",
    benchmark:
        "results/benchmarks/sweep_points/{sweep}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(500),
        runtime=more(5),
    params:
        sweep=study.sweep,
        source=code("sweep_points"),
    script:
        "../scripts/sweep_points.py"


rule build_network:
    """Compile a sweep's network once; every point and instance runs from this binary."""
    output:
        network="results/networks/{sweep}.json",
    log:
        "results/logs/build_network/{sweep}.log",
    benchmark:
        "results/benchmarks/build_network/{sweep}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 2
    resources:
        mem_mb=more(4000),
        runtime=more(30),
    params:
        network=study.network,
        source=code("build_network", plan.plugins.network),
    script:
        "../scripts/build_network.py"


rule train:
    """What a network is trained to; points that differ only in what comes after it share it."""
    input:
        plan.trainings.files,
    output:
        trained="results/trained/{trained}.nc",
    log:
        "results/logs/train/{trained}.log",
    benchmark:
        "results/benchmarks/train/{trained}.tsv"
    wildcard_constraints:
        trained=pattern(plan.trainings.names),
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(600),
    params:
        training=plan.trainings.of,
        own_files=dates.stamps(plan.trainings.files),
        source=code("train", plan.trainings.modules),
    script:
        "../scripts/train.py"


rule simulate_point:
    """Trials, and traces of rates and weights, of one instance at one point of a sweep."""
    input:
        unpack(paths(study.sessions)),
    output:
        trials=TRIALS,
        traces="results/traces/{recording}.nc",
    log:
        "results/logs/simulate_point/{recording}.log",
    benchmark:
        "results/benchmarks/simulate_point/{recording}.tsv"
    wildcard_constraints:
        recording=pattern(study.points),
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(60),
    params:
        point=study.point,
        network=study.network,
        build="results/networks/build",
        own_files=dates.stamps(study.files_of_point),
        source=code("simulate_point", plan.plugins.network),
    script:
        "../scripts/simulate_point.py"
