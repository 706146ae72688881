"""Render portraits: subjects in scenes of any light, pose and background, from which the readers of faces learn.

A scene is one subject before one camera: the first image at rest, the others with random action units. Pixels are as
the renderer returns them. The fits simulate cameras on them, each image many times.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facs_faces import camera
from facs_faces.display import ACTION_UNITS, FULL, POSES, array, sample_display
from facs_faces.face import Face
from facs_faces.performance import DRIFT, GLANCE, GLANCES, Performer, resting_units
from facs_faces.rig import contour
from facs_faces.scene import Light
from microexpr.core import store
from microexpr.core.arrays import luma
from microexpr.core.clip import POPULATION
from microexpr.core.seeds import generator
from microexpr.signals.aus import SHOWN
from microexpr.signals.landmarks import face_box
from reader_fits.population import Params
from reader_fits.population.identities import identity, performer_of
from reader_fits.population.sessions import ORDER, sample_units
from reader_fits.portrait_images import SCENE, SIDE, SIZE

SCENES = 5  # of each subject
POSE, WIDEST = np.array([13.0, 8.0, 6.0]), np.array([35.0, 22.0, 20.0])  # degrees: standard deviations, and limits
MOTION = (0.5, 6.0)  # range of the factor of head motion within a scene, log-uniform
EYES = np.array([10.0, 6.0])  # degrees: standard deviations of the gaze, yaw and pitch
MICRO, MACRO = (0.15, 1.5), (1.0, 5.0)  # FACS intensity, log-uniform
UNITS_AT_ONCE = 5
UNREAD = 0.4  # how often units occur that are not read, against those that are
POSED, SMILES = 0.4, 0.5  # share of macro images with a posed emotion, and share of smiles among them
BLINKS = 0.15  # share of images with lids lowered
LIDS = (0.02, 0.16)  # of a full blink, at rest
WALL = 0.35  # share of scenes before a wall; the others are before blotches of any colour


def write_portraits(path: str | Path, subject: str, params: Params) -> None:
    """Render and write the portraits of one subject."""
    performer = performer_of(subject, params)
    portraits = render_portraits(Face(performer.face_seed), performer, f"{POPULATION}/{subject}", params.seed)
    attributes = {"origin": "generated", "dataset": POPULATION, "subject": subject, "identity": identity(performer)}
    with store.create(path, "portraits", {"population": {"seed": params.seed}}, **attributes) as file:
        file.put_all(action_unit=SHOWN, **portraits)


def render_portraits(face: Face, performer: Performer, name: str, seed: int) -> dict[str, np.ndarray]:
    """Render the portraits of a subject; return their datasets by name, as schema `portraits` has them.

    `name` is of its random streams. There are n images, scene by scene: image uint8[n, 224, 224], points
    float32[n, 70, 2] with 68 landmarks before `space_evenly`, intensity float32[n, 24, 2] of the units `SHOWN`, pose
    float32[n, 3]."""
    streams = (generator(seed, name, "portraits", scene) for scene in range(SCENES))
    images = [image for rng in streams for image in _scene(face, performer, rng)]
    return {name: np.stack([image[name] for image in images]) for name in images[0]}


def _scene(face: Face, performer: Performer, rng: np.random.Generator) -> Iterator[dict[str, np.ndarray]]:
    """Yield the arrays of each image of one scene by name."""
    size = (SIZE, SIZE)
    light = Light(  # from any side, hard or soft, strong or weak
        azimuth=rng.uniform(-80, 80),
        elevation=rng.uniform(-10, 65),
        key=float(np.exp(rng.uniform(*np.log([0.7, 3.0])))),
        fill=float(np.exp(rng.uniform(*np.log([0.35, 1.4])))),
        warmth=rng.uniform(-1, 1),
        softness=rng.uniform(0.1, 0.8),
    )
    pose = np.clip(POSE * rng.standard_normal(3), -WIDEST, WIDEST)
    motion = DRIFT * np.exp(rng.uniform(*np.log(MOTION)))
    gaze = EYES * rng.standard_normal(2)
    rest = resting_units({unit: value * rng.uniform(0, 1) for unit, value in performer.rest.items()})
    rest[ACTION_UNITS.index("AU45")] = FULL * rng.uniform(*LIDS)
    resting = rest.astype(np.float32)
    zoom = SIDE / face_box(face.landmarks(resting, pose, size, 1.0)).side  # the box of the resting face has `SIDE` px
    shift = (SIZE - 1) / 2 - face_box(face.landmarks(resting, pose, size, zoom)).centre
    background = camera.wall(size, rng) if rng.random() < WALL else camera.scenery(rng)[:SIZE, :SIZE]
    background = np.ascontiguousarray(background)
    for i in range(SCENE):
        units = np.clip(rest + _units(i, rng), 0, FULL).astype(np.float32)
        drift = motion * rng.standard_normal(len(DRIFT)) * (i > 0)
        glance = (i > 0) * (rng.random() < GLANCES) * 2 * GLANCE * rng.standard_normal(2)
        turned, moved = pose + drift[:3], (shift + drift[3:]).astype(np.float32)
        rendered = face.render(units, turned, moved, light, size, zoom, gaze + glance, background)
        screen = face.project_vertices(units, turned, moved, size, zoom)
        pupils = face.pupils(gaze + glance, turned, moved, size, zoom)
        yield {
            "image": luma(rendered.image),
            "points": np.vstack([contour(face.jaw_skin, screen, turned), pupils]).astype(np.float32),
            "intensity": units[ORDER],
            "pose": turned.astype(np.float32),
        }


def _units(image: int, rng: np.random.Generator) -> np.ndarray:
    """Sample the additions of an image to rest, FACS intensities [units of the face, 2]: nothing, then macro and micro.

    Macro images show units that are not related, or a posed emotion."""
    if image == 0:
        return np.zeros((len(ACTION_UNITS), 2))
    if image % 2 and rng.random() < POSED:
        emotion = "happiness" if rng.random() < SMILES else str(rng.choice(list(POSES)))
        display = array(sample_display(emotion, rng, displays=POSES, one_sided=0.1))
        return FULL * rng.uniform(0.3, 1) * display * np.exp(rng.normal(0, 0.2, (len(ACTION_UNITS), 1)))
    intensities = sample_units((MICRO, MACRO)[image % 2], UNITS_AT_ONCE, UNREAD, rng)
    if rng.random() < BLINKS:
        intensities[ACTION_UNITS.index("AU45")] = rng.uniform(1, FULL)
    return intensities
