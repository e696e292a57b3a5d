"""Files of public recordings: from the first place that has them whole; how much that is, first."""


rule fetch:
    """Download every public file that the configured recordings need."""
    input:
        paths(plan.downloads.made),


# On the submitting host: compute nodes have no network.
localrules:
    download_sizes,
    fetch_file,


rule download_sizes:
    """How large the files are that are not there yet; refused where the disk lacks the space."""
    input:
        links=paths(plan.downloads.links),
    output:
        temp(f"{RAW}/sizes.tsv"),
    log:
        "results/logs/download_sizes/download_sizes.log",
    benchmark:
        "results/benchmarks/download_sizes/download_sizes.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(500),
        runtime=more(30),
    params:
        files=plan.downloads.received,
        options=plan.downloads.options,
        registry=plan.downloads.table,
    script:
        "../scripts/download_sizes.py"


rule fetch_file:
    """One file of a public data set that is not there yet."""
    input:
        sizes=ancient(rules.download_sizes.output[0]),
        links=paths(plan.downloads.links),
    output:
        file=f"{RAW}/{{raw_file}}",
    log:
        "results/logs/fetch_file/{raw_file}.log",
    benchmark:
        "results/benchmarks/fetch_file/{raw_file}.tsv"
    wildcard_constraints:
        raw_file=pattern(plan.downloads.missing),
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(500),
        runtime=more(600),
        downloads=1,
    params:
        options=plan.downloads.options,
        registry=plan.downloads.table,
    script:
        "../scripts/fetch_file.py"
