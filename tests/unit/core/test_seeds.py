"""Randomness by name."""

import numpy as np

from microexpr.core.seeds import generator, spawn


def drawn(*names):
    return generator(7, *names).integers(2**63, size=4).tolist()


def test_a_seed_depends_on_its_names_not_on_when_it_is_spawned():
    names = [("casme2", "sub01"), ("casme2", "sub02"), ("samm", "006", 3)]
    forward = {name: drawn(*name) for name in names}
    np.random.default_rng(0).integers(9, size=100)
    assert {name: drawn(*name) for name in reversed(names)} == forward
    assert len({tuple(values) for values in forward.values()}) == 3


def test_root_and_order_of_names_matter():
    assert drawn("a", "b") != drawn("b", "a")
    assert generator(7, "a").integers(2**63) != generator(8, "a").integers(2**63)
    assert drawn("ab") != drawn("a", "b")


def test_spawning_in_steps_is_spawning_at_once():
    steps = spawn(spawn(spawn(7, "casme2"), "sub01"), "train")
    assert np.array_equal(steps.generate_state(4), spawn(7, "casme2", "sub01", "train").generate_state(4))


def test_global_state_is_neither_read_nor_touched():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    drawn("casme2")
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
