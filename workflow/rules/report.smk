"""The page that the report opens on."""


rule findings:
    """What was found, in sentences, with the first figure."""
    input:
        unpack(paths(plan.report.inputs)),
    output:
        text="results/findings.md",
        page=report(
            "results/findings.html",
            caption="../report/findings.rst",
            category=CATEGORIES["Start here"],
            labels={"figure": "what was found"},
        ),
    log:
        "results/logs/findings.log",
    benchmark:
        "results/benchmarks/findings.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(5),
    params:
        recovered=plan.report.recovered,
        truths=plan.report.truths,
        source=code("findings"),
    script:
        "../scripts/findings.py"
