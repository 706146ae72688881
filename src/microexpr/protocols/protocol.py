"""A protocol: clips, their classes and the folds.

Knows clips; no files, no scores.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Literal

from microexpr.core.clip import POPULATION, Clip, Fold
from microexpr.core.errors import DataError
from microexpr.protocols import classes, splits
from microexpr.protocols.classes import driving_clips
from microexpr.protocols.provenance import Unit

# The training set of a method: a fold's clips alone | these, after the population | as in `ABLATION`.
TrainingSet = Literal["corpus", "both", "ablation"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """Clips, their classes, and the folds; each fold holds out and tests one unit."""

    name: str
    unit: Unit  # held out by a fold: nothing upstream of its predictions may have seen it
    datasets: tuple[str, ...]  # those tested, in the order of tables
    classes: tuple[str, ...]
    class_name: Callable[[Clip], str | None]  # of a clip, also where it is none of `classes`
    trained_on: tuple[str, ...] = ()  # other data sets, where those tested do not train
    also_trained_on: tuple[str, ...] = ()  # data sets that every fold trains on in full, next to its own
    several: bool = False  # whether a clip may have any number of the classes, as action units, and not just one
    alone: bool = False  # whether a fold trains on other clips of the data set that it tests, and on no other data set
    unlabelled_means: bool = False  # whether the mean of each side's clips, without labels, is taken off these
    share: float | None = None  # of each data set's subjects that trains, sampled for each seed; None: leave one out
    grouped: bool = False  # whether several rendered subjects may be held out together
    training: TrainingSet | None = None  # the training set of methods, where their params do not choose it
    title: str = ""  # of its rows in a table with all methods and folds; {held_out}: how subjects are held out

    @property
    def sources(self) -> tuple[str, ...]:
        """All data sets with clips for training or tests."""
        return tuple(dict.fromkeys((*self.trained_on, *self.datasets)))

    @property
    def uses_population(self) -> bool:
        """Whether rendered subjects of no corpus are trained on."""
        return POPULATION in (*self.trained_on, *self.also_trained_on)

    def label(self, clip: Clip) -> int | None:
        """Return the clip's class as an index into `classes`; None if it has none of them.

        Where a clip may have several, it is 0 for each clip with a known one."""
        name = self.class_name(clip)
        return self.classes.index(name) if name in self.classes else None

    def truth(self, clip: Clip) -> int | tuple[int, ...] | None:
        """Return the target of a clip: its `label`, or for each of several classes 1, 0 or -1 (unknown)."""
        return classes.units(clip) if self.several else self.label(clip)

    def emotion(self, clip: Clip) -> str:
        """Return the emotion that a clip counts as.

        It is the annotated one, that of its class by action units, or for SMIC, which has three classes alone, the
        usual one.
        """
        if self.classes == classes.OBJECTIVE:
            return {roman: emotion for emotion, roman in classes.OBJECTIVE_BY_EMOTION.items()}.get(
                str(classes.objective(clip)), ""
            )
        return classes.USUAL_EMOTION.get(clip.emotion.lower(), clip.emotion.lower())

    def select(self, clips: Sequence[Clip]) -> list[Clip]:
        """Return the protocol's clips: of its data sets, with a label; sorted by data set, subject and name.

        Raises DataError when a clip occurs twice, or when generated and licensed clips are mixed.
        """
        chosen = [clip for clip in clips if clip.dataset in self.sources and self.label(clip) is not None]
        chosen.sort(key=lambda clip: (clip.dataset, clip.subject, clip.name))
        for clip, following in pairwise(chosen):
            if clip.id == following.id:
                raise DataError(f"clip {clip.id} must be there once, not twice (protocol {self.name})")
        origins = sorted({clip.origin for clip in chosen if clip.dataset != POPULATION})
        if len(origins) > 1:
            raise DataError(f"clips of protocol {self.name} must have one origin, not {' and '.join(origins)}")
        return chosen

    def macro(self, clips: Iterable[Clip]) -> list[tuple[Clip, int]]:
        """Return macro-expressions of one of its classes, with that class, sorted as the protocol's own clips are.

        They may be of another origin than those, as are those of `also_trained_on`. Raises DataError for a clip of a
        data set that it trains or tests on.
        """
        class_name = self.class_name
        if self.classes == classes.OBJECTIVE:  # by emotion: they have more units than Davison's combinations cover
            class_name = lambda clip: classes.OBJECTIVE_BY_EMOTION.get(clip.emotion)  # noqa: E731
        labelled = []
        for clip in sorted(clips, key=lambda clip: (clip.dataset, clip.subject, clip.name)):
            if clip.dataset in self.sources:
                raise DataError(f"clip {clip.id} must be of a macro set, not of protocol {self.name} itself")
            if (name := class_name(clip)) in self.classes:
                labelled.append((clip, self.classes.index(str(name))))
        return labelled

    def folds(
        self,
        clips: Sequence[Clip],
        seed: int = 0,
        inner_subjects: int = 0,
        seeds: int = 1,
        limit: int = 0,
        groups: int = 0,
    ) -> list[Fold]:
        """Return one fold for each held-out unit, sorted by name; or one for each of `seeds`, where splits are sampled.

        `seed` is the root seed; only sampled splits, groups and inner subjects depend on it. The order of `clips` does
        not matter. `limit` leaves at most that many folds, evenly spaced, except for sampled splits; 0 leaves all.
        Under a `grouped` protocol of rendered clips alone, each of `groups` folds holds out a group of whole
        subjects; 0: each subject separately.

        Raises DataError when there are too few clips to train on some and to test others, ParamsError when
        `inner_subjects` would take all.
        """
        chosen = self.select(clips)
        self._check_enough(chosen)
        if self.trained_on:
            tested = [name for name in self.datasets if any(clip.dataset == name for clip in chosen)]
            sides = (self.trained_on, tested)
            train, test = (tuple(clip.id for clip in chosen if clip.dataset in side) for side in sides)
            folds = [Fold("_".join(tested), train, test)]
        elif self.share is not None:
            folds = [splits.sample_split(chosen, self.share, seed, draw) for draw in range(seeds)]
        elif self.alone:  # a data set of one subject is left out
            sets = [list(clips) for _, clips in groupby(chosen, lambda clip: clip.dataset)]
            several = [clips for clips in sets if len({clip.subject for clip in clips}) > 1]
            folds = [fold for clips in several for fold in self._hold_out(clips, seed, 0, groups)]
            folds = splits.evenly_spaced(folds, limit)
        else:
            folds = self._hold_out(chosen, seed, limit, groups)
        if empty := [fold.name for fold in folds if not (fold.train and fold.test)]:
            raise DataError(f"protocol {self.name} must have clips on both sides of each fold, not none in {empty[0]}")
        if inner_subjects:
            folds = [splits.with_inner_subjects(fold, inner_subjects, seed, self.name) for fold in folds]
        return folds

    def _hold_out(self, clips: Sequence[Clip], seed: int, limit: int, groups: int) -> list[Fold]:
        """Return a fold for each unit of these clips, or for each group of rendered subjects.

        A group among those of one data set is named after it: casme2/1of4."""
        if not (self.grouped and groups and all(clip.origin == "generated" for clip in clips)):
            return splits.leave_one_out(clips, self.unit, limit)
        count = min(groups, len({splits.subject_id(clip.id) for clip in clips}))
        folds = splits.evenly_spaced(splits.group_folds(clips, count, seed), limit)
        return [replace(fold, name=f"{clips[0].dataset}/{fold.name}") for fold in folds] if self.alone else folds

    def _check_enough(self, chosen: Sequence[Clip]) -> None:
        """Raise DataError unless there are clips to train on and at least two units."""
        present = {clip.dataset for clip in chosen}
        needed = self.trained_on and (*self.trained_on, *(self.datasets if present.isdisjoint(self.datasets) else ()))
        if missing := sorted({*needed} - present):
            raise DataError(f"protocol {self.name} must have labelled clips of {missing[0]}, not none")
        unit: Unit = "subject" if self.trained_on else self.unit
        units = {splits.unit_id(clip.id, unit) for clip in chosen}
        if len(units) < 2:
            names = {"subject": "subjects with labelled clips", "dataset": "data sets with labelled clips"}
            unit_names = names.get(unit, "labelled clips")
            raise DataError(f"protocol {self.name} must have at least 2 {unit_names}, not {len(units)}")


@dataclass(frozen=True, slots=True)
class Grouping(Protocol):
    """Clips and classes of a generator of clips, which holds out groups of subjects in turn."""

    has_driving_group: bool = False  # whether the subjects of driving clips are a separate group

    def groups(self, clips: Sequence[Clip], count: int, seed: int, names: Sequence[str] = ()) -> list[Fold]:
        """Return `count` folds named 1of5, 2of5, ... that hold out a group of subjects each.

        The `driving_subjects` are the first group. The order of clips does not matter. Raises ParamsError when there
        are fewer subjects than groups.
        """
        return splits.group_folds(self.select(clips), count, seed, self.driving_subjects(clips, names))

    def driving_subjects(self, clips: Sequence[Clip], names: Sequence[str] = ()) -> set[str]:
        """Return the subjects of the driving clips, as dataset/subject, or none without a driving group.

        `names` are ids of driving clips that replace those `driving_clips` selects."""
        if not self.has_driving_group:
            return set()
        return {splits.subject_id(clip.id) for clip in driving_clips(self.select(clips), names)}
