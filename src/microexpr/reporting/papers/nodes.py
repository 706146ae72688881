"""AU-GACN's Fig. 4 counted: how large the nodes of a network are in clips of somebody whom it has not seen.

What may not come in: a choice of clips by what the network makes of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.core.facs.occurrence import AUS, UNKNOWN, occurrence
from microexpr.evaluation.rows import Row
from microexpr.models.recognisers.augacn import AuGacn
from microexpr.protocols import provenance
from microexpr.reporting import papers
from microexpr.training.load_clips import load_clips
from microexpr.training.refit import Recogniser

FIGURES = ("share", "frequency")
COLUMNS = (
    *("panel", "of", "clips", "class", "unit", *FIGURES, "expected", "annotated", "coded"),
    *("trained_clips", "trained_people", "origin"),
)


def held_out(clips: Sequence[Clip], emotion: str) -> list[Clip]:
    """All clips of the person who shows an emotion most often; of several, of the first by name.

    Raises DataError where nobody does, or where nobody else is there to train."""
    shows, people = Counter(clip.subject for clip in clips if clip.emotion == emotion), {clip.subject for clip in clips}
    if not shows or len(people) < 2:
        what = f"{len(people)}, {len(shows)} of them with it"
        raise DataError(f"Fig. 4 must have clips of 2 people, one of them with {emotion}, not of {what}")
    chosen = min(shows, key=lambda name: (-shows[name], name))
    return [clip for clip in clips if clip.subject == chosen]


def shown(held: Iterable[Clip], emotion: str) -> list[Clip]:
    """Those of an emotion by name, first those that a coder said something of; the first of all is drawn alone."""
    own = (clip for clip in held if clip.emotion == emotion)
    return sorted(own, key=lambda clip: ((marks([clip]) == UNKNOWN).all(), clip.id))


@torch.no_grad()
def shares(network: Recogniser, clips: Sequence[Clip], files: Iterable[str]) -> np.ndarray:
    """float[N, A]: each node's probability by the sum of all nodes' (ours: the paper does not say of what its
    "proportion" is one); 0 of units without a node."""
    assert isinstance(network.method, AuGacn)
    data = load_clips(network.method, clips, files, dict.fromkeys((clip.id for clip in clips), 0))
    scores = network.method.au_scores(network.modules, data.inputs, network.statistics)
    likely = scores.sigmoid() * network.statistics["present"]
    return (likely / likely.sum(1, keepdim=True)).numpy()


def frequency(clips: Iterable[Clip]) -> np.ndarray:
    """float[A]: the shares of a network that knows of a unit only how many of these clips show it."""
    coded = marks(clips)
    rate = (coded == 1).sum(0) / np.maximum((coded != UNKNOWN).sum(0), 1)
    return np.asarray(rate / max(rate.sum(), 1e-9))


def marks(clips: Iterable[Clip]) -> np.ndarray:
    """int[N, A]: 1 where a coder saw the unit, 0 where not, -1 where it is not known."""
    return np.array([occurrence(clip.action_units) for clip in clips])


def rows(
    network: Recogniser,
    clips: Sequence[Clip],
    held: Sequence[Clip],
    files: Iterable[str],
    expected: Mapping[str, Sequence[str]],
) -> list[Row]:
    """Of one clip, then of the mean of all of its class: a row for each node, largest first, then for each unit
    expected that has no node.

    `clips` are those that the network may have seen, `held` one person's, `expected` has a class with its units.
    Raises LeakError where the network has seen the person, StoreError if a file cannot be read.
    """
    ((emotion, units),) = expected.items()
    person = f"{held[0].dataset}/{held[0].subject}"
    provenance.check("the network of Fig. 4", person, "subject", held, network.fitted_on)
    trained = [clip for clip in clips if clip.provenance in network.fitted_on]
    own, often = shown(held, emotion), frequency(trained)
    share, coded = shares(network, own, files), marks(own)
    about = {"class": emotion, "origin": held[0].origin, "trained_clips": len(trained)}
    about |= {"trained_people": len({clip.subject for clip in trained})}
    found = []
    for panel, of, count in (("clip", own[0].id, 1), ("mean", person, len(own))):
        known = about | {"panel": panel, "of": of, "clips": count}
        found += [known | row for row in _nodes(network, share[:count].mean(0), coded[:count], often, units)]
    return found


def _nodes(
    network: Recogniser, share: np.ndarray, coded: np.ndarray, often: np.ndarray, units: Sequence[str]
) -> Iterator[Row]:
    here = network.statistics["present"].numpy() > 0
    for place in np.argsort(-share, kind="stable"):
        unit, own = f"AU{AUS[place]}", coded[:, place]
        if here[place] or unit in units:
            row: Row = {"unit": unit, "share": float(share[place]) if here[place] else None}
            row |= {"frequency": float(often[place]), "expected": "yes" if unit in units else "no"}
            yield row | {"annotated": int((own == 1).sum()), "coded": int((own != UNKNOWN).sum())}


def write(path: str | Path, found: Iterable[Row]) -> None:
    """Shares with four decimals, "" of a unit without a node."""
    store.write_csv(path, COLUMNS, (row | {key: papers.decimals(row[key]) for key in FIGURES} for row in found))
