"""The generators of clips of a run: the groups of subjects that each holds out in turn, and the files of these."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from microexpr import datasets, protocols
from microexpr.core.clip import Fold
from microexpr.core.errors import errors_at
from microexpr.protocols import Grouping
from microexpr.protocols.splits import subject_id
from microexpr.tasks.task import Task
from microexpr.tasks.trainings import Planned, PlannedTasks


class Plan(Planned):
    """The generators that are trained apart from recognisers; those that a fold trains are methods."""

    def __init__(self, run: PlannedTasks, task: Task):
        super().__init__(run, task)
        self.rows = run.checked.rows[task.name]  # by name, with their params
        self.groups = cache(self._groups)

    def grouping(self, generator: str) -> Grouping:
        """Return the data sets and classes of a generator."""
        return protocols.GROUPINGS[self.rows[generator].grouping]

    def sets(self, generator: str) -> list[str]:
        """Return the data sets of this run that a generator is trained on."""
        return [name for name in self.corpus.micro_sets if name in self.grouping(generator).sources]

    def still_sets(self, generator: str) -> list[str]:
        """Return the macro sets of single pictures that a generator also learns from."""
        macro = self.params["macro"] if self.rows[generator].macro else []
        return [name for name in macro if not datasets.LAYOUTS[name].has_motion]

    def _groups(self, generator: str) -> list[Fold]:
        """Return the groups of subjects that a generator holds out in turn: no more than there are subjects, and none
        if there is just one."""
        grouping, synth = self.grouping(generator), self.params["synthesise"]
        clips = grouping.select([clip for name in self.sets(generator) for clip in self.corpus.clips[name]])
        with errors_at("params.yaml: "):
            driving = grouping.driving_subjects(clips, synth["sources"])
            count = min(synth["groups"], bool(driving) + len({subject_id(clip.id) for clip in clips} - driving))
            if count < 2:
                return []
            return grouping.groups(clips, count, self.params["seed"], synth["sources"])

    @property
    def with_groups(self) -> list[str]:
        """The generators that have subjects to learn from."""
        return [name for name in self.rows if self.groups(name)]

    def lacking(self, name: str) -> str:
        """Return why a generator has no subjects to learn from; "" for one that has some, and for a method."""
        if name not in self.rows or self.groups(name):
            return ""
        return f"{name} needs two subjects of {' or '.join(self.grouping(name).sources)}"

    def signals(self, generator: str) -> dict[str, list[str]]:
        """Return the files that a generator learns from, by stage."""
        names = self.sets(generator) + self.still_sets(generator)
        return self.corpus.signals(self.rows[generator].reads, names)

    def clips(self, generator: str) -> list[str]:
        """Return the files of clips that a generator synthesises, one for each group."""
        return [f"results/synthesise/{generator}/groups/{fold.name}.h5" for fold in self.groups(generator)]

    def weights(self, generator: str) -> list[str]:
        """Return the weights of a generator, one file for each group."""
        return [str(Path(path).with_suffix(".safetensors")) for path in self.clips(generator)]

    def files(self, names: Iterable[str]) -> list[str]:
        return [path for name in names for path in (*self.clips(name), *self.weights(name))]

    @property
    def outputs(self) -> list[str]:
        return self.files(self.rows)

    @property
    def whole(self) -> list[str]:
        return sorted(self.outputs)

    @property
    def main_files(self) -> list[str]:
        return self.files(self.run.task("emotion").table_generators)

    @property
    def evaluations(self) -> list[str]:
        return [f"results/evaluate/clips/{name}.csv" for name in self.rows]

    def clips_for(self, generator: str, folds: Iterable[Fold]) -> list[str]:
        """Return the files of clips that trainings of these folds may use.

        They hold out a tested subject; the first is for folds that test no subject that the generator learns from."""
        tests = [{subject_id(clip) for clip in fold.test} for fold in folds]
        groups = {fold.name: {subject_id(clip) for clip in fold.test} for fold in self.groups(generator)}
        names = {name for subjects in tests for name, group in groups.items() if subjects & group}
        learned = set().union(*groups.values())
        if any(not subjects & learned for subjects in tests):
            names |= {*list(groups)[:1]}
        return [path for path in self.clips(generator) if Path(path).stem in names]

    def are_apart(self, generator: str, folds: Iterable[Fold]) -> bool:
        """Whether all subjects that a fold tests, and that the generator knows, are in one group that it holds out."""
        held_out = [{subject_id(clip) for clip in fold.test} for fold in self.groups(generator)]
        learned = set().union(*held_out)
        tests = ({subject_id(clip) for clip in fold.test} for fold in folds)
        return all(any(learned & test <= group for group in held_out) for test in tests)
