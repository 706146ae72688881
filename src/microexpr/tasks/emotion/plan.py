"""The trainings of the main table and of papers' tables."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

from microexpr import datasets, protocols
from microexpr.core.clip import POPULATION, Clip
from microexpr.core.errors import ParamsError, errors_at
from microexpr.protocols import ABLATION, MEGC2019, PROTOCOLS, TRAINING_SETS, Protocol, TrainingSet, check_shards
from microexpr.tasks.task import Recognition
from microexpr.tasks.trainings import PlannedTasks, Training, Trainings
from microexpr.training.checked import MethodSpec


class Plan(Trainings):
    """The trainings of methods and variants. Raises MicroexprError for what these clips do not allow."""

    def __init__(self, run: PlannedTasks, task: Recognition):
        super().__init__(run, task)
        self.generators = run.task("synthesise")
        self._name_rows()
        self.main: Protocol = PROTOCOLS[MEGC2019 if self.sources(MEGC2019) else protocols.EVERY]  # of the main table
        with errors_at("params.yaml: "):
            groups, shards = (self.params["train"][name] for name in ("rendered_folds", "shards"))
            check_shards(self._count(self.main.name, 0, groups), shards)
        for name, row in self.rows.items():
            if row.macro and not self.macro_sets(name):
                suitable = ", ".join(_macro_sets(row, datasets.MACRO))
                raise ParamsError(f"params.yaml: method {name} needs one of {suitable} in macro, not none")

    def _name_rows(self) -> None:
        """Lists the methods and variants by use."""
        rows, generators = self.rows, self.generators
        self.ranked = [name for name, row in rows.items() if not row.params["planted_leak"]]  # no table has others
        # rows at chance, outside of the main table: why
        self.in_appendix = {name: rows[name].appendix for name in self.ranked if rows[name].appendix}
        # rows of papers' tables alone
        self.paper_variants = [name for name, row in rows.items() if not (row.in_table or row.appendix)]
        in_table = [name for name in self.ranked if rows[name].in_table]
        lacking = {name: generators.lacking(rows[name].params["synthetic"]) for name in in_table}
        self.without_clips = {name: why for name, why in lacking.items() if why}  # rows that a generator makes none for
        self.in_table = [name for name in in_table if not lacking[name]]  # rows of the main table
        self.synthesising = [name for name in self.ranked if rows[name].synthesises]
        # to train once more on all clips; no fold then synthesises faces to learn from
        networks = (name for name in self.in_table if rows[name].network)
        self.networks = [name for name in networks if not rows[name].params["synthetic"]]

    @property
    def notes(self) -> list[str]:
        return [f"{row} is left out of the table: {reason}" for row, reason in self.without_clips.items()]

    def sources(self, protocol: str) -> list[str]:
        recorded = super().sources(protocol)
        return [*recorded, POPULATION] if protocol == ABLATION and self.ablates else recorded

    def clips(self, name: str) -> list[Clip]:
        return self.corpus.ablation_clips if name == POPULATION else super().clips(name)

    @property
    def ablates(self) -> bool:
        """Whether papers' tables train what they compare on rendered subjects: not where they test recorded clips."""
        tested = {self.corpus.origin[name] for name in self.sources(MEGC2019)}
        return bool(self.params["papers"]["ablation_subjects"]) and tested == {"generated"}

    def macro_sets(self, method: str) -> list[str]:
        """Return the macro sets with clips that a method also trains on; sets of single pictures have no clips."""
        row = self.rows[method]
        return _macro_sets(row, self.params["macro"]) if row.macro else []

    def seeds(self, protocol: str) -> int:
        """Return the number of seeds under a protocol: where splits are sampled, each seed trains a separate split."""
        return int(self.params["papers"]["draws"]) if PROTOCOLS[protocol].share is not None else super().seeds(protocol)

    def fold_options(self, method: str, protocol: str) -> dict[str, int]:
        """Return which of a protocol's folds a method trains, as `Protocol.folds` takes it.

        `limit`: how many at most; 0: all, as for rows of tables with a row for each method, and own data sets.
        `groups`: how many groups of rendered subjects are held out in turn; 0: each subject, also where clips are from
        a generator with groups that split these."""
        groups = self.groups(protocol)
        of_users = {*PROTOCOLS[protocol].sources} <= {*datasets.OWN}
        limited = not of_users and protocol not in (*protocols.MAIN, self.main.name)
        generator = self.rows[method].params["synthetic"]
        splits_groups = groups and generator in self.generators.rows
        if splits_groups and not self.generators.are_apart(generator, self._folds(protocol, 0, groups)):
            groups = 0
        limited |= method in self.paper_variants
        return {"limit": int(self.params["papers"]["folds"]) if limited else 0, "groups": groups}

    def _training(self, method: str, protocol: str) -> Training:
        """Return the training of a method under a protocol, on the training set of this or else of the method's params.

        Weights of the population are shipped for the classes of the main table alone. Under protocols of other classes,
        the methods of `training_sets.corpus` learn from the corpus alone."""
        chosen = PROTOCOLS[protocol]
        kind = chosen.training or self.declared(method)
        is_in_corpus = method.partition(".")[0] in self.params["training_sets"]["corpus"]
        if is_in_corpus and chosen.classes != PROTOCOLS[MEGC2019].classes:
            kind = "corpus"
        about = self.rows[method].trained(kind)
        plain = super()._training(method, protocol)
        return replace(plain, learns_from=kind, about=about, synthesises=about.synthesises)

    @cached_property
    def table(self) -> list[Training]:
        """The trainings of the main table's rows."""
        return [self.training(name, self.main.name) for name in self.in_table]

    @property
    def table_methods(self) -> list[str]:
        return self.in_table

    @property
    def needed(self) -> str:
        sets = ", ".join(PROTOCOLS[MEGC2019].datasets)
        figures, present = f"results/evaluate/{self.main.name}/<method>.csv", ", ".join(self.corpus.micro_sets)
        return f"{self.tables[0]} needs one of {sets} in datasets; {figures} has the figures of {present}"

    @cached_property
    def by_training_set(self) -> dict[str, dict[TrainingSet, str]]:
        """The evaluations of each row of the main table by training set, once where it has none."""
        return {
            name: {
                kind: self.training(name, MEGC2019 if kind == self.declared(name) else protocol).evaluated()
                for kind, protocol in TRAINING_SETS.items()
                if kind == self.declared(name) or kind in self.rows[name].trainings
            }
            for name in self.in_table
        }

    def synthetic_inputs(self, training: Training) -> dict[str, list[str]]:
        """Return by role the files of synthesised clips that a training also learns from: of a generator that is
        trained fold by fold, or for groups of subjects. Those of other tasks learn from none."""
        generator, protocol = training.about.params["synthetic"], training.protocol.name
        if not generator or training.task is not self.task:
            return {}
        if generator in self.generators.rows:
            return {"synthetic_groups": self.generators.clips_for(generator, self.folds(training.method, protocol))}
        return {"synthetic": self.training(generator, protocol).faces}

    @property
    def table_generators(self) -> list[str]:
        """The generators of clips that train rows of the main table."""
        chosen = {training.about.params["synthetic"] for training in self.table}
        return sorted(chosen & self.generators.rows.keys())

    @cached_property
    def of_papers(self) -> dict[str, Any]:
        """Return the fields of `reporting.papers.PaperRun` that follow from params.yaml."""
        methods = {name: row for name, row in self.rows.items() if "." not in name}
        return {
            "methods": self.ranked,
            "generators": self.synthesising,
            "clip_generators": self.generators.with_groups,
            "protocols": self.allowed,
            "micro_sets": self.corpus.micro_sets,
            "folds": self.params["papers"]["folds"],
            "groups": self.params["train"]["rendered_folds"],
            "seed": self.params["seed"],
            "draws": self.params["papers"]["draws"],
            "other_choices": {name: row.other_choices for name, row in methods.items()},
            "ablation_choices": {name: row.trained("ablation").other_choices for name, row in methods.items()},
            "study_methods": self.paper_variants,
            "ablates": self.ablates,
        }


def _macro_sets(row: MethodSpec, names: Iterable[str]) -> list[str]:
    """Return which of these data sets with motion a method may learn macro-expressions from."""
    moving = [name for name in names if datasets.LAYOUTS[name].has_motion]
    return [name for name in moving if row.params.get("macro_source", "") in ("", name)]
