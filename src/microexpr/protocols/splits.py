"""Split clips into those that train and those that are tested. Knows clips and a seed, no classes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from microexpr.core.clip import Clip, Fold
from microexpr.core.errors import ParamsError
from microexpr.core.seeds import generator
from microexpr.protocols.provenance import PARTS, Unit

Item = TypeVar("Item")


def subject_id(name: str) -> str:
    """Return dataset/subject of a clip's id, or origin/dataset/subject of its provenance."""
    return name.rpartition("/")[0]


def unit_id(name: str, unit: Unit) -> str:
    """Return the part of a clip's id that names its unit: casme2/sub01 for a subject."""
    return "/".join(name.split("/")[: PARTS[unit] - 1])


def leave_one_out(clips: Sequence[Clip], unit: Unit, limit: int = 0) -> list[Fold]:
    """Return a fold for each unit, sorted by its name; all clips outside the unit train.

    `limit` leaves at most that many folds, evenly spaced; 0 leaves all.
    `clips` are sorted by data set, subject and name, so that a unit's are contiguous; ValueError if not.
    """
    names = tuple(clip.id for clip in clips)
    held_out: defaultdict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(names):
        held_out[unit_id(name, unit)].append(i)
    if any(positions[-1] - positions[0] >= len(positions) for positions in held_out.values()):
        raise ValueError("clips must be sorted: those of a unit are not contiguous")
    return [
        Fold(name, names[: positions[0]] + names[positions[-1] + 1 :], names[positions[0] : positions[-1] + 1])
        for name, positions in evenly_spaced(sorted(held_out.items()), limit)
    ]


def sample_split(clips: Sequence[Clip], share: float, seed: int, draw: int) -> Fold:
    """Return split `draw`, from 0: of each data set's subjects the same share trains, to the nearest."""
    train: set[str] = set()
    for dataset in sorted({clip.dataset for clip in clips}):
        subjects = sorted({subject_id(clip.id) for clip in clips if clip.dataset == dataset})
        order = generator(seed, "split", dataset, draw).permutation(len(subjects))
        train |= {subjects[i] for i in order[: round(share * len(subjects))]}
    train_clips, test_clips = _divide((clip.id for clip in clips), train)
    return Fold(f"draw{draw + 1}", train_clips, test_clips, draw=draw)


def group_folds(clips: Sequence[Clip], count: int, seed: int, driving: Collection[str] = ()) -> list[Fold]:
    """Return `count` folds, each holding out a group of subjects.

    Groups differ by at most one subject of a data set. The `driving` subjects, as dataset/subject, are the first group
    alone. Raises ParamsError unless there are at least 2 groups and a subject for each.
    """
    subjects: list[str] = []
    for dataset in sorted({clip.dataset for clip in clips}):
        names = sorted({subject_id(clip.id) for clip in clips if clip.dataset == dataset})
        subjects += [names[i] for i in generator(seed, "groups", dataset).permutation(len(names))]
    others = [subject for subject in subjects if subject not in driving]
    groups = [{*driving}] if driving else []
    max_count = len(groups) + len(others)
    if not 2 <= count <= max_count:
        raise ParamsError(f"groups must be between 2 and {max_count}, of {len(subjects)} subjects, not {count}")
    step = count - len(groups)
    groups += [{*others[start::step]} for start in range(step)]
    folds = []
    for i, group in enumerate(groups, 1):
        test, train = _divide((clip.id for clip in clips), group)
        folds.append(Fold(f"{i}of{count}", train, test))
    return folds


def with_inner_subjects(fold: Fold, subjects: int, seed: int, protocol: str) -> Fold:
    """Return the fold with `subjects` whole subjects of its training side set aside, sampled by name.

    Raises ParamsError when no subject would be left to train on.
    """
    candidates = sorted({subject_id(clip) for clip in fold.train})
    if subjects >= len(candidates):
        raise ParamsError(
            f"train.inner_subjects must be < the {len(candidates)} subjects that fold {fold.name} of {protocol} trains "
            f"on, not {subjects}"
        )
    order = generator(seed, "inner", protocol, fold.name).permutation(len(candidates))
    inner, train = _divide(fold.train, {candidates[i] for i in order[:subjects]})
    return replace(fold, train=train, inner=inner)


def _divide(names: Iterable[str], subjects: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of the clips of these subjects, as dataset/subject, and those of all others."""
    names = tuple(names)
    inside = tuple(name for name in names if subject_id(name) in subjects)
    return inside, tuple(name for name in names if subject_id(name) not in subjects)


def check_shards(folds: int, n: int) -> None:
    """Raise ParamsError unless 1 <= n <= number of folds."""
    if not 1 <= n <= folds:
        raise ParamsError(f"train.shards must be between 1 and the {folds} folds, not {n}")


def shard(folds: Sequence[Fold], name: str) -> list[Fold]:
    """Return the folds of one contiguous part by its name, such as 1of4; parts differ in size by one at most.

    Raises ParamsError unless the parts are between 1 and the number of folds."""
    position, count = map(int, name.split("of"))  # from 1
    check_shards(len(folds), count)
    return list(folds[len(folds) * (position - 1) // count : len(folds) * position // count])


def evenly_spaced(items: Sequence[Item], count: int) -> list[Item]:
    """Return `count` of the items, evenly spaced; all for 0 and for more than there are."""
    if not 0 < count < len(items):
        return list(items)
    return [items[len(items) * i // count] for i in range(count)]
