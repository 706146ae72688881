"""Everyone's face as one picture: an apex of each, and what moved."""

from collections.abc import Sequence
from pathlib import Path

from microexpr.reporting.plots.drawing import caption, picture, refuse_licensed, stamp, written
from microexpr.reporting.sheet import MAGNIFIED, Entry

ACROSS = 6  # people in a row


def write(entries: Sequence[Entry], path: str | Path, show_licensed_faces: bool = False) -> None:
    """Writes a PNG of people, each with an apex and, below it, what differs from the onset.

    Raises DataError for pictures that are licensed unless `show_licensed_faces`, StoreError if it cannot be written.
    """
    clips = [entry.clip for entry in entries]
    refuse_licensed(clips, show_licensed_faces)
    rows = -(-len(entries) // ACROSS)
    with written(path, 0.6 + rows * 3.75) as figure:
        inch = 1 / figure.get_figheight()
        title = f"A clip of each: the apex, and below {MAGNIFIED} times what differs from the onset (grey: nothing)"
        caption(figure, title, clips)
        grid = figure.add_gridspec(
            rows, ACROSS, left=0.015, right=0.985, top=1 - 0.95 * inch, bottom=0.01, wspace=0.04, hspace=0.15
        )
        for place, entry in enumerate(entries):
            cell = grid[divmod(place, ACROSS)].subgridspec(2, 1, hspace=0.04)
            face, change = (figure.add_subplot(cell[below]) for below in (0, 1))
            shown = ", ".join(filter(None, (entry.clip.emotion, entry.clip.action_units)))
            picture(face, entry.apex.squeeze(), f"{entry.clip.dataset}/{entry.clip.subject}\n{shown}")
            picture(change, entry.change, "")
            for axes in (face, change):
                stamp(axes, entry.clip)
