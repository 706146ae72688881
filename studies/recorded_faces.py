"""How well landmarks and action units are read off recorded faces, on public pictures that fitted nothing.

    cut -qd, -f1 studies/recorded_*.csv | sort -u | grep / |
        xargs -I{} git clone --depth 1 https://github.com/{} clones/{}      # some gigabytes
    python studies/recorded_faces.py clones --write-docs                    # the table of docs/measures.md

Read are: faces at rest, whose intensities should be 0; pairs of a face at rest and with an expression that nobody
doubts, where the listed units must rise, and fall from the expression to rest; and landmarks. Of dlib's 43 example
faces those come from its own predictor, as the files say. The templates of the London set and of Canada's were placed
by hand; of their 189 points those are compared that mean the same. No picture is stored or shown by us.
"""

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain, permutations
from pathlib import Path

import numpy as np
import pages

from microexpr.core.arrays import luma
from microexpr.core.errors import DataError
from microexpr.signals.aus import ACTION_UNITS, LARGEST, regressor
from microexpr.signals.faces import align, alignment
from microexpr.signals.faces.detection import PREDICTORS, PredictorName, detect
from microexpr.signals.landmarks import Box
from microexpr.videos import picture
from microexpr.videos.container import VideoFile

PAGE, MARK = "docs/measures.md", "study-recorded-faces"
DLIB, TEMPLATES = "davisking/dlib/examples/faces", "debruine/webmorphR.stim/inst"
TEMPLATE_FOLDERS = ("neutral_front", "canada")
SAME = {  # iBUG: template
    36: 18, 39: 22, 42: 23, 45: 27, 48: 87, 54: 93, 51: 90, 57: 106, 33: 55, 8: 129, 17: 71, 26: 82,
}  # fmt: skip
DISTANCE = "median distance of landmarks to those of dlib's predictor, % of the eye distance"
REGIONS = {"jaw": slice(0, 17), "brows": slice(17, 27), "nose": slice(27, 36), "eyes": slice(36, 48),
           "mouth": slice(48, 68)}  # fmt: skip


def main() -> int:
    arguments = pages.parser(__doc__, PAGE, clones=True).parse_args()
    model, table = regressor.load(), pages.Table("recorded faces", "measured")
    for row in chain(rest(arguments.clones, model), pairs(arguments.clones, model), landmarks(arguments.clones)):
        table.add(*row)
    table.publish(PAGE, MARK, writes=arguments.write_docs)
    return 0


def rest(clones: Path, model: regressor.Model) -> Iterator[tuple[str, str]]:
    """Intensities read off single faces at rest."""
    values = []
    for row in pages.read_list("recorded_rest.csv"):
        grey = read_picture(clones / row["repository"] / row["picture"], row["frame"])
        landmarks = find_face(grey, near=row["box"])
        values.append(np.clip(model.alone([crop(grey, landmarks)]).values[0], 0, LARGEST))
    read = np.stack(values)  # [face, side, unit]
    highest = sorted(zip(read.mean((0, 1)), ACTION_UNITS, strict=True), reverse=True)[:3]
    yield f"at rest, {len(read)} people: mean of all intensities", f"{read.mean():.2f}"
    yield "at rest: share of intensities above 1; largest", f"{100 * (read > 1).mean():.1f} %; {read.max():.1f}"
    yield "at rest: units with the highest means", ", ".join(f"{name} {value:.2f}" for value, name in highest)


def pairs(clones: Path, model: regressor.Model) -> Iterator[tuple[str, str]]:
    """Signs of changes that nobody doubts."""
    right, total, wrong = Counter[str](), Counter[str](), []
    rows = pages.read_list("recorded_pairs.csv")
    for row in rows:
        faces = []
        for name in ("rest", "expression"):
            grey = read_picture(clones / row["repository"] / row[name], row[f"{name}_frame"])
            faces.append(crop(grey, find_face(grey)))
        forth, back = (model.change(first, [second]).values[0].mean(0) for first, second in permutations(faces))
        for unit in row["rise"].split():
            for direction, change in (("rises", forth), ("falls", -back)):
                total[unit] += 1
                right[unit] += change[ACTION_UNITS.index(unit)] > 0
                if change[ACTION_UNITS.index(unit)] <= 0:
                    wrong.append(f"{row['person']}: {unit} {direction} by {change[ACTION_UNITS.index(unit)]:.2f}")
    yield f"{len(rows)} pairs: right signs", f"{right.total()} of {total.total()}"
    units = sorted(total, key=ACTION_UNITS.index)
    yield "pairs, by unit", ", ".join(f"{unit} {right[unit]}/{total[unit]}" for unit in units)
    print("\n".join(wrong), file=sys.stderr)


