"""Our own method: its pattern against closed forms, its mirror symmetry, and its members against scikit-learn."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from microexpr.models.recognisers.microexpr import FLOW, Microexpr, mirrored, pattern
from microexpr.signals.aus import ACTION_UNITS


def method(parts: str = "all") -> Microexpr:
    return Microexpr(Microexpr.Params(parts=parts), 3)


def inputs(count: int, seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "flow": torch.randn(count, 3, 28, 28, generator=generator),
        "au_change": torch.randn(count, len(ACTION_UNITS), 2, generator=generator),
    }


def mirrored_inputs(clips: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    flow = clips["flow"].flip(-1) * torch.tensor([-1.0, 1, 1])[:, None, None]
    return {"flow": flow, "au_change": clips["au_change"].flip(-1)}


def test_the_pattern_of_a_uniform_movement_is_its_direction_and_without_movement_there_is_none():
    """The pattern of 3 right and 4 up is (0.6, -0.8) times the square root of 2 at any size; that of strain varies."""
    assert not pattern(np.zeros((3, 28, 28)), 1.0).any()
    flow = np.stack([np.full((28, 28), 3.0), np.full((28, 28), -4.0), np.full((28, 28), 0.01)])
    for size in (1, 20):
        expected = np.full((14, 14, 3), np.array([0.6, -0.8, np.sqrt(0.5)]) * np.sqrt(2))
        np.testing.assert_allclose(pattern(size * flow, 1.0), np.moveaxis(expected, 2, 0), rtol=1e-5)


def test_features_of_a_mirrored_clip_are_mirrored_and_action_units_are_read_only_where_asked():
    clips = inputs(4, 0)
    np.testing.assert_allclose(method().features(mirrored_inputs(clips)), mirrored(method().features(clips)), atol=1e-5)
    clips = inputs(2, 0)
    assert {*method().inputs} == {"flow", "au_change"} and {*method("flow").inputs} == {"flow"}
    assert method().features(clips).shape == (2, FLOW + 34)
    np.testing.assert_array_equal(method("flow").features(clips), method().features(clips)[:, :FLOW])


@pytest.mark.parametrize("parts", ["flow", "all"])
def test_scores_are_the_mean_of_scikit_learns_machines(parts):
    label, clips, test, params = np.arange(45) % 3, inputs(45, 3), inputs(10, 4), Microexpr.Params()
    clips["flow"][label == 1, 1] += 0.3
    clips["au_change"][label == 2, 3] += 1.0
    features = method(parts).features(clips)
    scores = method(parts).fit(features, {"label": label}, np.random.default_rng(0))(method(parts).features(test))
    both = np.concatenate([features, method(parts).features(mirrored_inputs(clips))])
    scaler = StandardScaler().fit(both)
    train, held_out = scaler.transform(both), scaler.transform(method(parts).features(test))
    machines = [  # each of which saw every clip in both versions, so that a mirrored clip has the same scores
        (SVC(C=params.penalty, gamma=params.kernel / FLOW), slice(0, FLOW)),
        (LogisticRegression(C=params.regression_penalty, max_iter=1000), slice(0, FLOW)),
        (LogisticRegression(C=params.au_penalty, max_iter=1000), slice(FLOW, None)),
    ]
    expected = [
        softmax(machine.fit(train[:, part], np.tile(label, 2)).decision_function(held_out[:, part]), axis=1)
        for machine, part in machines[: 3 if parts == "all" else 2]
    ]
    np.testing.assert_allclose(scores, np.mean(expected, 0), atol=2e-3)
    np.testing.assert_allclose(scores.sum(1), 1, rtol=1e-5)
