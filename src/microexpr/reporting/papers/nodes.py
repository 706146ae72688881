"""AU-GACN's Fig. 4 as numbers: the weights of a network's nodes in clips of a held-out subject.

Out of scope: a choice of clips by the network's output.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.core.facs.occurrence import AUS, UNKNOWN, occurrence
from microexpr.evaluation.rows import Row
from microexpr.models.recognisers.augacn import AuGacn
from microexpr.protocols import provenance
from microexpr.training.load_clips import load_clips
from microexpr.training.refit import Recogniser

COLUMNS = (
    *("panel", "of", "clips", "class", "unit", "share", "frequency", "expected", "annotated", "coded"),
    *("trained_clips", "trained_people", "input", "origin"),
)


def held_out(clips: Sequence[Clip], emotion: str) -> list[Clip]:
    """Return all clips of the subject with the most clips of an emotion; of several, the first by name.

    Raises DataError if no subject shows it, or if no other subject is left to train on.
    """
    counts = Counter(clip.subject for clip in clips if clip.emotion == emotion)
    subjects = {clip.subject for clip in clips}
    if not counts or len(subjects) < 2:
        actual = f"{len(subjects)}, {len(counts)} of them with it"
        raise DataError(f"Fig. 4 must have clips of 2 subjects, one of them with {emotion}, not of {actual}")
    most = min(counts, key=lambda name: (-counts[name], name))
    return [clip for clip in clips if clip.subject == most]


def clips_of_emotion(held: Iterable[Clip], emotion: str) -> list[Clip]:
    """Return the clips of an emotion by name, those with any AU coding first; the first one has a separate panel."""
    matching = (clip for clip in held if clip.emotion == emotion)
    return sorted(matching, key=lambda clip: ((au_codes([clip]) == UNKNOWN).all(), clip.id))


@torch.no_grad()
def shares(network: Recogniser, clips: Sequence[Clip], files: Iterable[str]) -> np.ndarray:
    """Return float[N, A]: each node's probability as a share of all nodes' sum; 0 for AUs without a node.

    The paper does not define its "proportion"; this definition is ours.
    """
    assert isinstance(network.method, AuGacn)
    data = load_clips(network.method, clips, files, dict.fromkeys((clip.id for clip in clips), 0))
    scores = network.method.au_scores(network.modules, data.inputs, network.statistics)
    probabilities = scores.sigmoid() * network.statistics["present"]
    return (probabilities / probabilities.sum(1, keepdim=True)).numpy()


def frequency(clips: Iterable[Clip]) -> np.ndarray:
    """Return float[A]: the shares that a network would give if it knew only how often these clips show each AU."""
    codes = au_codes(clips)
    rate = (codes == 1).sum(0) / np.maximum((codes != UNKNOWN).sum(0), 1)
    return np.asarray(rate / max(rate.sum(), 1e-9))


def au_codes(clips: Iterable[Clip]) -> np.ndarray:
    """Return int[N, A]: 1 if a coder saw the AU, 0 if not, -1 if it was not coded."""
    return np.array([occurrence(clip.action_units) for clip in clips])


def rows(
    network: Recogniser,
    clips: Sequence[Clip],
    held: Sequence[Clip],
    files: Iterable[str],
    expected: Mapping[str, Sequence[str]],
) -> list[Row]:
    """Return rows of one clip, then of the mean of all clips of its class.

    There is a row for each node, largest first, and one for each expected AU that has no node. `clips` are those that
    the network may have seen, `held` the held-out subject's; `expected` has a class with its AUs. Raises LeakError if
    the network has seen the subject, StoreError if a file cannot be read.
    """
    assert isinstance(network.method, AuGacn)
    ((emotion, units),) = expected.items()
    subject = f"{held[0].dataset}/{held[0].subject}"
    provenance.check("the network of Fig. 4", subject, "subject", held, network.fitted_on)
    trained = [clip for clip in clips if clip.provenance in network.fitted_on]
    chosen, training_frequency = clips_of_emotion(held, emotion), frequency(trained)
    share, codes = shares(network, chosen, files), au_codes(chosen)
    shared = {"class": emotion, "origin": held[0].origin, "trained_clips": len(trained)}
    shared |= {
        "trained_people": len({clip.subject for clip in trained}),
        "input": _input(network.method.params.input_mode),
    }
    table = []
    for panel, of, count in (("clip", chosen[0].id, 1), ("mean", subject, len(chosen))):
        panel_cells = shared | {"panel": panel, "of": of, "clips": count}
        nodes = _nodes(network, share[:count].mean(0), codes[:count], training_frequency, units)
        table += [panel_cells | row for row in nodes]
    return table


def _input(mode: str) -> str:
    """Return the network's input, and the paper's where it differs."""
    paper = AuGacn.Params.model_validate({}).input_mode
    return mode if mode == paper else f"{mode} (ours; the paper's is {paper})"


def _nodes(
    network: Recogniser, share: np.ndarray, codes: np.ndarray, frequency: np.ndarray, units: Sequence[str]
) -> Iterator[Row]:
    present = network.statistics["present"].numpy() > 0
    for i in np.argsort(-share, kind="stable"):
        unit, unit_codes = f"AU{AUS[i]}", codes[:, i]
        if present[i] or unit in units:
            row: Row = {"unit": unit, "share": float(share[i]) if present[i] else None}
            row |= {"frequency": float(frequency[i]), "expected": "yes" if unit in units else "no"}
            yield row | {"annotated": int((unit_codes == 1).sum()), "coded": int((unit_codes != UNKNOWN).sum())}
