"""A trained generator's file: what it gives back makes the same clips."""

from types import SimpleNamespace as Modules

import numpy as np
import pytest
import torch
from small_generators import COUNT, clips, small

from microexpr.core import store
from microexpr.models.generators.auicgan import Auicgan
from microexpr.models.generators.famgan import Famgan
from microexpr.training import engine, generator_file

SEEN = ["generated/samm/2/b", "generated/casme2/1/a", "generated/samm/2/b"]


def clip_of(method, modules) -> np.ndarray:
    data = clips().inputs
    asked = method.target_aus({k: v[:2] for k, v in data.items()}, {k: v[2:4] for k, v in data.items()})
    with torch.no_grad():
        return method.synthesise_clips(modules, data["video"][:2, :, 0], asked).numpy()


@pytest.mark.parametrize("kind", [Famgan, Auicgan])
def test_a_file_gives_back_what_makes_the_same_clip_to_the_bit_and_whom_that_has_seen(tmp_path, kind, monkeypatch):
    method, everyone = small(kind), engine.FoldIndices("all", np.arange(COUNT), np.arange(0))
    with monkeypatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)  # what is read back is on a CPU
        network = engine.fit_network(method, clips(), engine.FoldRun(everyone, 7))
    path, second = tmp_path / "one.safetensors", tmp_path / "again.safetensors"
    generator_file.save(path, method, network.tensors, SEEN, origin="generated", held_out="casme2/s1")
    generator_file.save(second, method, network.tensors, reversed(SEEN), held_out="casme2/s1", origin="generated")
    assert second.read_bytes() == path.read_bytes()
    tensors, metadata = store.read_tensors(path)
    assert set(tensors) < set(network.tensors)
    assert (metadata["schema"], metadata["network"], metadata["origin"]) == ("generator/1", method.name(), "generated")
    state = torch.get_rng_state()
    trained = generator_file.load(path)
    assert torch.equal(state, torch.get_rng_state())
    assert type(trained.method) is kind and trained.method.params == method.params
    assert trained.fitted_on == set(SEEN) and trained.metadata["held_out"] == "casme2/s1"
    expected = clip_of(method, network.modules)
    assert clip_of(trained.method, trained.modules).tobytes() == expected.tobytes()
    assert np.abs(clip_of(method, Modules(**method.build({}))) - expected).max() > 1e-3
    assert set(vars(trained.modules)) == set(kind.inference_modules) == {name.split(".")[0] for name in tensors}
    assert not any(module.training for module in vars(trained.modules).values())
