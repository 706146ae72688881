"""Define the package's exceptions. A message is one line: file, row or key, expected and actual value.

Also the extras of the wheel; their packages may be missing. This module imports nothing of the package; every module
may import it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

LONGEST = 4000  # characters of a message: the text in place of a number may have millions


def printable(text: str) -> str:
    """Return a text with control characters, bidirectional marks and undecodable bytes as "\\x1b"; line feeds stay. A
    name of a file may hold a terminal's commands."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


class MicroexprError(Exception):
    """A problem that a user can mend, shown as one line without a traceback."""

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) > LONGEST:
            text = f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
        return printable(text).replace("\n", "\\n")


class DataError(MicroexprError):
    """A data set on disk does not follow its layout. The message names file, row or clip."""


class ParamsError(MicroexprError):
    """A key or value of params.yaml is not accepted."""


class StoreError(MicroexprError):
    """A file of this program cannot be read or written: missing, truncated, of another schema, disk full."""


class OutputError(MicroexprError):
    """A command would overwrite an input or a foreign file, or cannot write to its output folder."""


class LeakError(MicroexprError):
    """A prediction concerns a held-out unit that something upstream was fitted on."""


@contextmanager
def collect_errors(problems: list[str] | None) -> Iterator[None]:
    """Append a DataError to `problems` if that is a list, else raise it. An OSError becomes a DataError."""
    try:
        try:
            yield
        except OSError as error:  # no permission, a loop of links, a name too long
            reason = f"cannot be read: {error.strerror or error}"
            raise DataError(f"{error.filename or 'a file'}: {reason}") from error
    except DataError as error:
        if problems is None:
            raise
        problems.append(str(error))


def about(path: Path, error: Exception) -> str:
    """Return an error of any kind as a line that names the file it is of."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text if str(path) in text else f"{path}: {text}"


def remedy(*paths: str | Path) -> str:
    """Return "; `snakemake --cores all PATH` makes it" for files that a run makes, "" for files from elsewhere. A file
    that exists passes as up to date, so that Snakemake makes it again only with --force."""
    outputs = [str(path) for path in paths if str(path).startswith(("results/", "data/rendered/"))]
    if not outputs:
        return ""
    force = "--force " * any(Path(path).exists() for path in outputs)
    return f"; `snakemake --cores all {force}{' '.join(outputs)}` makes {'them' if outputs[1:] else 'it'}"


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return " (did you mean 'epochs'?)" for the candidate nearest to `name`, in any case; "" if none is near."""
    names = {str(candidate).lower(): str(candidate) for candidate in candidates}
    match = get_close_matches(str(name)[:LONGEST].lower(), names, n=1)
    return f" (did you mean {names[match[0]]!r}?)" if match else ""


class Extra(NamedTuple):
    """Further packages, which `pip install 'microexpr[NAME]'` adds."""

    purpose: str
    modules: tuple[str, ...]
    versions: tuple[str, ...]  # packages with a version for `microexpr doctor` to print


EXTRAS = {
    "train": Extra("training: `microexpr.loso`, and networks of a run's own", ("torch", "skimage"), ("torch",)),
    "workflow": Extra(
        "the pipeline from a checkout: Snakemake and DVC",
        ("snakemake", "dvc", "ruamel.yaml", "plotly", "face_recognition"),
        ("snakemake", "dvc"),
    ),
    "xarray": Extra(
        "stage files as labelled arrays: `microexpr.open_stage`", ("xarray", "h5netcdf"), ("xarray",)
    ),
}  # fmt: skip


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'microexpr[{extra}]'"


def extra_remedy(error: ModuleNotFoundError) -> str | None:
    """Return the missing extra and how to install it, None for a module of no extra."""
    module = (error.name or "").partition(".")[0]
    for name, extra in EXTRAS.items():
        if module in {other.partition(".")[0] for other in extra.modules}:
            return f"{module} is not installed, which is for {extra.purpose}; {install(name)} adds it"
    return None


def missing_modules(extra: str) -> list[str]:
    """Return the modules of an extra that are not installed. Imports none of them."""
    missing = []
    for name in EXTRAS[extra].modules:
        try:
            missing += [] if find_spec(name) else [name]
        except ModuleNotFoundError:  # the package above it
            missing.append(name)
    return missing


@contextmanager
def errors_at(position: str) -> Iterator[None]:
    """Put a position before a ParamsError's message; also a decorator."""
    try:
        yield
    except ParamsError as error:
        raise ParamsError(f"{position}{error}") from None
