"""Trainings that share their first phases: no byte changes, and trainings whose first phases differ share nothing."""

from functools import cache

import numpy as np
import pytest
import torch

from microexpr.models.base import ClipTensors
from microexpr.models.recognisers.mtmnet import Mtmnet
from microexpr.models.recognisers.mtmnet.method import GUIDANCE_PARAMS
from microexpr.training.checkpoint import PrefixCache
from microexpr.training.engine import FoldIndices, train
from microexpr.training.group import Group

SMALL = {"image_size": 32, "width": 2, "features": 4, "identities": 6, "batch": 6, "pretrain_epochs": 2, "epochs": 2}
FOLDS = [
    FoldIndices(name, np.delete(np.arange(16), test), np.array(test)) for name, test in (("a", [0, 1]), ("b", [2, 3]))
]
MICRO = 10  # of the 16 clips; the others are macro-expressions
LATER = {  # another value of each of the params that only the last phase depends on
    "macro_source": "mmi",
    "macro_epochs": 3,
    "epochs": 3,
    "guidance_lr": 1e-2,
    "triplet_weight": 0.0,
    "adversarial_weight": 0.0,
    "inequality_weight": 0.0,
    "margin": 2.0,
}
EARLIER = {"disentangle": False, "lr": 1e-2, "batch": 4, "identity_weight": 0.0, "pretrain_epochs": 1}


def method(**changed):
    return Mtmnet(Mtmnet.Params(**(SMALL | changed)))


def clips(recogniser):
    torch.manual_seed(0)
    inputs = {name: torch.randint(0, 256, (16, *shape), dtype=torch.uint8) for name, shape in recogniser.inputs.items()}
    number = torch.arange(16)
    return ClipTensors(inputs, {"label": number % 3, "subject": number // 4, "macro": (number >= MICRO).long()})


@pytest.fixture
def trained(monkeypatch):
    """A function of method, cache, folds and plan to the results of all folds, and how many epochs were trained."""
    epochs, epoch = [], Group.epoch
    monkeypatch.setattr(Group, "epoch", lambda group: epochs.append(trains := epoch(group)) or trains)

    def train_folds(recogniser, prefixes=None, folds=FOLDS, plan="sequential"):
        epochs.clear()
        checkpoints = None if prefixes is None else PrefixCache(None, prefixes, recogniser, MICRO)
        return list(train(recogniser, clips(recogniser), folds, [1], plan, 2, checkpoints=checkpoints)), sum(epochs)

    return train_folds


def same(results, others):
    pairs = list(zip(results, others, strict=True))
    return all(np.array_equal(a.scores, b.scores) and np.array_equal(a.loss, b.loss, equal_nan=True) for a, b in pairs)


@pytest.fixture(scope="module")
def first_training():
    """A function of a plan to the results of a training, and to the cache that it filled."""

    @cache
    def train_and_cache(plan):
        recogniser, prefixes = method(), {}
        checkpoints = PrefixCache(None, prefixes, recogniser, MICRO)
        return list(train(recogniser, clips(recogniser), FOLDS, [1], plan, 2, checkpoints=checkpoints)), prefixes

    return train_and_cache


@pytest.mark.parametrize("plan", ["sequential", "stacked"])
def test_filling_the_cache_changes_no_byte(trained, first_training, plan):
    results, prefixes = first_training(plan)
    assert prefixes and same(results, trained(method(), plan=plan)[0])


@pytest.mark.parametrize(
    ("plan", "changed"),
    [("sequential", name) for name in LATER]
    + [pytest.param("stacked", name, marks=() if name == "epochs" else pytest.mark.slow) for name in LATER],
)
def test_a_training_from_the_cache_has_the_same_bytes_as_one_alone(trained, first_training, changed, plan):
    prefixes, other = dict(first_training(plan)[1]), method(**{changed: LATER[changed]})
    alone, epochs = trained(other, plan=plan)
    shared, fewer = trained(other, prefixes, plan=plan)
    assert same(shared, alone)
    assert epochs - fewer == SMALL["pretrain_epochs"] * (1 if plan == "stacked" else len(FOLDS))


@pytest.mark.parametrize("changed", EARLIER)
def test_trainings_of_other_first_phases_share_nothing(trained, first_training, changed):
    prefixes, other = dict(first_training("sequential")[1]), method(**{changed: EARLIER[changed]})
    alone, epochs = trained(other)
    after, as_many = trained(other, prefixes)
    assert same(after, alone) and as_many == epochs


def test_a_fold_of_the_same_name_that_trains_other_clips_shares_nothing(trained, first_training):
    prefixes = dict(first_training("sequential")[1])
    fewer = [FoldIndices("a", FOLDS[0].train[1:], FOLDS[0].test)]
    alone, epochs = trained(method(), None, fewer)
    after, as_many = trained(method(), prefixes, fewer)
    assert same(after, alone) and as_many == epochs


def test_every_param_is_either_of_the_prefix_or_of_the_last_phase():
    assert (
        set(LATER) == GUIDANCE_PARAMS
        and method().shared_prefix().keys() == Mtmnet.Params.model_fields.keys() - GUIDANCE_PARAMS
    )
    assert method(epochs=0).shared_prefix() is None
