# What all rules share: params.yaml, the run as known before anything runs (workflow/dag.py), and one arithmetic.
import gc
import os
import re
import sys
from pathlib import Path

gc.freeze()  # the modules loaded by now stay, so that no garbage collection looks through them again
sys.path[:0] = [str(Path(workflow.basedir, folder)) for folder in ("workflow", "workflow/scripts")]

from microexpr.core import arithmetic

os.environ.update(arithmetic.settings())  # of this process's jobs; it computes nothing itself

from closure import code
from dag import EVALUATED, SIGNALS, Dag
from dvc_command import left_over
from microexpr.cli.config import check_cached, load
from microexpr.core.errors import MicroexprError
from session import Session, disable_job_rate_limiter, say
from stages import APPENDIX, METRICS, PAIRED, STAGES, TABLE, TRAINING_SETS_TABLE

try:
    if workflow.is_main_process:  # which Snakemake would read with a traceback, or the last of two equal keys
        for path in filter(os.path.exists, ("params.yaml", *workflow.overwrite_configfiles)):
            load(path)

    configfile: "params.yaml"

    CHECKED = check_cached(dict(config))
    RUN = Dag(CHECKED)
except MicroexprError as error:
    sys.exit(f"error: {error}")
PARAMS, METHODS, PROTOCOL, SEED = CHECKED["params"], CHECKED["methods"], RUN.protocol.name, CHECKED["params"]["seed"]
TRAINED = [name for name, about in METHODS.items() if not about["synthesises"]]
UNITS, FIRST = CHECKED["units"], RUN.first
MEASURED = {name: PARAMS["spot"][name] for name in ("rate", "movement", "spotting")}  # how long videos are
SYNTHESISING = [name for name, about in METHODS.items() if about["synthesises"]]

if workflow.is_main_process and not arithmetic.is_supported():
    say(arithmetic.NOTE)
if RUN.left_out:
    say(
        f"note: {', '.join(RUN.left_out)} left out, since {', '.join(RUN.micro_sets)} is licensed and origins never mix; "
        "`origin: generated` in params.yaml runs all on generated faces"
    )
if workflow.is_main_process:
    for _row, _reason in RUN.without_clips.items():
        say(f"note: {_row} is left out of the table: {_reason}")
if workflow.is_main_process and (note := FIRST.note()):
    say(note)
if workflow.is_main_process and "DVC_EXP_NAME" not in os.environ and (note := left_over()):
    say(note)
SESSION = Session(RUN, workflow)


def one_of(names):
    """Return a wildcard's pattern: one of these names, or nothing that exists."""
    return "|".join(map(re.escape, names)) or "none"


def model(method):
    """Return the module of a method or variant."""
    return f"models.recognisers.{method.partition('.')[0]}"


wildcard_constraints:
    dataset="|".join(RUN.origin),
    subject=r"[\w.-]+",
    method=one_of(METHODS),
    protocol=PROTOCOL,
    shard=r"\d+of\d+",


def rows(wildcards):
    return RUN.rows(wildcards.dataset, wildcards.subject)


def native_paths(wildcards):
    return RUN.native_paths(wildcards.dataset, wildcards.subject)
