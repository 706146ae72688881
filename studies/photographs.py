"""Reenactment on photographs of three people that Python packages carry: what moves, and whether it is what was asked.

scikit-image's astronaut (NASA, public domain) is installed; two portraits of the US government, public domain, are in
the source package of face_recognition 1.3.0 (MIT), which `--package` names:

    pip download --no-binary :all: --no-deps face_recognition==1.3.0

Prints for each photograph, shipped sample and strength: the mean change of grey level in the tenth of the face's pixels
that moves most, r of asked and read AU changes over all 17 units, sides and frames, and whether the first frame is the
photograph and nothing outside of the face's part changes. The reader is the shipped one, fitted on rendered faces, so r
says what it reads, not what a person sees: `--out` writes the pictures to look at.
"""

import sys
import tarfile
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from skimage import data

from microexpr.apps.reenact import alone, driving
from microexpr.apps.reenact.photograph import Photograph
from microexpr.core import arithmetic
from microexpr.core.clip import LABELS
from microexpr.reporting.plots import reenactment as plot

STRENGTHS = (0.0, 1.0, 2.0, 4.0)
STEP = 4  # every so many frames of a sample are measured; the apex is among them
PORTRAITS = ("obama.jpg", "biden.jpg")  # in tests/test_images of the package
LEAST_CHANGE, LEAST_R = 3.0, 0.6  # targets at strength 2


def main() -> int:
    made = ArgumentParser(description=__doc__)
    made.add_argument("--package", type=Path, help="face_recognition-1.3.0.tar.gz; without it the astronaut alone")
    made.add_argument("--weights", type=Path, help="a generator in place of the shipped one")
    made.add_argument("--super-resolution", choices=("lanczos", "realsr"), help="enlarge differences, do not warp")
    made.add_argument("--out", type=Path, help="folder for pictures; they show people")
    arguments = made.parse_args()
    missed = 0
    print(f"| photograph | sample | strength | moved tenth | largest | r | share read | likeness |\n|{' --- |' * 8}")
    with TemporaryDirectory() as folder:
        for path in photographs(Path(folder), arguments.package):
            photograph = Photograph.read(path)
            for label in LABELS:
                sample = driving.read_sample(label)
                sample = replace(sample, changes=sample.changes[::STEP])
                result = alone.reenact(sample, photograph, 1, STRENGTHS, arguments.weights, arguments.super_resolution)
                for one in result.outcomes:
                    missed += judged(one, sample.apex)
                    r, share = (f"{one.metrics[name]:.2f}" if one.strength else "-" for name in ("au_r", "au_share"))
                    moved, largest = (one.metrics[name] for name in ("moved_tenth", "largest"))
                    print(
                        f"| {path.stem} | {label} | {one.strength:g} | {moved:.1f} | {largest:.0f} | {r} | {share} | "
                        f"{one.metrics['identity_cosine']:.3f} |",
                        flush=True,
                    )
                if arguments.out:
                    arguments.out.mkdir(parents=True, exist_ok=True)
                    plot.write(arguments.out / f"{path.stem}_{label}.png", result)
    print(f"targets missed: {missed}")
    return 1 if missed else 0


def photographs(folder: Path, package: Path | None) -> Iterator[Path]:
    """Yield the photographs as files."""
    Image.fromarray(data.astronaut()).save(folder / "astronaut.png")
    yield folder / "astronaut.png"
    if package is None:
        print("without --package, two of three photographs are left out", file=sys.stderr)
        return
    with tarfile.open(package) as archive:
        for name in PORTRAITS:
            file = archive.extractfile(f"{package.name.removesuffix('.tar.gz')}/tests/test_images/{name}")
            assert file is not None
            (folder / name).write_bytes(file.read())
            yield folder / name


def judged(one: alone.Outcome, apex: int) -> int:
    """Return how many targets are missed, each with a line on standard error."""
    image = one.moved.face.image
    frame = one.moved.frame(apex)
    inside = np.zeros(image.shape[:2], bool)
    height, width = one.moved.parts.shape[1:3]
    inside[one.moved.top : one.moved.top + height, one.moved.left : one.moved.left + width] = True
    targets = {
        "the first frame is the photograph": np.array_equal(one.moved.frame(0), image),
        "nothing changes outside of the face's part": np.array_equal(frame[~inside], image[~inside]),
        "at strength 0 no pixel changes by more than 1": one.strength > 0 or one.metrics["largest"] <= 1,
        f"at strength 2 the moved tenth changes by {LEAST_CHANGE}": one.strength != 2
        or one.metrics["moved_tenth"] >= LEAST_CHANGE,
        f"at strength 2 r is {LEAST_R}": one.strength != 2 or one.metrics["au_r"] >= LEAST_R,
    }
    for target, holds in targets.items():
        if not holds:
            print(f"missed: {target}", file=sys.stderr)
    return sum(not holds for holds in targets.values())


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
