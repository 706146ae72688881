"""The trainings on precomputed flow pictures: of rows of the main table that read nothing but flow."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from microexpr import datasets
from microexpr.core.files import state_digest
from microexpr.datasets import flow_folders
from microexpr.tasks.trainings import Training, Trainings

ROOT = f"{datasets.RAW}/{flow_folders.NAME}"
RESULTS = "results/flow_folders"
RENDERED = f"{RESULTS}/population"


class Plan(Trainings):
    """The trainings on flow pictures. Their clips are not known before the pictures are read."""

    @property
    def methods(self) -> list[str]:
        main = self.run.task("emotion")
        return [name for name in main.in_table if {*self.rows[name].reads} <= {"flow"} and not main.macro_sets(name)]

    def sources(self, protocol: str) -> list[str]:
        return []

    def is_allowed(self, protocol: str) -> bool:
        """Return whether no rendered subjects are needed, or some are chosen."""
        return bool(self.params["flow_folders"]["subjects"]) or not self.protocol[protocol].uses_population

    def fold_options(self, method: str, protocol: str) -> dict[str, int]:
        return {}

    def shards(self, protocol: str, options: Mapping[str, int]) -> int:
        return 1 if self.protocol[protocol].unit == "dataset" else int(self.params["train"]["shards"])

    def table_rows(self, stem: str) -> list[Training]:
        """Return the trainings of the table's rows: none where a stage of DVC has no pictures."""
        if "MICROEXPR_STAGE" in os.environ and not os.path.lexists(ROOT):
            return []
        return super().table_rows(stem)

    def _training(self, method: str, protocol: str) -> Training:
        chosen, rendered = self.protocol[protocol], [f"{RENDERED}/index.csv"]
        return replace(
            super()._training(method, protocol),
            index=[f"{RESULTS}/index.csv", *rendered * bool(chosen.trained_on)],
            macro_index=rendered * bool(chosen.also_trained_on),
            signals={"flow": [f"{RESULTS}/flow", *[f"{RENDERED}/flow"] * chosen.uses_population]},
        )

    def settings(self, training: Training) -> dict[str, Any]:
        """Return also the state of the pictures, or files that are gone would not be missed."""
        return super().settings(training) | {"both": self.params["flow_folders"]["both"], "state": self.state}

    @property
    def pictures(self) -> list[str]:
        """The folder of precomputed flow, if there is one. Only its job reads it, and reports missing files."""
        return [ROOT] if Path(ROOT).is_dir() else []

    @cached_property
    def state(self) -> str:
        """A digest of name, size and time of every file below that folder; "" without it."""
        folders = (folder for root in self.pictures for folder, _, _ in sorted(os.walk(root, followlinks=True)))
        return state_digest(folders)

    @property
    def population(self) -> list[str]:
        """The subjects of the population with flow that becomes pictures."""
        return self.corpus.population_files["training"][: self.params["flow_folders"]["subjects"]]

    @property
    def outputs(self) -> Iterable[str]:
        """Index and flow of the pictures, and what is made of them."""
        folders = [RESULTS, *[RENDERED] * bool(self.params["flow_folders"]["subjects"])]
        signals = [f"{folder}/{name}" for folder in folders for name in ("index.csv", "flow")]
        return [*signals, *[f"{RESULTS}/region.csv"] * (len(folders) > 1), *super().outputs]

    @property
    def outdated(self) -> list[str]:
        """Outputs of pictures that are no longer there."""
        return [] if os.path.lexists(ROOT) else [*self.outputs]
