"""What is worse where faces are filmed as none of the population was? Tests the measures of `predict` one by one.

    python studies/limits.py --write-docs    # half an hour of one core

Renders micro-expressions of held-out subjects as they are in the population, and filmed in ways that it never was: turned
heads, moving ones, noise, blur, light, covered faces. The shipped network classifies all of them from annotated onset to
apex. A measure is kept in `apps/predict/domain.py` if expressions outside of its limits are right less often than
`WORTH` of those inside of all limits; the others only said that a face was not rendered. From the same expressions, of
half of the subjects, comes how much the temperature grows with distance; the other half shows what that does.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np
import pages
import torch
from scipy.optimize import minimize_scalar

from microexpr import population
from microexpr.apps.predict import domain, recognition
from microexpr.apps.predict.calibration import Calibration, calibration_error
from microexpr.cli import config
from microexpr.core import arithmetic
from microexpr.core.seeds import generator
from microexpr.evaluation import metrics
from microexpr.population import clips
from microexpr.population.camera import record
from microexpr.population.identities import performer_of
from microexpr.population.subject import has_grey_camera
from microexpr.rendering import walls
from microexpr.rendering.face import Face
from microexpr.rendering.performance import Difficulty, Performance, Performer, perform
from microexpr.rendering.shot import render_frames
from microexpr.signals import faces
from microexpr.signals.aus import regressor
from microexpr.training import refit

PAGE, MARK = "docs/predict.md", "study-limits"
WORTH = 0.85
FEW = 20  # expressions outside of a measure's limits, below which it is not judged

Change = Callable[[Any], Any]
Edit = Callable[[np.ndarray, np.ndarray, bool, np.random.Generator], np.ndarray]  # frame, landmarks, at the apex


def unchanged(value: Any) -> Any:
    return value


def as_filmed(frame: np.ndarray, landmarks: np.ndarray, late: bool, rng: np.random.Generator) -> np.ndarray:
    return frame


@dataclass(frozen=True)
class Condition:
    """How an expression is filmed."""

    performer: Change = unchanged
    difficulty: Change = unchanged
    act: Callable[[Performance, int, int], Performance] = lambda performance, onset, apex: performance
    edit: Edit = as_filmed


class Read(NamedTuple):
    """One expression, once it is read."""

    condition: str
    subject: str
    label: int
    scores: np.ndarray  # float32[3]
    measured: dict[str, float]


def turned(yaw: float = 0, pitch: float = 0, roll: float = 0) -> Condition:
    """The whole head is turned."""
    return Condition(performer=lambda p: replace(p, pose=np.asarray(p.pose) + np.float32([yaw, pitch, roll])))


def turning(degrees: float = 0, pixels: float = 0) -> Condition:
    """The head turns, or shifts, from onset to apex."""

    def act(performance: Performance, onset: int, apex: int) -> Performance:
        share = np.clip((np.arange(len(performance.pose)) - onset) / (apex - onset), 0, 1)[:, None].astype(np.float32)
        return replace(
            performance,
            pose=performance.pose + share * np.float32([degrees, degrees / 2, 0]),
            shift=performance.shift + share * np.float32([pixels, pixels / 2]),
        )

    return Condition(act=act)


def strength(factor: float) -> Condition:
    return Condition(difficulty=lambda d: replace(d, low=d.low * factor, high=d.high * factor))


def light(**changes: float) -> Condition:
    return Condition(performer=lambda p: replace(p, light=replace(p.light, **changes)))


def pixels(change: Callable[[np.ndarray], np.ndarray]) -> Condition:
    return Condition(
        edit=lambda frame, landmarks, late, rng: np.clip(change(frame.astype(np.float32)), 0, 255).astype(np.uint8)
    )


def covered(first: int, last: int) -> Condition:
    """Half of the landmarks' part of the face is behind something brown."""

    def edit(frame: np.ndarray, landmarks: np.ndarray, late: bool, rng: np.random.Generator) -> np.ndarray:
        part = landmarks[first:last]
        low, high = part.min(axis=0) - 8, part.max(axis=0) + 8
        covered = frame.copy()
        cv2.rectangle(covered, tuple(map(int, low)), tuple(map(int, high)), (120, 95, 80), -1)
        return covered

    return Condition(edit=edit)


def painted(first: int, last: int, factor: float) -> Condition:
    """A part of the face is darker, as by make-up."""

    def edit(frame: np.ndarray, landmarks: np.ndarray, late: bool, rng: np.random.Generator) -> np.ndarray:
        mask = np.zeros(frame.shape[:2], np.float32)
        hull = cv2.convexHull(landmarks[first:last].astype(np.float32)).astype(np.int32)
        cv2.fillConvexPoly(mask, hull, 1)
        mask = cv2.GaussianBlur(cv2.dilate(mask, np.ones((5, 5))), (0, 0), 2)[..., None]
        return (frame * (1 - mask * (1 - factor))).astype(np.uint8)

    return Condition(edit=edit)


