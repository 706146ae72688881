"""How far heads move within the six patches: as they are cut, with the head not held still, with boxes laid anew.

Of every generated clip of this project (after snakemake all_faces all_apex). Pixels are those of a patch,
160 between the outer eye corners. The head's true movement is the similarity of eye corners and nose base, which
expressions move least; its effect is taken in the middle of a patch.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from skimage.transform import SimilarityTransform

from microexpr.core import arithmetic, store
from microexpr.core.grayscale import luma
from microexpr.signals import inputs
from microexpr.signals.faces.alignment import RIGID, alignment
from microexpr.signals.motion import head, steady

DATASETS = ("smic", "casme2", "samm")
KINDS = ("as it is", "head not held", "boxes anew")
MEASURES = ("step", "apex")  # from frame to frame, from onset to apex


def clips(root: Path) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, int]]:
    """Of onset..offset: true landmarks and those found [T, 68, 2] in pixels of the crop, crops, place of the apex."""
    for dataset in DATASETS:
        for path in sorted((root / "results/faces" / dataset).glob("*.h5")):
            rest = [root / folder / dataset / path.name for folder in ("data/rendered/truth", "results/apex")]
            with (
                store.open_file(path, "faces") as faces,
                store.open_file(rest[0], "truth") as truths,
                store.open_file(rest[1], "apex") as events,
            ):
                for name, face in faces.items():
                    at = {event: inputs.position(face, events[name], event) for event in ("onset", "apex", "offset")}
                    inside, matrix = slice(at["onset"], at["offset"] + 1), alignment(face["landmarks"][()])
                    known = np.searchsorted(truths[name]["frame"][()], face["frame"][inside])
                    true = truths[name]["landmarks"][()][known] @ matrix[:, :2].T + matrix[:, 2]
                    yield true, face["landmarks_crop"][inside], face["crop"][inside], at["apex"] - at["onset"]


def heads(true: np.ndarray) -> list[SimilarityTransform]:
    """Of each frame, the onset's pixels to its own."""
    rigid = true[:, list(RIGID)]
    return [SimilarityTransform.from_estimate(rigid[0], points) for points in rigid]


def held(point: np.ndarray, motion: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Where a point of the crop comes to lie once `motion` is undone: q with q + flow(q) = point."""
    place = point
    for _ in range(5):
        column, row = np.clip(np.rint(place).astype(int), 0, basis.shape[0] - 1)
        place = point - basis[row, column] @ motion
    return place


def courses(true: np.ndarray, found: np.ndarray, crops: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """By region and kind, where what is in a patch's middle at the onset lies in each frame [T, 2], pixels of it."""
    path, basis, moved = steady.head_path(luma(crops), 0), head.basis(crops.shape[1]), heads(true)
    made = {}
    for name, (rows, columns, _) in inputs.REGIONS.items():
        first = inputs.region_matrix(name, found[0])
        start = first @ [(columns - 1) / 2, (rows - 1) / 2, 1]
        points = [one(start)[0] for one in moved]
        pairs = zip(points, path, strict=True)
        made[name] = {
            "as it is": np.array([seen(first, held(point, motion, basis)) for point, motion in pairs]),
            "head not held": np.array([seen(first, point) for point in points]),
            "boxes anew": np.array(
                [seen(inputs.region_matrix(name, own), point) for own, point in zip(found, points, strict=True)]
            ),
        }
    return made


def seen(box: np.ndarray, point: np.ndarray) -> np.ndarray:
    return np.linalg.solve(box[:, :2], point - box[:, 2])


def expression(true: np.ndarray, found: np.ndarray, apex: int) -> dict[str, float]:
    """By region, how far its true landmarks are at the apex from the onset, without the head: mean square."""
    back = heads(true)[apex].inverse(true[apex]) - true[0]
    scale = {name: inputs.region_matrix(name, found[0])[0, 0] for name in inputs.REGIONS}
    return {
        name: float(((back[list(points)] / scale[name]) ** 2).sum(1).mean())
        for name, (_, _, points) in inputs.REGIONS.items()
    }


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="a project whose faces and apex stages are made")
    squares: dict[tuple[str, str, str], list[float]] = {}
    shown: dict[str, list[float]] = {name: [] for name in inputs.REGIONS}
    count = 0
    for true, found, crops, apex in clips(parser.parse_args().root):
        count += 1
        for name, value in expression(true, found, apex).items():
            shown[name].append(value)
        for name, kinds in courses(true, found, crops).items():
            for kind, course in kinds.items():
                squares.setdefault((name, kind, "step"), []).extend((np.diff(course, axis=0) ** 2).sum(1))
                squares.setdefault((name, kind, "apex"), []).append(float(((course[apex] - course[0]) ** 2).sum()))
    if not count:
        sys.exit("error: no generated clips; run snakemake all_faces all_apex first")
    rms = {key: float(np.sqrt(np.mean(values))) for key, values in squares.items()}
    print(f"{count} generated clips; root mean square, pixels of a patch: from frame to frame / from onset to apex")
    print("| region | " + " | ".join(KINDS) + " | expression at the apex |\n" + "| --- " * (len(KINDS) + 2) + "|")
    for name in inputs.REGIONS:
        cells = [" / ".join(f"{rms[name, kind, measure]:.2f}" for measure in MEASURES) for kind in KINDS]
        words = name.removeprefix("region_").replace("_", " ")
        print(f"| {' | '.join([words, *cells, f'{np.sqrt(np.mean(shown[name])):.2f}'])} |")
    worse = [
        f"{name}, {measure}: the head must move less as it is than with {kind}"
        for name, kind, measure in rms
        if kind != KINDS[0] and rms[name, KINDS[0], measure] >= rms[name, kind, measure]
    ]
    print("\n".join(worse) or "in no patch does the head move more than it would in the two others")
    return int(bool(worse))


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
