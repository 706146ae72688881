"""The streams of random numbers against the moments of what they draw from."""

import numpy as np
import torch

from microexpr.models.counter_rng import Stream, dropout, hash_tensor, hash_words, mix, mix_tensor

KEYS = torch.tensor([1, 2, 3], dtype=torch.int32)


def test_mix_is_a_bijection_that_avalanches():
    words = np.arange(2**20, dtype=np.uint32)
    mixed, flipped = mix(words.copy()), mix(words ^ 1)
    assert len(np.unique(mixed)) == len(words)
    share = np.array([((mixed ^ flipped) >> bit & 1).mean() for bit in range(32)])
    assert np.abs(share - 0.5).max() < 0.01


def test_tensors_and_arrays_are_mixed_and_hashed_alike():
    words = np.random.default_rng(0).integers(-(2**31), 2**31, 1000, dtype=np.int32)
    assert np.array_equal(mix_tensor(torch.from_numpy(words)).numpy(), mix(words.view(np.uint32).copy()).view(np.int32))
    for word in words[:3]:
        hashed = hash_words(np.array([word]).view(np.uint32), 40_000)
        assert np.array_equal(hash_tensor(torch.tensor(word), 40_000).numpy(), hashed)


def test_uniform_has_the_moments_of_the_uniform_distribution():
    rows = torch.stack([Stream(key).uniform(50_000) for key in KEYS])  # standard error of the mean 0.0013
    assert rows.min() >= 0 and rows.max() < 1
    assert (rows.mean(1) - 0.5).abs().max() < 0.005
    assert (rows.var(1) - 1 / 12).abs().max() < 0.002
    assert (torch.corrcoef(rows) - torch.eye(3)).abs().max() < 0.02
    assert torch.corrcoef(torch.stack([rows[0, 1:], rows[0, :-1]]))[0, 1].abs() < 0.02


def test_normal_has_the_moments_of_the_normal_distribution():
    stream = Stream(KEYS[0])
    rows = torch.stack([stream.normal(40_000), stream.normal(40_000)])  # standard error of the mean 0.005
    assert rows.mean(1).abs().max() < 0.02
    assert (rows.std(1) - 1).abs().max() < 0.02
    assert ((rows.abs() < 1.96).double().mean(1) - 0.95).abs().max() < 0.01
    assert torch.corrcoef(rows)[0, 1].abs() < 0.02


def test_dropout_keeps_the_mean():
    x = torch.ones(100, 1000)
    dropped = dropout(x, 0.25, Stream(KEYS[0]))
    assert set(dropped.unique().tolist()) == {0.0, x.new_tensor(1 / 0.75).item()}
    assert abs(dropped.mean() - 1) < 0.01
    assert dropout(x, 0.25, None) is x
