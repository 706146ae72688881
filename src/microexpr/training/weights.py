"""Files of weights: trained networks with their params and all that they were fitted on, and initial weights.

Out of scope: a register of methods, or each training would depend on the code of all.
"""

import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from microexpr import __version__
from microexpr.core import onnx, store
from microexpr.core.errors import MicroexprError, ParamsError, StoreError, remedy
from microexpr.core.files import shipped
from microexpr.models.base import CLASSES, Generator, Method, Modules, NetworkMethod, Shapes, Statistics
from microexpr.signals import inputs
from microexpr.training import onnx_export
from microexpr.training.group import STATISTICS, lay_out_weights, named_tensors
from microexpr.training.job import Job

INITIAL, TEACHER = "initial/1", "pretrain/1"  # schemas of initial weights
FINAL, GENERATOR = "final/1", "generator/1"  # schemas of networks that are used as they are
KEY = ("schema", "network", "params", "classes", "several")  # metadata that differ between trainings
SHIPPED = shipped("reenact.safetensors")  # FAMGAN's generator, fitted on the population, as initial weights


def key(schema: str, method: Method, classes: Sequence[str] = ()) -> dict[str, str]:
    """Return the metadata by which weights are told from those of another network, or of other params or classes."""
    params = json.dumps(method.params.model_dump(mode="json"), sort_keys=True)
    entries = {"schema": schema, "params": params}
    if schema != TEACHER:  # the method's name identifies the network
        entries["network"] = method.name()
    if classes:
        entries["classes"] = ", ".join(classes)
    if method.several:  # its threshold plays no part where nothing is tested
        entries["several"] = method.several.loss
    return entries


def write(
    path: str | Path,
    schema: str,
    method: Method,
    tensors: Mapping[str, np.ndarray],
    fitted_on: Iterable[str],
    metadata: Mapping[str, str],
) -> None:
    """Write a method's tensors, with their training data and the version of the code.

    Its `key` has the metadata's classes, if they have any."""
    about = {**metadata, "created_by": f"microexpr {__version__}", **key(schema, method)}
    store.write_tensors(path, dict(tensors), sorted({*fitted_on}), **about)


def export(
    path: str | Path,
    network: "Network",
    module: nn.Module,
    inputs: dict[str, Tensor],
    outputs: list[str],
    /,
    **metadata: str,
) -> None:
    """Write a network as an ONNX file, by a module that computes named outputs from examples of its inputs."""
    about = {**network.metadata, "created_by": f"microexpr {__version__}"}
    about |= key(schema="", method=network.method) | metadata
    about = {name: value for name, value in about.items() if name not in ("fitted_on", "schema")}
    onnx.write(path, onnx_export.graph(module, inputs, outputs), sorted(network.fitted_on), **about)


def load_first(job: Job, files: inputs.Files) -> str:
    """Load into a job's method the weights in roles `teacher` and `initial` of `files`; return the code of the latter.

    Raises StoreError where one is missing, not expected, or of another network, params or classes."""
    method, code = job.method, ""
    population = method.population_pretraining()
    expected = {
        "teacher": job.teacher and key(TEACHER, job.teacher, job.protocol.classes),
        "initial": population and key(INITIAL, population, job.protocol.classes),
    }
    if getattr(method.params, "initialisation", "") == "shipped":
        expected["initial"] = {name: value for name, value in store.read_metadata(SHIPPED).items() if name in KEY}
    for role, entries in expected.items():
        paths = files.get(role, ())
        if len(paths) != bool(entries):
            raise StoreError(f"{job.name} must have {bool(entries):d} files of weights as {role}, not {len(paths)}")
        if not entries:
            continue
        arrays, metadata = store.read_tensors(paths[0])
        for name in KEY:
            if metadata.get(name) != entries.get(name):
                raise StoreError(f"{paths[0]}: {name} must be those that {job.name} expects{remedy(paths[0])}")
        setattr(method, f"{role}_weights", {name: torch.tensor(array) for name, array in arrays.items()})
        if role == "initial":
            code = describe(metadata)
    return code


