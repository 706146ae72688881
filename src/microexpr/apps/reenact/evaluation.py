"""What three experts judged, measured: whether a given movement is the asked one, on the same face, in a clean picture.

Changes of intensity are [K, 17, 2], by left and right, since the first frame. Arrays in, figures out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from microexpr.apps.reenact import Target
from microexpr.apps.reenact.onto import Transfer
from microexpr.core.grayscale import luma
from microexpr.evaluation import duplicate_subjects
from microexpr.evaluation.metrics import synthesis
from microexpr.evaluation.read_back import LEAST, roughness
from microexpr.signals import flow
from microexpr.signals.aus import ACTION_UNITS, regressor
from microexpr.signals.flow import magnitude

UPPER = tuple(ACTION_UNITS.index(f"AU{number}") for number in (1, 2, 4, 5, 6, 7, 45))
LOWER = tuple(unit for unit in range(len(ACTION_UNITS)) if unit not in UPPER)
REGIONS = {"face": (*UPPER, *LOWER), "upper": UPPER, "lower": LOWER}
SECOND = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)  # differences that flat and sloping skin lack
MADE, ANSWER, UNCHANGED, ASKED = "made", "answer", "unchanged", "asked"  # what figures are of
TOLD = {
    "au_r": "correlation of the change read off the result with that of the source",
    "au_error": "mean error of that change, FACS",
    "flow_cosine": "likeness of the movement's flow to the source's, 1 at most",
    "identity_cosine": "likeness of the face to the target's own, 1 at most",
    "noise": "noise of the result, grey levels",
}
ROWS = {"face": slice(16, 272), "upper": slice(16, 130), "lower": slice(130, 272)}  # of a crop; about the nose


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of one film."""

    region: str  # of REGIONS
    metric: str
    value: float


def curves(found: np.ndarray, true: np.ndarray) -> Iterator[Figure]:
    """How well a change of intensities follows the true one: error of all units, correlation of those that move, and
    the same of what is left less right."""
    for region, units in REGIONS.items():
        one, other = found[:, units], true[:, units]
        yield Figure(region, "au_error", float(np.abs(one - other).mean()))
        moving = np.ptp(other, axis=0).max(-1) > LEAST
        if moving.any():
            follows = np.ptp(one[:, moving]) > 0  # what stands still follows nothing
            r = np.corrcoef(one[:, moving].ravel(), other[:, moving].ravel())[0, 1] if follows else 0.0
            yield Figure(region, "au_r", float(r))
    aside, true_aside = (values[..., 0] - values[..., 1] for values in (found, true))
    yield Figure("face", "asymmetry_error", float(np.abs(aside - true_aside).mean()))
    if np.ptp(found):
        yield Figure("face", "au_roughness", roughness(found))


def changes(crops: np.ndarray, target: Target, model: regressor.Model) -> np.ndarray:
    """float32[K, 17, 2] since the first frame: read off crops uint8[K, 288, 288, 3] of the target."""
    values = target.read(crops, model)
    return np.asarray(values - values[:1])


def looks(crop: np.ndarray, target: Target) -> Iterator[Figure]:
    """Whether one crop uint8[288, 288, 3] is still that person, and how noisy it is."""
    points = np.stack([target.landmarks_crop] * 2)
    made, own = duplicate_subjects.embeddings(np.stack([crop, target.crop]), points)
    (cosine,) = (one for one in synthesis.identity(made[None], own[None]) if one.metric == "identity_cosine")
    yield Figure("face", cosine.metric, cosine.value)
    yield Figure("face", "noise", noise(luma(crop)))


def noise(picture: np.ndarray) -> float:
    """Standard deviation of a grey picture's noise, in its levels (Immerkaer 1996)."""
    found = cv2.filter2D(picture.astype(np.float32), -1, SECOND)[1:-1, 1:-1]
    return float(np.sqrt(np.pi / 2) * np.abs(found).mean() / 6)


def likeness(crops: np.ndarray, answer: np.ndarray) -> Iterator[Figure]:
    """SSIM and, where they differ, PSNR against the exact answer, crops uint8[K, 288, 288, 3] both."""
    for region, rows in ROWS.items():
        for one in synthesis.similarity(crops[:, rows, 16:272], answer[:, rows, 16:272]):
            if np.isfinite(one.value):
                yield Figure(region, one.metric, one.value)


def flow_similarity(crops: np.ndarray, source: np.ndarray, apex: int) -> Figure:
    """Cosine between two movements from the first frame to the apex: of crops [K, 288, 288, C] and of the source's."""
    moved = [flow.of_clip(luma(frames), 0, apex, flow.Params())[:2] for frames in (crops, source)]
    lengths = [float(np.sqrt((magnitude(one) ** 2).sum())) for one in moved]
    return Figure("face", "flow_cosine", float((moved[0] * moved[1]).sum() / max(lengths[0] * lengths[1], 1e-9)))


def figures(one: Transfer, model: regressor.Model) -> Iterator[tuple[str, Figure]]:
    """What is shown, and each figure of it."""
    crops, still = one.result.crops, np.repeat(one.target.crop[None], len(one.places), 0)
    yield from ((ASKED, figure) for figure in curves(one.asked - one.asked[:1], one.true))
    films = {MADE: crops, UNCHANGED: still} | ({} if one.answer is None else {ANSWER: one.answer})
    for shown, film in films.items():
        if shown != UNCHANGED:
            yield from ((shown, figure) for figure in curves(changes(film, one.target, model), one.true))
            moved = flow_similarity(film, one.source.crops[one.places], one.apex)
            yield shown, moved
        yield from ((shown, figure) for figure in looks(film[one.apex], one.target))
        if one.answer is not None and shown != ANSWER:
            at = slice(one.apex, one.apex + 1)
            yield from ((shown, figure) for figure in likeness(film[at], one.answer[at]))


def of_one(one: Transfer, model: regressor.Model) -> tuple[list[dict[str, str]], np.ndarray]:
    """A row for each figure, and the changes read back, float32[K, 17, 2]."""
    rows = [
        {"shown": shown, "region": figure.region, "metric": figure.metric, "value": f"{figure.value:.4f}"}
        for shown, figure in figures(one, model)
    ]
    return rows, changes(one.result.crops, one.target, model)


def told(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """What of these is worth a line on the terminal."""
    found = {(row["shown"], row["metric"]): row["value"] for row in rows if row["region"] == "face"}
    for metric, what in TOLD.items():
        if (MADE, metric) in found:
            yield f"{what}: {found[MADE, metric]}"
