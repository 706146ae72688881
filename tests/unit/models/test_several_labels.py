"""The contract of methods that learn several labels at once: what they see, what they learn, and who refuses."""

import numpy as np
import pytest
import torch
from small_methods import LEARNS, clips, folds, small, trained
from torch.nn.functional import binary_cross_entropy_with_logits

from microexpr.core.arrays import best_thresholds, correct
from microexpr.core.errors import ParamsError
from microexpr.core.facs import UNKNOWN
from microexpr.models.labels import LABELS, SeveralLabels, SeveralTargets, positive_weights, several_loss
from microexpr.models.recognisers import find, names
from microexpr.training import engine

SEVERAL = SeveralLabels(loss="weighted_bce", threshold="zero")
TAKE = [name for name in names() if find(name).takes_several]
LEARN = [name for name in TAKE if name not in ("majority", "prevalence")]
engine.use_one_thread()


@pytest.mark.parametrize("name", [name for name in names() if name not in TAKE])
def test_a_method_of_one_class_refuses_several_labels(name):
    with pytest.raises(ParamsError, match=f"{name} must be given one class"):
        small(name, several=SEVERAL)


@pytest.mark.parametrize("name", LEARN)
def test_learns_each_label(name):
    method = small(name, classes=3, several=SEVERAL, **({"epochs": 15} | LEARNS.get(name, {})))
    data, fold = clips(method), folds(3)[2]
    scores = trained(method, data, [fold])[0].scores[0, -1]
    assert scores.dtype == np.float32 and scores.shape == (len(fold.test), 3)
    assert correct(scores, data.targets[LABELS].numpy()[fold.test]) > 0.9


def test_guesses_without_looking():
    """With labels on 3, 1 and none of 4 clips, `majority` predicts the first and `prevalence` all three."""
    labels = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 0, UNKNOWN], [0, 0, 0]])
    for name, expected in (("majority", [True, False, False]), ("prevalence", [True, True, True])):
        method = small(name, several=SEVERAL)
        scorer = method.fit(np.empty((4, 0), np.float32), {LABELS: labels.numpy()}, np.random.default_rng(0))
        assert (scorer(np.empty((2, 0))) > 0).tolist() == [expected] * 2


def test_what_is_unknown_has_no_loss_and_no_gradient():
    scores = torch.tensor([[0.3, -2.0], [1.0, 0.5]], requires_grad=True)
    labels = torch.tensor([[1, UNKNOWN], [0, 1]])
    loss = several_loss(scores, SeveralTargets.of(labels, scores), torch.ones(2), SeveralLabels(loss="bce"))
    labelled = torch.stack([scores[0, 0], scores[1, 0], scores[1, 1]])
    expected = binary_cross_entropy_with_logits(labelled, torch.tensor([1.0, 0.0, 1.0]))
    assert loss.item() == pytest.approx(expected.item())
    loss.backward()
    assert scores.grad is not None and scores.grad[0, 1] == 0 and (scores.grad[1] != 0).all()


def test_losses_are_the_published_ones():
    scores, labels = torch.tensor([[0.7], [-0.2]]), torch.tensor([[1], [0]])
    targets, weights = SeveralTargets.of(labels, scores), torch.tensor([3.0])
    p = scores.sigmoid()
    plain = torch.tensor([-torch.log(p[0, 0]), -torch.log(1 - p[1, 0])])
    focal = torch.tensor([0.25 * (1 - p[0, 0]) ** 2, 0.75 * p[1, 0] ** 2]) * plain
    for name, expected in (("bce", plain), ("weighted_bce", plain * torch.tensor([3.0, 1.0])), ("focal", focal)):
        value = several_loss(scores, targets, weights, SeveralLabels(loss=name))
        assert float(value) == pytest.approx(float(expected.mean()), rel=1e-5), name
    labels = torch.zeros(100, 4, dtype=torch.long)  # a weight is negative over positive clips, up to a limit
    labels[:25, 0], labels[:2, 1], labels[50:, 0], labels[:, 3] = 1, 1, UNKNOWN, 1
    assert positive_weights(labels).tolist() == [1.0, 20.0, 1.0, pytest.approx(0.01)]


def test_thresholds_have_the_highest_f1_and_part_no_equal_scores():
    scores = np.array([[0.9, 1.0], [0.8, 1.0], [0.6, 0.0], [0.5, 0.0], [0.1, 0.0]])
    labels = np.array([[1, 1], [0, 1], [1, 1], [0, 1], [0, 1]])
    first, second = best_thresholds(scores, labels)
    assert first == pytest.approx(0.55) and second == 0  # the second label is always there
    assert best_thresholds(np.array([[2.0], [2.0], [1.0]]), np.array([[1], [0], [0]]))[0] == pytest.approx(1.5)
