"""Render scenes: a face at rest, and the same image with action units added, singly, in combinations, as emotions.

`clips_of` lists what a method learns from of a subject, clips and images of scenes, as clips: nothing is rendered.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from facs_faces import camera, display, performance
from facs_faces.camera import expose
from facs_faces.face import Face
from facs_faces.performance import DIFFICULTIES, GLANCE, Performer, resting_units
from microexpr.core.clip import LABELS, POPULATION, Clip, Recording
from microexpr.core.seeds import generator
from microexpr.signals.aus import ACTION_UNITS, LARGEST
from microexpr.signals.faces import CROP, align, alignment
from microexpr.signals.inputs import scene_name
from reader_fits.population import Params
from reader_fits.population.clips import LABEL, NEGATIVE, UNITS, plan_clips, record, reduce, reduce_points
from reader_fits.population.sessions import MACRO, MICRO, NOISE, QUALITY

SCENES = 2  # of each subject, from a face at rest; a further one starts from an expression
SIZE = 128  # rows and columns of the stored images
UNITS_AT_ONCE = 4
COMBINATIONS = 14  # training images of a scene with random action units
STRENGTHS = (0.08, 0.35), (0.6, 1.0)  # of emotions, as shares of a full display, log-uniform: micro, macro
FIRST_STRENGTH, SMILES = (0.2, 0.9), 0.6  # of the expression that the further scene starts from; share of smiles
ONE_SIDED = 0.2  # share of units of combinations that are on one side
SINGLE = (1.0, 3.0)  # FACS intensity of each single unit of held-out subjects: micro, macro
JITTER = np.array([1.5, 0.025, 3.0, 3.0])  # degrees, share of the scale, pixels of the crop: standard deviations
SCENERY = 0.5  # share of scenes with another background than the wall
WIDER = 1.5  # factor by which the head turns more than in a corpus
NONE = -1  # label of an image that shows no emotion


class Changes(NamedTuple):
    """Action units that the n images of a scene add to rest; the first adds none."""

    added: np.ndarray  # FACS intensities, float[n, units of the face, 2]
    emotions: list[str]  # of each image, "" where it shows none

    @property
    def label(self) -> np.ndarray:
        """The class index of each image, or NONE."""
        return np.array([LABELS.index(LABEL.get(name, "negative")) if name else NONE for name in self.emotions])


def render_scenes(
    face: Face, performer: Performer, name: str, seed: int, sample: Callable[[np.random.Generator], Changes]
) -> Iterator[dict[str, np.ndarray]]:
    """Render the scenes of a subject; yield the datasets of each by name, as schema `population` has them.

    `name` is of its random streams, `sample` returns the additions to the first image. This is at rest; in the last
    scene it shows an expression. A scene has n images without noise in one pose and light, which differ in AUs only:
    face uint8[n, 128, 128, 3], landmarks float32[n, 68, 2], change float32[n, 17, 2], label int64[n], and photographed
    uint8[128, 128, 3]. The alignment is that of the first image, a little off, as detected landmarks are."""
    resting = resting_units(performer.rest)
    for i in range(SCENES + 1):
        rng = stream(seed, name, i)
        changes = sample(rng)
        first = resting
        if i == SCENES:  # mostly a smile
            emotion = "happiness" if rng.random() < SMILES else str(rng.choice(list(display.POSES)))
            weights = display.sample_display(emotion, rng, displays=display.POSES)
            first = resting + LARGEST * rng.uniform(*FIRST_STRENGTH) * display.array(weights)
        yield _render(face, first, changes, rng)


def stream(seed: int, name: str, scene: int) -> np.random.Generator:
    """Return the random stream of a scene; its first numbers are the scene's changes."""
    return generator(seed, name, "scene", scene)


