"""The weights that networks start from: trained once on the population, by the method's own phases.

What may not come in: a clip of any corpus.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from microexpr import __version__
from microexpr.core import store
from microexpr.core.clip import POPULATION, Clip, subject_provenance
from microexpr.core.errors import DataError, ParamsError, StoreError, remedy
from microexpr.models.base import Method, NetworkMethod
from microexpr.training import generator_file

SCHEMA = "initial/1"
FOLD = POPULATION  # its name in seeds and checkpoints


def load(method: Method, name: str, classes: Sequence[str], files: Iterable[str]) -> str:
    """Give a method, named `name`, the weights that it starts from; return their code, "" where it asks for none.

    Raises StoreError where not exactly one network of the population is among `files`, or it has other params."""
    if isinstance(method, NetworkMethod) and getattr(method.params, "initialisation", "") == "shipped":
        return load_shipped(method, name, files)
    pretraining = method.population_pretraining()
    if pretraining is None:
        return ""
    paths = [path for path in files if is_initial(path)]
    if len(paths) != 1:
        raise StoreError(f"results/pretrain must have one network of the population for {name}, not {len(paths)}")
    tensors, metadata = store.read_tensors(paths[0])
    if keys := mismatches(pretraining, classes, metadata):
        raise StoreError(f"{paths[0]}: {keys[0]} must be those that {name} expects{remedy(paths[0])}")
    method.initial_weights = {key: torch.tensor(array) for key, array in tensors.items()}
    return f"population clips={metadata['clips']} subjects={len(metadata['identities'].split())}"


def load_shipped(method: NetworkMethod, name: str, files: Iterable[str]) -> str:
    """Give a generator of clips the shipped one's weights; return their code. Raises what `check_shipped` does.

    Raises StoreError unless that file is among `files`, whose clips count as seen in the training."""
    paths = [path for path in files if Path(path).name == generator_file.SHIPPED.name]
    if len(paths) != 1:
        raise StoreError(f"{generator_file.SHIPPED} must be among the inputs of {name}, once, not {len(paths)} times")
    check_shipped(method, name)
    tensors, metadata = store.read_tensors(paths[0])
    method.initial_weights = {key: torch.tensor(array) for key, array in tensors.items()}
    return f"shipped subjects={len(metadata['fitted_on'].split())}"


def check_shipped(method: NetworkMethod, name: str) -> None:
    """Raise ParamsError for a generator that is to start from the shipped one's weights and has other layers."""
    shipped = json.loads(store.read_metadata(generator_file.SHIPPED)["params"])
    for key in ("moves", "width", "blocks"):
        if (actual := getattr(method.params, key)) != shipped[key]:
            raise ParamsError(f"{name}.{key} must be {shipped[key]} with initialisation: shipped, not {actual}")


def is_initial(path: str | Path) -> bool:
    """Return whether a file has weights that networks start from."""
    return Path(path).suffix == ".safetensors" and store.read_metadata(path).get("schema") == SCHEMA


def mismatches(pretraining: Method | None, classes: Sequence[str], metadata: Mapping[str, str]) -> list[str]:
    """Return the keys in which a file's metadata differ from those of a method's training on the population."""
    expected = {} if pretraining is None else describe(pretraining, classes)
    return [
        key for key in ("schema", "network", "params", "classes", "several") if metadata.get(key) != expected.get(key)
    ]


def describe(method: Method, classes: Sequence[str]) -> dict[str, str]:
    """Return the metadata by which weights are told from those of another training."""
    params = json.dumps(method.params.model_dump(mode="json"), sort_keys=True)
    about = {"schema": SCHEMA, "network": method.name(), "params": params, "classes": ", ".join(classes)}
    if method.several:  # its threshold plays no part where nothing is tested
        about["several"] = method.several.loss
    return about


def write(
    path: str,
    method: Method,
    classes: Sequence[str],
    clips: Sequence[Clip],
    tensors: dict[str, np.ndarray],
    files: Iterable[str],
    metadata: Mapping[str, str],
) -> None:
    """Write tensors, of a network named `<module>.<tensor>`, numbers in half precision.

    `files` are those of the subjects that trained it."""
    half = {
        name: array.astype(np.float16) if np.issubdtype(array.dtype, np.floating) else array
        for name, array in tensors.items()
    }
    about = {
        "created_by": f"microexpr {__version__}",
        "identities": "\n".join(sorted(map(read_identity, files))),
        "clips": str(len(clips)),
    }
    store.write_tensors(path, half, subjects(clips), **metadata, **about, **describe(method, classes))


def subjects(clips: Iterable[Clip]) -> list[str]:
    """Return the entries of `fitted_on` for all clips of these clips' subjects, sorted."""
    return sorted({subject_provenance(clip.subject, clip.dataset, clip.origin) for clip in clips})


def read_identity(path: str) -> str:
    """Return the digest of a subject's face."""
    with store.open_file(path, POPULATION) as file:
        return store.attribute_text(file.attrs["identity"])


def check_clips(name: str, clips: Iterable[Clip]) -> None:
    """Raise DataError for a clip that is not of the population."""
    for clip in clips:
        if clip.dataset != POPULATION:
            raise DataError(f"initial weights of {name} must be trained on the population alone, not on {clip.id}")
