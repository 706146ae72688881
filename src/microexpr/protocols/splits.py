"""How clips are parted into those that train and those that are tested. Knows clips and a seed, no classes."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from microexpr.core.clip import Clip, Fold
from microexpr.core.errors import ParamsError
from microexpr.core.seeds import generator
from microexpr.protocols.provenance import PARTS, Unit

Of = TypeVar("Of")


def person(name: str) -> str:
    """dataset/subject of a clip's id, origin/dataset/subject of its provenance."""
    return name.rpartition("/")[0]


def leave_one_out(clips: Sequence[Clip], unit: Unit, tested: Sequence[str], limit: int = 0) -> list[Fold]:
    """A fold for each unit of the data sets `tested`, sorted by its name; all clips outside of the unit train.

    `limit` leaves so many at most, evenly spread; 0: all.
    `clips` are sorted by data set, subject and name, so that a unit's are beside each other; ValueError if not."""
    parts = PARTS[unit] - 1  # of dataset/subject/clip
    names = tuple(clip.id for clip in clips)
    held_out: defaultdict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        held_out["/".join(name.split("/")[:parts])].append(place)
    if any(places[-1] - places[0] >= len(places) for places in held_out.values()):
        raise ValueError("clips must be sorted: those of a unit lie apart")
    wanted = [held for held in sorted(held_out.items()) if held[0].split("/")[0] in tested]
    return [
        Fold(name, names[: places[0]] + names[places[-1] + 1 :], names[places[0] : places[-1] + 1])
        for name, places in spread(wanted, limit)
    ]


def drawn(clips: Sequence[Clip], share: float, seed: int, number: int) -> Fold:
    """The split of seed `number`, counted from 0: of each data set's subjects the same share trains, to the nearest."""
    train: set[str] = set()
    for dataset in sorted({clip.dataset for clip in clips}):
        people = sorted({person(clip.id) for clip in clips if clip.dataset == dataset})
        order = generator(seed, "split", dataset, number).permutation(len(people))
        train |= {people[place] for place in order[: round(share * len(people))]}
    inside = tuple(clip.id for clip in clips if person(clip.id) in train)
    outside = tuple(clip.id for clip in clips if person(clip.id) not in train)
    return Fold(f"draw{number + 1}", inside, outside, draw=number)


def grouped(clips: Sequence[Clip], count: int, seed: int, apart: Collection[str] = ()) -> list[Fold]:
    """So many folds, each of which holds a group of subjects out, from each data set as many as the others by one.

    The people `apart`, as dataset/subject, are a group of themselves, the first. Raises ParamsError unless there are
    at least 2 groups and somebody for each."""
    people: list[str] = []
    for dataset in sorted({clip.dataset for clip in clips}):
        own = sorted({person(clip.id) for clip in clips if clip.dataset == dataset})
        people += [own[place] for place in generator(seed, "groups", dataset).permutation(len(own))]
    others = [who for who in people if who not in apart]
    held = [{*apart}] if apart else []
    most = len(held) + len(others)
    if not 2 <= count <= most:
        raise ParamsError(f"synth.groups must be between 2 and {most}, of {len(people)} subjects, not {count}")
    held += [{*others[number :: count - len(held)]} for number in range(count - len(held))]
    return [
        Fold(
            f"{number}of{count}",
            tuple(clip.id for clip in clips if person(clip.id) not in group),
            tuple(clip.id for clip in clips if person(clip.id) in group),
        )
        for number, group in enumerate(held, 1)
    ]


def with_inner(fold: Fold, subjects: int, seed: int, protocol: str) -> Fold:
    """The fold with so many whole subjects of its training side set apart, drawn by name.

    Raises ParamsError when nobody would be left to train on.
    """
    people = sorted({person(clip) for clip in fold.train})
    if subjects >= len(people):
        raise ParamsError(
            f"train.inner_subjects must be < the {len(people)} subjects that fold {fold.name} of {protocol} trains on, "
            f"not {subjects}"
        )
    order = generator(seed, "inner", protocol, fold.name).permutation(len(people))
    apart = {people[place] for place in order[:subjects]}
    inner = tuple(clip for clip in fold.train if person(clip) in apart)
    return replace(fold, train=tuple(clip for clip in fold.train if person(clip) not in apart), inner=inner)


def shards(folds: Sequence[Fold], n: int) -> list[list[Fold]]:
    """The folds in `n` contiguous parts whose sizes differ by one at most.

    Raises ParamsError unless 1 <= n <= number of folds.
    """
    if not 1 <= n <= len(folds):
        raise ParamsError(f"train.shards must be between 1 and the {len(folds)} folds, not {n}")
    bounds = [len(folds) * part // n for part in range(n + 1)]
    return [list(folds[low:high]) for low, high in pairwise(bounds)]


def shard(folds: Sequence[Fold], name: str) -> list[Fold]:
    """The folds of one shard by its name, such as 1of4."""
    number, count = map(int, name.split("of"))
    return shards(folds, count)[number - 1]


def spread(all_of: Sequence[Of], count: int) -> list[Of]:
    """So many of them, evenly spread; all for 0 and for more than there are."""
    if not 0 < count < len(all_of):
        return list(all_of)
    return [all_of[len(all_of) * place // count] for place in range(count)]
