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
from microexpr.core.outputs.inputs import Inputs
from microexpr.core.outputs.marks import Manifest, Mark, Seal
from microexpr.core.outputs.publishing import claim, publish

__all__ = ["Output", "claim", "folder", "picture", "publish", "tables", "video"]

PICTURES = (".png", ".svg", ".pdf", ".jpg")


def folder(
    path: Path,
    command: str,
    names: tuple[str, ...],
    inputs: Iterable[Path],
    force: bool,
    numbered: str = "",
) -> Output:
    """Return the files that `command` writes into the folder `path`. Raises OutputError if it may not write them."""
    out = Output(
        user_path=path,
        root=_resolve(path),
        names=names,
        numbered=numbered,
        option="--out",
        mark=Manifest(f".{command}.microexpr.json"),
        inputs=Inputs(inputs),
        force=force,
    )
    out.check()
    return out


def video(path: Path, force: bool) -> Output:
    """Return a video and the table next to it as output. Raises OutputError if they may not be written."""
    return _file(path, (".avi", ".mp4"), (".csv",), Manifest(f".{path.name}.microexpr.json"), (), force)


def tables(folder: Path, names: Iterable[str], inputs: Iterable[Path], force: bool) -> dict[str, Output]:
    """Return each file of a folder as an output of its own, which appears when it is finished, by its name.

    Raises OutputError if one of them may not be written."""
    root, read = _resolve(folder), Inputs(inputs)
    result = {
        name: Output(
            user_path=folder,
            root=root,
            names=(name,),
            option="--out",
            mark=Manifest(f".{name}.microexpr.json"),
            inputs=read,
            force=force,
        )
        for name in names
    }
    for out in result.values():
        out.check()
    return result


def picture(path: Path, inputs: Iterable[Path], force: bool) -> Output:
    """Return one picture, whose suffix names its format, as output. Raises OutputError if it may not be written."""
    mark = Seal() if path.suffix.lower() == ".png" else Manifest(f".{path.name}.microexpr.json")
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
