"""Core time per rendered frame, by part and size, and memory:

    python benchmarks/render.py [subjects] [--against CHECKOUT]

With `--against`, the same clips are rendered by this checkout and by another one, clip by clip in turn, in a process
each; the ratio of their times follows, and the mean absolute difference of their pictures in grey levels.
"""

import argparse
import os
import pickle
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from microexpr.core import arithmetic
from microexpr.core.seeds import generator
from microexpr.rendering import face as renderer
from microexpr.rendering.camera import expose
from microexpr.rendering.performance import DIFFICULTIES, Performer, perform
from microexpr.rendering.recording import recorder
from microexpr.rendering.rig import rig, skin_map

FRAMES = 20
SIZES = {(256, 256): 1.3, (640, 480): 1.0}  # width and height: zoom
PARTS = ("_pose", "project", "light_vertices", "rasterise", "shade")  # those that a checkout has
FILES = {"JPEG": "frame.jpg", "AVI": "clip.avi"}
Seconds = dict[str, list[float]]


def timed(seconds: Seconds, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, which notes its core time under `part`."""

    def call(*arguments: Any, **named: Any) -> Any:
        start = time.process_time()
        result = function(*arguments, **named)
        seconds[part].append(time.process_time() - start)
        return result

    return call


def render_clip(number: int) -> tuple[Seconds, list[np.ndarray]]:
    """Render one subject's clip of FRAMES frames in every size; return core seconds by part, and the frames."""
    seconds: Seconds = defaultdict(list)
    rng = generator(0, "benchmark", number)
    performer = Performer.sample(rng)
    face = timed(seconds, "a subject", renderer.Face)(performer.face_seed)
    play = perform(performer, {"AU12L": 1.0, "AU12R": 1.0}, 4, 9, 15, FRAMES, 200, DIFFICULTIES["standard"], rng)
    timed(seconds, "a subject's light", face.render)({}, light=performer.light)
    images: list[np.ndarray] = []
    originals = {part: getattr(owner(part), part) for part in PARTS if hasattr(owner(part), part)}
    for (width, height), zoom in SIZES.items():
        at = f"at {width}x{height}"
        for part, original in originals.items():
            setattr(owner(part), part, timed(seconds, f"{part.strip('_')} {at}", original))
        render, take = timed(seconds, f"render {at}", face.render), timed(seconds, f"camera {at}", expose)
        with (
            TemporaryDirectory() as folder,
            recorder(".jpg", False, 92, 200) as jpeg,
            recorder(".avi", False, 92, 200) as avi,
        ):
            writers = {
                name: timed(seconds, f"write {name} {at}", write)
                for name, write in zip(FILES, (jpeg, avi), strict=True)
            }
            for units, pose, shift, gaze in zip(play.action_units, play.pose, play.shift, play.gaze, strict=True):
                image = render(
                    units, pose, shift, performer.light, size=(width, height), zoom=zoom * performer.zoom, gaze=gaze
                ).image
                images.append(image)
                exposed = take(image, rng, 3.0, 1.0)
                for name, write in writers.items():
                    write(Path(folder) / FILES[name], exposed)
    for part, original in originals.items():
        setattr(owner(part), part, original)
    return seconds, images


def owner(part: str) -> Any:
    """Return the class or module whose attribute a part is."""
    return renderer.Face if part.startswith("_") else renderer


def warm_up() -> Seconds:
    """Read the mesh and compile the kernels; return the core seconds of what all subjects share."""
    seconds: Seconds = defaultdict(list)
    timed(seconds, "all subjects: rig", rig)()
    timed(seconds, "all subjects: map of the skin", skin_map)()
    renderer.Face(0).render({})  # compiles the kernels, or reads them from numba's cache
    return seconds


def serve() -> None:
    """Render the clips whose numbers stand on standard input, a line each; answer with pickles."""
    warm_up()
    for line in sys.stdin:
        pickle.dump(render_clip(int(line)), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def compare(subjects: int, checkout: Path) -> None:
    """Print the core time of both checkouts by part, its ratio, and the difference of their pictures."""
    roots = {"here": Path(__file__).parents[1], "there": checkout.resolve()}
    sides = {}
    for name, root in roots.items():
        environment = {**os.environ, "PYTHONPATH": str(root / "src")}
        command = [sys.executable, str(Path(__file__).resolve()), "--serve"]
        sides[name] = subprocess.Popen(
            command, cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    seconds: dict[str, Seconds] = {name: defaultdict(list) for name in roots}
    differences = []
    for number in range(subjects):
        images = {}
        for name, side in sides.items():
            assert side.stdin and side.stdout
            side.stdin.write(f"{number}\n".encode())
            side.stdin.flush()
            spent, images[name] = pickle.load(side.stdout)  # noqa: S301
            for part, values in spent.items():
                seconds[name][part] += values
        pairs = zip(images["here"], images["there"], strict=True)
        differences += [np.abs(a.astype(int) - b).mean() for a, b in pairs]
    for side in sides.values():
        side.communicate()
    for part in dict.fromkeys([*seconds["there"], *seconds["here"]]):
        ours, theirs = (1e3 * np.median(seconds[name].get(part, [np.nan])) for name in roots)
        print(f"{part:32} {ours:8.2f} ms here {theirs:8.2f} ms there  ratio={theirs / ours:.2f}")
    for width, height in SIZES:
        ours, theirs = (per_frame(seconds[name], width, height) for name in roots)
        print(f"a frame at {width}x{height}: {ours:.1f} ms here, {theirs:.1f} ms there, ratio={theirs / ours:.2f}")
    print(f"pictures: mean absolute difference {np.mean(differences):.3f} grey levels, at most {max(differences):.3f}")


def per_frame(seconds: Seconds, width: int, height: int) -> float:
    """Return the milliseconds of rendering a frame and adding the camera's noise."""
    return float(sum(1e3 * np.median(seconds[f"{part} at {width}x{height}"]) for part in ("render", "camera")))


def report(subjects: int) -> None:
    """Print the core time by part, and memory."""
    seconds = warm_up()
    for number in range(subjects):
        for part, values in render_clip(number)[0].items():
            seconds[part] += values
    for part, spent in seconds.items():
        print(f"{part:32} {1e3 * np.median(spent):8.2f} ms  {len(spent):4} times")
    for width, height in SIZES:
        print(f"a frame at {width}x{height}: {per_frame(seconds, width, height):.1f} ms")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subjects", type=int, nargs="?", default=4)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
    elif options.against:
        compare(options.subjects, options.against)
    else:
        report(options.subjects)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
