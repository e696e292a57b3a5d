"""Sweeps of plastic networks: one compiled binary, many points and instances."""


rule sweep:
    """Simulate every point and instance of every sweep."""
    input:
        whole([*plan.sweep_tables, *plan.simulated_trials]),


rule sweep_points:
    """Table of a sweep's points: id, condition, instance, overrides."""
    output:
        "results/sweeps/{sweep}.tsv",
    log:
        "logs/sweep_points/{sweep}.log",
    benchmark:
        "benchmarks/sweep_points/{sweep}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        sweep=plan.sweep,
        source=plan.digests.of("sweeps.points"),
    script:
        "../scripts/sweep_points.py"


rule build_network:
    """Compile a sweep's network once; every point and instance runs from this binary."""
    output:
        "results/networks/{sweep}.json",
    log:
        "logs/build_network/{sweep}.log",
    benchmark:
        "benchmarks/build_network/{sweep}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        network=plan.network,
        source=plan.digests.network,
    script:
        "../scripts/build_network.py"


rule simulate_point:
    """Trials, and traces of rates and weights, of one instance at one point of a sweep."""
    input:
        build=plan.build_of_point,
    output:
        trials="results/trials/{simulated_recording}.nc",
        traces="results/traces/{simulated_recording}.nc",
    log:
        "logs/simulate_point/{simulated_recording}.log",
    benchmark:
        "benchmarks/simulate_point/{simulated_recording}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        point=plan.point,
        network=plan.network,
        source=plan.digests.network,
    script:
        "../scripts/simulate_point.py"
