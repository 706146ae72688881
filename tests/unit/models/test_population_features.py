"""Classical methods that start from the population: a machine on its decisive clips is the machine on all of them."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from small_methods import small

from microexpr.models.base import ClassicalMethod, ClipTensors
from microexpr.training import engine

CLASSICAL = ("flow_svm", "hoof", "au_change")


def blobs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features float32[count, 6] of three classes that overlap, of which the first has half of the clips."""
    rng = np.random.default_rng(seed)
    label = rng.choice(3, count, p=(0.5, 0.3, 0.2))
    return (rng.normal(0, 1, (count, 6)) + 1.5 * np.eye(3, 6)[label]).astype(np.float32), label


def method(name: str) -> ClassicalMethod:
    instance = small(name)
    instance.features = lambda inputs: inputs[next(iter(inputs))].numpy()  # type: ignore[attr-defined]
    return instance  # type: ignore[return-value]


def machine(name: str) -> SVC | LogisticRegression:
    if name == "au_change":
        return LogisticRegression(class_weight="balanced", max_iter=1000)
    return SVC(kernel="rbf" if name == "flow_svm" else "linear", class_weight="balanced")


@pytest.mark.parametrize("name", CLASSICAL)
def test_population_alone_and_with_a_fold(name):
    (first, label), (recorded, recorded_label), (test, _) = blobs(300, 0), blobs(60, 1), blobs(50, 2)
    instance = method(name)
    (key,) = instance.inputs
    clips = ClipTensors({key: torch.from_numpy(first)}, {"label": torch.from_numpy(label)})
    selected = engine.fit_features(instance, clips)
    assert selected["counts"].tolist() == np.bincount(label).tolist()
    assert (len(selected["label"]) < 250) if name != "au_change" else (len(selected["label"]) == 300)
    data = ClipTensors({key: torch.from_numpy(np.concatenate([recorded, test]))},
                       {"label": torch.from_numpy(np.concatenate([recorded_label, np.zeros(50, int)]))})  # fmt: skip
    fold = engine.FoldIndices("fold", np.arange(60), np.arange(60, 110))
    (without,) = engine.train(instance, data, [fold], [1], "sequential", 1)
    assert without.start is None
    instance.initial_weights = {name: torch.from_numpy(value) for name, value in selected.items()}
    (result,) = engine.train(instance, data, [fold], [1], "sequential", 1)

    def scaled(features):  # by all clips of the population, by hand
        return (features - first.mean(0)) / first.std(0)

    alone = machine(name).fit(scaled(first), label).decision_function(scaled(test))
    alike = np.isclose(result.start[0], alone, rtol=1e-2, atol=1e-2).all(1)
    assert alike.mean() >= 0.96  # where two classes have almost equal votes, a decision jumps
    both = machine(name).fit(scaled(np.concatenate([first, recorded])), np.concatenate([label, recorded_label]))
    agreement = (result.scores[0, 0].argmax(1) == both.decision_function(scaled(test)).argmax(1)).mean()
    assert agreement >= 0.96  # a cascade leaves out clips that might have become support vectors
    assert np.abs(result.scores[0, 0] - result.start[0]).max() > 0.05
