"""Reading of params.yaml, and of models with errors in one line. Holds no value itself."""

from importlib import import_module
from pathlib import Path
from typing import Any

from microexpr.core import yaml_file
from microexpr.core.errors import ParamsError
from microexpr.core.value_cache import cached
from microexpr.training.checked import Checked


def load(path: str | Path) -> dict[str, Any]:
    """Return the contents of params.yaml. Raises ParamsError unless it is a mapping with text keys, each once."""
    values = yaml_file.read(path, ParamsError)
    if not isinstance(values, dict):
        raise ParamsError(f"{path}: must be a mapping of sections, not {type(values).__name__}")
    return values


def check_cached(values: dict[str, Any]) -> Checked:
    """Return `described.check` of these values, cached: it loads torch, and each start of Snakemake needs it."""
    described = "microexpr.tasks.described"
    return Checked(**cached("params", values, lambda: import_module(described).check(values).model_dump()))
