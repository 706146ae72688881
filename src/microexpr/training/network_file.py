"""Files of trained networks: tensors, and as metadata the network's module, its params and what it was fitted on.

Recognisers and generators share this; `SCHEMA`, and what a loaded network is asked for, are in their own modules.
"""

import json
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from microexpr import __version__
from microexpr.core import store
from microexpr.core.errors import MicroexprError, StoreError, remedy
from microexpr.models.base import CLASSES, Generator, Method, NetworkMethod, Statistics
from microexpr.training.group import STATISTICS, lay_out_weights


@dataclass(frozen=True, eq=False)
class SavedNetwork:
    """A network that was read from its file, in eval()."""

    method: NetworkMethod
    modules: Mapping[str, nn.Module]
    statistics: Statistics
    fitted_on: frozenset[str]  # as in `provenance`
    metadata: Mapping[str, str]


def save(
    path: str | Path,
    schema: str,
    method: NetworkMethod,
    tensors: Mapping[str, np.ndarray],
    fitted_on: Iterable[str],
    metadata: dict[str, str],
) -> None:
    """Write a network's tensors, named `<module>.<tensor>` and `statistics.<name>`, and all that rebuilds it."""
    store.write_tensors(path, dict(tensors), sorted({*fitted_on}), **about(method, metadata), schema=schema)


def about(method: NetworkMethod, metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of a file with those that name its network and the version of the code.

    What belongs to one file is left out: schema and provenance."""
    params = json.dumps(method.params.model_dump(mode="json"), sort_keys=True)
    others = {name: value for name, value in metadata.items() if name not in ("fitted_on", "schema")}
    return others | {"created_by": f"microexpr {__version__}", "network": method.name(), "params": params}


def load(
    path: str | Path, schema: str, find: Callable[[str], type[Method]], keys: Iterable[str] = ("fitted_on",)
) -> SavedNetwork:
    """Read a file that `save` wrote, and rebuild its network by the method that `find` returns for its name.

    Of a generator only the modules that synthesise are rebuilt. Raises StoreError for a file of another schema or
    without these keys in its metadata, and for params or tensors of another version of the code."""
    tensors, metadata = store.read_tensors(path)
    if (actual := metadata.get("schema", "nothing of microexpr")) != schema:
        writer = metadata.get("created_by", "an unknown program")
        raise StoreError(f"{path}: must hold {schema}, not {actual} (written by {writer}){remedy(path)}")
    for key in keys:
        if key not in metadata:
            raise StoreError(f"{path}: metadata must have {key}{remedy(path)}")
    method = _method(path, find, metadata)
    values = {name: torch.tensor(array) for name, array in tensors.items()}
    prefixed = [name for name in values if name.startswith(STATISTICS)]
    statistics = {name.removeprefix(STATISTICS): values.pop(name) for name in prefixed}
    expected = {}
    # without memory, of which params may ask for any amount; torch warns of shipped weights that stay behind
    with torch.device("meta"), warnings.catch_warnings(action="ignore"), suppress(KeyError):
        expected = {name: tensor.shape for name, tensor in _state(_modules(method, statistics)).items()}
    if expected != {name: value.shape for name, value in values.items()}:
        raise StoreError(f"{path}: tensors must be those of {method.name()} in this version{remedy(path)}")
    with torch.random.fork_rng(devices=[]):
        modules = _modules(method, statistics)
    with torch.no_grad():
        for name, tensor in _state(modules).items():
            tensor.copy_(values[name])
    for module in modules.values():
        lay_out_weights(module.eval())  # as the engine does
    return SavedNetwork(method, modules, statistics, frozenset(metadata["fitted_on"].split("\n")), metadata)


def _method(path: str | Path, find: Callable[[str], type[Method]], metadata: Mapping[str, str]) -> NetworkMethod:
    network = metadata.get("network", "nothing")
    classes = len(metadata["classes"].split(", ")) if "classes" in metadata else CLASSES
    try:
        kind = find(network)
        method = kind(kind.Params.model_validate_json(metadata.get("params", "")), classes)
    except (MicroexprError, ValidationError) as error:
        raise StoreError(f"{path}: params must be those of {network} in this version{remedy(path)}") from error
    if not isinstance(method, NetworkMethod):
        raise StoreError(f"{path}: must hold a network, not {network}")
    return method


def _modules(method: NetworkMethod, statistics: Statistics) -> dict[str, nn.Module]:
    built = method.shared() | method.build(statistics)
    return {name: built[name] for name in (method.inference_modules if isinstance(method, Generator) else built)}


def _state(modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    return {
        f"{name}.{key}": tensor
        for name, module in modules.items()
        for key, tensor in [*module.named_parameters(), *module.named_buffers()]
    }
