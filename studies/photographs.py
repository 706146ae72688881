"""Reenactment on twenty public photographs: what moves, and whether it is what was asked.

    tail -n +3 studies/photographs.csv | cut -d, -f1 | sort -u | xargs -I{} git clone --depth 1 https://github.com/{} clones/{}
    python studies/photographs.py clones --write-docs  # also into docs/famgan.md; ten minutes

`photographs.csv` lists those of three repositories in which the command finds a face; the first, NASA's astronaut, is
scikit-image's. For each photograph and shipped sample at strength 2 it prints r of asked and read AU changes over all
17 units, sides and frames, and the share that is read. Checks that the first frame is the photograph, that nothing
changes outside of the face's part, and that without a target no pixel changes. The reader is fitted on rendered faces,
so r says what it reads, not what a person sees: `--out` writes pictures to look at. No picture is stored by us.
"""  # noqa: E501

import sys
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
from microexpr.core.clip import LABELS
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots import reenactment as plot

PAGE, MARK = "docs/famgan.md", "study-photographs"
STRENGTHS = (0.0, 2.0)
STEP = 4  # every so many frames of a sample are measured; onset and apex are among them


def main() -> int:
    options = pages.parser(__doc__, PAGE, clones=True)
    options.add_argument("--out", type=Path, help="folder for pictures; they show people")
    arguments = options.parse_args()
    first, *others = LABELS
    table = pages.Table("photograph", f"r, share read: {first}", *others)
    figures: dict[str, list[dict[str, float]]] = {label: [] for label in LABELS}
    broken = 0
    with TemporaryDirectory() as folder:
        for path in photographs(Path(folder), arguments.clones):
            photograph, cells = Photograph.read(path), []
            for label in LABELS:
                sample = driving.read_sample(label)
                sample = replace(sample, changes=sample.changes[::STEP])
                result = alone.reenact(sample, photograph, 1, STRENGTHS, None, None)
                still, moved = result.outcomes
                figures[label].append(moved.metrics)
                cells.append(f"{moved.metrics['au_r']:.2f}, {moved.metrics['au_share']:.2f}")
                for promise in [*broken_promises(still, sample.apex), *broken_promises(moved, sample.apex)]:
                    print(f"{path.stem}, {label}: must hold, but does not: {promise}", file=sys.stderr)
                    broken += 1
                if arguments.out:
                    arguments.out.mkdir(parents=True, exist_ok=True)
                    drawing.plot(plot.draw, result, path=arguments.out / f"{path.stem}_{label}.png")
            table.add(path.stem, *cells)
    del table.lines[2:]  # the page has no single photograph
    table.add(f"median; r at least {alone.WEAK_R}", *(summary(figures[label]) for label in LABELS))
    every = [metrics for label in LABELS for metrics in figures[label]]
    table.publish(PAGE, MARK, f"All together: {summary(every)}.\n\n", arguments.write_docs)
    return 1 if broken else 0


def photographs(folder: Path, clones: Path) -> Iterator[Path]:
    """Yield the photographs as files."""
    Image.fromarray(data.astronaut()).save(folder / "astronaut.png")
    for row in pages.read_list("photographs.csv"):
        path = clones / row["repository"] / row["picture"]
        yield path if path.suffix else folder / "astronaut.png"


def summary(metrics: list[dict[str, float]]) -> str:
    """Say the medians of r and share, and how many r are enough."""
    r, share = (np.array([outcome[name] for outcome in metrics]) for name in ("au_r", "au_share"))
    return f"{np.median(r):.2f}, {np.median(share):.2f}; {int((r >= alone.WEAK_R).sum())} of {len(r)}"


def broken_promises(outcome: alone.Outcome, apex: int) -> Iterator[str]:
    """Name the promises that a photograph at one strength breaks."""
    moved, image = outcome.moved, outcome.moved.face.image
    frame, outside = moved.frame(apex), np.ones(image.shape[:2], bool)
    outside[moved.window] = False
    if not np.array_equal(moved.frame(0), image):
        yield f"the first frame at strength {outcome.strength:g} is the photograph"
    if not np.array_equal(frame[outside], image[outside]):
        yield f"nothing changes outside of the face's part at strength {outcome.strength:g}"
    if outcome.strength == 0 and outcome.metrics["largest"] > 1:
        yield f"at strength 0 no pixel changes by more than 1, not {outcome.metrics['largest']:.0f}"


if __name__ == "__main__":
    pages.start(main)
