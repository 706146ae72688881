"""MER-GCN's graph and the loss of action units against counts."""

import torch

from microexpr.core.facs.occurrence import AUS
from microexpr.models.recognisers.mer_gcn import Network, graph, unit_loss


def test_edges_are_how_often_units_came_together():
    aus = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 1, -1], [-1, -1, -1], [0, 1, 0]])
    expected = torch.tensor([[1, 2 / 3, 0], [2 / 3, 1, 0], [0, 0, 1]])
    torch.testing.assert_close(graph(aus), expected / expected.sum(1, keepdim=True))


def test_only_known_units_count():
    units = torch.tensor([[0.0, 2.0, -1.0], [3.0, 4.0, 5.0]])
    aus = torch.tensor([[1, 0, -1], [-1, -1, -1]])
    by_hand = (torch.tensor(2.0).log() + (1 + torch.tensor(2.0).exp()).log()) / 2
    torch.testing.assert_close(unit_loss(units, aus), by_hand)
    assert unit_loss(units, torch.full((2, 3), -1)) == 0


def test_a_unit_is_scored_by_its_own_detector():
    """With a graph without edges the detectors are the product of both layers' weights, a row for each name."""
    network = Network(2, 4, 3).eval()
    film = torch.randn(2, 1, 4, 16, 16)
    features = network.blocks(network.stem(film)).mean((2, 3, 4))
    detectors = torch.nn.functional.leaky_relu(network.first.weight.T, 0.2) @ network.second.weight.T
    scores, units = network(film, torch.eye(len(AUS)))
    torch.testing.assert_close(units, features @ detectors.T)
    torch.testing.assert_close(scores, network.classify(units))
