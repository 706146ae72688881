"""How far do results move if 0.056 % of the pixels change by one grey level? Each step, on rendered clips.

    python studies/brittleness.py                            # a table, in about seven core-minutes
    python studies/brittleness.py --write                    # also into docs/brittleness.md
    PYTHONPATH=OTHER/src python studies/brittleness.py       # of another checkout's sources

Every clip is read once as it is and once for each noise seed. The first column of figures is of the whole pipeline, the
second of the same with landmarks held: what each later step adds by itself. Clips are 640 x 480 as of the preset
`embedded`, and 320 x 240 as of `tiny`; recognisers are trained and tested on a corpus of the latter. Corpus seeds are
others than those of the table, so that settings may be chosen by these figures.
"""

import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pages
from sklearn.metrics import f1_score

from microexpr import datasets, protocols
from microexpr.cli import config
from microexpr.core import arithmetic, store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.core.seeds import generator
from microexpr.models import recognisers
from microexpr.rendering import corpus, plan
from microexpr.signals import apex, aus, faces, flow
from microexpr.signals.aus import filters, regressor
from microexpr.signals.faces import detection
from microexpr.training import train

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/brittleness.md"
SHARE = 0.00056  # of a frame's pixels
DATASETS = ("smic", "casme2", "samm")
SIZES = {"tiny": (320, 240, 20), "embedded": (640, 480, 45)}  # columns, rows, most frames of a clip
STEPS = {
    "detector's box in the first frame, px": "box",
    "landmarks, px": "landmarks",
    "- without the jaw": "inner",
    "- eye corners and base of the nose": "rigid",
    "crop's corners, px of the crop": "crop",
    "grey levels of the crop": "grey",
    "onset, frames": "onset",
    "apex, frames": "apex",
    "- with regions of the clip without noise": "apex_crop",
    "- with the crop of the clip without noise": "apex_regions",
    "offset, frames": "offset",
    "flow, px of the crop": "flow",
    "strain": "strain",
    "action units, change since the onset (0 to 5)": "units",
}


Reader = Callable[[], Iterable[np.ndarray]]
Distances = dict[str, tuple[float, float]]  # maximum and mean square, by step
Movement = tuple[str, Distances]  # "whole" or "held", and what moved in one clip


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Results of the stages for one clip."""

    box: np.ndarray  # float64[3]: centre and side, by the detector, in the first frame
    faces: faces.Faces
    matrix: np.ndarray  # float64[2, 3], of the alignment
    events: apex.Events
    flow: np.ndarray
    units: np.ndarray  # float32[T, 17, 3]


def main() -> int:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 1001], help="corpus seeds, default 7 1001")
    parser.add_argument("--subjects", type=int, default=4, help="of a data set of the trained corpus, default 4")
    parser.add_argument("--clips", type=int, default=8, help="of each of those subjects, default 8")
    parser.add_argument("--noise", type=int, default=2, help="noise seeds, default 2")
    parser.add_argument("--methods", nargs="*", default=["lbp_top", "hoof", "ststnet"], help="recognisers to train")
    parser.add_argument("--write", action="store_true", help=f"write the tables into {PAGE}")
    arguments = parser.parse_args()
    movements: list[Movement] = []
    predictions = train_recognisers(arguments, movements) if arguments.methods else []
    for i, seed in enumerate(arguments.seeds):
        measure(seed, "embedded", (2, 3), arguments.noise, movements)
        if i or not predictions:
            measure(seed, "tiny", (2, 3), arguments.noise, movements)
    text = tables(movements, predictions, arguments.noise)
    print(text)
    if arguments.write:
        pages.write(PAGE, "study-brittleness", text)
    return 0


def train_recognisers(arguments: Namespace, movements: list[Movement]) -> list[str]:
    """Return a table row of each recogniser: trained and tested on the first corpus, as it is and with each noise."""
    seed, rows = arguments.seeds[0], []
    with TemporaryDirectory(prefix="microexpr-brittleness-") as home:
        roots = [Path(home) / str(run) for run in range(1 + arguments.noise)]
        clips = measure(seed, "tiny", (arguments.subjects, arguments.clips), arguments.noise, movements, roots)
        for name in arguments.methods:
            log(name)
            truth, *others = zip(*(predict(name, clips, root, seed) for root in roots), strict=True)
            predicted = np.array(others[0])
            flips = ", ".join(str((run != predicted[0]).sum()) for run in predicted[1:])
            uf1 = [f1_score(truth[0], run, average="macro", zero_division=0) for run in predicted]
            moved = ", ".join(f"{value - uf1[0]:+.3f}" for value in uf1[1:])
            rows.append(f"| {name} | {len(truth[0])} | {flips} | {uf1[0]:.3f} | {moved} |")
    return rows


def predict(name: str, clips: list[Clip], root: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return true and predicted classes of all clips, int64[N] each: leave one subject out, the last epoch."""
    methods = config.check_cached(config.load(ROOT / "params.yaml"))["methods"]
    protocol = protocols.PROTOCOLS["megc2019"]
    selected = protocol.select(clips)
    find = recognisers.find(name)
    method = find(find.Params(**config.on_corpus(methods[name])), len(protocol.classes))
    folds = protocol.folds(selected, seed, 0, 1, 0)
    job = train.Job(name, method, protocol, selected, folds, train.Params(), train.SynthParams(), seed)
    files = [str(path) for path in sorted((root / "results").glob("*/*/*.h5"))]
    train.run(job, files, {"train": str(root / f"{name}.h5")}, lambda done, total: None)
    truth, predicted = [], []
    with store.open_file(root / f"{name}.h5", "train") as file:
        for dataset in file.values():
            for fold in dataset.values():
                truth.append(fold["truth"][()])
                predicted.append(fold["scores"][0, -1].argmax(-1))
    return np.concatenate(truth), np.concatenate(predicted)


