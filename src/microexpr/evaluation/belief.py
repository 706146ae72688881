"""A measure of belief: how well an observer, trained on other subjects, tells synthesised faces from true apex frames.

The observer sees each face next to the clip's offset frame, another picture of the subject at rest: next to the onset
frame, from which a face is synthesised, equal noise would give it away. Shapes: N faces, M of them and of true ones, U
subjects, images uint8[N, H, W, C]. What may not come in: how an observer is trained.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from microexpr.core import seeds
from microexpr.evaluation import metrics
from microexpr.evaluation.face_kinds import TRUE, FacePairs, Figure, is_own_class, own_class, scope_rows
from microexpr.evaluation.rows import FULL, Row
from microexpr.evaluation.synthesised_faces import Face, SynthesisedFaces
from microexpr.evaluation.true_faces import TrueFace
from microexpr.protocols.splits import subject_id

METRIC = "belief_auc"
REGIONS = {"eyes": (0.0, 0.5), "cheeks": (0.5, 0.6875), "mouth": (0.6875, 1.0)}  # parts of a crop's height
# Subjects, pictures at rest, other pictures, whether these are true, seed -> the observer of each, scores by cell.
Observe = Callable[[Sequence[str], np.ndarray, np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]]


def evaluate(
    synthesised: SynthesisedFaces,
    kinds: Mapping[str, FacePairs],
    true: Mapping[str, TrueFace],
    observe: Observe,
    resamples: int,
    seed: int,
    kinds_observed: Collection[str] = (),
) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>_faces.csv` with `belief_auc` and, by region, `belief_auc_*`.

    It is the share of pairs of a true and a synthesised face in which the observer takes the true one for more true,
    with its 95 % interval over subjects: 0.5 if it cannot tell them. `kinds` are those of `face_kinds.gather`, of which
    faces of their clip's own class are observed; of true faces one half is told from the other. `observe` is that of
    `training.observers`. `kinds_observed` are those with a row, () all."""
    rows_of_own_class = np.array([is_own_class(synthesised, face) for face in synthesised.faces])
    faces = own_class(synthesised).faces
    pictures = {
        kind: of_kind.pairs[:, 1] if kind == TRUE else of_kind.pairs[rows_of_own_class, 1]
        for kind, of_kind in kinds.items()
    }
    rest = np.stack([true[face.clip.id].rest for face in faces])
    rows: list[Row] = []
    for kind, seen in pictures.items():
        if kinds_observed and kind not in kinds_observed:
            continue
        if kind == TRUE:
            halves = seeds.generator(seed, "evaluate", METRIC, "halves").permutation(len(faces)) % 2 == 0
            observed = observe_faces(faces, rest, seen, halves, observe, seed)
        else:
            twice = [*faces, *faces], np.concatenate([rest, rest]), np.concatenate([pictures[TRUE], seen])
            observed = observe_faces(*twice, np.arange(2 * len(faces)) < len(faces), observe, seed)
        for region in ("", *REGIONS):
            rows += region_rows(synthesised, kind, region, observed, resamples, seed)
    return rows


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """How true the observers find M faces."""

    faces: Sequence[Face]  # the clip of each
    true: np.ndarray  # bool[M]
    group: np.ndarray  # int64[M]: scores of one group are one observer's
    score: np.ndarray  # float64[M, cells, cells]


def observe_faces(
    faces: Sequence[Face], rest: np.ndarray, pictures: np.ndarray, is_true: np.ndarray, observe: Observe, seed: int
) -> Observed:
    """Return how true `pictures` are found, of the subjects of `faces`; arguments as of `training.observers`."""
    subjects = [subject_id(face.clip.id) for face in faces]
    return Observed(faces, is_true, *observe(subjects, rest, pictures, is_true, seed))


def auc(score: np.ndarray, true: np.ndarray, group: np.ndarray, subjects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how often a true face has the higher score, and of how many pairs, each [U, U] by the subjects of both.

    A pair is of one observer's `group`, and equal scores count half. All are [M], `subjects` positions in U."""
    count = int(subjects.max()) + 1
    wins, pairs = np.zeros((count, count)), np.zeros((count, count))
    for number in np.unique(group):
        trues, others = (np.flatnonzero((group == number) & (true == kind)) for kind in (True, False))
        higher = score[trues][:, None] - score[others]
        where = np.ix_(subjects[trues], subjects[others])
        np.add.at(wins, where, (np.sign(higher) + 1) / 2)
        np.add.at(pairs, where, 1)
    return wins, pairs


def region_rows(
    synthesised: SynthesisedFaces, kind: str, region: str, observed: Observed, resamples: int, seed: int
) -> Iterator[Row]:
    """Yield a row for each scope, of one kind of face and one region; "" is the face."""
    cells = observed.score.shape[1]
    top, bottom = (round(cells * edge) for edge in REGIONS.get(region, (0, 1)))
    score = observed.score[:, top:bottom].sum((1, 2))

    def figure(positions: np.ndarray, subjects: np.ndarray, rng: np.random.Generator) -> Figure:
        numbers = np.unique(subjects, return_inverse=True)[1]
        wins, pairs = auc(score[positions], observed.true[positions], observed.group[positions], numbers)
        count = len(wins)

        def share(weights: np.ndarray) -> np.ndarray:
            won, compared = (np.einsum("bu,uv,bv->b", weights, matrix, weights) for matrix in (wins, pairs))
            return np.divide(won, compared, out=np.full(len(won), 0.5), where=compared > 0)

        value = float(share(np.ones((1, count)))[0])
        resampled = share(metrics.resample_counts(count, resamples, rng))
        return value, *metrics.share_interval(value, resampled, share(1 - np.eye(count)))

    metric = f"{METRIC}_{region}" if region else METRIC
    note = "by observers that were trained on other subjects"
    columns = {"faces": kind, "metric": metric, "note": note}
    datasets = np.array([face.clip.dataset for face in observed.faces])
    for row in scope_rows(synthesised, observed.faces, columns, figure, seed):
        within = (datasets == row["scope"]) | (row["scope"] == FULL)
        yield row | {"made": int((within & ~observed.true).sum()), "true": int((within & observed.true).sum())}
