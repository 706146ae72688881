"""A trained generator's file: what it gives back makes the same clips; no other file is taken for it."""

import json
from types import SimpleNamespace as Modules

import numpy as np
import pytest
import torch

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.models import generators
from microexpr.models.base import Clips
from microexpr.models.generators.auicgan import Auicgan
from microexpr.models.generators.famgan import Famgan
from microexpr.training import engine, generator_file

FRAMES, SIZE, COUNT, UNITS = 3, 16, 8, 17
OWN = {"image_size": SIZE, "frames": FRAMES, "width": 4, "blocks": 1, "epochs": 2, "batch": 4, "critic_steps": 1}
SEEN = ["generated/samm/2/b", "generated/casme2/1/a", "generated/samm/2/b"]


def clips() -> Clips:
    rng = np.random.default_rng(0)
    read = {
        "video": rng.integers(0, 256, (COUNT, 3, FRAMES, SIZE, SIZE), dtype=np.uint8),
        "au_intensities": rng.uniform(0, 5, (COUNT, FRAMES, UNITS)).astype(np.float32),
        "au_changes": rng.uniform(-5, 5, (COUNT, FRAMES, UNITS, 2)).astype(np.float32),
    }
    targets = {"label": torch.arange(COUNT) % 3, "macro": torch.zeros(COUNT, dtype=torch.int64)}
    return Clips({name: torch.tensor(value) for name, value in read.items()}, targets)


def fitted(kind):
    method = kind(kind.Params(**OWN))
    everyone = engine.Fold("all", np.arange(COUNT), np.arange(0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)  # what is read back is on a CPU
        return method, engine.fitted(method, clips(), engine.Run(everyone, 7))


def clip_of(method, modules) -> np.ndarray:
    data = clips().inputs
    asked = method.asked({k: v[:2] for k, v in data.items()}, {k: v[2:4] for k, v in data.items()})
    with torch.no_grad():
        return method.sequence(modules, data["video"][:2, :, 0], asked).numpy()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """FAMGAN's file, the method, and what its training ended with."""
    path = tmp_path_factory.mktemp("generator") / "famgan.safetensors"
    method, found = fitted(Famgan)
    generator_file.save(path, method, found.tensors, SEEN, origin="generated", held_out="casme2/s1")
    return path, method, found


@pytest.mark.parametrize("kind", [Famgan, Auicgan])
def test_what_is_read_back_makes_the_same_clip_to_the_bit(tmp_path, kind):
    method, found = fitted(kind)
    expected = clip_of(method, found.modules)
    path = tmp_path / "one.safetensors"
    generator_file.save(path, method, found.tensors, SEEN)
    state = torch.get_rng_state()
    trained = generator_file.load(path)
    assert torch.equal(state, torch.get_rng_state())
    assert type(trained.method) is kind and trained.method.params == method.params
    assert clip_of(trained.method, trained.modules).tobytes() == expected.tobytes()
    untrained = Modules(**method.build({}))
    assert np.abs(clip_of(method, untrained) - expected).max() > 1e-3
    assert set(vars(trained.modules)) == set(kind.makes)
    assert not any(module.training for module in vars(trained.modules).values())


def test_it_holds_what_makes_clips_and_whom_that_has_seen(saved, tmp_path):
    path, method, found = saved
    tensors, said = store.read_tensors(path)
    assert set(tensors) == {name for name in found.tensors if name.startswith("generator.")} < set(found.tensors)
    assert (said["schema"], said["network"], said["origin"]) == ("generator/1", "famgan", "generated")
    trained = generator_file.load(path)
    assert trained.fitted_on == set(SEEN) and trained.said["held_out"] == "casme2/s1"
    again = tmp_path / "again.safetensors"
    generator_file.save(again, method, found.tensors, reversed(SEEN), held_out="casme2/s1", origin="generated")
    assert again.read_bytes() == path.read_bytes()


def changed(saved, folder, tensors=None, **said):
    own, known = store.read_tensors(saved[0])
    fitted_on = known.pop("fitted_on").split("\n")
    path = folder / "other.safetensors"
    kept = {name: value for name, value in (known | said).items() if value is not None}
    store.write_tensors(path, own if tensors is None else tensors(own), fitted_on, **kept)
    return path


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"schema": "generator/0"}, r"must hold generator/1, not generator/0 \(made by microexpr .*\)"),
        (
            {"schema": None, "created_by": None},
            r"must hold generator/1, not nothing of microexpr \(made by nobody known",
        ),
        ({"network": "icegan"}, "params are not those of icegan here"),
        ({"network": None}, "params are not those of nothing here"),
        ({"params": json.dumps(OWN | {"width": 0})}, "params are not those of famgan here"),
        ({"params": json.dumps(OWN | {"colours": 1})}, "params are not those of famgan here"),
        ({"params": "{"}, "params are not those of famgan here"),
        ({"params": None}, "params are not those of famgan here"),
        ({"network": "auicgan", "params": json.dumps(OWN)}, "tensors are not those of auicgan here"),
        ({"params": json.dumps(OWN | {"width": 5})}, "tensors are not those of famgan here"),
    ],
)
def test_files_that_say_something_else_are_refused(saved, tmp_path, said, message):
    with pytest.raises(StoreError, match=rf"other\.safetensors: {message}"):
        generator_file.load(changed(saved, tmp_path, **said))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda own: dict(list(own.items())[1:]),
        lambda own: own | {"generator.more": np.zeros(3, np.float32)},
        lambda own: own | {"generator.attention.0.bias": np.zeros(2, np.float32)},
    ],
)
def test_other_tensors_are_refused(saved, tmp_path, spoil):
    with pytest.raises(StoreError, match=r"other\.safetensors: tensors are not those of famgan here; make it anew"):
        generator_file.load(changed(saved, tmp_path, tensors=spoil))


def test_what_is_no_such_file_is_refused(tmp_path):
    from safetensors.numpy import save

    path = tmp_path / "plain.safetensors"
    path.write_bytes(save({"weight": np.zeros(3, np.float32)}))  # of somebody else: without a word about itself
    with pytest.raises(StoreError, match=r"plain\.safetensors: must hold generator/1, not nothing of microexpr"):
        generator_file.load(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(StoreError, match=r"plain\.safetensors: cannot be read as safetensors"):
        generator_file.load(path)
    with pytest.raises(StoreError, match=r"missing\.safetensors: cannot be read"):
        generator_file.load(tmp_path / "missing.safetensors")


@pytest.mark.parametrize("name", ["auicgan", "famgan"])
def test_every_generator_says_which_of_its_networks_make(name):
    kind = generators.find(name)
    assert set(kind.makes) <= set(kind(kind.Params(**OWN)).build({}))
