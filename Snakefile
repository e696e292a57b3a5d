"""spikedrift: from spikes to similarity to drift, recordings and models down one path."""

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

HERE = Path(str(workflow.current_basedir))

# A --configfile stands alone: merged over the default it would keep the default's recordings.
if not workflow.overwrite_configfiles:

    configfile: str(HERE / "config" / "config.yaml")


sys.path.insert(0, str(HERE / "src"))

from spikedrift.config.check import checked
from spikedrift.config.root import Config
from spikedrift.errors import InputError
from spikedrift.plan import Plan, share_library

share_library()
try:
    plan = Plan(checked(Config, config))
except InputError as error:
    sys.exit(f"spikedrift: {error}")


for notice in plan.notices:
    logger.warning(f"spikedrift: {notice}")


report: "workflow/report/workflow.rst"


wildcard_constraints:
    source_recording=plan.pattern(plan.recordings),
    pooled_recording=plan.pattern(plan.pools),
    simulated_recording=plan.pattern(plan.points),
    recording=r"[^/]+",
    selection=plan.pattern(plan.selections),
    measure=plan.pattern(plan.measures),
    analysis=plan.pattern(plan.analyses.entries),
    sweep=plan.pattern(plan.sweeps),
    chunk=plan.pattern(plan.surveys.chunk_names),
    comparison=plan.pattern(plan.comparisons.entries),
    compared_group=plan.pattern(plan.comparisons.groups),
    inference=plan.pattern(plan.inferences.entries),
    truth_case=plan.pattern(plan.truths.cases),
    truth_measure=plan.pattern(plan.truths.measures),
    final=plan.pattern(plan.final.made),
    plasticity_rule=plan.pattern(plan.validation.names),


localrules:
    all,
    fetch,
    drift,
    analyses,
    inference,
    sensitivity,
    sweep,
    survey,
    compare,
    figures,
    validate,
    ground_truth,


rule all:
    """Everything: the figures, the numbers behind them, and what made them."""
    default_target: True
    input:
        plan.results,
        "results/provenance.json",
        "results/supplement.tsv",
        "results/findings.html",


include: "workflow/rules/fetch.smk"
include: "workflow/rules/allensdk.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/survey.smk"
include: "workflow/rules/similarity.smk"
include: "workflow/rules/drift.smk"
include: "workflow/rules/analyses.smk"
include: "workflow/rules/inference.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/predictions.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/final.smk"
include: "workflow/rules/validate.smk"
include: "workflow/rules/ground_truth.smk"
include: "workflow/rules/provenance.smk"
include: "workflow/rules/report.smk"


for rules_file in plan.custom_rules:

    include: rules_file
