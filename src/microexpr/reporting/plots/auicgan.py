"""AU-GACN's Figures 3 and 5, and the first as an animation: clips that AU-ICGAN made of people it has not seen.

A clip of each emotion, the first by name of one person after another, not the best.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from PIL import Image, ImageDraw

from microexpr.core import store
from microexpr.evaluation.read_back import SynthesisedClip
from microexpr.reporting.plots.drawing import BLUE, GREEN, HIDDEN, RED, enlarged, hidden, picture, stamp, written
from microexpr.signals.aus import ACTION_UNITS, regressor

ENLARGED = 8  # differences from the first frame
MOST = 3  # action units drawn
SIDE, PAUSE = 160, 200  # of the animation: pixels of a picture, milliseconds of a frame
WORD = "made by AU-ICGAN, nobody moved like this"


def chosen(shown: Sequence[SynthesisedClip]) -> list[SynthesisedClip]:
    """One of each emotion, of one person after another."""
    people = sorted({one.source.subject for one in shown})
    found = []
    for number, emotion in enumerate(sorted({one.emotion for one in shown})):
        own = {one.source.subject: one for one in reversed(shown) if one.emotion == emotion}
        found.append(next(own[who] for who in people[number % len(people) :] + people if who in own))
    return found


def dominant(one: SynthesisedClip) -> list[int]:
    """The units whose asked intensity changes most, largest first."""
    moved = np.ptp(one.target_aus, axis=0)
    return [int(unit) for unit in np.argsort(-moved, kind="stable")[:MOST] if moved[unit] > 0]


def drawn(path: str | Path, shown: Sequence[SynthesisedClip], title: str, show_licensed: bool) -> None:
    """Frames of each clip, what changes in them, and the intensities asked and read back."""
    rows = chosen(shown)
    if hidden(path, [one.source for one in rows], show_licensed, title):
        return
    model, frames = regressor.load(), len(rows[0].frames)
    with written(path, 1.0 + 1.75 * len(rows)) as page:
        word = "; faces are generated, no person is shown" * any(one.source.origin == "generated" for one in rows)
        text = f"{title}: clips that AU-ICGAN made of people it has not seen{word}"
        page.suptitle(text, x=0.015, y=1 - 0.1 / page.get_figheight(), ha="left", va="top", fontsize=10)
        shape = {"left": 0.01, "right": 0.985, "top": 1 - 0.75 / page.get_figheight(), "bottom": 0.02}
        outer = page.add_gridspec(len(rows), 2, **shape, width_ratios=(frames, 3), wspace=0.12, hspace=0.25)
        for row, one in enumerate(rows):
            grid = outer[row, 0].subgridspec(2, frames, wspace=0.04, hspace=0.04)
            for column, pair in enumerate(zip(one.frames, enlarged(one.frames, one.frames[:1], ENLARGED), strict=True)):
                for line, image in enumerate(pair):
                    axes = page.add_subplot(grid[line, column])
                    picture(axes, np.broadcast_to(image, (*image.shape[:2], 3)), "")
                    if not column and not line:
                        axes.set_title(f"{one.source.dataset}/{one.source.subject}, asked: {one.emotion}", fontsize=7)
                    if not column and line:
                        axes.text(0.03, 0.87, f"change x {ENLARGED}", fontsize=5, transform=axes.transAxes)
                    stamp(axes, one.source)
            curves(page.add_subplot(outer[row, 1]), one, one.read_intensities(model))


def curves(axes: Axes, one: SynthesisedClip, found: np.ndarray) -> None:
    """Changes of the dominant units: lines as asked, dashes as read back."""
    for unit, colour in zip(dominant(one), (BLUE, RED, GREEN), strict=False):
        for values, style in ((one.target_aus, "-"), (found, "--")):
            label = ACTION_UNITS[unit] if style == "-" else None
            axes.plot(values[:, unit] - values[0, unit], style, color=colour, label=label, linewidth=1)
    axes.set_title("change of intensity: asked, and - - read back", fontsize=6)
    axes.tick_params(labelsize=6)
    axes.legend(fontsize=6, loc="upper left")


def animated(path: str | Path, shown: Sequence[SynthesisedClip], show_licensed: bool) -> None:
    """Each clip above what changes in it, as a GIF that goes on and on."""
    rows = chosen(shown)
    visible = show_licensed or all(one.source.origin == "generated" for one in rows)
    pages = [_page(rows, frame) for frame in range(len(rows[0].frames))] if visible else [_words(HIDDEN)]
    with store.atomic(path) as part:
        pages[0].save(part, "GIF", save_all=True, append_images=pages[1:], duration=PAUSE, loop=0)


def _page(rows: Sequence[SynthesisedClip], frame: int) -> Image.Image:
    """One moment of all clips."""
    generated = any(one.source.origin == "generated" for one in rows)
    page = Image.new("RGB", (SIDE * len(rows), 2 * SIDE + 40), "white")
    draw = ImageDraw.Draw(page)
    draw.text((4, 4), WORD + "; faces are generated" * generated + f"; below: change x {ENLARGED}", fill="black")
    for column, one in enumerate(rows):
        draw.text((column * SIDE + 4, 22), f"{one.emotion}, {one.source.subject}", fill="black")
        for line, film in enumerate((one.frames, enlarged(one.frames, one.frames[:1], ENLARGED))):
            image = np.broadcast_to(film[frame], (*film.shape[1:3], 3))
            place = (column * SIDE, 40 + line * SIDE)
            page.paste(
                Image.fromarray(np.ascontiguousarray(image)).resize((SIDE, SIDE), Image.Resampling.NEAREST), place
            )
    return page


def _words(text: str) -> Image.Image:
    page = Image.new("RGB", (3 * SIDE, SIDE), "white")
    ImageDraw.Draw(page).text((4, 4), text, fill="black")
    return page
