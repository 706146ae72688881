"""Errors of the readers of landmarks and action units by skin tone, age, sex and glasses.

    python studies/model_cards.py [--subjects 150] [--write-docs]     # tables of docs/: model-cards, aus, signals

Rendered subjects whom nothing was fitted on, in the scenes of portraits: a simulated camera records each scene,
landmarks are read in a box that is a little off, crops are aligned by them, and action units are read off the crops.
The tables of each reader's page are those of its file's metadata.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pages

from facs_faces.face import GLASSES, Face
from microexpr.core.arrays import space_evenly
from microexpr.core.onnx import read_metadata
from microexpr.core.seeds import generator
from microexpr.signals.aus import ACTION_UNITS, LARGEST, agreement, coded, regressor
from microexpr.signals.faces import align, alignment
from microexpr.signals.faces.detection import MODEL, PREDICTORS
from microexpr.signals.landmarks import Box, face_box
from reader_fits.population import Params, portraits
from reader_fits.population.identities import performer_of
from reader_fits.portrait_images import SCENE, record, sample

PAGE, MARK = "docs/model-cards.md", "study-model-cards"
UNITS_MARK, POINTS_MARK = f"{MARK}-units", f"{MARK}-points"
FIRST = 5001  # subjects p5001 and following are in no training
READ = len(ACTION_UNITS)
GROUPS: dict[str, Callable[["Subject"], bool]] = {
    "all": lambda subject: True,
    "skin light": lambda subject: subject.face.look.tone < 0.35,
    "skin medium": lambda subject: 0.35 <= subject.face.look.tone < 0.6,
    "skin dark": lambda subject: subject.face.look.tone >= 0.6,
    "young": lambda subject: subject.face.traits.age < 0.2,
    "middle-aged": lambda subject: 0.2 <= subject.face.traits.age < 0.45,
    "old": lambda subject: subject.face.traits.age >= 0.45,
    "female": lambda subject: not subject.face.traits.is_male,
    "male": lambda subject: subject.face.traits.is_male,
    "glasses": lambda subject: subject.glasses,
    "no glasses": lambda subject: not subject.glasses,
}
COLUMNS = ("subjects", "number", "landmarks: error", "of changes", "action units: ICC of change, micro", "macro",
           "error, micro", "macro", "read at rest, less true")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Subject:
    """The errors and readings of one subject."""

    face: Face
    glasses: bool
    distance: np.ndarray  # float[n], % of the outer eye distance, mean over the landmarks of an image
    moved: np.ndarray  # float[n], %, root mean square over inner landmarks of the error of movement since rest
    true: np.ndarray  # float[n, 17, 2], change of FACS intensity since rest
    estimate: np.ndarray  # float[n, 17, 2], as read
    is_micro: np.ndarray  # bool[n]
    rest: float  # FACS intensity, mean of read less true of images at rest


def main() -> int:
    parser = pages.parser(__doc__, PAGE)
    parser.add_argument("--subjects", type=int, default=150)
    arguments = parser.parse_args()
    subjects = []
    for number in range(FIRST, FIRST + arguments.subjects):
        subjects.append(read_subject(f"p{number}"))
        print(f"\r{len(subjects)} of {arguments.subjects} subjects", end="", file=sys.stderr)
    table = pages.Table(*COLUMNS)
    for name, is_in in GROUPS.items():
        group = [subject for subject in subjects if is_in(subject)]
        table.add(name, len(group), *([f"{value:.2f}" for value in figures(group)] if group else ["-"] * 7))
    table.publish(PAGE, MARK, writes=arguments.write_docs)
    if arguments.write_docs:
        for page, mark, table in (
            ("docs/aus.md", UNITS_MARK, unit_table(json.loads(read_metadata(regressor.MODEL)["errors"]))),
            ("docs/signals.md", POINTS_MARK, point_table(json.loads(read_metadata(MODEL)["errors"]))),
        ):
            pages.write(page, mark, "\n".join(table.lines))
    return 0


def unit_table(errors: list[dict[str, Any]]) -> pages.Table:
    """Return the errors of the reader of action units, mean and by unit."""
    by_key = {(row["action_unit"], row["size"], row["form"]): row for row in errors}
    columns = [("relative", "icc"), ("relative", "mae"), ("absolute", "icc")]
    named = ("ICC of change", "error", "ICC of intensity")
    table = pages.Table("unit", *(title for name in named for title in (f"{name}, micro", "macro")))
    for unit in ("mean", *ACTION_UNITS):
        cells = [by_key[unit, size, form][figure] for form, figure in columns for size in ("micro", "macro")]
        bold = "**" if unit == "mean" else ""
        table.add(f"{bold}{unit}{bold}", *(f"{value:.2f}" for value in cells))
    return table


def point_table(errors: dict[str, float]) -> pages.Table:
    """Return the errors of the landmark network by part of the face."""
    parts = [name for name in errors if f"{name}_followed" in errors]
    table = pages.Table("part", "error", "share of movement")
    for part in parts:
        table.add(part, f"{errors[part]:.2f}", f"{100 * errors[f'{part}_followed']:.0f} %")
    table.add("all 68", f"{errors['all']:.2f}", "")
    return table


def read_subject(subject: str) -> Subject:
    """Render the portraits of a subject and read them."""
    params = Params()
    performer = performer_of(subject, params)
    face = Face(performer.face_seed)
    data = portraits.render_portraits(face, performer, f"population/{subject}", params.seed)
    scenes = [
        read_scene(data, scene, generator(params.seed, subject, "cards", scene)) for scene in range(portraits.SCENES)
    ]
    distance, moved, true, estimate, rest = zip(*scenes, strict=True)
    is_micro = np.tile(np.arange(1, SCENE) % 2 == 0, portraits.SCENES)
    glasses = bool(generator(performer.face_seed, "glasses").random() < GLASSES)
    arrays = [np.concatenate(parts) for parts in (distance, moved, true, estimate)]
    return Subject(face, glasses, arrays[0], arrays[1], arrays[2], arrays[3], is_micro, float(np.mean(rest)))


def read_scene(
    data: Mapping[str, np.ndarray], scene: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Read the images of a scene: errors, changes since rest, and what is read too much at rest."""
    units, camera = regressor.load(), sample(rng, is_close=True)
    images = [record(data["image"][i], camera, rng) for i in range(scene * SCENE, (scene + 1) * SCENE)]
    true = data["points"][scene * SCENE : (scene + 1) * SCENE, :68]
    first = face_box(true[0])
    start = Box(first.centre + first.side * rng.normal(0, 0.03, 2), first.side * np.exp(rng.normal(0, 0.05)))
    points = np.stack([PREDICTORS["network"].refine(image, start) for image in images])
    eyes = np.linalg.norm(true[0, 36] - true[0, 45])
    error = 100 * (points - np.stack([space_evenly(face) for face in true])) / eyes
    matrix = alignment(points[:1].astype(float))
    faces = [regressor.reduce_crop(align(image, matrix)[..., 0]) for image in images]
    intensity = coded(data["intensity"][scene * SCENE : (scene + 1) * SCENE])
    change = units.change(faces[0], faces[1:]).values.transpose(0, 2, 1)
    alone = np.clip(units.alone(faces[:1]).values[0].T, 0, LARGEST)
    missed = np.sqrt((((error[1:] - error[0])[:, 17:]) ** 2).sum(-1).mean(-1))
    distance = np.linalg.norm(error[1:], axis=-1).mean(-1)
    return distance, missed, intensity[1:] - intensity[0], change, float((alone - intensity[0]).mean())


def figures(subjects: list[Subject]) -> Iterator[float]:
    for name in ("distance", "moved"):
        yield float(np.mean(np.concatenate([getattr(subject, name) for subject in subjects])))
    by_size = []
    for is_micro in (True, False):
        true, estimate = (
            np.concatenate([getattr(subject, name)[subject.is_micro == is_micro] for subject in subjects])
            for name in ("true", "estimate")
        )
        by_size.append([agreement(true[:, unit].ravel(), estimate[:, unit].ravel()) for unit in range(READ)])
    for figure in ("icc", "mae"):
        yield from (float(np.nanmean([unit[figure] for unit in units])) for units in by_size)
    yield float(np.mean([subject.rest for subject in subjects]))


if __name__ == "__main__":
    pages.start(main)
