"""One contract over every method there is, in both plans. The engine's own promises are tested in tests/training."""

import hashlib
from pathlib import Path
from typing import Any

import committed
import numpy as np
import pytest
import torch
from pydantic import ValidationError
from small_methods import FEW, GENERATORS, LEARNS, NETWORKS, clips, folds, learns_from_held_out, network, small, trained
from trainings import finished, plans_apart

from microexpr.models.base import ClassicalMethod, ClipTensors
from microexpr.models.labels import LABEL, LABELS, SeveralLabels
from microexpr.models.recognisers import find, names
from microexpr.training import engine
from microexpr.training.engine import FoldIndices, train
from microexpr.training.group import FoldRun, Group

engine.use_one_thread()  # for groups that no engine steps
LEARNERS = [name for name in names() if name not in ("majority", "prevalence")]
WARPED = {"generator_output": "motion", "instance_norm": False}
READ = {"au_labels": "coded_or_read"}  # action units that are read train it, too
SEVERAL = [name for name in LEARNERS if find(name).takes_several]


@pytest.mark.parametrize("name", names())
def test_describes_itself(name):
    kind = find(name)
    assert kind.__doc__ and kind.paper.count("\n") == 0 and len(kind.paper) > 20
    for field in kind.Params.model_fields.values():
        assert field.description
        assert field.metadata or field.annotation not in (int, float), "a number must have a range"
    with pytest.raises(ValidationError, match="no_such_key"):
        kind.Params(no_such_key=1)
    with pytest.raises(ValidationError, match="frozen"):
        kind.Params().no_such_key = 1


@pytest.mark.parametrize("name", names())
def test_trains_to_the_same_bytes_on_every_cpu_and_draws_from_no_global_generator(name, request):
    method = small(name, classes=(classes := 5))
    data, state = clips(method), torch.get_rng_state()
    results, digest = trained(method, data, folds()), hashlib.sha256()
    assert torch.equal(state, torch.get_rng_state())
    for result, fold in zip(results, folds(), strict=True):
        assert result.scores.shape == (1, 1 if isinstance(method, ClassicalMethod) else 2, len(fold.test), classes)
        assert result.scores.dtype == np.float32 and np.isfinite(result.scores).all()
        digest.update(result.scores.tobytes() + result.loss.tobytes())
    committed.check(Path(__file__).with_name("trained_digests.json"), {name: digest.hexdigest()}, request.config)


@pytest.mark.parametrize("name", names())
def test_a_score_is_the_clips_own(name):
    method = small(name, epochs=1)
    whole = trained(method, clips(method), folds(1))
    single = trained(method, clips(method), [FoldIndices("s00", folds(1)[0].train, folds(1)[0].test[1:2])])
    np.testing.assert_allclose(whole[0].scores[:, :, 1:2], single[0].scores, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in names() if name not in NETWORKS])
def test_features_look_at_each_clip_alone(name):
    method = small(name)
    assert isinstance(method, ClassicalMethod)
    inputs = clips(method).inputs
    alone = method.features({key: value[3:4] for key, value in inputs.items()})
    np.testing.assert_array_equal(method.features(inputs)[3:4], alone)


@pytest.mark.parametrize("classes", [pytest.param(3, marks=pytest.mark.slow), 5])
@pytest.mark.parametrize("name", LEARNERS)
def test_learns_what_can_be_learnt(name, classes):
    method = small(name, classes=classes, **({"epochs": 15} | LEARNS.get(name, {})))
    data, fold = clips(method), folds(3)[2]
    predicted = trained(method, data, [fold])[0].scores[0, -1].argmax(1)
    assert (predicted == data.targets["label"].numpy()[fold.test]).all()


@pytest.mark.parametrize(
    ("name", "several"),
    [(name, None) for name in LEARNERS]
    + [(name, SeveralLabels(threshold=choice)) for name in SEVERAL for choice in ("zero", "training")],
)
def test_does_not_see_the_label_of_a_test_clip(name, several):
    method = small(name, several=several)
    data, fold = clips(method), folds(1)[0]
    other = {key: data.targets[key].clone() for key in (LABEL, LABELS) if key in data.targets}
    for key, labels in other.items():
        labels[fold.test] = (labels[fold.test] + 1) % (method.classes if key == LABEL else 2)
    relabelled = ClipTensors(data.inputs, data.targets | other)
    assert trained(method, data, [fold])[0].scores.tobytes() == trained(method, relabelled, [fold])[0].scores.tobytes()


def largest_difference(name: str, steps: int, **changed: Any) -> float:
    """Between the two plans after about so many steps, four an epoch.

    Of few clips each, but for the ResNets that read macro-expressions: there batch norm over three is mostly noise."""
    if name in NETWORKS and small(name).macro:
        method = network(name, steps // 4, **changed)
        return plans_apart(method, clips(method), [FoldRun(fold, 7) for fold in folds()])
    method = network(name, steps // 4, batch=3, **changed)
    return plans_apart(method, clips(method)[torch.tensor(FEW)], [FoldRun(fold, 7) for fold in folds(clips=len(FEW))])


@pytest.mark.parametrize("name", [*NETWORKS, *GENERATORS])
def test_resumes_from_its_state_with_the_same_bytes(name):
    """A new group restored after one epoch ends with the same weights and scores."""
    method = network(name, epochs=2)
    data, runs = clips(method), [FoldRun(folds(1)[0], 7)]
    half, rest = (Group(method, data, runs, stacked=False) for _ in range(2))
    half.epoch()
    rest.restore(half.state())
    while rest.epoch():
        pass
    expected, actual = finished(method, data, runs).state(), rest.state()
    assert expected.keys() == actual.keys()
    assert all(expected[key].numpy().tobytes() == actual[key].numpy().tobytes() for key in expected)


@pytest.mark.parametrize("steps", [8, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("name", "changed"),
    [(name, {}) for name in (*NETWORKS, *GENERATORS)]
    + [("icegan", WARPED)]
    + [(name, {"several": SeveralLabels(threshold="training")}) for name in SEVERAL if name in NETWORKS],
)
def test_stacked_is_sequential_but_for_rounding(name, changed, double, steps):
    assert largest_difference(name, steps, **changed) < 1e-9


@pytest.mark.parametrize("name", ["off_apexnet", "ststnet"])  # deep networks are 1e-2 apart
def test_plain_networks_are_the_same_stacked_in_float32(name):
    assert largest_difference(name, 50) < 1e-4


@pytest.mark.parametrize("name", [name for name in NETWORKS if find(name).synthesises])
def test_synthesises(name):
    method = network(name, epochs=2)
    data, asked = clips(method), {"s00": np.array([[0, 2], [9, 0], [9, 1]])}
    for plan in ("sequential", "stacked"):
        first, second = train(method, data, folds(), [7], plan, stack=4, synthesis=asked)
        images = first.faces
        assert second.faces is None and images is not None
        assert images.shape[0] == 3 and images.ndim == 4 and images.dtype == np.float32
        assert images.min() >= 0 and images.max() <= 1 and not np.array_equal(images[1], images[2])


@pytest.mark.parametrize(("name", "changed"), [(name, {}) for name in (*names(), *GENERATORS)] + [("augacn", READ)])
def test_leak_of_statistics_is_none(name, changed):
    """Statistics and weights of a fold are the same bytes whichever clips it holds out."""
    state = torch.get_rng_state()
    assert not learns_from_held_out(small(name, **changed))
    assert torch.equal(state, torch.get_rng_state())
