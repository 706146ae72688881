"""Local regions' Figures 3, 5 and 7: a disgust from onset to offset, the six patches, and the regions of each emotion.

Clips are the first by name, not the best.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.facs.reactions import REACTIONS
from microexpr.core.grayscale import luma
from microexpr.models.recognisers.localregions.regions import GROUP_OF_REGION
from microexpr.reporting.plots.drawing import (
    BLUE,
    RED,
    add_caption,
    amplify_change,
    hide_licensed,
    save_page,
    show_image,
    stamp,
)
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
        faces_path, apex_path = (results / stage / clip.dataset / f"{clip.subject}.h5" for stage in ("faces", "apex"))
        with store.open_file(faces_path, "faces") as faces_file, store.open_file(apex_path, "apex") as apex_file:
            face, event_values = (
                {key: group[()] for key, group in file[clip.name].items()} for file in (faces_file, apex_file)
            )
        self.clip, self.source = clip, inputs.Source({"faces": face, "apex": event_values})
        self.frame = face["frame"][self.source.at("onset") : self.source.at("offset") + 1]

    @property
    def steps(self) -> list[int]:
        """Indices of five frames since the onset: onset, half-way, apex, half-way, offset."""
        apex, last = self.source.at("apex") - self.source.at("onset"), len(self.frame) - 1
        return [0, apex // 2, apex, (apex + last) // 2, last]

    def show_onset(self, axes: Axes, title: str) -> None:
        """Show the onset in grey."""
        show_image(axes, luma(self.source.crops[0]), title)
        stamp(axes, self.clip)


def fig3(path: str | Path, clips: Sequence[Clip], results: Path, show_licensed: bool) -> None:
    """Plot five frames, and their differences from the first. Raises StoreError if a file cannot be read."""
    clip = first_clip(clips, FACES, EMOTION)
    if hide_licensed(path, [clip], show_licensed, "Fig. 3"):
        return
    frames = ClipFrames(clip, results)
    names = ("onset", "", "apex", "", "offset")
    with save_page(path, 4.95) as page:
        text = f"Fig. 3: {clip.emotion} of {clip.id}; below, the change since the onset, times {LARGER}"
        top = add_caption(page, text, [clip])
        grid = page.add_gridspec(2, 5, left=0.01, right=0.99, top=top, bottom=0.01, wspace=0.03, hspace=0.02)
        still = luma(frames.source.steady)
        for column, (step, name) in enumerate(zip(frames.steps, names, strict=True)):
            axes = page.add_subplot(grid[0, column])
            crop = frames.source.crops[step]
            show_image(axes, np.broadcast_to(crop, (*crop.shape[:2], 3)), f"{name} {frames.frame[step]}".strip())
            stamp(axes, clip)
            show_image(page.add_subplot(grid[1, column]), amplify_change(still[step], still[0], LARGER), "")


def fig5(path: str | Path, clips: Sequence[Clip], results: Path, shrink: int, show_licensed: bool) -> None:
    """Plot a face of each data set with its boxes, and the patches in them at the size that the network reads."""
    datasets = [name for name in ("smic", "casme2", "samm") if any(clip.dataset == name for clip in clips)]
    firsts = [first_clip(clips, name) for name in datasets]
    if hide_licensed(path, firsts, show_licensed, "Fig. 5"):
        return
    with save_page(path, 0.9 + 1.9 * len(firsts)) as page:
        smaller = f", sides divided by {shrink}" if shrink > 1 else ""
        text = f"Fig. 5: the six regions at the onset, and the patches that the networks read{smaller}"
        top = add_caption(page, text, firsts)
        grid = page.add_gridspec(len(firsts), 7, left=0.01, right=0.99, top=top, bottom=0.01, wspace=0.08)
        for row, clip in enumerate(firsts):
            frames = ClipFrames(clip, results)
            axes = page.add_subplot(grid[row, 0])
            frames.show_onset(axes, f"{clip.dataset}/{clip.subject}")
            for column, name in enumerate(inputs.REGIONS, 1):
                draw_region(axes, name, frames, BLUE)
                rows, columns, _ = inputs.REGIONS[name]
                patches = inputs.region(name, frames.source, (1, len(frames.frame), rows, columns))
                size = (columns // shrink, rows // shrink)
                patch = cv2.resize(patches[0, 0], size, interpolation=cv2.INTER_AREA)
                patch_axes = page.add_subplot(grid[row, column])
                show_image(
                    patch_axes, patch, f"{name.removeprefix('region_').replace('_', ' ')}\n{size[1]} x {size[0]}"
                )
                stamp(patch_axes, clip)


def fig7(path: str | Path, clips: Sequence[Clip], results: Path, show_licensed: bool) -> None:
    """Plot Table 1 on a face: the regions in which each emotion shows."""
    clip = first_clip(clips, FACES)
    if hide_licensed(path, [clip], show_licensed, "Fig. 7"):
        return
    frames = ClipFrames(clip, results)
    with save_page(path, 6.0) as page:
        text = "Fig. 7: regions where an emotion shows (filled), which are labels of its clips"
        top = add_caption(page, text, [clip])
        grid = page.add_gridspec(2, 4, left=0.01, right=0.99, top=top - 0.02, bottom=0.01, wspace=0.03, hspace=0.12)
        for i, (emotion, groups) in enumerate(REACTIONS.items()):
            axes = page.add_subplot(grid[divmod(i, 4)])
            frames.show_onset(axes, emotion + (" (ours)" if i >= PRINTED else ""))
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
