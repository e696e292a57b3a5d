"""The figures: PDF for print, PNG for the report, the plotted numbers; what they rest on."""


rule figures:
    """All figures of the configuration but those of analyses and of inference."""
    input:
        whole(drawn(plan.shown)),


rule figure:
    """One figure: spikedrift.plan.figures says what each is drawn from."""
    input:
        unpack(paths(plan.figures.inputs)),
    output:
        pdf="results/figures/{figure}.pdf",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/figure.rst",
            category=plan.figures.category,
            labels=plan.figures.labels,
        ),
        tsv="results/figures/{figure}.tsv",
    log:
        "results/logs/figure/{figure}.log",
    benchmark:
        "results/benchmarks/figure/{figure}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(20),
    params:
        figure=plan.figures.name,
        lists=plan.figures.lists,
        arguments=plan.figures.arguments,
        caption=plan.figures.caption,
        options=plan.figures.options,
        source=code("figure", plan.figures.modules),
    script:
        "../scripts/figure.py"


rule supplement:
    """Figures made and left out, parameters, unit counts, run times, software."""

    # Run times are those of all jobs: wait for them, but do not run again whenever one did.
    input:
        made=ancient(paths(plan.results)),
        counted=paths(study.indices(study.unit_counts)),
        software=rules.provenance.output[0],
    output:
        tsv="results/supplement.tsv",
        page=report(
            "results/supplement.html",
            caption="../report/supplement.rst",
            category=CATEGORIES["Provenance"],
            labels={"figure": "supplement"},
        ),
    log:
        "results/logs/supplement.log",
    benchmark:
        "results/benchmarks/supplement.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        benchmarks="results/benchmarks",
        indices=study.unit_counts,
        made=list(plan.final.numbers),
        omitted=plan.final.omitted,
        given=study.given,
        source=code("supplement"),
    script:
        "../scripts/supplement.py"
