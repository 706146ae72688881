"""The trainings of a task of clips: each method under each protocol, with its folds, shards and files. Runs nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from microexpr.core.clip import Clip, Fold
from microexpr.core.errors import MicroexprError, ParamsError
from microexpr.protocols import Protocol, TrainingSet
from microexpr.tasks.corpus import Corpus
from microexpr.tasks.task import Recognition, Task
from microexpr.training import training_sets
from microexpr.training.checked import Checked, MethodSpec

EVALUATED = {  # endings after a method's name, of the files that an evaluation writes next to its curve
    "figures": ".csv",
    "confusion": "_confusion.csv",
    "predictions": "_predictions.csv",
    "log": ".log",  # the official one, for protocols with one label of a clip
}


@dataclass(frozen=True)
class Training:
    """All folds of a method under a protocol."""

    task: Recognition
    method: str
    protocol: Protocol
    learns_from: TrainingSet
    about: MethodSpec  # the method with its params in this training
    sets: list[str]  # data sets that train and are tested
    macro: list[str]  # data sets that train too
    folds: dict[str, int]  # the number and kind of folds, as `Protocol.folds` takes them
    seeds: int
    shards: int
    index: list[str]  # indices of the clips that its protocol trains or tests
    macro_index: list[str]  # the same of the clips that every fold also learns from
    signals: dict[str, list[str]]  # by stage: files of all subjects, or folders of them
    synthesises: bool = False  # whether it writes the faces that the method synthesises

    @property
    def folder(self) -> str:
        """The folder of its scores."""
        return f"results/{self.task.folder}train/{self.method}/{self.protocol.name}"

    @property
    def names(self) -> list[str]:
        """The names of its shards: 1of4, 2of4, ..."""
        return [f"{number}of{self.shards}" for number in range(1, self.shards + 1)]

    @property
    def files(self) -> list[str]:
        """Its scores, a file for each shard."""
        return [f"{self.folder}/{name}.h5" for name in self.names]

    @property
    def faces(self) -> list[str]:
        """The faces that the method synthesises in it, a file for each shard."""
        return [f"{self.folder}/faces/{name}.h5" for name in self.names]

    @property
    def planted_leak(self) -> str:
        """The leak that its params declare; "" for none."""
        return str(self.about.params["planted_leak"])

    def evaluated(self, ending: str = ".csv") -> str:
        """Return a file of its evaluation; with a planted leak it is in a folder that no table reads."""
        leaky = "leaky/" * bool(self.planted_leak)
        return f"results/{self.task.folder}evaluate/{leaky}{self.protocol.name}/{self.method}{ending}"

    @property
    def curve(self) -> str:
        """Its losses and figures by epoch."""
        folder, _, name = self.evaluated().rpartition("/")
        return f"{folder}/curves/{name}"

    @property
    def evaluation(self) -> list[str]:
        endings = [ending for kind, ending in EVALUATED.items() if not (self.protocol.several and kind == "log")]
        faces = ["_faces.csv"] * (self.synthesises and not self.planted_leak)
        return [*map(self.evaluated, (*endings, *faces)), self.curve]

    def row(self) -> dict[str, Any]:
        """Return what a reader of the plan sees of it."""
        return {
            "task": self.task.name,
            "method": self.method,
            "protocol": self.protocol.name,
            "learns from": self.learns_from,
            "data sets": " ".join((*self.sets, *self.macro)),
            "reads": " ".join(self.about.reads),
            "synthetic": self.about.params["synthetic"],
            "folds": " ".join(f"{name}={value}" for name, value in self.folds.items() if value) or "all",
            "seeds": self.seeds,
            "shards": self.shards,
        }


class PlannedTasks:
    """The part of a run that the plan of a task may know."""

    checked: Checked
    corpus: Corpus
    task: Callable[[str], Any]  # the plan of another task by its name


class Planned:
    """The files and jobs of a task, as they follow from params.yaml; a task's `Plan` has what differs.

    `run` has the clips (`corpus`), the checked params, and by name the plans of other tasks (`task`)."""

    def __init__(self, run: PlannedTasks, task: Task):
        self.run, self.task, self.corpus = run, task, run.corpus
        self.params = run.corpus.params

    @property
    def main_files(self) -> list[str]:
        """Outputs that the main table needs."""
        return []

    @property
    def evaluations(self) -> list[str]:
        """Outputs among those of stage `evaluate`."""
        return []

    @property
    def rendered(self) -> list[str]:
        """Outputs among those of stage `render`."""
        return []

    @property
    def notes(self) -> list[str]:
        """Lines for who starts a run."""
        return []

    @property
    def plotted(self) -> Mapping[str, Any]:
        """Arguments of `plots` in module `page`, for the report."""
        return {}

    @property
    def plotted_files(self) -> list[str]:
        """Outputs that `plots` reads."""
        return []

    @property
    def outdated(self) -> list[str]:
        """Outputs whose inputs are no longer there."""
        return []

    @property
    def datasets(self) -> list[str]:
        """Data sets of other than clips, whose code its jobs run."""
        return []

    @property
    def tables(self) -> list[str]:
        """The CSV of each of its tables, which `all_<task>` makes."""
        return [self.task.files(stem)["csv"] for stem in self.task.tables]

    @property
    def table_files(self) -> list[str]:
        """All files of its tables."""
        return [path for stem in self.task.tables for path in self.task.files(stem).values()]

    @property
    def outputs(self) -> Iterable[str]:
        """Every file or folder that a run may have in the folder of its results; superfluous ones are moved away."""
        return []

    @property
    def whole(self) -> list[str]:
        """All that `all_<task>` makes."""
        return self.tables


class Trainings(Planned):
    """The trainings of a task of clips. Raises MicroexprError for what these clips do not allow."""

    task: Recognition

    def __init__(self, run: PlannedTasks, task: Recognition):
        super().__init__(run, task)
        self.protocol: dict[str, Protocol] = {protocol.name: protocol for protocol in task.protocols}
        self._folds, self._count, self.training = cache(self._folds_of), cache(self._count_of), cache(self._training)

    @property
    def rows(self) -> Mapping[str, MethodSpec]:
        """Its methods by name."""
        return self.run.checked.rows[self.task.name]

    @property
    def methods(self) -> list[str]:
        """The names of its rows."""
        return [*self.rows]

    @property
    def table_methods(self) -> list[str]:
        """The names of those in its tables."""
        return self.methods

    def sources(self, protocol: str) -> list[str]:
        """Return the data sets of this run that a protocol trains or tests on."""
        return [name for name in self.corpus.sets[self.task.name] if name in self.protocol[protocol].sources]

    def clips(self, name: str) -> list[Clip]:
        """Return the clips of a data set."""
        return self.corpus.clips[name]

    def macro_sets(self, method: str) -> list[str]:
        """Return the macro sets with clips that a method also trains on."""
        return []

    def seeds(self, protocol: str) -> int:
        """Return the number of seeds under a protocol."""
        return int(self.params["train"]["seeds"])

    def groups(self, protocol: str) -> int:
        """Return how many groups of rendered subjects a protocol holds out in turn; 0: each subject separately."""
        return int(self.params["train"]["rendered_folds"]) if self.protocol[protocol].grouped else 0

    def fold_options(self, method: str, protocol: str) -> dict[str, int]:
        """Return which of a protocol's folds a method trains, as `Protocol.folds` takes it: at most `limit` (0: all),
        and `groups`."""
        return {"limit": 0, "groups": self.groups(protocol)}

    def folds(self, method: str, protocol: str) -> list[Fold]:
        """Return the folds that a method trains. Raises MicroexprError for a protocol that these clips do not allow."""
        return self._folds(protocol, **self.fold_options(method, protocol))

    def _folds_of(self, protocol: str, limit: int = 0, groups: int = 0) -> list[Fold]:
        clips = [clip for name in self.sources(protocol) for clip in self.clips(name)]
        seeds, inner = self.seeds(protocol), self.params["train"]["inner_subjects"]
        return self.protocol[protocol].folds(clips, self.params["seed"], inner, seeds, limit, groups)

    def _count_of(self, protocol: str, limit: int = 0, groups: int = 0) -> int:
        """Return the number of folds, without keeping them: the ids of their clips are quadratic in the subjects."""
        return len(self._folds_of(protocol, limit, groups))

    def is_allowed(self, protocol: str) -> bool:
        """Return whether the clips allow a protocol."""
        try:
            return bool(self._count(protocol, 1))
        except MicroexprError:
            return False

    @cached_property
    def allowed(self) -> list[str]:
        """The protocols that these clips allow."""
        return [name for name in self.protocol if self.rows and self.is_allowed(name)]

    def declared(self, method: str) -> TrainingSet:
        """Return a method's training set by its params."""
        return training_sets.declared(self.rows[method].params)

    def shards(self, protocol: str, options: Mapping[str, int]) -> int:
        """Return the number of jobs that share the folds."""
        return int(min(self.params["train"]["shards"], self._count(protocol, **options)))

    def _training(self, method: str, protocol: str) -> Training:
        """Return the training of a method under a protocol.

        Raises LookupError or MicroexprError for one that this run cannot have."""
        about, options = self.rows[method], self.fold_options(method, protocol)
        sets, macro = self.sources(protocol), self.macro_sets(method)
        return Training(
            task=self.task,
            method=method,
            protocol=self.protocol[protocol],
            learns_from=self.declared(method),
            about=about,
            sets=sets,
            macro=macro,
            folds=options,
            seeds=self.seeds(protocol),
            shards=self.shards(protocol, options),
            index=self.corpus.indices(sets),
            macro_index=self.corpus.indices(macro),
            signals=self.corpus.signals(about.reads, sets + macro),
        )

    @property
    def trainings(self) -> list[Training]:
        """All trainings of the task."""
        return [self.training(method, protocol) for method in self.methods for protocol in self.allowed]

    def table_rows(self, stem: str) -> list[Training]:
        """Return the trainings of the rows of a table, by name of its CSV, method by method.

        Raises ParamsError where the run has none of its data sets."""
        names = [name for name in self.task.tables[stem] if name in self.allowed]
        if not names:
            raise ParamsError(f"params.yaml: {self.needed}")
        return [self.training(method, name) for method in self.table_methods for name in names]

    @property
    def needed(self) -> str:
        """The lack of tables where they have no row."""
        sets, two = ", ".join(self.corpus.sets.get(self.task.name, [])), "of two data sets or subjects"
        return f"{self.task.name} must have methods, and datasets with labelled clips {two}, not of {sets or 'none'}"

    @property
    def outputs(self) -> Iterable[str]:
        """Scores and evaluations."""
        trainings = self.trainings
        return [*scores(trainings), *(path for training in trainings for path in training.evaluation)]

    def settings(self, training: Training) -> dict[str, Any]:
        """Return the values that a training follows from, but for inputs, the method's params and section `train`."""
        values: dict[str, Any] = {"seeds": training.seeds, "folds": training.folds}
        return values | ({"units": labels} if (labels := self.labels(training.protocol)) else {})

    def labels(self, protocol: Protocol) -> dict[str, str] | None:
        """Return how methods learn several labels of a clip; None where it has one."""
        if not protocol.several:
            return None
        section = self.params[self.task.name]
        return {name: section[name] for name in ("loss", "threshold")}


def scores(trainings: Iterable[Training]) -> list[str]:
    """Return the shards of these trainings, and the faces synthesised in them."""
    chosen = [*trainings]
    faces = [path for training in chosen if training.synthesises for path in training.faces]
    return [*(path for training in chosen for path in training.files), *faces]
