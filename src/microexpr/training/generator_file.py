"""The file of a trained generator of clips: the networks that synthesise, and the clips that they were fitted on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core.weights import shipped
from microexpr.models import generators
from microexpr.models.base import Generator, Modules
from microexpr.training import network_file

SCHEMA = "generator/1"
SHIPPED = shipped("reenact.safetensors")  # FAMGAN's, fitted on the population


@dataclass(frozen=True, eq=False)
class LoadedGenerator:
    """A trained generator, ready to synthesise clips."""

    method: Generator
    modules: Modules  # the method's `inference_modules`, in eval()
    fitted_on: frozenset[str]  # as in `provenance`
    metadata: Mapping[str, str]  # of the file


def save(
    path: str | Path,
    method: Generator,
    tensors: Mapping[str, np.ndarray],
    fitted_on: Iterable[str],
    /,
    **metadata: str,
) -> None:
    """Write those of `tensors`, named `<module>.<tensor>`, whose modules synthesise clips."""
    needed = {name: value for name, value in tensors.items() if name.split(".")[0] in method.inference_modules}
    network_file.save(path, SCHEMA, method, needed, fitted_on, metadata)


def load(path: str | Path) -> LoadedGenerator:
    """Read a file that `save` wrote. Raises StoreError for any other file, and for another version's network."""
    saved = network_file.load(path, SCHEMA, generators.find)
    assert isinstance(saved.method, Generator)
    return LoadedGenerator(saved.method, Modules(**saved.modules), saved.fitted_on, saved.metadata)
