"""Who is trained on and who is tested: the protocols by name. Knows clips; no files, no scores.

docs/protocols.md has them as a table.

May import: core, datasets.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from microexpr.core.clip import Clip, Fold
from microexpr.core.errors import DataError
from microexpr.datasets import MICRO
from microexpr.protocols import classes, splits
from microexpr.protocols.provenance import Unit
from microexpr.protocols.sources import sources
from microexpr.protocols.splits import shard, shards

__all__ = [
    "ALL_GROUPS",
    "EVERY",
    "GROUPINGS",
    "GROUPS",
    "MAIN",
    "MEGC2019",
    "PROTOCOLS",
    "Protocol",
    "shard",
    "shards",
    "sources",
]


@dataclass(frozen=True, slots=True)
class Protocol:
    """Clips, their classes, and the folds in which one held-out unit after another is tested."""

    name: str
    unit: Unit  # what a fold holds out, and so what nothing upstream of its predictions may have seen
    datasets: tuple[str, ...]  # those tested, in the order in which tables show them
    classes: tuple[str, ...]
    named: Callable[[Clip], str | None]  # a clip's class by its name, also where that is none of `classes`
    trained_on: tuple[str, ...] = ()  # other data sets, where those tested do not train
    share: float | None = None  # of each data set's subjects that trains, drawn anew for each seed; None: leave one out
    stages: tuple[str, ...] | None = None  # the only ones that its clips have files of; None: all
    gives: bool = False  # whether its groups keep those apart whose movements are given to other faces

    @property
    def sources(self) -> tuple[str, ...]:
        """All data sets whose clips train or are tested."""
        return tuple(dict.fromkeys((*self.trained_on, *self.datasets)))

    @property
    def label_set(self) -> str:
        """The name of its classes, which it may share with other protocols."""
        known = {classes.COMPOSITE: "composite", classes.OBJECTIVE: "objective"}
        native = {names: f"{dataset}_{count}" for (dataset, count), names in classes.NATIVE.items()}
        return (known | native)[self.classes]

    @property
    def ranked(self) -> bool:
        """Whether its figures may stand beside others: not where a tested clip's own subject is trained on."""
        return self.unit != "clip"

    def label(self, clip: Clip) -> int | None:
        """The clip's class as an index into `classes`; None where it has none of them."""
        name = self.named(clip)
        return self.classes.index(name) if name in self.classes else None

    def felt(self, clip: Clip) -> str:
        """The emotion that a clip counts as: the annotated one, that of its class by action units, or for SMIC, which
        knows three classes alone, the likeliest."""
        if self.classes == classes.OBJECTIVE:
            return {roman: emotion for emotion, roman in classes.FELT.items()}.get(str(classes.objective(clip)), "")
        return classes.LIKELIEST.get(clip.emotion.lower(), clip.emotion.lower())

    def suits(self, reads: Iterable[str]) -> bool:
        """Whether its clips have all stages that a method reads."""
        return self.stages is None or set(reads) <= set(self.stages)

    def select(self, clips: Sequence[Clip]) -> list[Clip]:
        """The protocol's clips: of its data sets, with a label; sorted by data set, subject and name.

        Raises DataError when a clip is there twice, or when generated and licensed clips are mixed.
        """
        chosen = [clip for clip in clips if clip.dataset in self.sources and self.label(clip) is not None]
        chosen.sort(key=lambda clip: (clip.dataset, clip.subject, clip.name))
        for clip, following in pairwise(chosen):
            if clip.id == following.id:
                raise DataError(f"clip {clip.id} must be there once, not twice (protocol {self.name})")
        origins = sorted({clip.origin for clip in chosen})
        if len(origins) > 1:
            raise DataError(f"clips of protocol {self.name} must have one origin, not {' and '.join(origins)}")
        return chosen

    def macro(self, clips: Iterable[Clip]) -> list[tuple[Clip, int]]:
        """Macro-expressions that show one of its classes, with that class; sorted as the protocol's own are.

        They may be of another origin than those. Raises DataError for a clip of a data set that it trains or tests on.
        """
        named = classes.felt if self.classes == classes.OBJECTIVE else self.named
        found = []
        for clip in sorted(clips, key=lambda clip: (clip.dataset, clip.subject, clip.name)):
            if clip.dataset in self.sources:
                raise DataError(f"clip {clip.id} must be of a macro set, not of protocol {self.name} itself")
            if (name := named(clip)) in self.classes:
                found.append((clip, self.classes.index(str(name))))
        return found

    def folds(
        self, clips: Sequence[Clip], seed: int = 0, inner_subjects: int = 0, seeds: int = 1, limit: int = 0
    ) -> list[Fold]:
        """One fold for each held-out unit, sorted by name; or one for each of `seeds`, where subjects are drawn.

        `seed` is the root seed, of which only draws and inner subjects depend. Independent of the order of `clips`.
        `limit` leaves so many at most, evenly spread, but for draws; 0: all.
        Raises DataError when there are too few to train on some and to test others, ParamsError when
        `inner_subjects` would take all.
        """
        chosen = self.select(clips)
        self._check_enough(chosen)
        if self.share is None:
            made = splits.leave_one_out(chosen, self.unit, self.datasets, limit)
        else:
            made = [splits.drawn(chosen, self.share, seed, number) for number in range(seeds)]
        if empty := [fold.name for fold in made if not (fold.train and fold.test)]:
            raise DataError(f"protocol {self.name} must have clips on both sides of each fold, not none in {empty[0]}")
        if inner_subjects:
            made = [splits.with_inner(fold, inner_subjects, seed, self.name) for fold in made]
        return made

    def groups(self, clips: Sequence[Clip], count: int, seed: int, named: Sequence[str] = ()) -> list[Fold]:
        """So many folds that hold out a group of subjects each, named 1of5, 2of5, ...: independent of clips' order.

        Those `apart` are the first. Raises ParamsError when there are too few subjects for so many groups."""
        return splits.grouped(self.select(clips), count, seed, self.apart(clips, named))

    def apart(self, clips: Sequence[Clip], named: Sequence[str] = ()) -> set[str]:
        """Whose movements are given to other faces, as dataset/subject: of `sources` and their names."""
        return {splits.person(clip.id) for clip in sources(self.select(clips), named)} if self.gives else set()

    def _check_enough(self, chosen: Sequence[Clip]) -> None:
        if self.trained_on and (missing := sorted(set(self.sources) - {clip.dataset for clip in chosen})):
            raise DataError(f"protocol {self.name} must have labelled clips of {missing[0]}, not none")
        units = {clip.id if self.unit == "clip" else splits.person(clip.id) for clip in chosen}
        if len(units) < 2:
            what = "labelled clips" if self.unit == "clip" else "subjects with labelled clips"
            raise DataError(f"protocol {self.name} must have at least 2 {what}, not {len(units)}")


