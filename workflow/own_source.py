"""Whether the code that computes is this checkout's own. Imports nothing of the package, which may be another one's."""

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src/microexpr/__init__.py"


def check() -> None:
    """End the program with one line where the source of another checkout would compute, whatever is edited here.

    An environment that was copied with its checkout imports the package from where it was installed."""
    spec = find_spec("microexpr")
    imported = Path(spec.origin).resolve() if spec and spec.origin else None
    if imported != PACKAGE:
        other = f"{imported.parent} would compute here" if imported else "no microexpr is installed here"
        sys.exit(
            f"error: {other}, not {PACKAGE.parent} (a copied .venv, another active environment, or PYTHONPATH?): "
            "`make -B .venv/.installed` and `source .venv/bin/activate`, or `pip install -e .` into your environment"
        )
