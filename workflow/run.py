"""A run, known before anything runs: its clips, generators, trainings, first weights and long videos, and its files.

Read by the Snakefile when it builds the DAG, and by stage.py; runs nothing.
"""

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus import Corpus, digest
from first_weights import SHIPPED, FirstWeights
from generators import Generators
from long_videos import LongVideos
from planned import Plan, Training
from question_files import Questions

from microexpr import datasets
from microexpr.datasets import flow_folders
from microexpr.protocols import PROTOCOLS, TASK_OF, TASKS
from microexpr.reporting import papers
from microexpr.training.checked import Checked

ABLATION_INDEX = "results/index/population.csv"  # index of the population subjects used by the ablation tables
APPENDIX = "results/megc2019_appendix.csv"  # rows that are at chance, each with the reason
TRAINING_SETS_TABLE = "results/megc2019_training_sets.csv"  # each method by training set
SIGNALS = ("faces", "apex", "flow", "aus")
FLOW_FOLDERS = f"{datasets.RAW}/{flow_folders.NAME}"


class Run:
    """Everything about a run that follows from params.yaml and the annotation. Raises MicroexprError for a run that
    cannot be: before it starts, not after hours."""

    def __init__(self, checked: Checked):
        self.corpus = Corpus(checked.params)
        self.videos = LongVideos(self.corpus, checked.spotters)
        self.generators = Generators(self.corpus, checked.generators)
        self.plan = Plan(self.corpus, self.generators, checked)
        self.first = FirstWeights(self.corpus, self.plan)
        self.questions = Questions(self.corpus, self.plan, self.videos)

    def index(self, training: Training) -> list[str]:
        """Return the indices of the clips that a training's protocol trains or tests."""
        if training.task.pictures:
            rendered = ["results/flow_folders/population/index.csv"] * bool(training.protocol.trained_on)
            return ["results/flow_folders/index.csv", *rendered]
        return self.corpus.indices(training.sets)

    def macro_index(self, training: Training) -> list[str]:
        """Return the indices of the clips that every fold of a training also learns from."""
        if training.task.pictures:
            return ["results/flow_folders/population/index.csv"] * bool(training.protocol.also_trained_on)
        return self.corpus.indices(training.macro)

    def signals(self, training: Training) -> dict[str, list[str]]:
        """Return by stage the files that a training learns from, of all subjects, or folders of them."""
        if training.task.pictures:
            rendered = ["results/flow_folders/population/flow"] * training.protocol.uses_population
            return {"flow": ["results/flow_folders/flow", *rendered]}
        return self.corpus.signals(training.about.reads, training.sets + training.macro)

    def settings(self, training: Training) -> dict[str, Any]:
        """Return the values that a training follows from, but for inputs, the method's params and section `train`."""
        params = self.corpus.params
        values: dict[str, Any] = {"seeds": training.seeds, "folds": training.folds}
        values |= {"weights": self.first.published(training.about.weights), "initial": self.first.digests(training)}
        if labels := self.labels(training.protocol.name):
            values["units"] = labels
        if training.task.pictures:  # or files that are gone would not be missed
            values |= {"both": params["flow_folders"]["both"], "state": self.flow_state}
        return values

    def labels(self, protocol: str) -> dict[str, str] | None:
        """Return how methods learn several labels of a clip; None where it has one."""
        if not PROTOCOLS[protocol].several:
            return None
        section = self.corpus.params[TASK_OF[protocol].name]
        return {name: section[name] for name in ("loss", "threshold")}

    @property
    def paper_files(self) -> set[str]:
        """The papers' tables, and the figures of methods and generators that this run has the data for."""
        plotted = ("mtmnet", "mtmnet.eidnet", "augacn.nodes", "localregions")
        available = [name for name in plotted if name in self.plan.ranked and "casme2" in self.corpus.micro_sets]
        available = [name for name in available if name != "mtmnet" or "ckplus" in self.corpus.params["macro"]]
        generators = self.generators.with_groups
        by_dataset = [f"{name}.{dataset}" for name in generators for dataset in self.generators.sets(name)]
        return papers.files([*self.plan.synthesising, *available, *generators, *by_dataset])

    @property
    def flow_population_files(self) -> list[str]:
        """The subjects of the population with flow that becomes pictures."""
        return self.corpus.population_files["training"][: self.corpus.params["flow_folders"]["subjects"]]

    @property
    def flow_pictures(self) -> list[str]:
        """The folder of precomputed flow, if there is one. Only its job reads it, and reports missing files."""
        return [FLOW_FOLDERS] if Path(FLOW_FOLDERS).is_dir() else []

    @cached_property
    def flow_state(self) -> str:
        """A digest of name, size and time of every file below that folder; "" without it."""
        roots = self.flow_pictures
        return digest(folder for root in roots for folder, _, _ in sorted(os.walk(root, followlinks=True)))

    def files_of(self, task: str) -> list[str]:
        """Return the scores and evaluations of a task."""
        trainings = self.plan.of_task(task)
        return [*self.scores(trainings), *(path for training in trainings for path in training.evaluation)]

    def tables_of(self, task: str) -> list[str]:
        return [f"results/{table}.csv" for table in TASKS[task].tables]

    @staticmethod
    def scores(trainings: Iterable[Training]) -> list[str]:
        """Return the shards of these trainings, and the faces synthesised in them."""
        chosen = [*trainings]
        faces = [path for training in chosen if training.synthesises for path in training.faces]
        return [*(path for training in chosen for path in training.files), *faces]

    def rendered_files(self, names: Iterable[str]) -> list[str]:
        """Return the files and folders of these data sets' rendered corpora: frames, ground truth and annotation."""
        corpus = self.corpus
        rendered = [name for name in corpus.plans if name in names]
        subjects = [pair for pair in corpus.subjects if pair[0] in rendered]
        return [
            *(folder for pair in subjects for folder in corpus.subject_folders(*pair)),
            *(f"data/rendered/truth/{dataset}/{subject}.h5" for dataset, subject in subjects),
            *(file for dataset in rendered for file in corpus.annotations(dataset)),
        ]

    @property
    def flow_folder_files(self) -> list[str]:
        """Index and flow of precomputed flow pictures, and all of their task."""
        parts = ["", "population/"] if self.corpus.params["flow_folders"]["subjects"] else [""]
        signals = [f"results/flow_folders/{part}{name}" for part in parts for name in ("index.csv", "flow")]
        return [*signals, *["results/flow_folders/region.csv"] * (len(parts) > 1), *self.files_of("flow_folders")]

    @property
    def table_generators(self) -> list[str]:
        """The generators of clips that train rows of the main table."""
        chosen = {training.about.params["synthetic"] for training in self.plan.table}
        return sorted(chosen & self.generators.rows.keys())

    @cached_property
    def table_datasets(self) -> dict[str, set[str]]:
        """By signal stage: the data sets with files that the main table and its companions need."""
        plan, main = self.plan, self.plan.main.name
        pairs = (self.first.teacher(training) for training in plan.table)
        teachers = sorted({pair[0] for pair in pairs if pair})
        sets = {stage: {*self.corpus.micro_sets} for stage in ("faces", "aus")} | {"apex": set(), "flow": set()}
        for name in (*plan.in_table, *teachers):
            for stage in plan.methods[name].reads:
                sets[stage] |= {*plan.sources(main), *plan.macro_sets(name)}
        for name in self.table_generators:
            for stage in self.generators.rows[name].reads:
                sets[stage] |= {*self.generators.sets(name), *self.generators.still_sets(name)}
        sets["apex"] |= sets["flow"] | sets["aus"]
        sets["faces"] |= sets["apex"]
        return sets

    @property
    def refit_files(self) -> dict[str, str]:
        """By network and generator: its weights that all clips trained."""
        return {
            name: f"results/refit/{name}.safetensors" for name in (*self.plan.networks, *self.generators.with_groups)
        }

    @cached_property
    def checkpoints(self) -> dict[str, str]:
        """By folder of a training's checkpoints, the file that the training ends in."""
        generators, main = self.generators.rows, self.plan.main.name
        files = [path for name in TASKS for training in self.plan.of_task(name) for path in training.files]
        files += [path for name in generators for path in self.generators.clips(name)]
        folders = {"/".join(Path(path).with_suffix("").parts[-3:]): path for path in files}
        refits = {f"{name}/{'groups' if name in generators else main}/refit": name for name in self.refit_files}
        folders |= {folder: self.refit_files[name] for folder, name in refits.items()}
        folders |= {f"shipped/fit/{name}": f"results/shipped/{paths[0]}" for name, paths in SHIPPED.items()}
        folders |= {f"{Path(path).parent.name}/pretrain/{Path(path).stem}": path for path in self.first.files}
        return {f"work/checkpoints/{folder}": path for folder, path in folders.items()}

    @staticmethod
    def duplicates_files(folder: str = "") -> list[str]:
        """Return the report on subjects of similar faces; in the folder `with_macro/` also on those of macro sets."""
        return [f"results/duplicate_subjects/{folder}{name}.csv" for name in ("duplicates", "compared")]

    @property
    def benchmark_figures(self) -> list[str]:
        """The errors of the signal stages, pooled, and their page."""
        names = ("landmarks.csv", "apex.csv", "aus.csv", "flow.csv", "index.html")
        return [f"results/signal_benchmark/{name}" for name in names]
