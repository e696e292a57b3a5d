"""Plasticity rules, each run through its published induction protocols."""


rule validate:
    """One figure and one table a rule, and a summary: measured against published."""
    input:
        whole([*plan.validation.made, *drawn(plan.validation.figures)]),


rule balance:
    """Values of parameters at which plasticity rules change no mean weight, at given rates."""
    input:
        whole([output("balance_table.tsv")]),


rule balance_table:
    """For every operating point: the balancing value, and the mean change at it and as published."""
    output:
        tsv="results/validate/balance.tsv",
    log:
        "results/logs/balance_table.log",
    benchmark:
        "results/benchmarks/balance_table.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        points=plan.validation.balanced,
        seed=plan.config.validation.seed,
        source=code("balance_table", plan.validation.modules_balanced),
    script:
        "../scripts/balance_table.py"


rule induce:
    """Change of the weight in every condition of a rule's protocols, beside its target."""
    input:
        unpack(plan.validation.targets_of),
    output:
        tsv="results/validate/{plasticity_rule}.tsv",
    log:
        "results/logs/induce/{plasticity_rule}.log",
    benchmark:
        "results/benchmarks/induce/{plasticity_rule}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        inductions=plan.validation.further,
        seed=plan.config.validation.seed,
        source=code("induce", plan.validation.modules),
    script:
        "../scripts/induce.py"


rule induce_shown:
    """The protocols that the final figure of plasticity rules shows, each beside its target."""
    input:
        plan.validation.targets_shown,
    output:
        tsv="results/validate/shown.tsv",
    log:
        "results/logs/induce_shown.log",
    benchmark:
        "results/benchmarks/induce_shown.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        panels=plan.validation.panels,
        seed=plan.config.validation.seed,
        source=code("induce_shown", plan.validation.modules_shown),
    script:
        "../scripts/induce_shown.py"


rule validation_summary:
    """How many targets every rule meets."""
    input:
        paths(plan.validation.tables),
    output:
        tsv="results/validate/summary.tsv",
        page=report(
            "results/validate/summary.html",
            caption="../report/validation.rst",
            category=CATEGORIES["Rules"],
            labels={"figure": "table of targets (plasticity rules)"},
        ),
    log:
        "results/logs/validation_summary.log",
    benchmark:
        "results/benchmarks/validation_summary.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        source=code("validation_summary"),
    script:
        "../scripts/validation_summary.py"
