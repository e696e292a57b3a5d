"""The final figures, and the page that says what they rest on."""


rule figure_final:
    """One of the final figures: spikedrift.plan.figures says what each is drawn from."""
    input:
        unpack(plan.final.inputs),
    output:
        pdf="results/figures/final/{final}.pdf",
        png=report(
            "results/figures/final/{final}.png",
            caption="../report/final.rst",
            category=plan.final.category,
            labels=plan.final.about,
        ),
        tsv="results/figures/final/{final}.tsv",
    log:
        "logs/figure_final/{final}.log",
    benchmark:
        "benchmarks/figure_final/{final}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        figure=plan.final.figure,
        lists=plan.final.lists,
        labels=plan.final.labels,
        caption=plan.final.caption,
        options=plan.final.drawn,
        source=plan.final.digest,
    script:
        "../scripts/figure_final.py"


rule supplement:
    """Figures made and left out, parameters, unit counts, run times, software."""

    # Run times are those of all jobs: wait for them, but do not run again whenever one did.
    input:
        ancient(plan.results),
        counted=[row["path"] for row in plan.unit_counts],
        software="results/provenance.json",
    output:
        tsv="results/supplement.tsv",
        page=report(
            "results/supplement.html",
            caption="../report/supplement.rst",
            category=plan.report.categories["Provenance"],
            labels={"figure": "supplement"},
        ),
    log:
        "logs/supplement.log",
    benchmark:
        "benchmarks/supplement.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        indices=plan.unit_counts,
        made=plan.final.files,
        omitted=plan.final.omitted,
        given=plan.given,
        source=plan.digests.of("report.supplement", "report.page"),
    script:
        "../scripts/supplement.py"
