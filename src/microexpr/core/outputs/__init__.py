"""Paths that a command may write, decided for every command of `microexpr` before any work.

An input is never written. A file that this program did not write, or that was changed since, is written only with
`--force`. Nothing but the standard library is imported, so that a refusal takes milliseconds.

    out = outputs.png(Path("table.png"), inputs=[table], force=False)
    with outputs.written(out) as part:  # a hidden folder, whose files get their names when the block ends
        plot(part / out.names[0])
"""

import os
from collections.abc import Iterable
from pathlib import Path

from microexpr.core.errors import OutputError
from microexpr.core.outputs.decision import Output
from microexpr.core.outputs.inputs import Inputs
from microexpr.core.outputs.marks import Manifest, Mark, Seal
from microexpr.core.outputs.publishing import written

__all__ = ["Output", "film", "folder", "png", "written"]


def folder(
    path: Path,
    command: str,
    names: tuple[str, ...],
    inputs: Iterable[Path],
    force: bool,
    numbered: str = "",
) -> Output:
    """The files that `command` writes into the folder `path`, checked. Raises OutputError."""
    out = Output(
        user_path=path,
        root=_real(path),
        names=names,
        numbered=numbered,
        option="--out",
        mark=Manifest(f".{command}.microexpr.json"),
        inputs=Inputs(inputs),
        force=force,
    )
    out.check()
    return out


def film(path: Path, force: bool) -> Output:
    """A video and the table next to it, checked. Raises OutputError."""
    return _file(path, ".avi", (".csv",), Manifest(f".{path.name}.microexpr.json"), (), force)


def png(path: Path, inputs: Iterable[Path], force: bool) -> Output:
    """One picture, checked. Raises OutputError."""
    return _file(path, ".png", (), Seal(), inputs, force)


def _file(
    path: Path, suffix: str, suffixes: tuple[str, ...], mark: Mark, inputs: Iterable[Path], force: bool
) -> Output:
    """One file and those that differ from it in their suffix. A link that is named is followed."""
    real = _real(path)
    for name in (path, real):
        if name.suffix.lower() != suffix:
            raise OutputError(f"{path}: must end in {suffix}{f', not lead to {real}' if name is real else ''}")
    out = Output(
        user_path=path.parent if path.name == real.name else real.parent,
        root=real.parent,
        names=(real.name, *(real.with_suffix(other).name for other in suffixes)),
        option=f"OUT{suffix}",
        mark=mark,
        inputs=Inputs(inputs),
        force=force,
    )
    out.check()
    return out


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