def _render(face: Face, first: np.ndarray, changes: Changes, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Render one scene at random; additions are clipped to what a face can do."""
    scene = Performer.sample(rng)
    intensities = np.clip(np.clip(first, 0, LARGEST) + changes.added, 0, LARGEST)
    render = partial(
        face.render,
        pose=WIDER * np.array(scene.pose),
        light=scene.light,
        zoom=scene.zoom,
        gaze=GLANCE * rng.standard_normal(2),
        background=camera.scenery(rng) if rng.random() < SCENERY else None,
    )
    rendered = [render(units.astype(np.float32)) for units in intensities]
    angle, scale, *shift = JITTER * rng.standard_normal(4)
    middle = (CROP - 1) / 2
    extra = cv2.getRotationMatrix2D((middle, middle), angle, 1 + scale)
    extra[:, 2] += shift
    matrix = np.asarray(extra @ np.vstack([alignment(rendered[0].landmarks[None]), [0, 0, 1]]))
    points = np.stack([frame.landmarks @ matrix[:, :2].T + matrix[:, 2] for frame in rendered])
    return {
        "face": np.stack([reduce(align(frame.image, matrix), SIZE) for frame in rendered]),
        "landmarks": reduce_points(points, SIZE).astype(np.float32),
        "change": (intensities - intensities[0])[:, UNITS].astype(np.float32),
        "label": changes.label,
        "photographed": reduce(align(record(expose(rendered[0].image, rng, NOISE), QUALITY), matrix), SIZE),
    }


def sample_changes(rng: np.random.Generator) -> Changes:
    """Sample the additions of a training scene's images: nothing, random combinations, each class at both strengths."""
    combinations = np.zeros((COMBINATIONS, len(display.ACTION_UNITS), 2))
    for intensities in combinations:  # one to four AUs together, all micro or all macro, some on one side alone
        low, high = np.log((MICRO, MACRO)[rng.integers(2)])
        units = rng.choice(len(ACTION_UNITS), rng.integers(1, UNITS_AT_ONCE + 1), replace=False)
        sides = np.ones((len(units), 2))
        one_sided = np.flatnonzero(rng.random(len(units)) < ONE_SIDED)
        sides[one_sided, rng.integers(2, size=len(one_sided))] = 0
        intensities[np.array(UNITS)[units]] = np.exp(rng.uniform(low, high, len(units)))[:, None] * sides
    emotions = ("happiness", "surprise", str(rng.choice(NEGATIVE)))
    strengths = [(emotion, strength) for emotion in emotions for strength in STRENGTHS]
    displays = []  # of these strengths, without blends
    for emotion, ends in strengths:
        strength = float(np.exp(rng.uniform(*np.log(ends))))
        is_posed = strength >= display.STRONG and emotion in display.POSES
        weights = display.sample_display(emotion, rng, displays=display.POSES if is_posed else display.DISPLAYS)
        displays.append(performance.peak(Performer.sample(rng), weights, DIFFICULTIES["easy"], rng, strength)[0])
    added = np.concatenate([np.zeros_like(combinations[:1]), combinations, displays])
    return Changes(added, [""] * (1 + COMBINATIONS) + [emotion for emotion, _ in strengths])


def single_units(rng: np.random.Generator) -> Changes:
    """Return the additions of a held-out scene's images: nothing, then each unit alone in both sizes of `SINGLE`."""
    added = np.zeros((1 + len(SINGLE) * len(UNITS), len(display.ACTION_UNITS), 2))
    for i, (size, unit) in enumerate(((size, unit) for size in SINGLE for unit in UNITS), 1):
        added[i, unit] = size
    return Changes(added, [""] * len(added))


def clips_of(params: Params, subjects: Iterable[str], kinds: Collection[Recording]) -> list[Clip]:
    """Return recordings of these kinds, subject by subject. Held-out subjects have no scene of an emotion."""
    return [clip for subject in subjects for kind, clip in _recordings(params, subject) if kind in kinds]


def training_clips(params: Params, kinds: Collection[Recording], marks_macro: bool) -> tuple[list[Clip], list[Clip]]:
    """Return recordings of these kinds of all training subjects; if `marks_macro`, macro-expressions separately."""
    subjects, macro = params.training_subjects(), {kind for kind in kinds if marks_macro and "macro" in kind}
    return clips_of(params, subjects, {*kinds} - macro), clips_of(params, subjects, macro)


def _recordings(params: Params, subject: str) -> Iterator[tuple[Recording, Clip]]:
    for planned in plan_clips(params, subject):
        yield planned.kind, planned.clip
    if subject in params.held_out_subjects():
        return
    # each image of a scene that shows an emotion is a clip that jumps there from the image at rest
    for i in range(SCENES):
        changes = sample_changes(stream(params.seed, f"{POPULATION}/{subject}", i))
        emotional_images = np.flatnonzero(changes.label != NONE)
        for image in map(int, emotional_images):
            weights = {
                f"{unit}{side}": float(value)
                for unit, sides in zip(display.ACTION_UNITS, changes.added[image], strict=True)
                for side, value in zip(display.SIDES, sides, strict=True)
                if value
            }
            kind: Recording = "macro scene" if (image - emotional_images[0]) % len(STRENGTHS) else "micro scene"
            yield kind, Clip(
                dataset=POPULATION, subject=subject, name=scene_name(i + 1, image), origin="generated", folder="",
                first=0, last=image, frames=2, onset=0, apex=image, offset=image, fps=1,
                emotion=changes.emotions[image], label=int(changes.label[image]),
                objective_class=display.shown_class(weights), action_units=display.notation(weights),
            )  # fmt: skip
