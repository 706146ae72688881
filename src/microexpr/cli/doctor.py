"""List installed and missing parts, the purpose of each, and how to add it. Loads no network and changes nothing."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from microexpr import __version__
from microexpr.core import arithmetic
from microexpr.core.errors import EXTRAS, StoreError, install, missing_modules
from microexpr.core.files import WEIGHTS, is_weights, visible
from microexpr.core.onnx import read_metadata

LIBRARY = ("numpy", "opencv-python", "onnxruntime", "dlib-bin", "av", "numba", "h5py")  # with compiled parts


class Finding(NamedTuple):
    """A line of the list."""

    part: str
    is_well: bool | None  # None where nothing here needs it
    what: str


def findings() -> Iterator[Finding]:
    """Yield the parts of the report, the library first."""
    yield Finding(
        "microexpr", True, f"{__version__} in {Path(__file__).parents[1]}, Python {platform.python_version()}"
    )
    versions = {name: _version(name) for name in LIBRARY}
    missing = ", ".join(name for name, number in versions.items() if not number)
    reinstall = f"; missing: {missing}: pip install --force-reinstall microexpr" if missing else ""
    present = ", ".join(f"{name} {number}" for name, number in versions.items() if number)
    yield Finding("library", not missing, present + reinstall)
    files, damaged = [path for path in visible(WEIGHTS) if is_weights(path)], []
    for path in files:
        try:
            read_metadata(path)
        except StoreError as error:
            damaged.append(str(error))
    yield Finding("weights", bool(files) and not damaged, "; ".join(damaged) or f"{len(files)} files in {WEIGHTS}")
    fits = arithmetic.is_supported()
    yield Finding(
        "digits", fits or None, "those of every CPU with AVX2" if fits else "of this CPU's own: it has no AVX2"
    )
    for name, extra in EXTRAS.items():
        if modules := missing_modules(name):
            yield Finding(name, None, f"{', '.join(modules)} missing, for {extra.purpose}; {install(name)}")
        else:
            yield Finding(name, True, ", ".join(f"{package} {_version(package)}" for package in extra.versions))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
