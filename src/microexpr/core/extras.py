"""Name the extras of the wheel: what they are for, and how to install a package of one that is missing."""

from importlib.util import find_spec

PURPOSES = {
    "train": "training: `microexpr.loso`, and networks of a run's own",
    "workflow": "the pipeline from a checkout: Snakemake and DVC",
    "xarray": "stage files as labelled arrays: `microexpr.open_stage`",
}
PACKAGES = {  # modules of each
    "train": ("torch", "sklearn"),
    "workflow": ("snakemake", "dvc", "ruamel.yaml", "face_recognition"),
    "xarray": ("xarray", "h5netcdf"),
}


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'microexpr[{extra}]'"


def remedy(error: ModuleNotFoundError) -> str | None:
    """Return what is missing and how to install it, None for a module of no extra."""
    module = (error.name or "").partition(".")[0]
    tops = {extra: {name.partition(".")[0] for name in names} for extra, names in PACKAGES.items()}
    extra = next((extra for extra, names in tops.items() if module in names), None)
    return extra and f"{module} is not installed, which is for {PURPOSES[extra]}; {install(extra)} adds it"


def missing(extra: str) -> list[str]:
    """Return the modules of an extra that are not installed. Imports none of them."""
    return [name for name in PACKAGES[extra] if not _is_there(name)]


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the package above it
        return False
