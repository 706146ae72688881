"""Randomness by name; `test_seeds_frozen` holds the seed of each name."""

import numpy as np

from microexpr.core.seeds import generator, spawn


def test_the_root_matters_and_spawning_in_steps_is_spawning_at_once():
    assert generator(7, "a").integers(2**63) != generator(8, "a").integers(2**63)
    steps = spawn(spawn(spawn(7, "casme2"), "sub01"), "train")
    assert np.array_equal(steps.generate_state(4), spawn(7, "casme2", "sub01", "train").generate_state(4))


def test_global_state_is_neither_read_nor_touched():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    generator(7, "casme2").integers(2**63, size=4)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
