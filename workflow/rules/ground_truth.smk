"""Ground truth: every test and index against recordings whose drift is known."""


rule ground_truth:
    """Table, figure and page: what each measure says of every kind of known recording."""
    input:
        whole([*plan.truths.made, *drawn(plan.truths.figures)]),


rule ground_truth_chunk:
    """One measure in some seeds of one kind of recording."""
    output:
        tsv="results/ground_truth/chunks/{truth_case}/{truth_measure}.{first}.tsv",
    log:
        "results/logs/ground_truth_chunk/{truth_case}.{truth_measure}.{first}.log",
    benchmark:
        "results/benchmarks/ground_truth_chunk/{truth_case}.{truth_measure}.{first}.tsv"
    wildcard_constraints:
        first=r"\d+",
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(120),
    params:
        chunk=plan.truths.chunk,
        source=code("ground_truth_chunk", plan.truths.modules),
    script:
        "../scripts/ground_truth_chunk.py"


rule collect_ground_truth:
    """Bias, false alarms and power of every statistic, judged; and all seeds."""
    input:
        paths(plan.truths.chunks),
    output:
        tsv="results/ground_truth/table.tsv",
        data="results/ground_truth/seeds.nc",
        page=report(
            "results/ground_truth/table.html",
            caption="../report/ground_truth.rst",
            category=CATEGORIES["Drift"],
            labels={"figure": "table of the ground truth"},
        ),
    log:
        "results/logs/collect_ground_truth.log",
    benchmark:
        "results/benchmarks/collect_ground_truth.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(20),
    params:
        options=study.block("ground_truth"),
        versions=plan.versions,
        source=code("collect_ground_truth"),
    script:
        "../scripts/collect_ground_truth.py"
