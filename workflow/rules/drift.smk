"""Drift of every recording and simulation: similarity against lag, and the signal indices."""


rule drift:
    """Similarity matrices, drift curves and indices of the configured recordings."""
    input:
        whole(plan.drift_files),


rule sensitivity:
    """The indices again with every selection, those of the sensitivity analysis included."""
    input:
        whole(["results/drift/sensitivity.tsv"]),


rule drift_curves:
    """Similarity against lag, within and between blocks, with bootstrap intervals over units."""
    input:
        trials="results/trials/{recording}.nc",
    output:
        curves="results/drift/{recording}/{selection}/{measure}.nc",
    log:
        "logs/drift_curves/{recording}.{selection}.{measure}.log",
    benchmark:
        "benchmarks/drift_curves/{recording}.{selection}.{measure}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        measure=plan.measure,
        selection=plan.selection,
        options=plan.block("drift.curves"),
        seed=plan.config.seed,
        source=plan.digests.curves,
    script:
        "../scripts/drift_curves.py"


rule drift_index:
    """Signal indices of rate and timing with their tests, curves and samples over units."""
    input:
        trials="results/trials/{recording}.nc",
    output:
        index="results/drift/{recording}/{selection}/index.nc",
    log:
        "logs/drift_index/{recording}.{selection}.log",
    benchmark:
        "benchmarks/drift_index/{recording}.{selection}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        selection=plan.selection,
        options=plan.block("drift", "index", "state"),
        samples=plan.block("drift.curves", "bootstrap", "halves"),
        seed=plan.config.seed,
        source=plan.digests.of("spikes.selections", "drift.signal.recording"),
    script:
        "../scripts/drift_index.py"


rule profile:
    """Rate, irregularity, sparseness, ensemble rate and tuning of a recording, over units."""
    input:
        trials="results/trials/{recording}.nc",
    output:
        profile="results/profiles/{recording}/{selection}.nc",
    log:
        "logs/profile/{recording}.{selection}.log",
    benchmark:
        "benchmarks/profile/{recording}.{selection}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        selection=plan.selection,
        options=plan.block("drift.curves", "bootstrap", "halves"),
        seed=plan.config.seed,
        source=plan.digests.of("spikes.selections", "drift.profile"),
    script:
        "../scripts/recording_profile.py"


rule index_table:
    """Drift indices of all recordings and selections, side by side."""
    input:
        plan.indices_of,
    output:
        tsv="results/drift/{table}.tsv",
        page=report(
            "results/drift/{table}.html",
            caption="../report/indices.rst",
            category=plan.report.categories["Drift"],
            labels={
                "recording": "all",
                "figure": "table of {table}",
                "selection": "all",
            },
        ),
    log:
        "logs/index_table/{table}.log",
    benchmark:
        "benchmarks/index_table/{table}.tsv"
    wildcard_constraints:
        table="indices|sensitivity",
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        rows=lambda wildcards: plan.indexed(wildcards.table),
        source=plan.digests.of("report.tables", "report.page"),
    script:
        "../scripts/index_table.py"
