"""Trial x trial similarity of every recording and simulation, by every measure."""


rule similarity_matrix:
    """Similarity of all pairs of trials, with repeat x repeat and segment x segment summaries."""
    input:
        trials="results/trials/{recording}.nc",
    output:
        matrix="results/similarity/{recording}/{selection}/{measure}.nc",
    log:
        "logs/similarity_matrix/{recording}.{selection}.{measure}.log",
    benchmark:
        "benchmarks/similarity_matrix/{recording}.{selection}.{measure}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        measure=plan.measure,
        selection=plan.selection,
        seed=plan.config.seed,
        source=plan.digests.matrix,
    script:
        "../scripts/similarity_matrix.py"
