"""Analyses of the configuration: each one's arrays and statistics, its figure, and one table."""


rule analyses:
    """All analyses of the configuration."""
    input:
        whole([*drawn(plan.analyses.figures), *plan.analyses.made]),


rule analysis:
    """One analysis of a recording or simulation under one selection."""
    input:
        trials=TRIALS,
    output:
        result="results/analyses/{recording}/{selection}/{analysis}.nc",
    log:
        "results/logs/analysis/{recording}.{selection}.{analysis}.log",
    benchmark:
        "results/benchmarks/analysis/{recording}.{selection}.{analysis}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(120),
    params:
        analysis=plan.analyses.entry,
        selection=study.selection,
        seed=study.config.seed,
        source=code("analysis", plan.analyses.modules),
    script:
        "../scripts/analysis.py"


rule statistics:
    """Statistics of all analyses, recordings and selections, side by side."""
    input:
        paths(plan.analyses.results),
    output:
        tsv="results/analyses/statistics.tsv",
        page=report(
            "results/analyses/statistics.html",
            caption="../report/statistics.rst",
            category=CATEGORIES["Drift"],
            labels={"figure": "table of statistics"},
        ),
    log:
        "results/logs/statistics.log",
    benchmark:
        "results/benchmarks/statistics.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        rows=plan.analyses.rows,
        source=code("statistics"),
    script:
        "../scripts/statistics.py"
