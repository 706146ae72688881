"""AU-GACN's Figures 3 and 5, and the first as an animation: clips that AU-ICGAN synthesised of held-out subjects.

They show one clip of each emotion, of one subject after another: the first by name, not the best.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from PIL import Image, ImageDraw

from microexpr.core import store
from microexpr.evaluation.read_back import SynthesisedClip
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots.drawing import BLUE, GREEN, RED
from microexpr.signals.aus import ACTION_UNITS, regressor

ENLARGED = 8  # factor for differences from the first frame
MOST = 3  # action units with plotted curves
SIDE, PAUSE = 160, 200  # of the animation: side of a face in pixels, milliseconds of a frame
WORD = "synthesised by AU-ICGAN, not recorded"


def choose_clips(synthetic_clips: Sequence[SynthesisedClip]) -> list[SynthesisedClip]:
    """Return one clip of each emotion, of one subject after another."""
    subjects = sorted({synthetic.source.subject for synthetic in synthetic_clips})
    clips = []
    for i, emotion in enumerate(sorted({synthetic.emotion for synthetic in synthetic_clips})):
        by_subject = {
            synthetic.source.subject: synthetic
            for synthetic in reversed(synthetic_clips)
            if synthetic.emotion == emotion
        }
        start = i % len(subjects)
        clips.append(next(by_subject[name] for name in subjects[start:] + subjects if name in by_subject))
    return clips


def dominant(synthetic: SynthesisedClip) -> list[int]:
    """Return the AUs with the largest change of target intensity, largest first."""
    ranges = np.ptp(synthetic.target_aus, axis=0)
    return [int(unit) for unit in np.argsort(-ranges, kind="stable")[:MOST] if ranges[unit] > 0]


def plot_clips(path: str | Path, synthetic_clips: Sequence[SynthesisedClip], title: str, show_licensed: bool) -> None:
    """Plot the frames of each clip, their changes, and the intensities: target AUs and read back."""
    rows = choose_clips(synthetic_clips)
    if drawing.hide_licensed(path, [synthetic.source for synthetic in rows], show_licensed, title):
        return
    model, n_frames = regressor.load(), len(rows[0].frames)
    with drawing.save_page(path, 1.0 + 1.75 * len(rows)) as page:
        generated = any(synthetic.source.origin == "generated" for synthetic in rows)
        remark = "; faces are rendered, no person is shown" * generated
        text = f"{title}: clips that AU-ICGAN synthesised of held-out subjects{remark}"
        page.suptitle(text, x=0.015, y=1 - 0.1 / page.get_figheight(), ha="left", va="top", fontsize=10)
        shape = {"left": 0.01, "right": 0.985, "top": 1 - 0.75 / page.get_figheight(), "bottom": 0.02}
        outer = page.add_gridspec(len(rows), 2, **shape, width_ratios=(n_frames, 3), wspace=0.12, hspace=0.25)
        for row, synthetic in enumerate(rows):
            source, grid = synthetic.source, outer[row, 0].subgridspec(2, n_frames, wspace=0.04, hspace=0.04)
            heading = f"{source.dataset}/{source.subject}, target: {synthetic.emotion}"
            for line, film in enumerate(_films(synthetic)):
                for column, image in enumerate(film):
                    title = "" if line or column else heading
                    axes = drawing.show_cell(page, grid[line, column], image, title, source, 7)
                    if line and not column:
                        axes.text(0.03, 0.87, f"change x {ENLARGED}", fontsize=5, transform=axes.transAxes)
            curves(page.add_subplot(outer[row, 1]), synthetic, synthetic.read_intensities(model))


def _films(synthetic: SynthesisedClip) -> tuple[np.ndarray, np.ndarray]:
    """Return the frames of a clip, and their changes since the first."""
    return synthetic.frames, drawing.amplify_change(synthetic.frames, synthetic.frames[:1], ENLARGED)


def curves(axes: Axes, synthetic: SynthesisedClip, read_back: np.ndarray) -> None:
    """Plot changes of the dominant AUs: lines are the target, dashes are read back."""
    changes = [(values - values[0], style, 1) for values, style in ((synthetic.target_aus, "-"), (read_back, "--"))]
    frames = range(len(read_back))
    drawing.plot_units(axes, frames, changes, dominant(synthetic), (BLUE, RED, GREEN), ACTION_UNITS)
    axes.set_title("change of intensity: target, and - - read back", fontsize=6)
    axes.tick_params(labelsize=6)
    axes.legend(fontsize=6, loc="upper left")


def write_animation(path: str | Path, synthetic_clips: Sequence[SynthesisedClip], show_licensed: bool) -> None:
    """Write each clip above its changes as an endless GIF."""
    clips, pages = choose_clips(synthetic_clips), []
    generated = any(synthetic.source.origin == "generated" for synthetic in clips)
    if show_licensed or all(synthetic.source.origin == "generated" for synthetic in clips):
        for frame in range(len(clips[0].frames)):
            page, draw = _page(len(clips), 2 * SIDE + 40)
            draw.text((4, 4), WORD + "; faces are rendered" * generated + f"; below: change x {ENLARGED}", fill="black")
            for column, synthetic in enumerate(clips):
                title = f"{synthetic.emotion}, {synthetic.source.subject}"
                draw.text((column * SIDE + 4, 22), title, fill="black")
                for line, film in enumerate(_films(synthetic)):
                    image = np.ascontiguousarray(np.broadcast_to(film[frame], (*film.shape[1:3], 3)))
                    face = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.NEAREST)
                    page.paste(face, (column * SIDE, 40 + line * SIDE))
            pages.append(page)
    else:
        page, draw = _page(3, SIDE)
        draw.text((4, 4), drawing.HIDDEN, fill="black")
        pages.append(page)
    with store.atomic(path) as part:
        pages[0].save(part, "GIF", save_all=True, append_images=pages[1:], duration=PAUSE, loop=0)


def _page(across: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a white page, some faces wide, to draw on."""
    page = Image.new("RGB", (SIDE * across, height), "white")
    return page, ImageDraw.Draw(page)
