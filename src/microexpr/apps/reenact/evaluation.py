"""Measure reenactment where FAMGAN asked three experts: movement as the target AUs, identity of the face, and noise.

Changes of intensity are [K, 17, 2], by left and right, since the first frame. Arrays in, figures out."""

import cv2
import numpy as np

from microexpr.apps.reenact import SourceFace
from microexpr.apps.reenact.onto import Reenactment
from microexpr.core.arrays import luma
from microexpr.evaluation import duplicate_subjects
from microexpr.evaluation.metrics import synthesis
from microexpr.evaluation.read_back import MIN_RANGE, roughness
from microexpr.signals import flow
from microexpr.signals.aus import ACTION_UNITS, regressor
from microexpr.signals.flow import magnitude

UPPER = tuple(ACTION_UNITS.index(f"AU{number}") for number in (1, 2, 4, 5, 6, 7, 45))
LOWER = tuple(unit for unit in range(len(ACTION_UNITS)) if unit not in UPPER)
REGIONS = {"face": (*UPPER, *LOWER), "upper": UPPER, "lower": LOWER}
NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)  # 0 on flat and on sloping skin
# Kinds of video, as in the column `shown`.
RESULT, GROUND_TRUTH, UNCHANGED, TARGET = "made", "answer", "unchanged", "asked"
Figures = dict[tuple[str, str], float]  # by region, of REGIONS, and metric
ROWS = {"face": slice(16, 272), "upper": slice(16, 130), "lower": slice(130, 272)}  # of a crop; about the nose


def curves(read: np.ndarray, true: np.ndarray) -> Figures:
    """Return how well changes of intensity follow the true ones: error of all units, correlation of those that move.
    The error of the asymmetry, left less right, and the roughness of the changes follow."""
    figures: Figures = {}
    for region, units in REGIONS.items():
        read_units, true_units = read[:, units], true[:, units]
        figures[region, "au_error"] = float(np.abs(read_units - true_units).mean())
        moving = np.ptp(true_units, axis=0).max(-1) > MIN_RANGE
        if moving.any():
            varies = np.ptp(read_units[:, moving]) > 0  # a constant curve correlates with nothing
            r = np.corrcoef(read_units[:, moving].ravel(), true_units[:, moving].ravel())[0, 1] if varies else 0.0
            figures[region, "au_r"] = float(r)
    asymmetry, true_asymmetry = (values[..., 0] - values[..., 1] for values in (read, true))
    figures["face", "asymmetry_error"] = float(np.abs(asymmetry - true_asymmetry).mean())
    if np.ptp(read):
        figures["face", "au_roughness"] = roughness(read)
    return figures


def changes(crops: np.ndarray, face: SourceFace, model: regressor.Model) -> np.ndarray:
    """Read changes since the first frame, float32[K, 17, 2], off crops uint8[K, 288, 288, 3] of the target."""
    values = face.au_changes(crops, model)
    return np.asarray(values - values[:1])


def appearance(crop: np.ndarray, face: SourceFace) -> dict[str, float]:
    """Return likeness to the target face, and noise, of one crop uint8[288, 288, 3]."""
    points = np.stack([face.landmarks_crop] * 2)
    result_vector, target_vector = duplicate_subjects.embeddings(np.stack([crop, face.crop]), points)
    identity = synthesis.identity(result_vector[None], target_vector[None])
    return {"identity_cosine": identity["identity_cosine"], "noise": noise(luma(crop))}


def noise(image: np.ndarray) -> float:
    """Return the standard deviation of a grey image's noise, in its levels (Immerkaer 1996)."""
    curvature = cv2.filter2D(image.astype(np.float32), -1, NOISE_KERNEL)[1:-1, 1:-1]
    return float(np.sqrt(np.pi / 2) * np.abs(curvature).mean() / 6)


def likeness(crops: np.ndarray, ground_truth: np.ndarray) -> Figures:
    """Return SSIM and, where they differ, PSNR against the exact ground truth, both crops uint8[K, 288, 288, 3]."""
    return {
        (region, metric): value
        for region, rows in ROWS.items()
        for metric, value in synthesis.similarity(crops[:, rows, 16:272], ground_truth[:, rows, 16:272]).items()
        if np.isfinite(value)
    }


def flow_similarity(crops: np.ndarray, source: np.ndarray, apex: int) -> float:
    """Return the cosine between two movements from first frame to apex, of crops [K, 288, 288, C]."""
    flows = [flow.clip_flow(luma(frames), 0, apex, flow.Params())[:2] for frames in (crops, source)]
    lengths = [float(np.sqrt((magnitude(flow_vectors) ** 2).sum())) for flow_vectors in flows]
    return float((flows[0] * flows[1]).sum() / max(lengths[0] * lengths[1], 1e-9))


def figures(reenactment: Reenactment, model: regressor.Model) -> dict[str, Figures]:
    """Return the figures of a reenactment by the kind of video that they are of."""
    face, apex, truth = reenactment.face, reenactment.apex, reenactment.ground_truth
    crops, unchanged = reenactment.crops, np.repeat(face.crop[None], len(reenactment.positions), 0)
    change = reenactment.target_aus - reenactment.target_aus[:1]
    by_kind = {TARGET: curves(change, reenactment.true_changes)}
    for kind, video in ((RESULT, crops), (UNCHANGED, unchanged), (GROUND_TRUTH, truth)):
        if video is None:
            continue
        of_video: Figures = {}
        if kind != UNCHANGED:
            of_video |= curves(changes(video, face, model), reenactment.true_changes)
            driving_crops = reenactment.driving.crops[reenactment.positions]
            of_video["face", "flow_cosine"] = flow_similarity(video, driving_crops, apex)
        of_video |= {("face", metric): value for metric, value in appearance(video[apex], face).items()}
        if truth is not None and kind != GROUND_TRUTH:
            at_apex = slice(apex, apex + 1)
            of_video |= likeness(video[at_apex], truth[at_apex])
        by_kind[kind] = of_video
    return by_kind
