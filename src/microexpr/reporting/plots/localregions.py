"""Local regions' Figures 3, 5 and 7: a disgust from onset to offset, the six patches, and the regions of each emotion.

Clips are the first by name, not the best.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from microexpr.core.arrays import luma
from microexpr.core.clip import Clip
from microexpr.core.facs import REACTIONS
from microexpr.models.recognisers.localregions import GROUP_OF_REGION
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots.drawing import BLUE, RED
from microexpr.signals import inputs

FACES, EMOTION = "casme2", "disgust"  # shown in Figures 3 and 7
PRINTED = len(REACTIONS) - 2  # the others are ours
LARGER = 8  # factor for differences from the onset, with the head held still
LIGHT = "0.8"  # grey


def first_clip(clips: Sequence[Clip], dataset: str, emotion: str = "") -> Clip:
    """Return the first clip by name of a data set, of an emotion if it has one of it."""
    ordered = sorted((clip for clip in clips if clip.dataset == dataset), key=lambda clip: clip.id)
    return next((clip for clip in ordered if clip.emotion == emotion), ordered[0])


class ClipFrames:
    """A clip from onset to offset, as its files hold it."""

    def __init__(self, clip: Clip, results: Path):
        with drawing.clip_groups(clip, results, "faces", "apex") as groups:
            face, event_values = ({key: values[()] for key, values in group.items()} for group in groups)
        self.source = inputs.Source({"faces": face, "apex": event_values})
        self.frame = face["frame"][self.source.at("onset") : self.source.at("offset") + 1]

    @property
    def steps(self) -> list[int]:
        """Indices of five frames since the onset: onset, half-way, apex, half-way, offset."""
        apex, last = self.source.at("apex") - self.source.at("onset"), len(self.frame) - 1
        return [0, apex // 2, apex, (apex + last) // 2, last]


def fig3(page: Figure, clips: Sequence[Clip], results: Path, show_licensed: bool) -> None:
    """Plot five frames, and their differences from the first. Raises StoreError if a file cannot be read."""
    clip = first_clip(clips, FACES, EMOTION)
    if drawing.hide_licensed(page, [clip], show_licensed, "Fig. 3"):
        return
    frames = ClipFrames(clip, results)
    names = ("onset", "", "apex", "", "offset")
    text = f"Fig. 3: {clip.emotion} of {clip.id}; below, the change since the onset, times {LARGER}"
    top = drawing.add_caption(page, 4.95, text, [clip])
    grid = page.add_gridspec(2, 5, left=0.01, right=0.99, top=top, bottom=0.01, wspace=0.03, hspace=0.02)
    still = luma(frames.source.steady)
    for column, (step, name) in enumerate(zip(frames.steps, names, strict=True)):
        title = f"{name} {frames.frame[step]}".strip()
        drawing.show_cell(page, grid[0, column], frames.source.crops[step], title, clip)
        change = drawing.amplify_change(still[step], still[0], LARGER)
        drawing.show_image(page.add_subplot(grid[1, column]), change, "")


def fig5(page: Figure, clips: Sequence[Clip], results: Path, shrink: int, show_licensed: bool) -> None:
    """Plot a face of each data set with its boxes, and the patches in them at the size that the network reads."""
    datasets = [name for name in ("smic", "casme2", "samm") if any(clip.dataset == name for clip in clips)]
    firsts = [first_clip(clips, name) for name in datasets]
    if drawing.hide_licensed(page, firsts, show_licensed, "Fig. 5"):
        return
    smaller = f", sides divided by {shrink}" if shrink > 1 else ""
    text = f"Fig. 5: the six regions at the onset, and the patches that the networks read{smaller}"
    top = drawing.add_caption(page, 0.9 + 1.9 * len(firsts), text, firsts)
    grid = page.add_gridspec(len(firsts), 7, left=0.01, right=0.99, top=top, bottom=0.01, wspace=0.08)
    for row, clip in enumerate(firsts):
        frames = ClipFrames(clip, results)
        onset, title = luma(frames.source.crops[0]), f"{clip.dataset}/{clip.subject}"
        axes = drawing.show_cell(page, grid[row, 0], onset, title, clip)
        for column, name in enumerate(inputs.REGIONS, 1):
            draw_region(axes, name, frames, BLUE)
            rows, columns, _ = inputs.REGIONS[name]
            patches = inputs.region(name, frames.source, (1, len(frames.frame), rows, columns))
            size = (columns // shrink, rows // shrink)
            patch = cv2.resize(patches[0, 0], size, interpolation=cv2.INTER_AREA)
            title = f"{name.removeprefix('region_').replace('_', ' ')}\n{size[1]} x {size[0]}"
            drawing.show_cell(page, grid[row, column], patch, title, clip)


def fig7(page: Figure, clips: Sequence[Clip], results: Path, show_licensed: bool) -> None:
    """Plot Table 1 on a face: the regions in which each emotion shows."""
    clip = first_clip(clips, FACES)
    if drawing.hide_licensed(page, [clip], show_licensed, "Fig. 7"):
        return
    frames = ClipFrames(clip, results)
    text = "Fig. 7: regions where an emotion shows (filled), which are labels of its clips"
    top = drawing.add_caption(page, 6.0, text, [clip])
    grid = page.add_gridspec(2, 4, left=0.01, right=0.99, top=top - 0.02, bottom=0.01, wspace=0.03, hspace=0.12)
    for i, (emotion, groups) in enumerate(REACTIONS.items()):
        title = emotion + (" (ours)" if i >= PRINTED else "")
        axes = drawing.show_cell(page, grid[divmod(i, 4)], luma(frames.source.crops[0]), title, clip)
        for name in inputs.REGIONS:
            reacts = GROUP_OF_REGION[name] in groups
            draw_region(axes, name, frames, RED if reacts else LIGHT, 0.4 if reacts else 0.0)


def draw_region(axes: Axes, name: str, frames: ClipFrames, colour: str, fill_alpha: float = 0.0) -> None:
    """Draw a region's box on the face, filled with this opacity."""
    rows, columns, _ = inputs.REGIONS[name]
    corners = np.array([[-0.5, columns - 0.5], [-0.5, rows - 0.5], [1, 1]])
    (left, right), (top, bottom) = inputs.region_matrix(name, frames.source.landmarks) @ corners
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour, linewidth=1))
    if fill_alpha:
        axes.add_patch(Rectangle((left, top), right - left, bottom - top, color=colour, alpha=fill_alpha, linewidth=0))
