"""Draw the pictures of README.md and docs/ from a finished run, and write the arrays of docs/tutorials: `make figures`.

docs/growth.png is drawn by studies/growth.py, docs/loso.png by benchmarks/loso_growth.py, docs/report.png by
`make test-browser`.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import microexpr
from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.datasets import index
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots.journey import EVENTS, largest_units
from microexpr.signals import flow
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.flow import magnitude

ROOT = Path(__file__).parents[1]
CLIP = "casme2/sub01/EP02_01"
PLOTS = {  # picture: arguments of `microexpr plot`
    "table": ("table",),
    "journey": ("clip", CLIP),
    "landmarks": ("landmarks", "casme2/sub01/EP08_05f"),
    "apex": ("apex", "casme2/sub01/EP08_05f"),
    "flow": ("flow", "casme2/sub01/EP08_05f"),
    "motion": ("motion", "casme2/sub01/EP08_05f"),
    "aus": ("aus", "casme2/sub01/EP05_06f"),
    "faces": ("faces",),
}
SHOWN_MS, APEX_MS = 90, 700  # milliseconds for which the animation shows a frame, and the apex
SIZE = (10.0, 3.9)  # inches of the animation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=ROOT, help="folder with the results/ of a finished run")
    names = [*PLOTS, "reenactment", "animation", "tutorials"]
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these: " + ", ".join(names))
    arguments = parser.parse_args()
    for name in arguments.names or names:
        print(name, flush=True)
        if name == "animation":
            animate(arguments.run / "results", ROOT / "docs/clip.webp")
            continue
        if name == "reenactment":
            reenact(ROOT / "docs/reenactment.png")
            continue
        program = [str(ROOT / "docs/tutorials/rendered_run.py")]
        if name != "tutorials":
            program = ["-m", "microexpr", "plot", *PLOTS[name], str(ROOT / f"docs/{name}.png"), "--force"]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        subprocess.run([sys.executable, *program], cwd=arguments.run, env=environment, check=True)


def reenact(path: Path) -> None:
    """Draw the shipped sample of surprise on a rendered face."""
    with TemporaryDirectory() as folder:
        face = Path(folder) / "rendered.png"
        video = microexpr.read_video(microexpr.example_video(folder))
        Image.fromarray(next(iter(video))).save(face)
        microexpr.reenact(face, "surprise", out=Path(folder) / "out")
        shutil.copy(Path(folder) / "out/reenactment.png", path)


def animate(results: Path, path: Path) -> None:
    """Write a clip's frames with landmarks, its flow since the onset, and its action units as an animated WebP."""
    clip = index.find(CLIP, results)
    drawing.refuse_licensed([clip], False)
    pages, durations = zip(*pages_of(clip, results), strict=True)
    first, *others = pages
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0, quality=82, method=6)


def pages_of(clip: Clip, results: Path) -> Iterator[tuple[Image.Image, int]]:
    """Yield each frame from onset to offset as a page, and the milliseconds for which it is shown."""
    arrays = {}
    for stage in ("faces", "apex", "aus"):
        with store.open_file(results / f"{stage}/{clip.dataset}/{clip.subject}.h5", stage) as file:
            arrays |= {name: item[()] for name, item in file[clip.name].items()}
    frame, crop = arrays["frame"], arrays["crop"]
    onset, apex, offset = (int(np.flatnonzero(frame == arrays[event])[0]) for event in EVENTS)
    grey, params = luma(crop), flow.Params()
    flows = [flow.onset_apex(grey[onset], grey[i], params) for i in range(onset, offset + 1)]
    largest = float(np.percentile(magnitude(flows[apex - onset][:2]), 99))
    for i in range(onset, offset + 1):
        figure = Figure(SIZE)
        drawing.add_heading(figure, f"{clip.emotion}, AU {clip.action_units}", True)
        _show(figure, 0, crop[i].squeeze(), f"frame {frame[i]}", clip)
        drawing.draw_landmarks(figure.axes[-1], arrays["landmarks_crop"][i], 3)
        colours = drawing.flow_colours(flows[i - onset][:2], largest)
        _show(figure, 1, colours, "optical flow since the onset", clip)
        drawing.flow_wheel(figure.axes[-1], 0.2, f"rim: {largest:.1f} pixels")
        _curves(figure, arrays, i)
        yield _picture(figure), APEX_MS if i == apex else SHOWN_MS


def _show(figure: Figure, column: int, image: np.ndarray, title: str, clip: Clip) -> None:
    axes = figure.add_axes((0.015 + 0.305 * column, 0.02, 0.295, 0.295 * SIZE[0] / SIZE[1]))
    drawing.show_image(axes, image, title)
    drawing.stamp_origin(axes, clip.origin, 9, "white" if column == 0 else "0.3")


def _curves(figure: Figure, arrays: dict, position: int) -> None:
    """Plot the largest action units until this frame, mean of both sides."""
    frame, relative = arrays["frame"], arrays["relative"]
    units = largest_units(relative, frame, int(arrays["onset"]), int(arrays["offset"]))[:3]
    axes = figure.add_axes((0.69, 0.12, 0.295, 0.62))
    for unit, colour in zip(units, (drawing.BLUE, drawing.RED, drawing.GREEN), strict=True):
        curve = relative[:, unit, 2]
        axes.plot(frame, curve, color="0.85", linewidth=1)
        axes.plot(frame[: position + 1], curve[: position + 1], color=colour, label=ACTION_UNITS[unit])
        axes.plot(frame[position], curve[position], "o", color=colour, markersize=5)
    for event in EVENTS:
        axes.axvline(arrays[event], color=drawing.GREY, linewidth=0.8, linestyle="-" if event == "apex" else ":")
        axes.text(arrays[event], 1.01, event, transform=axes.get_xaxis_transform(), ha="center", fontsize=9)
    axes.set_xlim(frame[0], frame[-1])
    axes.ticklabel_format(axis="x", style="plain", useOffset=False)
    axes.locator_params(axis="both", nbins=5)
    axes.set_title("change of action units, FACS, by frame", pad=18)
    axes.legend(loc="upper left")


def _picture(figure: Figure) -> Image.Image:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return Image.open(buffer).convert("RGB")


if __name__ == "__main__":
    with drawing.matplotlib.style.context(["default", drawing.STYLE]):
        main()
