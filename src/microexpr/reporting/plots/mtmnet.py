"""MTMNet's Figure 1: from onset to apex, faint expressions above strong ones of the same emotions.

Clips are the first by name, not the best.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.reporting.plots.drawing import hidden, picture, stamp, written
from microexpr.signals import inputs

EMOTIONS = ("surprise", "disgust", "happiness")
FAINT, STRONG = "casme2", "ckplus"
FRAMES = 9


def chosen(clips: Sequence[Clip]) -> list[Clip]:
    """The first clip by name of each emotion, of CASME II, then of CK+; none where a set has none."""
    ordered = sorted(clips, key=lambda clip: clip.id)
    pairs = ((dataset, emotion) for dataset in (FAINT, STRONG) for emotion in EMOTIONS)
    found = (next((clip for clip in ordered if (clip.dataset, clip.emotion) == pair), None) for pair in pairs)
    return [clip for clip in found if clip]


def film(clip: Clip, results: Path) -> tuple[np.ndarray, np.ndarray]:
    """Nine frames uint8[9, H, W, C] at equal distances from onset to apex, and their numbers."""
    faces, apex = (results / stage / clip.dataset / f"{clip.subject}.h5" for stage in ("faces", "apex"))
    with store.opened(faces, "faces") as moving, store.opened(apex, "apex") as events:
        face = moving[clip.name]
        first, last = (inputs.position(face, events[clip.name], event) for event in ("onset", "apex"))
        places = np.rint(np.linspace(first, last, FRAMES)).astype(int)
        return np.stack([face["crop"][place] for place in places]), face["frame"][()][places]


def fig1(path: str | Path, clips: Sequence[Clip], results: Path, show_licensed: bool) -> None:
    """Draws it of all clips of an index. Raises StoreError if a faces or apex file cannot be read."""
    shown = chosen(clips)
    if hidden(path, shown, show_licensed, "Fig. 1"):
        return
    with written(path, 0.9 + 1.25 * len(shown)) as page:
        word = "\ngenerated faces, no person is shown" if any(clip.origin == "generated" for clip in shown) else ""
        text = "Fig. 1: onset to apex, micro-expressions above strong ones" + word
        page.suptitle(text, x=0.015, y=1 - 0.1 / page.get_figheight(), ha="left", va="top", linespacing=1.4)
        top = 1 - 0.95 / page.get_figheight()
        grid = page.add_gridspec(len(shown), FRAMES, left=0.01, right=0.99, top=top, bottom=0.01, wspace=0.04)
        for row, clip in enumerate(shown):
            for column, (frame, number) in enumerate(zip(*film(clip, results), strict=True)):
                axes = page.add_subplot(grid[row, column])
                picture(axes, np.broadcast_to(frame, (*frame.shape[:2], 3)), "")
                axes.set_title(f"{clip.dataset}, {clip.emotion}" if not column else f"{number}", fontsize=7)
                stamp(axes, clip)
