"""Name the extras of the wheel: their purposes, and how to install a package of one that is missing."""

from importlib.util import find_spec
from typing import NamedTuple


class Extra(NamedTuple):
    """Further packages, which `pip install 'microexpr[NAME]'` adds."""

    purpose: str
    modules: tuple[str, ...]
    versions: tuple[str, ...]  # packages with a version for `microexpr doctor` to print


EXTRAS = {
    "train": Extra(
        "training: `microexpr.loso`, and networks of a run's own", ("torch", "sklearn", "skimage"), ("torch",)
    ),
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


def remedy(error: ModuleNotFoundError) -> str | None:
    """Return the missing extra and how to install it, None for a module of no extra."""
    module = (error.name or "").partition(".")[0]
    for name, extra in EXTRAS.items():
        if module in {other.partition(".")[0] for other in extra.modules}:
            return f"{module} is not installed, which is for {extra.purpose}; {install(name)} adds it"
    return None


def missing(extra: str) -> list[str]:
    """Return the modules of an extra that are not installed. Imports none of them."""
    return [name for name in EXTRAS[extra].modules if not _is_there(name)]


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the package above it
        return False
