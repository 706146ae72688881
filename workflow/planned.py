"""The trainings of a run: each method under each protocol, with its folds, shards and files. Runs nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from corpus import Corpus, errors_of_params
from generators import Generators

from microexpr import datasets, protocols
from microexpr.core.clip import POPULATION, Fold
from microexpr.core.errors import MicroexprError, ParamsError
from microexpr.protocols import MAIN_TASK, PROTOCOLS, TASK_OF, TASKS, TRAINING_SETS, Protocol, Task, TrainingSet
from microexpr.training import training_sets
from microexpr.training.checked import Checked, Row

EVALUATED = {  # endings after a method's name, of the files that an evaluation writes next to its curve
    "figures": ".csv",
    "confusion": "_confusion.csv",
    "predictions": "_predictions.csv",
    "log": ".log",  # the official one, for protocols with one label of a clip
}
TABLE, PAIRED = TASKS[MAIN_TASK].files("megc2019_table").values()
METRICS = "results/metrics"


@dataclass(frozen=True)
class Training:
    """All folds of a method under a protocol."""

    task: Task
    method: str
    protocol: Protocol
    learns_from: TrainingSet
    about: Row  # the method with its params in this training
    sets: list[str]  # data sets that train and are tested
    macro: list[str]  # data sets that train too
    folds: dict[str, int]  # the number and kind of folds, as `Protocol.folds` takes them
    seeds: int
    shards: int

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
    def synthesises(self) -> bool:
        return self.task.name == MAIN_TASK and self.about.synthesises

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


class Plan:
    """The trainings of a run. Raises MicroexprError for what these clips do not allow."""

    def __init__(self, corpus: Corpus, generators: Generators, checked: Checked):
        self.corpus, self.generators, self.params = corpus, generators, corpus.params
        self.methods = checked.methods
        pictured = {name: row.on_pictures for name, row in self.methods.items()}
        self.rows: dict[str, Mapping[str, Row]] = {  # by task
            name: pictured if task.pictures else checked.tasks.get(name, self.methods) for name, task in TASKS.items()
        }
        self._name_rows()
        self._folds, self._count, self.training = cache(self._folds_of), cache(self._count_of), cache(self._training)
        name = protocols.MEGC2019 if self.sources(protocols.MEGC2019) else protocols.EVERY
        self.main: Protocol = PROTOCOLS[name]  # of the main table
        with errors_of_params():
            groups, shards = (self.params["train"][name] for name in ("rendered_folds", "shards"))
            protocols.check_shards(self._count(self.main.name, 0, groups), shards)
        for name, row in self.methods.items():
            if row.macro and not self.macro_sets(name):
                suitable = ", ".join(_macro_sets(row, datasets.MACRO))
                raise ParamsError(f"params.yaml: method {name} needs one of {suitable} in macro, not none")

    def _name_rows(self) -> None:
        """Lists the main task's methods and variants by use."""
        methods, generators = self.methods, self.generators
        self.ranked = [name for name, row in methods.items() if not row.params["planted_leak"]]  # no table has others
        # rows at chance, outside of the main table: why
        self.in_appendix = {name: methods[name].appendix for name in self.ranked if methods[name].appendix}
        # rows of papers' tables alone
        self.paper_variants = [name for name, row in methods.items() if not (row.in_table or row.appendix)]
        in_table = [name for name in self.ranked if methods[name].in_table]
        lacking = {name: generators.lacking(methods[name].params["synthetic"]) for name in in_table}
        self.without_clips = {name: why for name, why in lacking.items() if why}  # rows that a generator makes none for
        self.in_table = [name for name in in_table if not lacking[name]]  # rows of the main table
        self.synthesising = [name for name in self.ranked if methods[name].synthesises]
        # to train once more on all clips; no fold then synthesises faces to learn from
        networks = (name for name in self.in_table if methods[name].network)
        self.networks = [name for name in networks if not methods[name].params["synthetic"]]

    def sources(self, protocol: str) -> list[str]:
        """Return the data sets of this run that a protocol trains or tests on."""
        tested = self.corpus.sets.get(TASK_OF[protocol].name, [])
        recorded = [name for name in tested if name in PROTOCOLS[protocol].sources]
        return [*recorded, POPULATION] if protocol == protocols.ABLATION and self.ablates else recorded

    @property
    def ablates(self) -> bool:
        """Whether papers' tables train what they compare on rendered subjects: not where they test recorded clips."""
        tested = {self.corpus.origin[name] for name in self.sources(protocols.MEGC2019)}
        return bool(self.params["papers"]["ablation_subjects"]) and tested == {"generated"}

    def macro_sets(self, method: str) -> list[str]:
        """Return the macro sets with clips that a method also trains on; sets of single pictures have no clips."""
        row = self.methods[method]
        return _macro_sets(row, self.params["macro"]) if row.macro else []

    def seeds(self, protocol: str) -> int:
        """Return the number of seeds under a protocol: where splits are sampled, each seed trains a separate split."""
        sampled = PROTOCOLS[protocol].share is not None
        return int(self.params["papers"]["draws"] if sampled else self.params["train"]["seeds"])

    def fold_options(self, method: str, protocol: str) -> dict[str, int]:
        """Return which of a protocol's folds a method trains, as `Protocol.folds` takes it.

        `limit`: how many at most; 0: all, as for rows of tables with a row for each method, and own data sets.
        `groups`: how many groups of rendered subjects are held out in turn; 0: each subject, also where clips are from
        a generator with groups that split these."""
        task = TASK_OF[protocol]
        if task.pictures:
            return {}
        groups = int(self.params["train"]["rendered_folds"]) if PROTOCOLS[protocol].grouped else 0
        if task.name != MAIN_TASK:
            return {"limit": 0, "groups": groups}
        of_users = {*PROTOCOLS[protocol].sources} <= {*datasets.OWN}
        limited = not of_users and protocol not in (*protocols.MAIN, self.main.name)
        generator = self.methods[method].params["synthetic"]
        splits_groups = groups and generator in self.generators.rows
        if splits_groups and not self.generators.are_apart(generator, self._folds(protocol, 0, groups)):
            groups = 0
        limited |= method in self.paper_variants
        return {"limit": int(self.params["papers"]["folds"]) if limited else 0, "groups": groups}

    def folds(self, method: str, protocol: str) -> list[Fold]:
        """Return the folds that a method trains. Raises MicroexprError for a protocol that these clips do not allow."""
        return self._folds(protocol, **self.fold_options(method, protocol))

    def _folds_of(self, protocol: str, limit: int = 0, groups: int = 0) -> list[Fold]:
        corpus, inner = self.corpus, self.params["train"]["inner_subjects"]
        clips = [
            clip
            for name in self.sources(protocol)
            for clip in (corpus.ablation_clips if name == POPULATION else corpus.clips[name])
        ]
        seeds = self.seeds(protocol)
        return PROTOCOLS[protocol].folds(clips, self.params["seed"], inner, seeds, limit, groups)

    def _count_of(self, protocol: str, limit: int = 0, groups: int = 0) -> int:
        """Return the number of folds. The folds are not kept: the ids of their clips are quadratic in the subjects."""
        return len(self._folds_of(protocol, limit, groups))

    @cached_property
    def allowed(self) -> dict[str, list[str]]:
        """By task: the protocols that these clips allow; those of pictures that need no rendered subjects where none
        are chosen."""

        def is_allowed(protocol: str) -> bool:
            if TASK_OF[protocol].pictures:
                return bool(self.params["flow_folders"]["subjects"]) or not PROTOCOLS[protocol].uses_population
            try:
                return bool(self._count(protocol, 1))
            except MicroexprError:
                return False

        return {
            name: [protocol.name for protocol in task.protocols if self.rows[name] and is_allowed(protocol.name)]
            for name, task in TASKS.items()
        }

    @property
    def protocols(self) -> list[str]:
        """The main task's protocols that these clips allow."""
        return self.allowed[MAIN_TASK]

    def declared(self, method: str) -> TrainingSet:
        """Return a method's training set by its params."""
        return training_sets.declared(self.methods[method].params)

    def learns_from(self, method: str, protocol: str) -> TrainingSet:
        """Return a method's training set under a protocol: as this has it, or as the method's params do.

        Weights of the population are shipped for the classes of the main table alone. With other classes, methods with
        params for a corpus alone train on it alone."""
        task, chosen = TASK_OF[protocol], PROTOCOLS[protocol]
        if task.name != MAIN_TASK:
            return training_sets.declared(self.rows[task.name][method].params)
        other_classes = chosen.classes != PROTOCOLS[protocols.MEGC2019].classes
        if other_classes and method.partition(".")[0] in self.params["training_sets"]["corpus"]:
            return "corpus"
        return chosen.training or self.declared(method)

    def _training(self, method: str, protocol: str) -> Training:
        """Return the training of a method under a protocol.

        Raises LookupError or MicroexprError for one that this run cannot have."""
        task, chosen, kind = TASK_OF[protocol], PROTOCOLS[protocol], self.learns_from(method, protocol)
        is_main, options = task.name == MAIN_TASK, self.fold_options(method, protocol)
        shards = self.params["train"]["shards"]
        if not task.pictures:  # of these, the number of folds is not known
            shards = min(shards, self._count(protocol, **options))
        elif chosen.unit == "dataset":
            shards = 1
        return Training(
            task=task,
            method=method,
            protocol=chosen,
            learns_from=kind,
            about=self.methods[method].trained(kind) if is_main else self.rows[task.name][method],
            sets=self.sources(protocol),
            macro=self.macro_sets(method) if is_main else [],
            folds=options,
            seeds=self.seeds(protocol),
            shards=shards,
        )

    def of_task(self, name: str) -> list[Training]:
        """Return all trainings of a task; of the main one the papers' tables may need any."""
        return [self.training(method, protocol) for method in self.methods_of(name) for protocol in self.allowed[name]]

    def methods_of(self, task: str) -> list[str]:
        """Return the methods of a task; on flow pictures, rows of the main table that read nothing else there."""
        rows, suits = self.rows[task], TASKS[task].suits
        if not TASKS[task].pictures:
            return list(rows)
        return [name for name in self.in_table if suits(rows[name].reads) and not self.macro_sets(name)]

    @cached_property
    def table(self) -> list[Training]:
        """The trainings of the main table's rows."""
        return [self.training(name, self.main.name) for name in self.in_table]

    def table_rows(self, stem: str) -> list[Training]:
        """Return the trainings of the rows of a table, by name of its CSV, method by method.

        Raises ParamsError where the run has none of its data sets."""
        task = next(task for task in TASKS.values() if stem in task.tables)
        names = [name for name in task.tables[stem] if name in self.allowed[task.name]]
        if names:
            methods = self.in_table if task.name == MAIN_TASK else self.methods_of(task.name)
            return [self.training(method, name) for method in methods for name in names]
        if task.name == MAIN_TASK:
            sets = ", ".join(PROTOCOLS[protocols.MEGC2019].datasets)
            figures, present = f"results/evaluate/{self.main.name}/<method>.csv", ", ".join(self.corpus.micro_sets)
            needed = f"{TABLE} needs one of {sets} in datasets; {figures} has the figures of {present}"
        else:
            sets, two = ", ".join(self.corpus.sets.get(task.name, [])), "of two data sets or subjects"
            needed = f"{task.name} must have methods, and datasets with labelled clips {two}, not of {sets or 'none'}"
        raise ParamsError(f"params.yaml: {needed}")

    @cached_property
    def by_training_set(self) -> dict[str, dict[TrainingSet, str]]:
        """The evaluations of each row of the main table by training set, once where it has none."""
        return {
            name: {
                kind: self.training(name, protocols.MEGC2019 if kind == self.declared(name) else protocol).evaluated()
                for kind, protocol in TRAINING_SETS.items()
                if kind == self.declared(name) or kind in self.methods[name].trainings
            }
            for name in self.in_table
        }

    def synthetic_inputs(self, training: Training) -> dict[str, list[str]]:
        """Return by role the files that a training also learns from: of a generator that is trained fold by fold, or
        for groups of subjects."""
        generator, protocol = training.about.params["synthetic"], training.protocol.name
        if generator in self.generators.rows:
            return {"synthetic_groups": self.generators.clips_for(generator, self.folds(training.method, protocol))}
        return {"synthetic": self.training(generator, protocol).faces} if generator else {}

    @cached_property
    def protocol_of_classes(self) -> dict[str, str]:
        """By name of a set of classes, a protocol that has them."""
        names = [name for task, allowed in self.allowed.items() if not TASKS[task].pictures for name in allowed]
        return {protocols.class_set(name): name for name in reversed(names)}


def _macro_sets(row: Row, names: Iterable[str]) -> list[str]:
    """Return which of these data sets with motion a method may learn macro-expressions from."""
    moving = [name for name in names if datasets.LAYOUTS[name].has_motion]
    return [name for name in moving if row.params.get("macro_source", "") in ("", name)]
