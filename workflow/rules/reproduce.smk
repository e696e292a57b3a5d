"""Published networks, each run through the experiments of its paper."""


rule reproduce:
    """One figure and one table a network, and a summary: measured against published, quick sizes."""
    input:
        whole(
            [
                *plan.reproduction.made("quick"),
                *drawn(plan.reproduction.figures_of("quick")),
            ]
        ),


rule reproduce_full:
    """The same in the sizes of the papers: hours."""
    input:
        whole(
            [
                *plan.reproduction.made("full"),
                *drawn(plan.reproduction.figures_of("full")),
            ]
        ),


rule reproduce_network:
    """All experiments of a network's paper: what was measured, beside its targets."""
    output:
        measured="results/reproduce/{size}/{network}.tsv",
        targets="results/reproduce/{size}/{network}.targets.tsv",
    log:
        "results/logs/reproduce_network/{size}.{network}.log",
    benchmark:
        "results/benchmarks/reproduce_network/{size}.{network}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(6000),
        runtime=lambda wildcards, attempt: attempt
        * (60 if wildcards.size == "quick" else 2880),
    params:
        seed=plan.config.reproduction.seed,
        source=code("reproduce_network", plan.reproduction.modules),
    script:
        "../scripts/reproduce_network.py"


rule reproduction_summary:
    """How many targets every network meets, and which it misses."""
    input:
        lambda wildcards: paths.of(plan.reproduction.tables(wildcards.size)),
    output:
        tsv="results/reproduce/{size}/summary.tsv",
        page=report(
            "results/reproduce/{size}/summary.html",
            caption="../report/reproduction.rst",
            category=CATEGORIES["Networks"],
            labels={"figure": "table of targets (published networks)"},
        ),
    log:
        "results/logs/reproduction_summary/{size}.log",
    benchmark:
        "results/benchmarks/reproduction_summary/{size}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        source=code("reproduction_summary"),
    script:
        "../scripts/reproduction_summary.py"
