"""Ground truth: every test and index against recordings whose drift is known."""


rule ground_truth:
    """Table, figure and page: what each measure says of every kind of known recording."""
    input:
        whole(plan.truths.files),


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


rule collect_ground_truth:
    """Bias, false alarms and power of every statistic, judged; and all seeds."""
    input:
        plan.truths.chunks,
    output:
        tsv="results/ground_truth/table.tsv",
        data="results/ground_truth/seeds.nc",
        page=report(
            "results/ground_truth/table.html",
            caption="../report/ground_truth.rst",
            category=plan.report.categories["Drift"],
            labels={
                "recording": "ground truth",
                "figure": "table",
                "selection": "all",
            },
        ),
    log:
        "logs/collect_ground_truth.log",
    benchmark:
        "benchmarks/collect_ground_truth.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        options=plan.block("ground_truth"),
        versions=plan.versions,
        source=plan.digests.of(
            "ground_truth.assess", "ground_truth.verdicts", "report.page"
        ),
    script:
        "../scripts/collect_ground_truth.py"


rule figure_ground_truth:
    """How often each test rejects in each kind of recording, and power curves."""
    input:
        data="results/ground_truth/seeds.nc",
    output:
        pdf="results/figures/ground_truth.pdf",
        png=report(
            "results/figures/ground_truth.png",
            caption="../report/ground_truth.rst",
            category=plan.report.categories["Drift"],
            labels={
                "recording": "ground truth",
                "figure": "rejections and power",
                "selection": "all",
            },
        ),
        tsv="results/figures/ground_truth.tsv",
    log:
        "logs/figure_ground_truth.log",
    benchmark:
        "benchmarks/figure_ground_truth.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        figure="ground_truth",
        lists=[],
        options=plan.block("figures", "width", "dpi"),
        source=plan.digests.figure("ground_truth"),
    script:
        "../scripts/figure.py"
