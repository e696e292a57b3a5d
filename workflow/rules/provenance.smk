"""What made the results."""


rule provenance:
    """Versions, digests of locks, commit and what differs from it, machines with their compilers, and
    the whole configuration with its defaults."""

    # Made last, and again with any of them: which machines it was made on is known only then.
    input:
        paths(plan.results),
    output:
        "results/provenance.json",
    log:
        "results/logs/provenance/provenance.log",
    benchmark:
        "results/benchmarks/provenance/provenance.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(500),
        runtime=more(5),
    params:
        config=study.block(),
        locks=plan.locks,
        versions=plan.versions,
        code=lambda wildcards: surroundings.code(HERE),
        machine=lambda wildcards: surroundings.machine(),
        source=code("provenance"),
    script:
        "../scripts/provenance.py"
