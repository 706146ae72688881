"""Find the weights that are shipped with the package. Reads none of them."""

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "weights"


def shipped(file: str) -> Path:
    """Return the path of a shipped file. `workflow/closure.py` takes a string of its name for a use of the file."""
    return FOLDER / file