def describe(metadata: Mapping[str, str]) -> str:
    """Return the code of initial weights in the attribute `initialisation` of a training that starts from them."""
    if metadata["schema"] == GENERATOR:
        return f"shipped subjects={len(metadata['fitted_on'].split())}"
    return f"population clips={metadata['clips']} subjects={len(metadata['identities'].split())}"


def check_shipped(method: Method, name: str) -> None:
    """Raise ParamsError for a generator that is to start from the shipped one's weights and has other layers."""
    expected = json.loads(store.read_metadata(SHIPPED)["params"])
    for param in ("moves", "width", "blocks"):
        if (actual := getattr(method.params, param)) != expected[param]:
            raise ParamsError(f"{name}.{param} must be {expected[param]} with initialisation: shipped, not {actual}")


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network, in eval()."""

    method: NetworkMethod
    modules: Modules  # of a generator those that synthesise
    statistics: Statistics
    fitted_on: frozenset[str]  # as in `provenance`
    metadata: Mapping[str, str]  # of its file

    @property
    def inputs(self) -> Shapes:
        """Names and shapes of its inputs."""
        return self.method.inputs

    @classmethod
    def read(
        cls, path: str | Path, schema: str, find: Callable[[str], type[Method]], entries: Iterable[str] = ("fitted_on",)
    ) -> Self:
        """Read a file, and rebuild its network by the method that `find` returns for its name.

        Raises StoreError for a file of another schema or without these entries in its metadata, and for params or
        tensors of another version of the code."""
        arrays, metadata = store.read_tensors(path)
        if (actual := metadata.get("schema", "nothing of microexpr")) != schema:
            writer = metadata.get("created_by", "an unknown program")
            raise StoreError(f"{path}: must hold {schema}, not {actual} (written by {writer}){remedy(path)}")
        for name in entries:
            if not metadata.get(name):
                raise StoreError(f"{path}: metadata must have {name}{remedy(path)}")
        network = metadata.get("network", "nothing")
        classes = len(metadata["classes"].split(", ")) if "classes" in metadata else CLASSES
        try:
            kind = find(network)
            method = kind(kind.Params.model_validate_json(metadata.get("params", "")), classes)
        except (MicroexprError, ValidationError) as error:
            raise StoreError(f"{path}: params must be those of {network} in this version{remedy(path)}") from error
        if not isinstance(method, NetworkMethod):
            raise StoreError(f"{path}: must hold a network, not {network}")
        values = {name: torch.tensor(array) for name, array in arrays.items()}
        statistics = {name.removeprefix(STATISTICS): values.pop(name) for name in arrays if name.startswith(STATISTICS)}
        if shapes(method, statistics) != {name: value.shape for name, value in values.items()}:
            raise StoreError(f"{path}: tensors must be those of {method.name()} in this version{remedy(path)}")
        with torch.random.fork_rng(devices=[]):
            modules = _build(method, statistics)
        with torch.no_grad():
            for name, tensor in named_tensors(modules).items():
                if values[name].dtype != tensor.dtype or not bool(values[name].isfinite().all()):
                    raise StoreError(f"{path}: {name} must have numbers of type {tensor.dtype}{remedy(path)}")
                tensor.copy_(values[name])
        for module in modules.values():
            lay_out_weights(module.eval())  # as the engine does
        return cls(method, Modules(**modules), statistics, frozenset(metadata["fitted_on"].split("\n")), metadata)


def shapes(method: NetworkMethod, statistics: Statistics) -> dict[str, torch.Size]:
    """Return the shapes of a network's tensors; {} where these statistics are not its own."""
    # without memory, since params may ask for any amount; torch warns of shipped weights that stay behind
    with torch.device("meta"), warnings.catch_warnings(action="ignore"), suppress(KeyError):
        return {name: tensor.shape for name, tensor in named_tensors(_build(method, statistics)).items()}
    return {}


def _build(method: NetworkMethod, statistics: Statistics) -> dict[str, nn.Module]:
    built = method.shared() | method.build(statistics)
    return {name: built[name] for name in (method.inference_modules if isinstance(method, Generator) else built)}
