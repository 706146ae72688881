# What all rules share: the run as known before anything runs (workflow/dag.py), and one thread a job.
import os
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
os.environ.update(dict.fromkeys(THREADS, "1"))  # sums in another order are other bytes; cores run jobs side by side

from closure import code
from dvc_command import left_over
from dag import EVALUATED, METRICS, PAIRED, REPORT, SIGNALS, TABLE, TRUTH, Dag
from microexpr.core.errors import MicroexprError
from records import Records, make_writable, set_aside
from stage import prune_checkpoints

STARTED = time.time()
UNDER_WAY = ".under_way"  # beside the log of a job that has not come to an end
KILLED = "error: the job was killed, maybe for want of memory; run the same command again, with fewer --cores"
try:
    RUN = Dag(dict(config))
except MicroexprError as error:
    sys.exit(f"error: {error}")
PARAMS, METHODS, PROTOCOL, SEED = RUN.params, RUN.methods, RUN.protocol.name, RUN.params["seed"]
TRAINED = [name for name, about in METHODS.items() if not about["synthesises"]]
SYNTHESISING = [name for name, about in METHODS.items() if about["synthesises"]]

if RUN.left_out:
    print(
        f"note: {', '.join(RUN.left_out)} left out, since {', '.join(RUN.tested)} is licensed and origins never mix; "
        "`origin: generated` in params.yaml runs all on generated faces",
        file=sys.stderr,
    )
STAGE = os.environ.get("MICROEXPR_STAGE", "")  # of DVC, which calls Snakemake and answers for all other stages
STAGE = STAGE if STAGE in RUN.table_outputs else ""
MAINTENANCE = {"--unlock", "--touch", "-t", "--lint", "--cleanup-metadata", "--list", "-l", "--list-rules"}
RECORDS, REVIEW = Records(), None


def say(line):
    print(line, file=sys.stderr)


def review():
    """Compares outputs with their records, and ends the program where some were never made here."""
    outputs = sorted(RUN.belongs()[STAGE]) if STAGE else RUN.outputs
    make_writable(outputs)
    state = RECORDS.review(outputs)
    RECORDS.refresh(set(RUN.outputs).difference(outputs))
    if altered := state.changed + state.gone:
        say(
            f"note: {len(altered)} outputs were changed or deleted since they were made here, {altered[0]} for one: "
            "what needs them runs again"
        )
    pages = RUN.belongs()["papers"] | RUN.belongs()["report"]
    if foreign_pages := [path for path in state.foreign if path in pages]:
        say(
            f"note: {len(foreign_pages)} tables or pages were not made here, {foreign_pages[0]} for one: "
            "an edit of params does not remake them"
        )
    if foreign := [path for path in state.foreign if path not in pages]:
        sys.exit(
            f"error: {len(foreign)} outputs were not made here, {foreign[0]} for one (dvc pull, checkout, or a copy?), "
            "so whether they are of these params is not known. `python workflow/stage.py adopt` takes over what dvc.lock "
            "vouches for; whatever is deleted is made again"
        )
    return state


if workflow.is_main_process and "DVC_EXP_NAME" not in os.environ and (note := left_over()):
    say(note)
if workflow.is_main_process and not MAINTENANCE & set(sys.argv):
    REVIEW = review()


def one_of(names):
    """A wildcard's pattern: one of these names, or none that there is."""
    return "|".join(map(re.escape, names)) or "none"


def model(method):
    """The module that a method or a variant of it is in."""
    return f"models.recognisers.{method.partition('.')[0]}"


wildcard_constraints:
    dataset="|".join(RUN.origin),
    subject=r"[\w.-]+",
    method=one_of(METHODS),
    protocol=PROTOCOL,
    shard=r"\d+of\d+",


def rows(wildcards):
    return RUN.rows(wildcards.dataset, wildcards.subject)


def native(wildcards):
    return RUN.native(wildcards.dataset, wildcards.subject)


def start():
    """Before the first job: what is no result of this run makes room, and what has to be made again is remembered."""
    refuse_read_only()
    if REVIEW is None:
        return
    set_aside(REVIEW.changed, "was changed since it was made here", say)
    for noun in [STAGE] if STAGE else RUN.belongs():
        set_aside(RUN.superfluous(noun), "is of no subject or method of params.yaml", say)
    RECORDS.save()
    prune_checkpoints(RUN)


def end():
    """After the last job, however it ended."""
    if REVIEW is not None:
        RECORDS.renew(RUN.outputs)
        prune_checkpoints(RUN)


def refuse_read_only():
    """Snakemake would only show where in its own code it failed."""
    for folder in ("results", "work", "data"):
        if Path(folder).exists() and not os.access(folder, os.W_OK):
            sys.exit(f"error: {folder}: cannot be written (mounted read-only, or somebody else's?)")


def look_when_jobs_end():
    """Snakemake 9.27, which limits jobs a second, sets a timer after each look for ready ones, and each ended job adds a
    look: hundreds a second in the end. Without that limit it looks when a job has ended."""
    workflow.scheduler.job_rate_limiter = None


def show_errors():
    """The one line of each failed job, last on the terminal."""
    logs = [path for path in Path("work/logs").rglob("*.log") if path.stat().st_mtime >= STARTED]
    for path in sorted(logs):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("error: ")]
        for line in lines + [KILLED] * path.with_suffix(UNDER_WAY).exists():
            print(f"{line}  [{path}]", file=sys.stderr)


ASKED = {  # memory in MB, minutes; by the beginning of a rule's name, the first that fits. docs/cluster.md has what was measured
    "generate_": (1200, 60),
    "aus": (3000 if PARAMS["aus"]["backend"].startswith("pyfeat") else 1000, 30),
    "pretrain": (2000, 360),
    "synth": (2000, 360),
    "train": (2000, 360),
    "final": (2000, 360),
    "papers_mtmnet_fig3": (2000, 360),
    "papers_augacn_fig4": (2000, 360),
    "truth_person": (1500, 60),
    "report": (1500, 30),
    "": (1000, 30),
}


def doubled(first):
    """A resource of which each further attempt asks for twice as much."""
    return lambda wildcards, attempt: first * 2 ** (attempt - 1)


def made_again(rule):
    """A param of each job of a rule: which of its inputs and outputs had to be made again, and how often."""

    def again(wildcards):  # of wildcards alone: params that are derived from files do not make Snakemake rerun a job
        if not RECORDS.any_again:
            return []
        values = dict(wildcards.items())
        return RECORDS.again([*rule.expand_input(values)[0], *rule.expand_output(values)[0]])

    return again


def ask(rules):
    """Gives every rule the memory and minutes of its jobs, but for what --set-resources says, and the param by which a
    job runs again where an input or output of it was changed or deleted. Which want a GPU they say themselves."""
    for each in rules:
        memory, minutes = next(asked for start, asked in ASKED.items() if each.name.startswith(start))
        told = workflow.resource_settings._parsed_overwrite_resources.get(each.name, {})
        for name, value in (("mem_mb", doubled(memory)), ("runtime", doubled(minutes))):
            if name not in told:
                each.resources[name] = value
        if each.output:
            each.set_params(again=made_again(each))
