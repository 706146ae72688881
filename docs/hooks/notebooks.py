"""Notebooks of docs/tutorials as pages of the site. As a program: run them, and store what they print and plot."""

import argparse
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

FOLDER = Path(__file__).parents[1] / "tutorials"
DATA = (".csv", ".npz")  # that notebooks read


def pages(path: Path, name: str) -> dict[str, str | bytes]:
    """Return the page `name`.md, the pictures and the file itself of a notebook, by their paths in the site."""
    resources = {"output_files_dir": f"{Path(name).name}_files"}
    text, resources = MarkdownExporter().from_filename(str(path), resources=resources)
    folder = Path(name).parent
    download = f'<a href="{path.name}" download>Download this notebook</a>; it reads the files of docs/tutorials.'
    files = {f"{name}.md": f"{text}\n{download}\n", f"{name}.ipynb": path.read_bytes()}
    return files | {str(folder / file): data for file, data in resources["outputs"].items()}


def run(path: Path) -> nbformat.NotebookNode:
    """Return a notebook with its cells run in order by a new kernel, in a copy of the folder.

    Raises nbclient's CellExecutionError if a cell fails."""
    notebook = nbformat.read(path, 4)
    with TemporaryDirectory() as folder:
        for data in (path for path in FOLDER.iterdir() if path.suffix in DATA):
            shutil.copy(data, folder)
        NotebookClient(notebook, resources={"metadata": {"path": folder}}, record_timing=False).execute()
    notebook.metadata.language_info = {"name": "python"}  # no version, which each machine would change
    return notebook


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted(FOLDER.glob("*.ipynb")))
    parser.add_argument("--out", type=Path, help="write the result there, of one notebook")
    arguments = parser.parse_args()
    for path in arguments.notebooks:
        nbformat.write(run(path), arguments.out or path)


if __name__ == "__main__":
    main()
