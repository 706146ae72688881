"""Local regions' Figures 3, 5 and 7: a disgust from onset to offset, the six patches, and where an emotion shows.

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
from microexpr.models.recognisers.localregions import GROUP_OF_REGION
from microexpr.reporting.plots.drawing import BLUE, RED, caption, enlarged, hidden, picture, stamp, written
from microexpr.signals import inputs

FACES, EMOTION = "casme2", "disgust"  # of Figures 3 and 7
PRINTED = len(REACTIONS) - 2  # the others are ours
LARGER = 8  # times, what differs from the onset with the head held still
LIGHT = "0.8"  # grey


def first(clips: Sequence[Clip], dataset: str, emotion: str = "") -> Clip:
    """The first by name of a data set: of an emotion, where there is one of it."""
    ordered = sorted((clip for clip in clips if clip.dataset == dataset), key=lambda clip: clip.id)
    return next((clip for clip in ordered if clip.emotion == emotion), ordered[0])


class Shown:
    """What a clip's files say of it, as the inputs read it."""

    def __init__(self, clip: Clip, results: Path):
        faces, apex = (results / stage / clip.dataset / f"{clip.subject}.h5" for stage in ("faces", "apex"))
        with store.opened(faces, "faces") as moving, store.opened(apex, "apex") as events:
            face, own = ({key: group[()] for key, group in file[clip.name].items()} for file in (moving, events))
        self.clip, self.source = clip, inputs.Source({"faces": face, "apex": own})
        self.frame = face["frame"][self.source.at("onset") : self.source.at("offset") + 1]

    @property
    def steps(self) -> list[int]:
        """Five frames since the onset: it, half-way, the apex, half-way, the offset."""
        apex, last = self.source.at("apex") - self.source.at("onset"), len(self.frame) - 1
        return [0, apex // 2, apex, (apex + last) // 2, last]

    def face(self, axes: Axes, title: str) -> None:
        """The onset, grey."""
        picture(axes, luma(self.source.crops[0]), title)
        stamp(axes, self.clip)


def fig3(path: str | Path, clips: Sequence[Clip], results: Path, show_licensed: bool) -> None:
    """Five frames, and what differs in them from the first. Raises StoreError if a file cannot be read."""
    clip = first(clips, FACES, EMOTION)
    if hidden(path, [clip], show_licensed, "Fig. 3"):
        return
    shown = Shown(clip, results)
    names = ("onset", "", "apex", "", "offset")
    with written(path, 4.95) as page:
        text = f"Fig. 3: {clip.emotion} of {clip.id}; below, the change since the onset, times {LARGER}"
        top = caption(page, text, [clip])
        grid = page.add_gridspec(2, 5, left=0.01, right=0.99, top=top, bottom=0.01, wspace=0.03, hspace=0.02)
        still = luma(shown.source.steady)
        for column, (step, name) in enumerate(zip(shown.steps, names, strict=True)):
            axes = page.add_subplot(grid[0, column])
            crop = shown.source.crops[step]
            picture(axes, np.broadcast_to(crop, (*crop.shape[:2], 3)), f"{name} {shown.frame[step]}".strip())
            stamp(axes, clip)
            picture(page.add_subplot(grid[1, column]), enlarged(still[step], still[0], LARGER), "")


def fig5(path: str | Path, clips: Sequence[Clip], results: Path, shrink: int, show_licensed: bool) -> None:
    """A face of each data set with its boxes, and the patches in them, made smaller as the network reads them."""
    datasets = [name for name in ("smic", "casme2", "samm") if any(clip.dataset == name for clip in clips)]
    chosen = [first(clips, name) for name in datasets]
    if hidden(path, chosen, show_licensed, "Fig. 5"):
        return
    with written(path, 0.9 + 1.9 * len(chosen)) as page:
        smaller = f", sides divided by {shrink}" if shrink > 1 else ""
        text = f"Fig. 5: the six regions at the onset, and what the networks see of them{smaller}"
        top = caption(page, text, chosen)
        grid = page.add_gridspec(len(chosen), 7, left=0.01, right=0.99, top=top, bottom=0.01, wspace=0.08)
        for row, clip in enumerate(chosen):
            shown = Shown(clip, results)
            axes = page.add_subplot(grid[row, 0])
            shown.face(axes, f"{clip.dataset}/{clip.subject}")
            for column, name in enumerate(inputs.REGIONS, 1):
                outlined(axes, name, shown, BLUE)
                rows, columns, _ = inputs.REGIONS[name]
                film = inputs.region(name, shown.source, (1, len(shown.frame), rows, columns))
                size = (columns // shrink, rows // shrink)
                patch = cv2.resize(film[0, 0], size, interpolation=cv2.INTER_AREA)
                place = page.add_subplot(grid[row, column])
                picture(place, patch, f"{name.removeprefix('region_').replace('_', ' ')}\n{size[1]} x {size[0]}")
                stamp(place, clip)


def fig7(path: str | Path, clips: Sequence[Clip], results: Path, show_licensed: bool) -> None:
    """Table 1 on a face: of each emotion the regions that it shows in."""
    clip = first(clips, FACES)
    if hidden(path, [clip], show_licensed, "Fig. 7"):
        return
    shown = Shown(clip, results)
    with written(path, 6.0) as page:
        text = "Fig. 7: where an emotion shows (filled), and so where a clip of it has a label"
        top = caption(page, text, [clip])
        grid = page.add_gridspec(2, 4, left=0.01, right=0.99, top=top - 0.02, bottom=0.01, wspace=0.03, hspace=0.12)
        for number, (emotion, groups) in enumerate(REACTIONS.items()):
            axes = page.add_subplot(grid[divmod(number, 4)])
            shown.face(axes, emotion + (" (ours)" if number >= PRINTED else ""))
            for name in inputs.REGIONS:
                reacts = GROUP_OF_REGION[name] in groups
                outlined(axes, name, shown, RED if reacts else LIGHT, 0.4 if reacts else 0.0)


def outlined(axes: Axes, name: str, shown: Shown, colour: str, filled: float = 0.0) -> None:
    """A region's box on the face, filled to this share."""
    rows, columns, _ = inputs.REGIONS[name]
    corners = np.array([[-0.5, columns - 0.5], [-0.5, rows - 0.5], [1, 1]])
    (left, right), (top, bottom) = inputs.region_matrix(name, shown.source.landmarks) @ corners
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour, linewidth=1))
    if filled:
        axes.add_patch(Rectangle((left, top), right - left, bottom - top, color=colour, alpha=filled, linewidth=0))
