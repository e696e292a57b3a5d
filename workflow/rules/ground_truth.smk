"""Ground truth: every test and index against recordings whose drift is known."""


rule ground_truth:
    """Table, figure and page: what each measure says of every kind of known recording."""
    input:
        plan.truths.files,


rule ground_truth_chunk:
    """One measure in some seeds of one kind of recording."""
    output:
        tsv="results/ground_truth/chunks/{truth_case}/{truth_measure}.{first}.tsv",
    log:
        "logs/ground_truth_chunk/{truth_case}.{truth_measure}.{first}.log",
    benchmark:
        "benchmarks/ground_truth_chunk/{truth_case}.{truth_measure}.{first}.tsv"
    wildcard_constraints:
        first=r"\d+",
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=120,
    params:
        chunk=plan.truths.chunk,
        source=plan.truths.digest,
    script:
        "../scripts/ground_truth_chunk.py"
