"""What a run is made of, known before anything runs: params, clips, subjects, shards, and the files that belong to it.

Read by the Snakefile when it builds the DAG, and by stage.py; runs nothing.
"""

import hashlib
import os
import shutil
from functools import cached_property
from pathlib import Path
from typing import Any

from microexpr import datasets, index, params, protocols
from microexpr.clip import Clip
from microexpr.generated import layouts, plan

TABLE, METRICS = "results/megc2019_table.csv", "results/metrics.json"
SIGNALS = ("faces", "apex", "flow", "aus")


class Dag:
    """All of a run that follows from params.yaml and from the annotation. Raises MicroexprError for what cannot be."""

    def __init__(self, values: dict[str, Any]):
        checked = params.checked(values)
        self.params, self.methods = checked["params"], checked["methods"]
        origin = {name: index.origin(name, self.params["origin"]) for name in self.params["datasets"]}
        # origins never mix: where some data sets are licensed, those that are not here are left out
        self.left_out = (
            [name for name in origin if origin[name] == "generated"] if "licensed" in origin.values() else []
        )
        self.origin = {name: origin[name] for name in origin if name not in self.left_out}
        made = plan.Params(**self.params["generate"])
        generated = [name for name, origin in self.origin.items() if origin == "generated"]
        self.planned = {name: plan.planned(name, made, self.params["seed"]) for name in generated}
        self.clips = {name: self._clips(name) for name in self.origin}
        self.protocol = protocols.PROTOCOLS["megc2019"]
        folds = self.protocol.folds([clip for clips in self.clips.values() for clip in clips])
        protocols.shards(folds, self.params["train"]["shards"])  # what cannot be is said now, not after hours

    def _clips(self, dataset: str) -> list[Clip]:
        if dataset in self.planned:
            return [one.clip for one in self.planned[dataset]]
        return index.licensed(dataset)

    @cached_property
    def subjects(self) -> list[tuple[str, str]]:
        return sorted({(clip.dataset, clip.subject) for clips in self.clips.values() for clip in clips})

    @cached_property
    def shards(self) -> list[str]:
        count = self.params["train"]["shards"]
        return [f"{number}of{count}" for number in range(1, count + 1)]

    def rows(self, dataset: str, subject: str) -> list[dict[str, Any]]:
        """The index rows of one subject, which are its jobs' params: another subject's change reruns nothing of it."""
        return [clip.row() for clip in self.clips[dataset] if clip.subject == subject]

    def person(self, dataset: str, subject: str) -> str:
        """Where a generated person's frames are."""
        return str(datasets.root(dataset, "generated") / layouts.SUBJECTS[dataset].format(subject=subject))

    def native(self, dataset: str, subject: str) -> str | list[str]:
        """The folders with one subject's native frames."""
        if dataset in self.planned:
            return self.person(dataset, subject)
        root = datasets.root(dataset, "licensed")
        return [str(root / row["folder"]) for row in self.rows(dataset, subject)]

    def state(self, dataset: str, subject: str) -> str:
        """A digest of name, size and time of every licensed frame of a subject; "" for generated ones."""
        if dataset in self.planned:
            return ""
        digest = hashlib.sha256()
        for folder in self.native(dataset, subject):
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                about = entry.stat()
                digest.update(f"{entry.name} {about.st_size} {about.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:16]

    def workbooks(self, dataset: str) -> list[str]:
        return [f"{datasets.root(dataset, 'generated')}/{file}" for file in layouts.WORKBOOKS[dataset]]

    def per_subject(self, stage: str) -> list[str]:
        return [f"results/{stage}/{dataset}/{subject}.h5" for dataset, subject in self.subjects]

    def trained(self, method: str, kind: str = "train") -> list[str]:
        return [f"results/{kind}/{method}/{self.protocol.name}/{shard}.h5" for shard in self.shards]

    def belongs(self) -> dict[str, set[str]]:
        """By stage noun: every file or folder that this run has there."""
        people = [one for one in self.subjects if one[0] in self.planned]
        figures = [f"results/evaluate/{self.protocol.name}/{name}" for name in self.methods]
        return {
            "generate": {self.person(*one) for one in people}
            | {f"data/generated/truth/{dataset}/{subject}.h5" for dataset, subject in people}
            | {file for dataset in self.planned for file in self.workbooks(dataset)},
            "index": {f"results/index/{dataset}.csv" for dataset in self.origin},
            "train": {path for name in self.methods for path in self.trained(name)},
            "synth": {
                path  # DVC wants a folder of every method, empty or not
                for name, about in self.methods.items()
                for path in (self.trained(name, "synth") if about["synthesises"] else [f"results/synth/{name}"])
            },
            "evaluate": {f"{figure}.{ending}" for figure in figures for ending in ("csv", "log")},
        } | {stage: set(self.per_subject(stage)) for stage in SIGNALS}

    def prune(self, noun: str) -> None:
        """Removes what an earlier run with other params left: people, data sets, methods, shards that are no more."""
        root = Path("data/generated" if noun == "generate" else f"results/{noun}")
        kept = self.belongs()[noun]
        above = {str(parent) for path in kept for parent in Path(path).parents}
        for path in sorted(root.rglob("*")) if root.is_dir() else []:
            if not path.exists() or str(path) in kept or str(path) in above:
                continue
            if any(str(parent) in kept for parent in path.parents):
                continue  # a frame of a person
            shutil.rmtree(path) if path.is_dir() else path.unlink()
