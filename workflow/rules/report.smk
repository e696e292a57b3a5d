"""The page that the report opens on."""


rule findings:
    """What was found, in sentences, with the headline figure."""
    input:
        unpack(plan.report.inputs),
    output:
        text="results/findings.md",
        page=report(
            "results/findings.html",
            caption="../report/findings.rst",
            category=plan.report.categories["Start here"],
            labels={"page": "what was found"},
        ),
    log:
        "logs/findings.log",
    benchmark:
        "benchmarks/findings.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        recovered=plan.report.recovered,
        truths=plan.report.truths,
        source=plan.digests.of("report.findings", "report.page"),
    script:
        "../scripts/findings.py"
