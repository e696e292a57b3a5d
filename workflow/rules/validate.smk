"""Plasticity rules, each run through its published induction protocols."""


rule validate:
    """One figure and one table a rule, and a summary: measured against published."""
    input:
        whole(plan.validation.files),


rule induce:
    """Change of the weight in every condition of a rule's protocols, beside its target."""
    input:
        unpack(plan.validation.targets_of),
    output:
        tsv="results/validate/{plasticity_rule}.tsv",
    log:
        "logs/induce/{plasticity_rule}.log",
    benchmark:
        "benchmarks/induce/{plasticity_rule}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        inductions=plan.validation.further,
        seed=plan.config.validation.seed,
        source=plan.validation.digest,
    script:
        "../scripts/induce.py"


rule figure_induction:
    """Measured against published, a panel for every protocol and parameter set."""
    input:
        tsv="results/validate/{plasticity_rule}.tsv",
    output:
        pdf="results/figures/induction.{plasticity_rule}.pdf",
        png=report(
            "results/figures/induction.{plasticity_rule}.png",
            caption="../report/induction.rst",
            category=plan.report.categories["Rules"],
            labels={"rule": "{plasticity_rule}", "figure": "induction"},
        ),
        tsv="results/figures/induction.{plasticity_rule}.tsv",
    log:
        "logs/figure_induction/{plasticity_rule}.log",
    benchmark:
        "benchmarks/figure_induction/{plasticity_rule}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        options=plan.block("figures", "width", "dpi"),
        source=plan.validation.figure_digest,
    script:
        "../scripts/figure_induction.py"


rule induce_shown:
    """The protocols that the final figure of plasticity rules shows, each beside its target."""
    input:
        plan.validation.targets_shown,
    output:
        tsv="results/validate/shown.tsv",
    log:
        "logs/induce_shown.log",
    benchmark:
        "benchmarks/induce_shown.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        panels=plan.validation.panels,
        seed=plan.config.validation.seed,
        source=plan.validation.shown_digest,
    script:
        "../scripts/induce_shown.py"


rule validation_summary:
    """How many targets every rule meets."""
    input:
        plan.validation.tables,
    output:
        tsv="results/validate/summary.tsv",
        page=report(
            "results/validate/summary.html",
            caption="../report/validation.rst",
            category=plan.report.categories["Rules"],
            labels={"rule": "all", "figure": "table of targets"},
        ),
    log:
        "logs/validation_summary.log",
    benchmark:
        "benchmarks/validation_summary.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        source=plan.digests.of("plasticity.targets", "report.page"),
    script:
        "../scripts/validation_summary.py"