def measure(
    seed: int, preset: str, size: tuple[int, int], noise: int, movements: list[Movement], roots: Sequence[Path] = ()
) -> list[Clip]:
    """Return the clips of a corpus of `size` subjects and clips a data set; add to `movements`.

    What methods read of the clips as they are, and with each noise, is written below `roots`.
    """
    clips, model = [], regressor.load()
    for subject in render(seed, preset, *size):
        log(f"{preset}, seed {seed}: {subject[0][0].dataset}/{subject[0][0].subject}")
        runs = []
        for clip, read in subject:
            frames = list(read())
            noisy = [
                [add_noise(f, generator(n, "noise", clip.id, str(t))) for t, f in enumerate(frames)]
                for n in range(noise)
            ]
            base, *others = [run_stages(clip, version, model) for version in (frames, *noisy)]
            movements += [("whole", distances(clip, base, other)) for other in others]
            crop = np.stack([faces.align(frame, base.matrix) for frame in noisy[0]])
            held = run_stages(clip, noisy[0], model, replace(base.faces, crop=crop))
            movements.append(("held", distances(clip, base, held)))
            runs.append((base, *others))
            clips.append(clip)
        for root, signals in zip(roots, zip(*runs, strict=True), strict=bool(roots)):
            write([clip for clip, _ in subject], signals, root)
    return clips


def render(seed: int, preset: str, subjects: int, clips: int) -> Iterator[list[tuple[Clip, Reader]]]:
    """Yield the clips of each subject of a corpus, with readers of their frames that are valid until the next one."""
    width, height, max_frames = SIZES[preset]
    size = {name: plan.Corpus(subjects=subjects, clips=clips) for name in DATASETS}
    params = plan.Params(max_frames=max_frames, width=width, height=height, **size)
    scene = corpus.Scene(params.difficulty, width, height)
    for dataset in DATASETS:
        planned = plan.plan_clips(dataset, params, seed)
        for subject in sorted({item.clip.subject for item in planned}):
            items = [item for item in planned if item.clip.subject == subject]
            with TemporaryDirectory(prefix="microexpr-brittleness-") as home:
                corpus.write_person(items, scene, seed, home, Path(home) / "truth.h5")
                yield [(item.clip, datasets.frame_reader(item.clip, Path(home))[1]) for item in items]


