"""The fit against scikit-learn, and the shipped model against what it states."""

import json

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from microexpr import store
from microexpr.aus import ACTION_UNITS, fit
from microexpr.aus.agreement import agreement
from microexpr.aus.regressor import MODEL, load
from microexpr.seeds import generator


def test_ridge_is_scikit_learns() -> None:
    rng = generator(0, "fit")
    x, y = rng.normal(size=(20, 60)), rng.normal(size=(20, 3))
    expected = Ridge(alpha=2.5, fit_intercept=False).fit(x, y).coef_.T
    assert fit.ridge(x, y, 2.5) == pytest.approx(expected, abs=1e-9)


def test_fitted_finds_a_linear_truth_behind_faces_that_differ_at_rest() -> None:
    rng = generator(0, "fit", "linear")
    truth = rng.normal(size=(40, 17))
    training = []
    for _ in range(12):
        face = 5 * rng.normal(size=40)  # what tells this person from another
        moved = rng.normal(size=(8, 3, 40))
        training.append(fit.Session(face + moved, (moved @ truth).transpose(0, 2, 1), np.zeros(8, int)))
    x = np.concatenate([session.features.reshape(-1, 40) for session in training])
    y = np.concatenate([session.intensity.transpose(0, 2, 1).reshape(-1, 17) for session in training])
    plain = fit.ridge(x - x.mean(axis=0), y - y.mean(axis=0), fit.RIDGE)
    error, plain_error = (np.abs(weights - truth).mean() for weights in (fit.fitted(training)[0], plain))
    assert error < 0.8 * plain_error


@pytest.mark.parametrize(("kind", "low", "high"), [(1, *fit.MICRO), (2, *fit.MACRO)])
def test_drawn_intensities_have_the_size_that_was_asked_for(kind: int, low: float, high: float) -> None:
    rng = generator(0, "fit", "drawn", kind)
    assert not fit.drawn(0, rng).any()
    for _ in range(50):
        shown = fit.drawn(kind, rng)
        units = shown.max(axis=1)[shown.any(axis=1)]
        assert 1 <= len(units) <= 4
        assert units.min() >= 0.4 * low and units.max() <= 1.6 * high


def test_shipped_model_is_small_states_its_people_and_reads_movements() -> None:
    model = load()
    assert MODEL.stat().st_size < 2**21
    assert len(model.fitted_on) == fit.TRAINING
    assert all(entry.startswith("generated/au_model/") for entry in model.fitted_on)
    _, metadata = store.read_tensors(MODEL)
    errors = {(row["action_unit"], row["size"], row["form"]): row for row in json.loads(metadata["errors"])}
    assert len(errors) == (len(ACTION_UNITS) + 1) * 2 * 2
    assert errors["mean", "macro", "relative"]["icc"] > 0.5
    assert errors["mean", "micro", "relative"]["r"] > 0.3


def test_shipped_model_reads_a_person_it_was_not_fitted_on() -> None:
    """Rendered anew: the stored figures are of this model, these features and these faces."""
    model = load()
    held_out = list(fit.sessions("au-model/held-out/0"))
    found = fit.pairs(held_out, model.weights, model.bias, kind=2, form="relative")
    truth, read = (np.concatenate(parts).ravel() for parts in zip(*found, strict=True))
    assert agreement(truth, read)["r"] > 0.5
