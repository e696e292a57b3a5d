"""spikedrift: from spikes to similarity to drift, recordings and models down one path."""

import gc
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

# A plan is a great many objects and next to no garbage: a quarter of a start was looking for some.
gc.freeze()
gc.set_threshold(100_000, 50, 50)

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
from spikedrift.plan import dates, surroundings
from spikedrift.plan.digests import code
from spikedrift.plan.figures import CATEGORIES, drawn
from spikedrift.plan.outputs import Paths, output, pattern, trials
from spikedrift.plan.plan import Plan, share_library
from spikedrift.plan.resources import more
from spikedrift.plan.standing import Standing
from spikedrift.plan.start import Configuration, again, check_python, ending

share_library()

# Paths of what several rules make, and of what the plan looks for.
TRIALS = "results/trials/{recording}.nc"
RAW = "results/raw"

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
    plan = Plan(checked(Config, raw), trials=TRIALS, raw=RAW)
    if workflow.is_main_process:
        plan.check()
    elif workflow.remote_exec:  # a node of a cluster
        surroundings.record()
except InputError as error:
    sys.exit(f"spikedrift: {error}")

study = plan.study
paths = Paths(rules)
whole = Standing(workflow, paths)


report: "workflow/report/workflow.rst"


wildcard_constraints:
    recording=r"[^/]+",
    selection=pattern(study.selections),
    measure=pattern(study.measures),
    analysis=pattern(plan.analyses.entries),
    sweep=pattern(study.sweeps),
    chunk=plan.surveys.chunk_pattern,
    comparison=pattern(plan.comparisons.entries),
    posterior=pattern(plan.posteriors.entries),
    compared_group=pattern(plan.comparisons.groups),
    inference=pattern(plan.inferences.entries),
    truth_case=pattern(plan.truths.cases),
    truth_measure=pattern(plan.truths.measures),
    figure=pattern(plan.figures.files),
    plasticity_rule=pattern(plan.validation.names),
    network=pattern(plan.reproduction.names),
    size="quick|full",


localrules:
    all,
    check_config,
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
    balance,
    reproduce,
    reproduce_full,
    ground_truth,
    predictions,


include: "workflow/rules/check.smk"
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
include: "workflow/rules/posterior.smk"
include: "workflow/rules/predictions.smk"
include: "workflow/rules/validate.smk"
include: "workflow/rules/reproduce.smk"
include: "workflow/rules/ground_truth.smk"
include: "workflow/rules/provenance.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


rule all:
    """Everything: the figures, the numbers behind them, and what made them."""
    default_target: True
    input:
        whole(plan.results),
        rules.provenance.output[0],
        rules.supplement.output.tsv,
        rules.findings.output.page,


for rules_file in plan.custom_rules:

    include: rules_file


if workflow.is_main_process:
    configuration = Configuration(
        workflow.configfiles, study.block(), paths.of(plan.results)
    )
    for notice in (*plan.notices, *configuration.notices):
        logger.warning(f"spikedrift: {notice}")


onstart:
    if rules.check_config.rule in workflow.dag.targetrules:
        # Nothing else needs these: a start imports them nowhere else.
        from snakemake.rules import Wildcards
        from spikedrift.plan.outlook import Outlook

        jobs = whole.jobs(rules.all.rule, Wildcards)
        found = Outlook(plan, jobs, Path("results/benchmarks"), workflow.cores)
        for line in (f"{configuration.name} makes", *found.lines):
            print(f"spikedrift: {line}", flush=True)
        if not workflow.dag.targetfiles and len(workflow.dag.targetrules) == 1:
            return
    try:
        disk.probe("results")
        configuration.record()
        surroundings.record()
        if ahead := dates.settle("results"):
            logger.warning(
                f"spikedrift: the clock was put back: {len(ahead)} files of results/ were dated in "
                f"the future, such as {ahead[-1]}, and are now of today; what was made of them "
                "since is made again by the next call"
            )
        dates.check(
            [
                *(HERE / "workflow" / "scripts").glob("*.py"),
                *{
                    path
                    for job in workflow.dag.needrun_jobs()
                    for path in job.input
                },
            ]
        )
    except InputError as error:
        sys.exit(f"spikedrift: {error}")


# Jobs run no handlers, and neither does a dry run.
onsuccess:
    from snakemake.settings.enums import Quietness
    from spikedrift.plan.notes import Run

    command = again(
        HERE,
        Path(workflow.main_snakefile),
        workflow.overwrite_configfiles,
        workflow.config_settings.config,
    )
    asked = {job.rule for job in workflow.dag.jobs}
    pages = [rules.findings.output.page] if rules.findings.rule in asked else []
    for line in (
        *Run.of(workflow).success(Path("results")),
        *ending(paths.of(plan.final.made), pages, HERE, command),
    ):
        # What `--quiet` leaves out.
        logger.info(f"spikedrift: {line}", extra={"quietness": Quietness.PROGRESS})


onerror:
    from spikedrift.plan.notes import Run

    for line in Run.of(workflow).failure(sys.argv):
        logger.info(f"spikedrift: {line}")
