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

from spikedrift.core import interrupts

interrupts.in_one_line()

from spikedrift.core import disk
from spikedrift.config.check import checked
from spikedrift.config.read import merged, read
from spikedrift.config.root import Config
from spikedrift.core.errors import InputError
from spikedrift.plan.plan import Plan, share_library
from spikedrift.plan.standing import Standing
from spikedrift.plan.start import Configuration, again, check_python, ending

share_library()
try:
    check_python(sys.executable)
    # Another workflow that imports this one hands a configuration over. Otherwise files are read
    # anew: Snakemake's reader takes the last of two equal keys, and tells no lines.
    raw = config
    if not workflow.modifier.skip_configfile:
        raw = {}
        for path in workflow.configfiles:
            raw = merged(raw, read(path))
        raw = merged(raw, workflow.config_settings.config)
    plan = Plan(checked(Config, raw))
except InputError as error:
    sys.exit(f"spikedrift: {error}")

configuration = Configuration(workflow.configfiles, plan.block(), plan.results)
if workflow.is_main_process:
    for notice in (*plan.notices, *configuration.notices):
        logger.warning(f"spikedrift: {notice}")


onsuccess:
    command = again(
        HERE,
        Path(workflow.main_snakefile),
        workflow.overwrite_configfiles,
        workflow.config_settings.config,
    )
    for line in ending(plan.final.files, HERE, command):
        logger.info(f"spikedrift: {line}")


whole = Standing(workflow)


report: "workflow/report/workflow.rst"


onstart:
    try:
        disk.probe("results")
        configuration.record()
    except InputError as error:
        sys.exit(f"spikedrift: {error}")


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
    predictions,


rule all:
    """Everything: the figures, the numbers behind them, and what made them."""
    default_target: True
    input:
        whole(plan.results),
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