def landmarks(clones: Path) -> Iterator[tuple[str, str]]:
    """Distances to landmarks that dlib's predictor, or a person, placed, in % of the outer eye distance."""
    errors = []
    for name in ("training", "testing"):
        for image in ElementTree.parse(clones / DLIB / f"{name}_with_face_landmarks.xml").iter("image"):
            grey = read_picture(clones / DLIB / image.get("file", ""))
            for box in image.iter("box"):
                true = np.array([[float(part.get(axis, "")) for axis in "xy"] for part in box.iter("part")])
                left, top, width, height = (float(box.get(side, "")) for side in ("left", "top", "width", "height"))
                start = Box(np.array([left + width / 2, top + height / 2]), (width + height) / 2)
                errors.append(percent(PREDICTORS["network"].refine(grey, start) - true, true))
    yield f"dlib's {len(errors)} example faces: {DISTANCE}", regions(errors)
    placed, errors = [], []
    pictures = [path for folder in TEMPLATE_FOLDERS for path in (clones / TEMPLATES / folder).glob("*.tem")]
    for path in sorted(pictures):
        grey = read_picture(path.with_suffix(".jpg"))
        points, other = find_face(grey), find_face(grey, "dlib")
        errors.append(percent(points - other, other))
        rows = path.read_text(encoding="utf-8").splitlines()[1:190]
        template = np.array([[float(number) for number in row.split()] for row in rows])[list(SAME.values())]
        scale = np.linalg.norm(template[list(SAME).index(36)] - template[list(SAME).index(45)])
        placed.append(100 * (points[list(SAME)] - template) / scale)
    yield f"{len(placed)} studio photographs: {DISTANCE}", regions(errors)
    offset = np.mean(placed, axis=0)
    yield (
        f"the same: mean distance of {len(SAME)} points to those placed by hand; without its constant part",
        f"{np.linalg.norm(placed, axis=-1).mean():.2f}; {np.linalg.norm(placed - offset, axis=-1).mean():.2f}",
    )


def percent(distance: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return the lengths of distances [68, 2] in % of the outer eye distance."""
    lengths = np.linalg.norm(distance, axis=-1) / np.linalg.norm(landmarks[36] - landmarks[45])
    return np.asarray(100 * lengths)


def regions(errors: Sequence[np.ndarray]) -> str:
    """Return the median over faces, of all landmarks and by region."""
    by_face = np.stack(errors)
    parts = ", ".join(f"{name} {np.median(by_face[:, part].mean(1)):.1f}" for name, part in REGIONS.items())
    return f"{np.median(by_face.mean(1)):.2f} ({parts})"


@cache
def read_picture(path: Path, frame: str = "") -> np.ndarray:
    """Return a picture, or a frame of a video, as grey uint8[H, W]."""
    if not frame:
        return luma(picture.read(path))
    frames = [*VideoFile(path).read([int(frame)])]
    if not frames:
        raise DataError(f"{path}: must have a frame {frame}, but ends before it")
    return luma(frames[0])


def find_face(grey: np.ndarray, predictor: PredictorName = "network", near: str = "") -> np.ndarray:
    """Return the landmarks [68, 2] of the largest face, or of that nearest to a box (left, top, right, bottom)."""
    boxes: Sequence[Box] = detect(grey, 0)
    if not boxes:
        raise DataError("a picture must show a face; none was found")
    if near:
        left, top, right, bottom = (float(number) for number in near.split())
        middle = np.array([left + right, top + bottom]) / 2
        boxes = sorted(boxes, key=lambda box: float(np.linalg.norm(box.centre - middle)))
    return PREDICTORS[predictor].refine(grey, boxes[0])


def crop(grey: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the aligned and reduced face, uint8[128, 128]."""
    return regressor.reduce_crop(align(grey, alignment(points[None]))[..., 0])


if __name__ == "__main__":
    pages.start(main)
