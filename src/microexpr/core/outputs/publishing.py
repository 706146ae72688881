"""Outputs that appear whole: written into a hidden folder, then moved to their names when all of them are done."""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from microexpr.core.errors import MicroexprError, OutputError
from microexpr.core.outputs.decision import Output

BEFORE, AFTER = ".microexpr-", ".part"  # of a hidden folder's name


@contextmanager
def written(out: Output) -> Iterator[Path]:
    """The hidden folder to write into; nothing is moved if the block fails.

    Raises OutputError where a file that may not be replaced has come since the first check, or nothing can be
    written."""
    new = not out.root.exists()
    try:
        with _hidden(out.root) as part:
            yield part
            with _locked(out.root):
                _publish(out, part)
    except MicroexprError as error:
        raise type(error)(_with_user_path(str(error), out)) from error
    except OSError as error:
        if not str(error.filename or "").startswith(str(out.root)):
            raise
        raise OutputError(f"{out.user_path}: cannot be written: {error.strerror}") from error
    finally:
        if new:
            with suppress(OSError):  # it holds what was written
                out.root.rmdir()


def _with_user_path(text: str, out: Output) -> str:
    """An error about the hidden folder as one about the folder that the user named."""
    hidden = rf"{re.escape(str(out.root))}/{re.escape(BEFORE)}[^/]+{re.escape(AFTER)}"
    return re.sub(hidden, lambda _: str(out.user_path), text)


@contextmanager
def _hidden(root: Path) -> Iterator[Path]:
    """A new folder, locked while it is used. Folders of commands that were killed are removed."""
    root.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _locked(root):
            for left in root.glob(f"{BEFORE}*{AFTER}"):
                with suppress(OSError), _locked(left, wait=False):
                    shutil.rmtree(left)
            part = Path(mkdtemp(AFTER, BEFORE, root))
            stack.callback(shutil.rmtree, part, ignore_errors=True)
            stack.enter_context(_locked(part))
        yield part


@contextmanager
def _locked(folder: Path, wait: bool = True) -> Iterator[None]:
    """Holds a folder against other commands; on a file system without locks does nothing.

    Raises OSError where the folder is held, or cannot be, and `wait` is false."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            if not wait:
                raise
        yield
    finally:
        os.close(file)


def _publish(out: Output, part: Path) -> None:
    """Moves all files. The earlier files of a set go first: a kill in between leaves too few files, never two runs'."""
    names = sorted(path.relative_to(part).as_posix() for path in part.rglob("*") if path.is_file())
    if strange := [name for name in names if not out.declares(name)]:
        raise ValueError(f"{strange[0]} was written, but not declared: nobody checked what it replaces")
    out.check()
    out.mark.apply(part, names)
    for path in out.existing() if out.mark.names else ():  # a picture by itself is replaced in one move
        if path.name not in out.mark.names:
            path.unlink()
    for name in (*out.mark.names, *names):
        (out.root / name).parent.mkdir(exist_ok=True)
        (part / name).replace(out.root / name)
    out.mark.confirm(out.root, part, names)