def add_noise(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the frame with `SHARE` of its pixels, at random, one grey level lighter or darker."""
    pixels = frame.reshape(frame.shape[0] * frame.shape[1], -1).astype(np.int16)
    count = round(SHARE * len(pixels))
    pixels[rng.choice(len(pixels), count, replace=False)] += rng.choice([-1, 1], (count, 1)).astype(np.int16)
    return np.clip(pixels, 0, 255).astype(np.uint8).reshape(frame.shape)


def run_stages(
    clip: Clip, frames: list[np.ndarray], model: regressor.Model, held: faces.Faces | None = None
) -> Signals:
    """Run the stages with default params, each as its script does; with `held`, those after the faces stage alone."""
    box = detection.detect(frames[0], faces.Params().upsample)[0]
    face = held or faces.track(lambda: frames, faces.Params(), clip.id, clip.fps)
    arrays = {"frame": np.arange(clip.first, clip.last + 1), **face.arrays()}
    events = apex.locate(clip, arrays, apex.Params())
    grey, onset, top = luma(face.crop), events.onset - clip.first, events.apex - clip.first
    values = regressor.regress(grey, onset, model, aus.Params().sizes)
    return Signals(
        box=np.array([*box.centre, box.side]),
        faces=face,
        matrix=faces.alignment(face.landmarks[face.detected].astype(float)),
        events=events,
        flow=flow.clip_flow(grey, onset, top, flow.Params(), face.in_frame),
        units=filters.curves(values, onset, clip.fps, aus.Params())["relative"],
    )


def spot_apex(clip: Clip, crop: Signals, regions: Signals) -> int:
    """Return the apex in the crop of one run at the regions of another."""
    arrays = crop.faces.arrays() | {"landmarks_crop": regions.faces.landmarks_crop}
    return apex.locate(clip, {"frame": crop.events.frame, **arrays}, apex.Params()).apex


def distances(clip: Clip, base: Signals, other: Signals) -> Distances:
    """Return how far each step moved: its maximum and its mean square, by name."""
    moved = np.linalg.norm(other.faces.landmarks.astype(float) - base.faces.landmarks, axis=-1)
    corners = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]]) * [faces.CROP - 1, faces.CROP - 1, 1]
    square = np.array([[0, 0, 1.0]])
    between = np.vstack([other.matrix, square]) @ np.linalg.inv(np.vstack([base.matrix, square]))
    values = {
        "box": np.abs(other.box - base.box),
        "landmarks": moved,
        "inner": moved[:, 17:],
        "rigid": moved[:, [36, 39, 42, 45, 33]],
        "crop": np.linalg.norm((corners @ between.T - corners)[:, :2], axis=1),
        "grey": np.abs(other.faces.crop.astype(float) - base.faces.crop),
        **{event: np.array(abs(getattr(other.events, event) - getattr(base.events, event))) for event in apex.EVENTS},
        "apex_crop": np.array(abs(spot_apex(clip, other, base) - base.events.apex)),
        "apex_regions": np.array(abs(spot_apex(clip, base, other) - base.events.apex)),
        "flow": np.linalg.norm(other.flow[:2] - base.flow[:2], axis=0),
        "strain": np.abs(other.flow[2] - base.flow[2]),
        "units": np.abs(other.units - base.units),
    }
    return {name: (float(value.max()), float((value.astype(float) ** 2).mean())) for name, value in values.items()}


def write(clips: list[Clip], signals: Sequence[Signals], root: Path) -> None:
    """Write what methods read of one subject's clips, as the stages do."""
    with ExitStack() as stack:
        files = {}
        for stage in ("faces", "apex", "flow"):
            path = root / "results" / stage / clips[0].dataset / f"{clips[0].subject}.h5"
            path.parent.mkdir(parents=True, exist_ok=True)
            files[stage] = stack.enter_context(store.subject_file(path, stage, clips))
        for clip, result in zip(clips, signals, strict=True):
            frame = np.arange(clip.first, clip.last + 1)
            files["faces"].group(clip.name).put_all(frame=frame, **result.faces.arrays())
            files["apex"].group(clip.name).put_all(**result.events.arrays())
            files["flow"].group(clip.name).put("onset_apex", result.flow, "onset_apex")


def tables(movements: list[Movement], predictions: list[str], noise: int) -> str:
    """Return the tables of steps and of recognisers, and their source."""
    lines = ["| | maximum | RMS | landmarks held: maximum | RMS |", "| --- | --- | --- | --- | --- |"]
    for title, name in STEPS.items():
        cells = []
        for kind in ("whole", "held"):
            values = [moved[name] for k, moved in movements if k == kind]
            largest, square = max(value for value, _ in values), np.mean([square for _, square in values])
            cells += [f"{largest:.3g}", f"{np.sqrt(square):.2g}"]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    if predictions:
        lines += ["", "| recogniser | clips | other predictions, by noise seed | UF1 | its change |"]
        lines += ["| --- | --- | --- | --- | --- |", *predictions]
    clips = sum(kind == "held" for kind, _ in movements)
    count = f"{clips} clips, {noise} noise seeds, {time.process_time():.0f} core-seconds."
    return "\n".join([*lines, "", f"{pages.source()} {count}"])


def log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
