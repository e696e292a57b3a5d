"""Files of public recordings: from a local mirror or the network, checked by size and sha256."""


rule fetch:
    """Download every public file that the configured recordings need."""
    input:
        plan.raw_files,


# On the submitting host: compute nodes have no network.
localrules:
    fetch_file,


rule fetch_file:
    """One file of a public data set."""
    output:
        "results/raw/{dataset}/{file}",
    log:
        "logs/fetch_file/{dataset}.{file}.log",
    benchmark:
        "benchmarks/fetch_file/{dataset}.{file}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=120,
        downloads=1,
    params:
        options=plan.block("fetch"),
        registry=str(plan.registry),
        source=plan.digest("sources.download"),
    script:
        "../scripts/fetch_file.py"
