"""Squashing and routing against the formulas of Sabour et al. in numpy."""

import numpy as np
import torch

from microexpr.models.layers.capsules import Capsules, length, primary, squash


def squashed(vector):
    n = np.linalg.norm(vector)
    return n**2 / (1 + n**2) * vector / n


def routed(votes, iterations):
    """Procedure 1 for one clip: votes [I, J, E]."""
    b = np.zeros(votes.shape[:2])
    for _ in range(iterations):
        c = np.exp(b) / np.exp(b).sum(1, keepdims=True)
        v = np.array([squashed(vector) for vector in np.einsum("ij,ije->je", c, votes)])
        b = b + np.einsum("ije,je->ij", votes, v)
    return v


def test_squash_of_nothing_is_nothing_and_has_a_gradient():
    vector = torch.zeros(1, 4, requires_grad=True)
    length(squash(vector)).sum().backward()
    assert vector.grad.isfinite().all()
    torch.testing.assert_close(length(squash(torch.tensor([[3.0, 4.0]]))), torch.tensor([25 / 26]))


def test_a_primary_capsule_is_a_group_of_channels_at_one_place():
    maps = np.random.default_rng(1).normal(size=(2, 6, 2, 3))
    actual = primary(torch.tensor(maps), 3).numpy()
    expected = [
        [squashed(clip_maps[g : g + 3, y, x]) for g in (0, 3) for y in (0, 1) for x in (0, 1, 2)] for clip_maps in maps
    ]
    np.testing.assert_allclose(actual, expected, atol=1e-7)


def test_a_layer_votes_with_a_matrix_for_each_pair():
    layer, capsules = Capsules(5, 4, 3, 2, iterations=3).double(), torch.randn(2, 5, 4, dtype=torch.float64)
    weight = layer.weight.detach().numpy()
    votes = np.einsum("bid,ijde->bije", capsules.numpy(), weight)
    np.testing.assert_allclose(layer(capsules).detach().numpy(), [routed(v, 3) for v in votes], atol=1e-7)