EVERY = "loso_all_3"


def _composites() -> list[Protocol]:
    every, coded = ("smic", "casme2", "samm"), ("casme2", "samm")
    main = Protocol("megc2019", "subject", every, classes.COMPOSITE, classes.composite)
    return [
        main,
        # the same of clips of which there is only precomputed flow, by whoever had the video
        replace(main, name="flow_folders", stages=("flow",)),
        replace(main, name="split70", share=48 / 68),  # ICE-GAN's 70:30
        Protocol("objective", "subject", coded, classes.OBJECTIVE, classes.objective),
        # of whatever data sets are here
        Protocol(EVERY, "subject", MICRO, classes.COMPOSITE, classes.composite),
    ]


def _single(kind: str, dataset: str, count: int) -> Protocol:
    """Leave-one-subject-out or leave-one-video-out of one data set."""
    unit: Unit = "subject" if kind == "loso" else "clip"
    native = classes.NATIVE.get((dataset, count))
    names, named = (native, classes.native) if native else (classes.COMPOSITE, classes.composite)
    return Protocol(f"{kind}_{dataset}_{count}", unit, (dataset,), names, named)


def _cross(trained_on: tuple[str, ...], tested: str, objective: bool = False) -> Protocol:
    """Trained on some data sets, tested on another."""
    names, named = (classes.OBJECTIVE, classes.objective) if objective else (classes.COMPOSITE, classes.composite)
    name = f"cross_{'objective_' if objective else ''}{'_'.join(trained_on)}_to_{tested}"
    return Protocol(name, "dataset", (tested,), names, named, trained_on)


def _crosses() -> list[Protocol]:
    every = ("casme2", "samm", "smic")
    pairs = [_cross((one,), other) for one in every for other in every if one != other]
    rest = [_cross(tuple(name for name in every if name != tested), tested) for tested in every]
    return [*pairs, *rest, _cross(("casme2",), "samm", objective=True), _cross(("samm",), "casme2", objective=True)]


THREE = tuple((name, 3) for name in MICRO)  # every data set of micro-expressions by itself
LOSO = (*THREE, *classes.NATIVE)
LOVO = (*THREE, ("casme2", 7), ("samm", 8))
PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        *_composites(),
        *(_single("loso", *which) for which in LOSO),
        *(_single("lovo", *which) for which in LOVO),
        *_crosses(),
    )
}
MEGC2019 = "megc2019"
MAIN = (MEGC2019, "flow_folders")  # of the tables that all methods have a row in: all of their folds are trained
# Whom a generator of clips is trained on, for whom it was not: groups of subjects, which all protocols share.
GROUPS = Protocol("groups", "subject", ("casme2", "samm"), classes.EMOTIONS, classes.emotion)
ALL_GROUPS = Protocol("all_groups", "subject", MICRO, classes.COMPOSITE, classes.composite, gives=True)
GROUPINGS = {protocol.name: protocol for protocol in (GROUPS, ALL_GROUPS)}
