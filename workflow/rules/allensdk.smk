"""What AllenSDK provides, in an environment of its own: the catalogue, addresses, second readings.

Its programs are in workflow/allensdk. They run on Python 3.11, know nothing of the library, and
only files pass between the two.
"""

CATALOGUES = ("neuropixels", "two-photon")


rule catalogue:
    """Tables of all Allen sessions, and the caches that AllenSDK opens in a notebook."""
    input:
        collect("results/catalogue/{catalogue}.tsv", catalogue=CATALOGUES),


# On the submitting host: compute nodes have no network.
localrules:
    catalogue,
    allensdk_env,
    catalogue_tables,
    warehouse_links,


rule allensdk_env:
    """Environment of envs/allensdk.lock.txt, built once; its marker is written last."""

    # Neither input nor param nor benchmark: the digest in its name says when it is another.
    output:
        plan.allensdk.marker,
    log:
        "results/logs/allensdk_env/allensdk_env.log",
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(500),
        runtime=more(15),
    script:
        "../scripts/allensdk_env.py"


rule catalogue_tables:
    """Sessions or containers of one data set, and what differs from the table in use."""
    input:
        environment=ancient(plan.allensdk.marker),
        used=ancient(plan.allensdk.session_table),
    output:
        "results/catalogue/{catalogue}.tsv",
    log:
        "results/logs/catalogue/{catalogue}.log",
    benchmark:
        "results/benchmarks/catalogue/{catalogue}.tsv"
    wildcard_constraints:
        catalogue=pattern(CATALOGUES),
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(4000),
        runtime=more(120),
        downloads=1,
    params:
        python=plan.allensdk.python,
        cache=lambda wildcards: f"{RAW}/{plan.allensdk.cache(wildcards)}",
        fetch=plan.downloads.options,
        program=plan.allensdk.digest("catalogue"),
        source=code("catalogue"),
    script:
        "../scripts/catalogue.py"


rule warehouse_links:
    """Where the warehouse has the files that may have to come from there."""
    input:
        environment=ancient(plan.allensdk.marker),
    output:
        links="results/catalogue/warehouse-links.tsv",
    log:
        "results/logs/warehouse_links/warehouse_links.log",
    benchmark:
        "results/benchmarks/warehouse_links/warehouse_links.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(60),
        downloads=1,
    params:
        python=plan.allensdk.python,
        files=plan.downloads.in_warehouse(),
        fetch=plan.downloads.options,
        program=plan.allensdk.digest("warehouse_links"),
        source=code("warehouse_links"),
    script:
        "../scripts/warehouse_links.py"


rule read_session:
    """A session as AllenSDK reads it: what our own reading is checked against."""
    input:
        environment=ancient(plan.allensdk.marker),
        session=f"{RAW}/visual-coding-neuropixels/session_{{session}}/session_{{session}}.nwb",
    output:
        "results/allensdk/{session}.{limits}.npz",
    log:
        "results/logs/read_session/{session}.{limits}.log",
    benchmark:
        "results/benchmarks/read_session/{session}.{limits}.tsv"
    wildcard_constraints:
        session=r"\d+",
        limits=r"default|0\.9|unfiltered",
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(8000),
        runtime=more(60),
    params:
        python=plan.allensdk.python,
        program=plan.allensdk.digest("read_session"),
        source=code("read_session"),
    script:
        "../scripts/read_session.py"
