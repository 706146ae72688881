"""Whether the code that computes is this checkout's own. Imports nothing of the package, which may be another one's."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src/microexpr/__init__.py"


def imported() -> Path | None:
    """Return the file of the package that this Python imports."""
    spec = find_spec("microexpr")
    return Path(spec.origin).resolve() if spec and spec.origin else None


def check() -> None:
    """End the program with one line where the source of another checkout would compute, whatever is edited here.

    An environment that was copied with its checkout imports the package from where it was installed."""
    if (path := imported()) != PACKAGE:
        other = f"{path.parent} would compute here" if path else "no microexpr is installed that would compute here"
        sys.exit(
            f"error: {other}, not {PACKAGE.parent} (a copied .venv, another active environment, or PYTHONPATH?): "
            "`make -B .venv/.installed` and `source .venv/bin/activate`, or `pip install -e .` into your environment"
        )


def restart() -> None:
    """Start this program again with this checkout's source where another one's would compute, as in the copies of a
    checkout in which `dvc exp run --temp` runs."""
    source, path = str(PACKAGE.parents[1]), os.environ.get("PYTHONPATH", "")
    if imported() == PACKAGE:
        return
    if path.startswith(source):  # to no effect, as with Python's option -E
        check()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [source, path]))}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
