"""Reenactment on photographs of three people that Python packages carry: what moves, and whether it is what was asked.

    pip download --no-binary :all: --no-deps face_recognition==1.3.0
    python studies/photographs.py --package face_recognition-1.3.0.tar.gz --write     # also into docs/famgan.md

scikit-image's astronaut (NASA, public domain) is installed. Two portraits of the US government, public domain, are in
the source package of face_recognition 1.3.0 (MIT); without `--package` they are left out.

Prints for each photograph and shipped sample: the mean change of grey level in the tenth of the aligned face's pixels
that moves most, at the apex; r of asked and read AU changes over all 17 units, sides and frames; the share that is
read; likeness to the photograph. Checks that the first frame is the photograph and that nothing changes outside of the
face's part. The reader is fitted on rendered faces, so r says what it reads, not what a person sees: `--out` writes
pictures to look at.
"""

import sys
import tarfile
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pages
from PIL import Image
from skimage import data

from microexpr.apps.reenact import alone, driving
from microexpr.apps.reenact.photograph import Photograph
from microexpr.core import arithmetic
from microexpr.core.clip import LABELS
from microexpr.reporting.plots import reenactment as plot

PAGE, MARK = "docs/famgan.md", "study-photographs"
STRENGTHS = (0.0, 1.0, 2.0, 4.0)
STEP = 4  # every so many frames of a sample are measured; onset and apex are among them
PORTRAITS = ("obama.jpg", "biden.jpg")  # in tests/test_images of the package
LEAST_CHANGE, LEAST_R = 3.0, 0.6  # at strength 2
HEAD = (
    "| photograph | sample | moved tenth at 0, 1, 2, 4 | r at 1, 2, 4 | share read at 2 | likeness at 2 |\n"
    f"|{' --- |' * 6}"
)


def main() -> int:
    made = ArgumentParser(description=__doc__)
    made.add_argument("--package", type=Path, help="face_recognition-1.3.0.tar.gz; without it the astronaut alone")
    made.add_argument("--weights", type=Path, help="a generator in place of the shipped one")
    made.add_argument("--super-resolution", choices=("lanczos", "realsr"), help="enlarge differences, do not warp")
    made.add_argument("--out", type=Path, help="folder for pictures; they show people")
    made.add_argument("--write", action="store_true", help=f"write the table into {PAGE}")
    arguments = made.parse_args()
    lines, missed = [HEAD], 0
    print(HEAD)
    with TemporaryDirectory() as folder:
        for path in photographs(Path(folder), arguments.package):
            photograph = Photograph.read(path)
            for label in LABELS:
                sample = driving.read_sample(label)
                sample = replace(sample, changes=sample.changes[::STEP])
                result = alone.reenact(sample, photograph, 1, STRENGTHS, arguments.weights, arguments.super_resolution)
                lines.append(f"| {path.stem} | {label} | {row(result)} |")
                print(lines[-1], flush=True)
                misses = [target for one in result.outcomes for target in missed_targets(one, sample.apex)]
                missed += len(misses)
                for target in misses:
                    print(f"{path.stem}, {label}: must hold, but does not: {target}", file=sys.stderr)
                if arguments.out:
                    arguments.out.mkdir(parents=True, exist_ok=True)
                    plot.write(arguments.out / f"{path.stem}_{label}.png", result)
    if arguments.write:
        pages.write(PAGE, MARK, "\n".join([*lines, "", pages.source()]))
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


def row(result: alone.Reenactment) -> str:
    """The cells of one photograph and sample."""
    metrics = {one.strength: one.metrics for one in result.outcomes}
    cells = [
        ", ".join(f"{values['moved_tenth']:.1f}" for values in metrics.values()),
        ", ".join(f"{values['au_r']:.2f}" for strength, values in metrics.items() if strength),
        f"{metrics[2]['au_share']:.2f}",
        f"{metrics[2]['identity_cosine']:.3f}",
    ]
    return " | ".join(cells)


def missed_targets(one: alone.Outcome, apex: int) -> Iterator[str]:
    """Name the targets that a photograph at one strength misses."""
    moved, image = one.moved, one.moved.face.image
    frame, outside = moved.frame(apex), np.ones(image.shape[:2], bool)
    height, width = moved.parts.shape[1:3]
    outside[moved.top : moved.top + height, moved.left : moved.left + width] = False
    if not np.array_equal(moved.frame(0), image):
        yield f"the first frame at strength {one.strength:g} is the photograph"
    if not np.array_equal(frame[outside], image[outside]):
        yield f"nothing changes outside of the face's part at strength {one.strength:g}"
    if one.strength == 0 and one.metrics["largest"] > 1:
        yield f"at strength 0 no pixel changes by more than 1, not {one.metrics['largest']:.0f}"
    if one.strength == 2 and one.metrics["moved_tenth"] < LEAST_CHANGE:
        yield f"at strength 2 the moved tenth changes by {LEAST_CHANGE}, not {one.metrics['moved_tenth']:.1f}"
    if one.strength == 2 and one.metrics["au_r"] < LEAST_R:
        yield f"at strength 2 r is {LEAST_R}, not {one.metrics['au_r']:.2f}"


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
