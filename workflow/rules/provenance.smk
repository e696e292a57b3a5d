"""What made the results."""


rule provenance:
    """Versions, lock digest, seed and the whole configuration with its defaults."""
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
        lock_sha256=plan.lock_sha256,
        versions=plan.versions,
    script:
        "../scripts/provenance.py"
