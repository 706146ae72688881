"""Plot a contact sheet of all subjects: an apex of each, and its changes since the onset."""

from collections.abc import Sequence
from pathlib import Path

from microexpr.reporting.plots.drawing import add_caption, refuse_licensed, save_page, show_cell
from microexpr.reporting.sheet import MAGNIFIED, Entry

ACROSS = 6  # subjects in a row


def write(entries: Sequence[Entry], path: str | Path, show_licensed_faces: bool = False) -> None:
    """Write a PNG of subjects, each with an apex and, below it, its difference from the onset.

    Raises DataError for licensed faces unless `show_licensed_faces`, StoreError if the file cannot be written.
    """
    clips = [entry.clip for entry in entries]
    refuse_licensed(clips, show_licensed_faces)
    rows = -(-len(entries) // ACROSS)
    with save_page(path, 0.6 + rows * 3.75) as figure:
        inch = 1 / figure.get_figheight()
        title = (
            f"A clip of each subject: the apex, and below {MAGNIFIED} times its difference from the onset (grey: none)"
        )
        add_caption(figure, title, clips)
        grid = figure.add_gridspec(
            rows, ACROSS, left=0.015, right=0.985, top=1 - 0.95 * inch, bottom=0.01, wspace=0.04, hspace=0.15
        )
        for i, entry in enumerate(entries):
            cell = grid[divmod(i, ACROSS)].subgridspec(2, 1, hspace=0.04)
            description = ", ".join(filter(None, (entry.clip.emotion, entry.clip.action_units)))
            title = f"{entry.clip.dataset}/{entry.clip.subject}\n{description}"
            show_cell(figure, cell[0], entry.apex.squeeze(), title, entry.clip)
            show_cell(figure, cell[1], entry.change, "", entry.clip)
