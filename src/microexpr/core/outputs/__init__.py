"""Decide, before any work, which paths a command of `microexpr` may write, and publish its files.

An input is never overwritten. A file that this program did not write, or that was changed since, is overwritten only
with `--force`. Only the standard library is imported, so that a refusal takes milliseconds.

    out = outputs.picture(Path("table.png"), inputs=[table], force=False)
    with outputs.publish(out) as part:  # a hidden folder, whose files move to their names when the block ends
        plot(part / out.names[0])
"""

import os
from collections.abc import Iterable
from pathlib import Path

from microexpr.core.errors import OutputError
from microexpr.core.outputs.decision import Output
from microexpr.core.outputs.inputs import Inputs, source_of
from microexpr.core.outputs.marks import Manifest, Mark, Seal
from microexpr.core.outputs.publishing import claim, publish, records, replace_record

__all__ = ["Inputs", "Output", "claim", "folder", "picture", "publish", "records", "replace_record", "table", "video"]

PICTURES = (".png", ".svg", ".pdf", ".jpg")


def folder(
    path: Path,
    command: str,
    names: tuple[str, ...],
    inputs: Iterable[Path] | Inputs,
    force: bool,
    numbered: str = "",
    source: Path | None = None,
) -> Output:
    """Return the files that `command` writes into the folder `path`, of the input `source` if it is one.

    Raises OutputError if it may not write them."""
    out = Output(
        user_path=path,
        root=_resolve(path),
        names=names,
        numbered=numbered,
        option="--out",
        mark=Manifest(command),
        inputs=inputs if isinstance(inputs, Inputs) else Inputs(inputs),
        force=force,
        source=source_of(source) if source else "",
    )
    out.check()
    return out


def video(path: Path, force: bool) -> Output:
    """Return a video and the table next to it as output. Raises OutputError if they may not be written."""
    return _file(path, (".avi", ".mp4"), (".csv",), Manifest(path.name), (), force)


def table(path: Path, inputs: Iterable[Path] | Inputs, force: bool, source: Path | None = None) -> Output:
    """Return one file, with a manifest of its own, as output. Raises OutputError if it may not be written."""
    return folder(path.parent, path.name, (path.name,), inputs, force, source=source)


def picture(path: Path, inputs: Iterable[Path], force: bool) -> Output:
    """Return one picture, whose suffix names its format, as output. Raises OutputError if it may not be written."""
    mark = Seal() if path.suffix.lower() == ".png" else Manifest(path.name)
    return _file(path, PICTURES, (), mark, inputs, force)


def _file(
    path: Path, suffixes: tuple[str, ...], siblings: tuple[str, ...], mark: Mark, inputs: Iterable[Path], force: bool
) -> Output:
    """Return one file, and those of the same name with another suffix, as output. A symbolic link is followed."""
    real = _resolve(path)
    if path.suffix.lower() not in suffixes:
        raise OutputError(f"{path}: must end in {' or '.join(suffixes)}")
    if path.suffix.lower() != real.suffix.lower():
        raise OutputError(f"{path}: must end in {path.suffix}, not lead to {real}")
    out = Output(
        user_path=path.parent if path.name == real.name else real.parent,
        root=real.parent,
        names=(real.name, *(real.with_suffix(other).name for other in siblings)),
        option=f"OUT{real.suffix}",
        mark=mark,
        inputs=Inputs(inputs),
        force=force,
    )
    out.check()
    return out


def _resolve(path: Path) -> Path:
    """Return the path without symbolic links; it need not exist."""
    return Path(os.path.realpath(path))
