"""Files of trained generators: their networks, and the provenance of the clips that these were fitted on."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from pydantic import ValidationError

from microexpr import __version__, generators, store
from microexpr.errors import MicroexprError, StoreError
from microexpr.method import Generator, Modules
from microexpr.training.group import by_pixel

SCHEMA = "generator/1"


@dataclass(frozen=True, eq=False)
class LoadedGenerator:
    """A trained generator, ready to synthesise clips."""

    method: Generator
    modules: Modules  # the method's `inference_modules`, in eval()
    fitted_on: frozenset[str]  # as in `provenance`
    metadata: Mapping[str, str]


def save(
    path: str | Path,
    method: Generator,
    tensors: Mapping[str, np.ndarray],
    fitted_on: Iterable[str],
    /,
    **metadata: str,
) -> None:
    """Write the tensors, named `<module>.<tensor>`, of the modules that synthesise clips."""
    inference = {name: value for name, value in tensors.items() if name.split(".")[0] in method.inference_modules}
    about = {
        "schema": SCHEMA,
        "created_by": f"microexpr {__version__}",
        "network": method.name(),
        "params": json.dumps(method.params.model_dump(mode="json"), sort_keys=True),
    }
    store.write_tensors(path, inference, sorted({*fitted_on}), **metadata | about)


@torch.no_grad()
def load(path: str | Path) -> LoadedGenerator:
    """Load a file that `save` wrote. Raises StoreError for any other file, and for networks of other code."""
    tensors, metadata = store.read_tensors(path)
    if (schema := metadata.get("schema", "nothing of microexpr")) != SCHEMA:
        author = metadata.get("created_by", "an unknown program")
        raise StoreError(f"{path}: must hold {SCHEMA}, not {schema} (written by {author})")
    network = metadata.get("network", "nothing")
    try:
        kind = generators.find(network)
        method = kind(kind.Params.model_validate_json(metadata.get("params", "")))
    except (MicroexprError, ValidationError) as error:
        raise StoreError(f"{path}: params must be those of {network} in this version; train it again") from error
    with torch.random.fork_rng(devices=[]):
        modules = {name: module for name, module in method.build({}).items() if name in method.inference_modules}
    parameters = {
        f"{name}.{key}": value for name, module in modules.items() for key, value in module.eval().state_dict().items()
    }
    if {name: tuple(value.shape) for name, value in parameters.items()} != {n: v.shape for n, v in tensors.items()}:
        raise StoreError(f"{path}: tensors must be those of {network} in this version; train it again")
    for name, value in parameters.items():
        value.copy_(torch.tensor(tensors[name]))
    for parameter in chain.from_iterable(module.parameters() for module in modules.values()):
        if parameter.ndim == 4:  # the engine's memory layout: another order of sums would round differently
            parameter.data = by_pixel(parameter.data)
    return LoadedGenerator(method, Modules(**modules), frozenset(metadata["fitted_on"].split("\n")), metadata)
