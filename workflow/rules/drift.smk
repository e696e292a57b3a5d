"""Drift of every recording and simulation: similarity against lag, and the signal indices."""


rule drift:
    """Similarity matrices, drift curves and indices of the configured recordings."""
    input:
        whole(study.drifts),


rule sensitivity:
    """The indices again with every selection, those of the sensitivity analysis included."""
    input:
        whole([output("index_table.tsv", table="sensitivity")]),


rule drift_curves:
    """Similarity against lag, within and between blocks, with bootstrap intervals over units."""
    input:
        trials=TRIALS,
    output:
        curves="results/drift/{recording}/{selection}/{measure}.nc",
    log:
        "results/logs/drift_curves/{recording}.{selection}.{measure}.log",
    benchmark:
        "results/benchmarks/drift_curves/{recording}.{selection}.{measure}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        measure=study.measure,
        selection=study.selection,
        options=study.block("drift.curves"),
        seed=study.config.seed,
        source=code("drift_curves", plan.plugins.measure),
    script:
        "../scripts/drift_curves.py"


rule signal_index:
    """Signal indices of rate and timing with their tests, curves and samples over units."""
    input:
        trials=TRIALS,
    output:
        index="results/drift/{recording}/{selection}/index.nc",
    log:
        "results/logs/signal_index/{recording}.{selection}.log",
    benchmark:
        "results/benchmarks/signal_index/{recording}.{selection}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        selection=study.selection,
        options=study.block("drift", "index", "state"),
        samples=study.block("drift.curves", "bootstrap", "halves"),
        seed=study.config.seed,
        source=code("signal_index"),
    script:
        "../scripts/signal_index.py"


rule profile:
    """Rate, irregularity, sparseness, ensemble rate and tuning of a recording, over units."""
    input:
        trials=TRIALS,
    output:
        profile="results/profiles/{recording}/{selection}.nc",
    log:
        "results/logs/profile/{recording}.{selection}.log",
    benchmark:
        "results/benchmarks/profile/{recording}.{selection}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(10),
    params:
        selection=study.selection,
        options=study.block("drift.curves", "bootstrap", "halves"),
        seed=study.config.seed,
        source=code("profile"),
    script:
        "../scripts/profile.py"


rule index_table:
    """Signal indices of all recordings and selections, side by side."""
    input:
        paths(lambda wildcards: study.indices(study.indexed(wildcards.table))),
    output:
        tsv="results/drift/{table}.tsv",
        page=report(
            "results/drift/{table}.html",
            caption="../report/indices.rst",
            category=CATEGORIES["Drift"],
            labels={"figure": "table of {table}"},
        ),
    log:
        "results/logs/index_table/{table}.log",
    benchmark:
        "results/benchmarks/index_table/{table}.tsv"
    wildcard_constraints:
        table="indices|sensitivity",
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        rows=lambda wildcards: study.indexed(wildcards.table),
        source=code("index_table"),
    script:
        "../scripts/index_table.py"