def flicker(share: float) -> Condition:
    """The apex is brighter than the onset."""

    def edit(frame: np.ndarray, landmarks: np.ndarray, late: bool, rng: np.random.Generator) -> np.ndarray:
        return np.clip(frame * (1 + share * late), 0, 255).astype(np.uint8)

    return Condition(edit=edit)


def noisy(deviation: float) -> Condition:
    def edit(frame: np.ndarray, landmarks: np.ndarray, late: bool, rng: np.random.Generator) -> np.ndarray:
        return np.clip(frame + rng.normal(0, deviation, frame.shape), 0, 255).astype(np.uint8)

    return Condition(edit=edit)


def reduced(width: int) -> Condition:
    def edit(frame: np.ndarray, landmarks: np.ndarray, late: bool, rng: np.random.Generator) -> np.ndarray:
        small = cv2.resize(frame, (width, width * 3 // 4), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, clips.SIZE, interpolation=cv2.INTER_CUBIC)

    return Condition(edit=edit)


EYES, BROWS, MOUTH = (36, 48), (17, 27), (48, 68)
AS_KNOWN = "as in the population"
CONDITIONS = {
    AS_KNOWN: Condition(),
    "yaw of 20 degrees more": turned(yaw=20),
    "yaw of 35 degrees more": turned(yaw=-35),
    "pitch of 20 degrees more": turned(pitch=20),
    "roll of 25 degrees more": turned(roll=25),
    "a head that turns by 3 degrees": turning(3),
    "a head that turns by 8 degrees": turning(-8),
    "a head that shifts by 8 pixels": turning(pixels=8),
    "a head that shifts by 30 pixels": turning(pixels=-30),
    "a third as strong": strength(1 / 3),
    "three times as strong": strength(3),
    "light from the side alone": light(azimuth=85, key=3.0, fill=0.2),
    "four times the light": pixels(lambda frame: 4 * frame),
    "little light, 15 %": pixels(lambda frame: 0.15 * frame),
    "little contrast": pixels(lambda frame: 100 + 0.25 * frame),
    "an apex 15 % brighter": flicker(0.15),
    "an apex 50 % brighter": flicker(0.5),
    "noise of 10 grey levels": noisy(10),
    "noise of 25 grey levels": noisy(25),
    "a blur of 3 pixels": pixels(lambda frame: cv2.GaussianBlur(frame, (0, 0), 3)),
    "a blur of 7 pixels": pixels(lambda frame: cv2.GaussianBlur(frame, (0, 0), 7)),
    "160 x 120 pixels, enlarged": reduced(160),
    "80 x 60 pixels, enlarged": reduced(80),
    "dark lids": painted(*EYES, 0.45),
    "dark brows": painted(*BROWS, 0.4),
    "dark lips": painted(*MOUTH, 0.4),
    "covered eyes": covered(*EYES),
    "covered brows": covered(*BROWS),
    "a covered mouth": covered(*MOUTH),
}


def main() -> int:
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--subjects", type=int, default=12, help="held-out subjects, default 12")
    parser.add_argument("--clips", type=int, default=6, help="micro-expressions of each, default 6")
    parser.add_argument("--write-docs", action="store_true", help=f"write the tables into {PAGE}")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    params = population.Params(**config.load("params.yaml")["population"])
    model, reader = refit.load(recognition.SHIPPED), regressor.load()
    calibration = Calibration.read(model.metadata)
    assert calibration is not None
    rows = [
        row for subject in params.held_out_subjects()[: arguments.subjects]
        for row in read_subject(subject, params, arguments.clips, model, reader)
    ]  # fmt: skip
    import pickle

    pickle.dump([tuple(r) for r in rows], open("/tmp/probe/limits.pkl", "wb"))
    lines = [*measures_table(rows, calibration), "", *conditions_table(rows, calibration), "", pages.source()]
    text = "\n".join(lines)
    print(text)
    if arguments.write_docs:
        pages.write(PAGE, MARK, text)
    return 0


def read_subject(
    subject: str, params: population.Params, count: int, model: refit.Recogniser, reader: regressor.Model
) -> Iterator[Read]:
    """Render, track and read a subject's first micro-expressions under all conditions; one without a face is left out."""
    performer = performer_of(subject, params)
    face, grey = Face(performer.face_seed), has_grey_camera(subject, params)
    planned = [plan for plan in clips.plan_clips(params, subject) if plan.kind == "micro"][:count]
    for name, condition in CONDITIONS.items():
        for plan in planned:
            try:
                excerpt = film(plan, performer, face, params, grey, condition, reader)
            except faces.Faceless:
                continue
            yield Read(name, subject, int(plan.clip.label or 0), *recognition.score(model, excerpt, reader))
        print(f"{subject}: {name}", file=sys.stderr, flush=True)


def film(
    plan: clips.PlannedClip, performer: Performer, face: Face, params: population.Params, grey: bool,
    condition: Condition, reader: regressor.Model,
) -> recognition.Excerpt:  # fmt: skip
    """Return one expression as `predict` sees it, between its annotated onset and apex."""
    rng = generator(params.seed, plan.clip.id, "performance")
    difficulty: Difficulty = condition.difficulty(clips._difficulty(plan.kind, rng))
    if rng.random() < clips.OTHER_SCENE:
        other = Performer.sample(rng)
        performer = replace(performer, light=other.light, pose=other.pose, zoom=other.zoom)
    performer = condition.performer(performer)
    wall = walls.wall(clips.SIZE, generator(params.seed, plan.clip.id, "wall"))
    performance = perform(performer, plan.weights, *plan.events, plan.length, clips.FPS, difficulty, rng)
    performance = condition.act(performance, *plan.events[:2])
    near = [number for number in plan.rendered if number <= plan.clip.apex + 1]
    frames = render_frames(face, performer, performance, near, wall, difficulty.noise, rng)
    edit_rng = generator(params.seed, plan.clip.id, "edit")
    pictures = [
        record(condition.edit(image, points, number >= plan.clip.apex - 1, edit_rng), difficulty.quality, grey)
        for number, (image, points) in zip(near, frames, strict=True)
    ]
    tracked = faces.track(pictures.copy, faces.Params(min_detected=0.5), plan.clip.id)
    onset, apex = (near.index(event) for event in (plan.clip.onset, plan.clip.apex))
    first, last = (
        reader.describe(cv2.cvtColor(c, cv2.COLOR_RGB2GRAY) if c.shape[-1] == 3 else c[..., 0])
        for c in tracked.crop[[onset, apex]]
    )
    change = reader.change(first, last).values.T
    return recognition.Excerpt(
        tracked.crop, tracked.landmarks_crop, tracked.landmarks_crop.astype(float), tracked.pose.astype(float), change,
        onset, apex, apex, clips.FPS, tracked.in_frame,
    )  # fmt: skip


def right(rows: list[Read]) -> float:
    return float(np.mean([row.scores.argmax() == row.label for row in rows])) if rows else float("nan")


def uf1(rows: list[Read]) -> float:
    matrix = metrics.confusion(np.array([r.label for r in rows]), np.array([r.scores.argmax() for r in rows]), 3)
    return float(metrics.uf1(matrix))


def measures_table(rows: list[Read], calibration: Calibration) -> list[str]:
    limits = calibration.limits
    outside = {
        name: [row for row in rows if not limits[name][0] <= row.measured[name] <= limits[name][1]] for name in limits
    }
    inside = [row for row in rows if not domain.reasons(row.measured, limits)]
    lines = [f"Inside of all limits: {len(inside)} expressions, {right(inside):.3f} right, UF1 {uf1(inside):.3f}.", ""]
    lines += [
        "| measure | limits | outside | right | inside of all others | right | a reason |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, (low, high) in limits.items():
        alone = [
            row
            for row in outside[name]
            if not domain.reasons(row.measured, {k: v for k, v in limits.items() if k != name})
        ]
        costs = right(outside[name]) < WORTH * right(inside)
        verdict = "too few" if len(outside[name]) < FEW else "yes" if costs else "no"
        lines.append(
            f"| {name} | {low:.3g} to {high:.3g} | {len(outside[name])} | {right(outside[name]):.3f} | {len(alone)} "
            f"| {right(alone):.3f} | {verdict} |"
        )
    return lines


def conditions_table(rows: list[Read], calibration: Calibration) -> list[str]:
    """Fit the widening on half of the subjects, and show both on the others."""
    subjects = sorted({row.subject for row in rows})
    fitted = [row for row in rows if row.subject in subjects[::2]]
    shown = [row for row in rows if row.subject in subjects[1::2]]
    best = minimize_scalar(partial(loss, rows=fitted, calibration=calibration), bounds=(0, 20), method="bounded")
    lines = [
        f"Widening of least cross-entropy: {best.x:.2f}; calibration error of the others {error(shown, calibration, 0):.3f} "
        f"without, {error(shown, calibration, best.x):.3f} with it.",
        "",
    ]
    lines += [
        "| filmed | expressions | UF1 | right | mean probability | with widening |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in CONDITIONS:
        part = [row for row in shown if row.condition == name]
        if part:
            plain, wide = (probabilities(part, calibration, widening).max(axis=1).mean() for widening in (0, best.x))
            lines.append(f"| {name} | {len(part)} | {uf1(part):.3f} | {right(part):.3f} | {plain:.3f} | {wide:.3f} |")
    return lines


def probabilities(rows: list[Read], calibration: Calibration, widening: float) -> np.ndarray:
    distance = np.array([domain.distance(row.measured, calibration.limits) for row in rows])
    logits = np.stack([row.scores for row in rows]) / (calibration.temperature * (1 + widening * distance[:, None]))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def loss(widening: float, rows: list[Read], calibration: Calibration) -> float:
    shares = probabilities(rows, calibration, widening)
    return -float(np.log(shares[np.arange(len(rows)), [row.label for row in rows]] + 1e-12).mean())


def error(rows: list[Read], calibration: Calibration, widening: float) -> float:
    return calibration_error(probabilities(rows, calibration, widening), np.array([row.label for row in rows]))


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
