"""Analyses of the configuration: each one's arrays and statistics, its figure, and one table."""


rule analyses:
    """All analyses of the configuration."""
    input:
        whole(plan.analyses.files),


rule analysis:
    """One analysis of a recording or simulation under one selection."""
    input:
        trials="results/trials/{recording}.nc",
    output:
        result="results/analyses/{recording}/{selection}/{analysis}.nc",
    log:
        "logs/analysis/{recording}.{selection}.{analysis}.log",
    benchmark:
        "benchmarks/analysis/{recording}.{selection}.{analysis}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=120,
    params:
        analysis=plan.analyses.entry,
        selection=plan.selection,
        seed=plan.config.seed,
        source=plan.analyses.digest,
    script:
        "../scripts/analysis.py"


rule figure_analysis:
    """What an analysis found."""
    input:
        result="results/analyses/{recording}/{selection}/{analysis}.nc",
    output:
        pdf="results/figures/{analysis}.{recording}.{selection}.pdf",
        png=report(
            "results/figures/{analysis}.{recording}.{selection}.png",
            caption="../report/analysis.rst",
            category=plan.report.categories["Drift"],
            labels={
                "recording": "{recording}",
                "figure": "{analysis}",
                "selection": "{selection}",
            },
        ),
        tsv="results/figures/{analysis}.{recording}.{selection}.tsv",
    log:
        "logs/figure_analysis/{analysis}.{recording}.{selection}.log",
    benchmark:
        "benchmarks/figure_analysis/{analysis}.{recording}.{selection}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        figure=plan.analyses.figure,
        lists=[],
        caption=plan.analyses.caption,
        options=plan.block("figures", "width", "dpi"),
        source=plan.analyses.figure_digest,
    script:
        "../scripts/figure.py"


rule statistics:
    """Statistics of all analyses, recordings and selections, side by side."""
    input:
        plan.analyses.results,
    output:
        tsv="results/analyses/statistics.tsv",
        page=report(
            "results/analyses/statistics.html",
            caption="../report/statistics.rst",
            category=plan.report.categories["Drift"],
            labels={
                "recording": "all",
                "figure": "table of statistics",
                "selection": "all",
            },
        ),
    log:
        "logs/statistics.log",
    benchmark:
        "benchmarks/statistics.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        rows=plan.analyses.rows,
        source=plan.digests.of("report.tables", "report.page"),
    script:
        "../scripts/statistics.py"
