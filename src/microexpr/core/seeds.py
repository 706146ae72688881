"""Random streams by name: each depends on the root seed and on its purpose, never on when it is spawned."""

import zlib

import numpy as np


def spawn(root: int | np.random.SeedSequence, *names: str | int) -> np.random.SeedSequence:
    """Return the child seed of `names` (dataset, subject, fold, role, ...), at whatever time it is spawned."""
    sequence = np.random.SeedSequence(root) if isinstance(root, int) else root
    words = (zlib.crc32(str(name).encode()) for name in names)
    return np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, *words))


def generator(root: int | np.random.SeedSequence, *names: str | int) -> np.random.Generator:
    """Return a numpy generator seeded by `spawn(root, *names)`."""
    return np.random.default_rng(spawn(root, *names))
