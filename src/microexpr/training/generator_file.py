"""The file of a trained generator of clips: the networks that make them, and whose clips these were fitted on."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from pydantic import ValidationError

from microexpr import __version__
from microexpr.core import store
from microexpr.core.errors import MicroexprError, StoreError
from microexpr.models import generators
from microexpr.models.base import Generator, Modules
from microexpr.training.group import by_pixel

SCHEMA = "generator/1"


@dataclass(frozen=True, eq=False)
class Trained:
    """A generator that can be asked for clips."""

    method: Generator
    modules: Modules  # those that make, in eval()
    fitted_on: frozenset[str]  # as in `provenance`
    said: Mapping[str, str]  # the file's metadata


def save(
    path: str | Path, method: Generator, tensors: Mapping[str, np.ndarray], fitted_on: Iterable[str], /, **said: str
) -> None:
    """Writes what makes clips of `tensors`, which are named `<module>.<tensor>`."""
    kept = {name: value for name, value in tensors.items() if name.split(".")[0] in method.makes}
    about = {
        "schema": SCHEMA,
        "created_by": f"microexpr {__version__}",
        "network": type(method).__module__.rpartition(".")[2],
        "params": json.dumps(method.params.model_dump(mode="json"), sort_keys=True),
    }
    store.write_tensors(path, kept, sorted({*fitted_on}), **said | about)


@torch.no_grad()
def load(path: str | Path) -> Trained:
    """A file that `save` wrote. Raises StoreError for any other, and for one of other code's networks."""
    tensors, said = store.read_tensors(path)
    if (found := said.get("schema", "nothing of microexpr")) != SCHEMA:
        raise StoreError(f"{path}: must hold {SCHEMA}, not {found} (made by {said.get('created_by', 'nobody known')})")
    network = said.get("network", "nothing")
    try:
        kind = generators.find(network)
        method = kind(kind.Params.model_validate_json(said.get("params", "")))
    except (MicroexprError, ValidationError) as error:
        raise StoreError(f"{path}: params are not those of {network} here; make it anew") from error
    with torch.random.fork_rng(devices=[]):
        modules = {name: module for name, module in method.build({}).items() if name in method.makes}
    wanted = {f"{name}.{key}": value for name, one in modules.items() for key, value in one.eval().state_dict().items()}
    if {name: tuple(value.shape) for name, value in wanted.items()} != {n: v.shape for n, v in tensors.items()}:
        raise StoreError(f"{path}: tensors are not those of {network} here; make it anew")
    for name, value in wanted.items():
        value.copy_(torch.tensor(tensors[name]))
    for parameter in chain.from_iterable(module.parameters() for module in modules.values()):
        if parameter.ndim == 4:  # as the engine lays them out: in another order sums are rounded otherwise
            parameter.data = by_pixel(parameter.data)
    return Trained(method, Modules(**modules), frozenset(said["fitted_on"].split("\n")), said)
