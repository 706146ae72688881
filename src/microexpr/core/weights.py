"""Find the weights that are shipped with the package, and read the metadata of files of weights."""

from pathlib import Path

from microexpr.core import onnx, store

FOLDER = Path(__file__).parents[1] / "weights"


def shipped(file: str) -> Path:
    """Return the path of a shipped file. `workflow/closure.py` takes a string of its name for a use of the file."""
    return FOLDER / file


def is_weights(path: str | Path) -> bool:
    """Return whether a file's name is that of trained weights."""
    return Path(path).suffix in (".safetensors", ".onnx")


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return the metadata of weights as safetensors or ONNX. Raises StoreError for a file that cannot be read."""
    return (onnx if Path(path).suffix == ".onnx" else store).read_metadata(path)
