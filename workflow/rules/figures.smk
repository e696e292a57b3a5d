"""The figures: PDF for print, PNG for the report, and the plotted numbers as a table."""


rule figures:
    """All figures of the configuration."""
    input:
        whole(plan.figure_files),


rule figure_raster:
    """Spikes of one segment, first and last block side by side."""
    input:
        trials="results/trials/{recording}.nc",
    output:
        pdf="results/figures/raster.{recording}.{selection}.pdf",
        png=report(
            "results/figures/raster.{recording}.{selection}.png",
            caption="../report/raster.rst",
            category=plan.report.categories["Data"],
            labels={
                "recording": "{recording}",
                "figure": "raster",
                "selection": "{selection}",
            },
        ),
        tsv="results/figures/raster.{recording}.{selection}.tsv",
    log:
        "logs/figure_raster/{recording}.{selection}.log",
    benchmark:
        "benchmarks/figure_raster/{recording}.{selection}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        selection=plan.selection,
        options=plan.block(
            "figures",
            "width",
            "dpi",
            "raster_segment",
            "raster_repeats",
            "raster_units",
        ),
        seed=plan.config.seed,
        source=plan.digests.figure("raster", "spikes.selections"),
    script:
        "../scripts/figure_raster.py"


rule figure_matrices:
    """Repeat x repeat similarity, rate beside timing, blocks outlined."""
    input:
        unpack(plan.matrices_drawn),
    output:
        pdf="results/figures/matrices.{recording}.{selection}.pdf",
        png=report(
            "results/figures/matrices.{recording}.{selection}.png",
            caption="../report/matrices.rst",
            category=plan.report.categories["Drift"],
            labels={
                "recording": "{recording}",
                "figure": "matrices",
                "selection": "{selection}",
            },
        ),
        tsv="results/figures/matrices.{recording}.{selection}.tsv",
    log:
        "logs/figure_matrices/{recording}.{selection}.log",
    benchmark:
        "benchmarks/figure_matrices/{recording}.{selection}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        figure="matrices",
        lists=["rate", "timing"],
        options=plan.block("figures", "width", "dpi"),
        source=plan.digests.figure("matrices"),
    script:
        "../scripts/figure.py"


rule figure_drift_curves:
    """Similarity against lag, and the signal indices, rate beside timing."""
    input:
        unpack(plan.curves_drawn),
        index="results/drift/{recording}/{selection}/index.nc",
    output:
        pdf="results/figures/drift_curves.{recording}.{selection}.pdf",
        png=report(
            "results/figures/drift_curves.{recording}.{selection}.png",
            caption="../report/drift_curves.rst",
            category=plan.report.categories["Drift"],
            labels={
                "recording": "{recording}",
                "figure": "drift curves",
                "selection": "{selection}",
            },
        ),
        tsv="results/figures/drift_curves.{recording}.{selection}.tsv",
    log:
        "logs/figure_drift_curves/{recording}.{selection}.log",
    benchmark:
        "benchmarks/figure_drift_curves/{recording}.{selection}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        figure="drift_curves",
        lists=[],
        options=plan.block("figures", "width", "dpi"),
        source=plan.digests.figure("drift_curves"),
    script:
        "../scripts/figure.py"


rule figure_learning:
    """What the conditions of a sweep learn, and how they drift."""
    input:
        unpack(plan.learned),
    output:
        pdf="results/figures/learning.{sweep}.pdf",
        png=report(
            "results/figures/learning.{sweep}.png",
            caption="../report/learning.rst",
            category=plan.report.categories["Networks"],
            labels={"figure": "learning and drift", "sweep": "{sweep}"},
        ),
        tsv="results/figures/learning.{sweep}.tsv",
    log:
        "logs/figure_learning/{sweep}.log",
    benchmark:
        "benchmarks/figure_learning/{sweep}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        conditions=plan.conditions,
        compare=plan.block("compare", "confidence", "headline_instances"),
        options=plan.block("figures", "width", "dpi"),
        source=plan.digests.figure("learning"),
    script:
        "../scripts/figure_learning.py"


rule figure_scores:
    """Scores of a comparison against ceiling and baselines."""
    input:
        scores="results/compare/{comparison}.nc",
    output:
        pdf="results/figures/scores.{comparison}.pdf",
        png=report(
            "results/figures/scores.{comparison}.png",
            caption="../report/scores.rst",
            category=plan.report.categories["Comparison"],
            labels={"comparison": "{comparison}", "figure": "scores"},
        ),
        tsv="results/figures/scores.{comparison}.tsv",
    log:
        "logs/figure_scores/{comparison}.log",
    benchmark:
        "benchmarks/figure_scores/{comparison}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        figure="scores",
        lists=[],
        options=plan.block("figures", "width", "dpi"),
        source=plan.digests.figure("scores"),
    script:
        "../scripts/figure.py"


rule figure_comparators:
    """Every comparator of similarity matrices by itself: what the final figure sums up."""
    input:
        structure="results/structure/{comparison}.nc",
    output:
        pdf="results/figures/comparators.{comparison}.pdf",
        png=report(
            "results/figures/comparators.{comparison}.png",
            caption="../report/comparators.rst",
            category="Comparison",
            labels={"comparison": "{comparison}", "figure": "comparators"},
        ),
        tsv="results/figures/comparators.{comparison}.tsv",
    log:
        "logs/figure_comparators/{comparison}.log",
    benchmark:
        "benchmarks/figure_comparators/{comparison}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        figure="comparators",
        lists=[],
        options=plan.block("figures", "width", "dpi"),
        source=plan.digests.figure("comparators"),
    script:
        "../scripts/figure.py"


rule figure_animals:
    """Points that some animals choose, scored on each animal left out."""
    input:
        scores="results/compare/{compared_group}.animals.nc",
    output:
        pdf="results/figures/animals.{compared_group}.pdf",
        png=report(
            "results/figures/animals.{compared_group}.png",
            caption="../report/animals.rst",
            category=plan.report.categories["Comparison"],
            labels={"comparison": "{compared_group}", "figure": "animals left out"},
        ),
        tsv="results/figures/animals.{compared_group}.tsv",
    log:
        "logs/figure_animals/{compared_group}.log",
    benchmark:
        "benchmarks/figure_animals/{compared_group}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        figure="animals",
        lists=[],
        options=plan.block("figures", "width", "dpi"),
        source=plan.digests.figure("animals"),
    script:
        "../scripts/figure.py"


rule figure_structure_animals:
    """Every comparator of similarity matrices over animals."""
    input:
        structure="results/structure/{compared_group}.animals.nc",
    output:
        pdf="results/figures/structure_animals.{compared_group}.pdf",
        png=report(
            "results/figures/structure_animals.{compared_group}.png",
            caption="../report/structure_animals.rst",
            category=plan.report.categories["Comparison"],
            labels={
                "comparison": "{compared_group}",
                "figure": "matrices over animals",
            },
        ),
        tsv="results/figures/structure_animals.{compared_group}.tsv",
    log:
        "logs/figure_structure_animals/{compared_group}.log",
    benchmark:
        "benchmarks/figure_structure_animals/{compared_group}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        figure="structure_animals",
        lists=[],
        options=plan.block("figures", "width", "dpi"),
        source=plan.digests.figure("structure_animals"),
    script:
        "../scripts/figure.py"
