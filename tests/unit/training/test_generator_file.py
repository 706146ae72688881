"""A trained generator's file: what it gives back makes the same clips; no other file is taken for it."""

import json
from types import SimpleNamespace as Modules

import numpy as np
import pytest
import torch
from small_generators import COUNT, SMALL, clips, small

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.models.generators.auicgan import Auicgan
from microexpr.models.generators.famgan import Famgan
from microexpr.training import engine, generator_file

SEEN = ["generated/samm/2/b", "generated/casme2/1/a", "generated/samm/2/b"]


def fitted(kind):
    method = small(kind)
    everyone = engine.FoldIndices("all", np.arange(COUNT), np.arange(0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)  # what is read back is on a CPU
        return method, engine.fit_network(method, clips(), engine.Run(everyone, 7))


def clip_of(method, modules) -> np.ndarray:
    data = clips().inputs
    asked = method.target_aus({k: v[:2] for k, v in data.items()}, {k: v[2:4] for k, v in data.items()})
    with torch.no_grad():
        return method.synthesise_clips(modules, data["video"][:2, :, 0], asked).numpy()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """FAMGAN's file, the method, and what its training ended with."""
    path = tmp_path_factory.mktemp("generator") / "famgan.safetensors"
    method, network = fitted(Famgan)
    generator_file.save(path, method, network.tensors, SEEN, origin="generated", held_out="casme2/s1")
    return path, method, network


@pytest.mark.parametrize("kind", [Famgan, Auicgan])
def test_what_is_read_back_makes_the_same_clip_to_the_bit(tmp_path, kind):
    method, network = fitted(kind)
    expected = clip_of(method, network.modules)
    path = tmp_path / "one.safetensors"
    generator_file.save(path, method, network.tensors, SEEN)
    state = torch.get_rng_state()
    trained = generator_file.load(path)
    assert torch.equal(state, torch.get_rng_state())
    assert type(trained.method) is kind and trained.method.params == method.params
    assert clip_of(trained.method, trained.modules).tobytes() == expected.tobytes()
    untrained = Modules(**method.build({}))
    assert np.abs(clip_of(method, untrained) - expected).max() > 1e-3
    assert set(vars(trained.modules)) == set(kind.inference_modules)
    assert not any(module.training for module in vars(trained.modules).values())


def test_it_holds_what_makes_clips_and_whom_that_has_seen(saved, tmp_path):
    path, method, network = saved
    tensors, metadata = store.read_tensors(path)
    assert set(tensors) == {name for name in network.tensors if name.startswith("generator.")} < set(network.tensors)
    assert (metadata["schema"], metadata["network"], metadata["origin"]) == ("generator/1", "famgan", "generated")
    trained = generator_file.load(path)
    assert trained.fitted_on == set(SEEN) and trained.metadata["held_out"] == "casme2/s1"
    resaved = tmp_path / "again.safetensors"
    generator_file.save(resaved, method, network.tensors, reversed(SEEN), held_out="casme2/s1", origin="generated")
    assert resaved.read_bytes() == path.read_bytes()


def changed(saved, folder, tensors=None, **changes):
    original, metadata = store.read_tensors(saved[0])
    fitted_on = metadata.pop("fitted_on").split("\n")
    path = folder / "other.safetensors"
    entries = {name: value for name, value in (metadata | changes).items() if value is not None}
    store.write_tensors(path, original if tensors is None else tensors(original), fitted_on, **entries)
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "generator/0"}, r"must hold generator/1, not generator/0 \(written by microexpr .*\)"),
        (
            {"schema": None, "created_by": None},
            r"must hold generator/1, not nothing of microexpr \(written by an unknown program",
        ),
        ({"network": "icegan"}, "params must be those of icegan in this version"),
        ({"params": json.dumps(SMALL | {"width": 0})}, "params must be those of famgan in this version"),
        ({"params": "{"}, "params must be those of famgan in this version"),
        ({"network": "auicgan", "params": json.dumps(SMALL)}, "tensors must be those of auicgan in this version"),
    ],
)
def test_files_that_say_something_else_are_refused(saved, tmp_path, changes, message):
    with pytest.raises(StoreError, match=rf"other\.safetensors: {message}"):
        generator_file.load(changed(saved, tmp_path, **changes))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tensors: dict(list(tensors.items())[1:]),
        lambda tensors: tensors | {"generator.more": np.zeros(3, np.float32)},
        lambda tensors: tensors | {"generator.attention.0.bias": np.zeros(2, np.float32)},
    ],
)
def test_other_tensors_are_refused(saved, tmp_path, spoil):
    with pytest.raises(StoreError, match=r"other\.safetensors: tensors must be those of famgan in this version$"):
        generator_file.load(changed(saved, tmp_path, tensors=spoil))


def test_what_is_no_such_file_is_refused(tmp_path):
    (tmp_path / "plain.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(StoreError, match=r"plain\.safetensors: cannot be read as safetensors"):
        generator_file.load(tmp_path / "plain.safetensors")
    with pytest.raises(StoreError, match=r"missing\.safetensors: cannot be read"):
        generator_file.load(tmp_path / "missing.safetensors")
