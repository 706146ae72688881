# What all rules share: params.yaml, the run as known before anything runs (microexpr.tasks.run), and one arithmetic.
import gc
import os
import re
import sys
from pathlib import Path

gc.freeze()  # the modules loaded by now stay, so that no garbage collection looks through them again
sys.path[:0] = [str(Path(workflow.basedir, folder)) for folder in ("workflow", "workflow/scripts")]

import own_source
import upstream
from interrupt import Interrupt

IS_MAIN, INTERRUPT = upstream.is_main(workflow), Interrupt()
if IS_MAIN and upstream.runs_jobs_here(workflow):
    INTERRUPT.catch()
own_source.check()

from microexpr.core import arithmetic

os.environ.update(arithmetic.settings())  # of this process's jobs; it computes nothing itself

import closure
from closure import task_modules
from microexpr.cli.config import check_cached, load
from microexpr.core.errors import MicroexprError
from microexpr.tasks import MAIN_TASK, PROTOCOLS, TASKS, Recognition
from microexpr.tasks.run import APPENDIX, METRICS, SIGNALS, TRAINING_SETS_TABLE, Run
from microexpr.tasks.trainings import EVALUATED
from reader_fits.population.planned import Population
from session import Session, say
from stages import STAGES, Outputs

try:
    if IS_MAIN:  # errors in one line: Snakemake reads the files again, with `--config` over them
        for path in filter(os.path.exists, ("params.yaml", *upstream.config_files(workflow))):
            load(path)

    configfile: "params.yaml"

    CHECKED = check_cached(dict(config))
    RUN = Run(CHECKED, Population)
    OUTPUTS = Outputs(RUN)
except MicroexprError as error:
    sys.exit(f"error: {error}")
CORPUS, PLAN, FIRST, GENERATORS = RUN.corpus, RUN.plan, RUN.first, RUN.generators
TABLE, PAIRED = PLAN.table_files
PARAMS, METHODS, PROTOCOL, SEED = CHECKED.params, CHECKED.methods, PLAN.main.name, CHECKED.params["seed"]
SYNTHESISING = [name for name, row in METHODS.items() if row.synthesises]
SCENE = {key: PARAMS["render"][key] for key in ("difficulty", "width", "height")}
LEAKY = [name for name in METHODS if name not in PLAN.ranked]
SYNTHESISED_FACES = [training.evaluated("_faces.csv") for training in PLAN.table if training.method in PLAN.synthesising]

if IS_MAIN and not arithmetic.is_supported():
    say(arithmetic.NOTE)
if CORPUS.left_out:
    say(
        f"note: {', '.join(CORPUS.left_out)} left out, since {', '.join(CORPUS.micro_sets)} is licensed and origins never mix; "
        "`origin: generated` in params.yaml runs all on generated faces"
    )
if IS_MAIN:
    for _note in (note for plan in RUN.tasks.values() for note in plan.notes):
        say(f"note: {_note}")
    if note := FIRST.note():
        say(note)
upstream.quote_python()


SESSION = Session(RUN, OUTPUTS, workflow, INTERRUPT)


def one_of(names):
    """Return a wildcard's pattern: one of these names, or nothing that exists."""
    return "|".join(map(re.escape, names)) or "none"


# all data sets of the run
USED_SETS = {*CORPUS.origin, *(name for plan in RUN.tasks.values() for name in plan.datasets)}


def code(script, *modules, dataset=None):
    """Return the digest of the code of a job on one data set, else on all of the run."""
    return closure.code(script, *modules, datasets=frozenset([dataset] if dataset else USED_SETS))


def code_of(script, *modules):
    """Return a param of a job: the digest of its script's code, of the modules that its wildcards choose, and these."""
    return lambda w: code(script, *closure.chosen(dict(w.items())), *modules, dataset=w.get("dataset"))


def needs(memory, minutes=30):
    """Return resources, in MB and minutes, that double with each further attempt; docs/cluster.md has measured values.

    Other jobs ask for those of profiles/."""
    return {
        "mem_mb": lambda wildcards, attempt: memory * 2 ** (attempt - 1),
        "runtime": lambda wildcards, attempt: minutes * 2 ** (attempt - 1),
    }


TRAINING = needs(2000, 360)


def training(wildcards):
    """Return the training of a job."""
    folder, protocol = wildcards.get("task", ""), wildcards.get("protocol", PROTOCOL)
    plan = RUN.recognition[folder.rstrip("/") or MAIN_TASK]
    try:
        if protocol in plan.allowed:
            return plan.training(wildcards.method, protocol)
    except (LookupError, MicroexprError):
        pass
    sys.exit(f"error: results/{folder} has no training of {wildcards.method} under {protocol}")


def pooled(training):
    """Return how many folds and seeds of a training an evaluation pools, and the leak that it declares."""
    return {"folds": training.folds, "seeds": training.seeds, "planted_leak": training.planted_leak}


def true_faces(names):
    """Return the crops and apexes of all subjects of these data sets, by stage."""
    return CORPUS.signals(("faces", "apex"), names)


def initial(training, role="population"):
    """Return the weights that a network starts from; the time of shipped files does not matter."""
    return [path if path in FIRST.networks else ancient(path) for path in FIRST.paths(training, role)]


def annotate(plans, annotations):
    """Define a rule for the annotation of each data set, from the rows of its clips or videos."""
    for dataset, rows in plans.items():

        rule:
            name:
                f"annotation_{dataset}"
            output:
                annotations(dataset),
            log:
                f"work/logs/render/{dataset}.log",
            params:
                code=code("annotation", dataset=dataset),
                dataset=dataset,
                rows=rows,
            script:
                "../scripts/annotation.py"


ANY_PROTOCOL = one_of(PROTOCOLS)
TASK_FOLDERS = one_of(plan.task.folder for plan in RUN.recognition.values())


wildcard_constraints:
    dataset="|".join(CORPUS.origin),
    subject=r"[\w.-]+",
    method=one_of(name for plan in RUN.recognition.values() for name in plan.rows),
    protocol=PROTOCOL,
    shard=r"\d+of\d+",


def rows(wildcards):
    return CORPUS.rows(wildcards.dataset, wildcards.subject)


def native_paths(wildcards):
    return CORPUS.native_paths(wildcards.dataset, wildcards.subject)
