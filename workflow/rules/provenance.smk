"""What made the results."""


rule provenance:
    """Versions, digests of locks, commit and what differs from it, machines with their compilers, and
    the whole configuration with its defaults."""
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
        machines=lambda wildcards: machines.all,
    script:
        "../scripts/provenance.py"
