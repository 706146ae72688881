"""MTMNet's Figure 1: from onset to apex, micro-expressions above macro-expressions of the same emotions.

Clips are the first by name, not the best.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from microexpr.core.clip import Clip
from microexpr.reporting.plots.drawing import add_caption, clip_groups, hide_licensed, save_page, show_cell
from microexpr.signals import inputs

EMOTIONS = ("surprise", "disgust", "happiness")
MICRO, MACRO = "casme2", "ckplus"
FRAMES = 9


def choose_clips(clips: Sequence[Clip]) -> list[Clip]:
    """Return the first clip by name of each emotion, of CASME II, then of CK+; none where a set has none."""
    ordered = sorted(clips, key=lambda clip: clip.id)
    pairs = ((dataset, emotion) for dataset in (MICRO, MACRO) for emotion in EMOTIONS)
    first_clips = (next((clip for clip in ordered if (clip.dataset, clip.emotion) == pair), None) for pair in pairs)
    return [clip for clip in first_clips if clip]


def read_frames(clip: Clip, results: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return nine frames uint8[9, H, W, C] at equal distances from onset to apex, and their numbers."""
    with clip_groups(clip, results, "faces", "apex") as (faces, events):
        first, last = (inputs.position(faces, events, event) for event in ("onset", "apex"))
        positions = np.rint(np.linspace(first, last, FRAMES)).astype(int)
        return np.stack([faces["crop"][position] for position in positions]), faces["frame"][()][positions]


def fig1(path: str | Path, clips: Sequence[Clip], results: Path, show_licensed: bool) -> None:
    """Plot the clips of an index. Raises StoreError if a faces or apex file cannot be read."""
    first_clips = choose_clips(clips)
    if hide_licensed(path, first_clips, show_licensed, "Fig. 1"):
        return
    with save_page(path, 0.9 + 1.25 * len(first_clips)) as page:
        add_caption(page, "Fig. 1: onset to apex, micro-expressions above macro-expressions", first_clips)
        top = 1 - 0.95 / page.get_figheight()
        grid = page.add_gridspec(len(first_clips), FRAMES, left=0.01, right=0.99, top=top, bottom=0.01, wspace=0.04)
        for row, clip in enumerate(first_clips):
            for column, (frame, number) in enumerate(zip(*read_frames(clip, results), strict=True)):
                title = f"{number}" if column else f"{clip.dataset}, {clip.emotion}"
                show_cell(page, grid[row, column], frame, title, clip, 7)
