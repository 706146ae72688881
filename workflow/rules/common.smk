# What all rules share: checked params, the clips of each data set, and the names of files.
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ.update({name: "1" for name in THREADS})  # sums in another order are other bytes; cores run jobs side by side

from closure import code
from microexpr import datasets, index, params, protocols
from microexpr.errors import MicroexprError
from microexpr.generated import layouts, plan

STARTED = time.time()


def clips_of(dataset):
    """Every clip of a data set, before anything has run: from its annotation, or from the generator's plan."""
    if ORIGIN[dataset] == "licensed":
        return index.licensed(dataset)
    return [one.clip for one in PLANNED[dataset]]


try:
    CHECKED = params.checked(dict(config))
    PARAMS, METHODS = CHECKED["params"], CHECKED["methods"]
    SEED = PARAMS["seed"]
    ORIGIN = {dataset: index.origin(dataset, PARAMS["origin"]) for dataset in PARAMS["datasets"]}
    PLANNED = {
        dataset: plan.planned(dataset, plan.Params(**PARAMS["generate"]), SEED)
        for dataset, origin in ORIGIN.items()
        if origin == "generated"
    }
    CLIPS = {dataset: clips_of(dataset) for dataset in ORIGIN}
    PROTOCOL = protocols.PROTOCOLS["megc2019"]
    folds = PROTOCOL.folds([clip for clips in CLIPS.values() for clip in clips])
    protocols.shards(folds, PARAMS["train"]["shards"])  # what cannot be is said now, not after hours
except MicroexprError as error:
    sys.exit(f"error: {error}")

SUBJECTS = sorted({(clip.dataset, clip.subject) for clips in CLIPS.values() for clip in clips})
SHARDS = [f"{number}of{PARAMS['train']['shards']}" for number in range(1, PARAMS["train"]["shards"] + 1)]


wildcard_constraints:
    dataset="|".join(ORIGIN),
    subject=r"[\w-]+",
    method=r"\w+",
    protocol=PROTOCOL.name,
    shard=r"\d+of\d+",


def rows(wildcards):
    """The index rows of one subject, which are a job's params: another subject's change reruns nothing here."""
    return [clip.row() for clip in CLIPS[wildcards.dataset] if clip.subject == wildcards.subject]


def native(wildcards):
    """The folders with one subject's native frames."""
    root = datasets.root(wildcards.dataset, ORIGIN[wildcards.dataset])
    if ORIGIN[wildcards.dataset] == "generated":
        return str(root / layouts.SUBJECTS[wildcards.dataset].format(subject=wildcards.subject))
    return [str(root / row["folder"]) for row in rows(wildcards)]


def per_subject(stage):
    return [f"results/{stage}/{dataset}/{subject}.h5" for dataset, subject in SUBJECTS]


def show_errors():
    """The one line of each failed job, last on the terminal."""
    logs = [path for path in Path("work/logs").rglob("*.log") if path.stat().st_mtime >= STARTED]
    for path in sorted(logs):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("error: "):
                print(f"{line}  [{path}]", file=sys.stderr)
