"""Trial x trial similarity of every recording and simulation, by every measure."""


rule similarity_matrix:
    """Similarity of all pairs of trials, with repeat x repeat and segment x segment summaries."""
    input:
        trials=TRIALS,
    output:
        matrix="results/similarity/{recording}/{selection}/{measure}.nc",
    log:
        "results/logs/similarity_matrix/{recording}.{selection}.{measure}.log",
    benchmark:
        "results/benchmarks/similarity_matrix/{recording}.{selection}.{measure}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        measure=study.measure,
        selection=study.selection,
        seed=study.config.seed,
        source=code("similarity_matrix", plan.plugins.measure),
    script:
        "../scripts/similarity_matrix.py"
