"""The fit against scikit-learn, and the shipped model against what it states."""

import json

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, cross_val_predict

from microexpr.core import store
from microexpr.core.seeds import generator
from microexpr.population import Params
from microexpr.population.identities import performer_of
from microexpr.population.sessions import render_sessions
from microexpr.rendering.face import Face
from microexpr.signals.aus import ACTION_UNITS, SIZES, fit
from microexpr.signals.aus.agreement import agreement
from microexpr.signals.aus.regressor import MODEL, RENDERED_UNITS, Ramps, load, regress
from microexpr.signals.aus.sizes import size_jumps


@pytest.mark.parametrize("rows", [20, 200])
def test_ridge_is_scikit_learns(rows: int) -> None:
    rng = generator(0, "fit")
    x, y = rng.normal(size=(rows, 60)), rng.normal(size=(rows, 3))
    expected = Ridge(alpha=2.5, fit_intercept=False).fit(x, y).coef_.T
    assert fit.ridge(*fit.normal_equations(x, y), 2.5) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("centred", [True, False])
def test_the_correction_is_fitted_on_what_is_read_of_people_left_out(centred: bool) -> None:
    """All of `fit_reading` by scikit-learn: folds by person, then a ridge on their predictions."""
    rng = generator(0, "fit", "reading")
    per, truth = 30, rng.normal(size=(12, RENDERED_UNITS))
    x = rng.normal(size=(fit.FOLDS * per, 12)) + 3 * centred
    y = x @ truth + rng.normal(size=(len(x), RENDERED_UNITS)) + centred
    ramps = Ramps(rng.normal(size=(RENDERED_UNITS, 8)), rng.normal(size=8))
    reading = fit.fit_reading(
        list(zip(np.split(x, fit.FOLDS), np.split(y, fit.FOLDS), strict=True)), 5.0, ramps, centred
    )
    x_mean, y_mean = (part.mean(axis=0) * centred for part in (x, y))
    plain = Ridge(alpha=5.0, fit_intercept=False).fit(x - x_mean, y - y_mean)
    assert reading.weights == pytest.approx(plain.coef_.T, abs=1e-5)
    assert x @ reading.weights + reading.bias == pytest.approx(plain.predict(x - x_mean) + y_mean, abs=1e-4)
    away = cross_val_predict(
        plain, x - x_mean, y - y_mean, groups=np.repeat(np.arange(fit.FOLDS), per), cv=GroupKFold(fit.FOLDS)
    )
    last = Ridge(alpha=fit.LAST_RIDGE, fit_intercept=False).fit(ramps(away + y_mean), y[:, : len(ACTION_UNITS)])
    assert reading.last == pytest.approx(last.coef_.T, abs=1e-5)


def test_examples_are_half_faces_and_their_own_truth() -> None:
    """Both halves of all frames, and of all but the first their change since it."""
    rng, frames = generator(0, "fit", "examples"), 3
    session = fit.Session(
        crops=rng.integers(0, 256, (frames, 288, 288), np.uint8),
        landmarks_crop=rng.uniform(0, 288, (frames, 68, 2)),
        intensity=rng.uniform(0, 5, (frames, RENDERED_UNITS, 3)),
        strength=np.arange(frames),
    )
    examples = fit.session_examples(session, size=5)
    both = session.intensity[:, :, :2]
    assert len(examples.appearance) == len(examples.intensity) == 2 * frames
    assert len(examples.change) == len(examples.intensity_change) == 2 * (frames - 1)
    assert examples.intensity[:2] == pytest.approx(both[0].T)
    assert examples.intensity_change[-1] == pytest.approx(both[-1, :, 1] - both[0, :, 1])


def test_shipped_model_is_small_states_its_people_and_reads_movements() -> None:
    model = load()
    assert MODEL.stat().st_size < 2**20
    assert len(set(model.fitted_on)) >= 200
    assert all(entry.startswith("generated/") for entry in model.fitted_on)
    _, metadata = store.read_tensors(MODEL)
    errors = {(row["action_unit"], row["size"], row["form"]): row for row in json.loads(metadata["errors"])}
    assert len(errors) == (len(ACTION_UNITS) + 1) * 2 * 2
    assert errors["mean", "macro", "relative"]["icc"] >= 0.75
    assert errors["mean", "micro", "relative"]["icc"] >= 0.5


@pytest.fixture(scope="module")
def held_out() -> list[fit.Session]:
    params = Params()
    subject = params.held_out_subjects()[0]
    performer = performer_of(subject, params)
    session = next(render_sessions(Face(performer.face_seed), performer, f"population/{subject}", params.seed))
    return [fit.Session(session.crop[..., 0], session.landmarks_crop, session.intensity, session.strength)]


def test_shipped_model_reads_a_person_it_was_not_fitted_on(held_out: list[fit.Session]) -> None:
    """Rendered anew: the stored figures are of this model, these features and these faces."""
    model = load()
    read = [regress(session.crops, session.landmarks_crop, 0, model) for session in held_out]
    for kind, least in ((1, 0.5), (2, 0.7)):
        intensities = fit.intensity_pairs(held_out, read, kind, form="relative")
        true, predicted = (np.concatenate(parts).ravel() for parts in zip(*intensities, strict=True))
        assert agreement(true, predicted)["icc"] > least


def test_a_change_of_image_size_moves_the_mean_over_sizes_less(held_out: list[fit.Session]) -> None:
    """FAMGAN's claim holds for the shipped model: 5 px more or less in height and width."""
    (session,), model = held_out, load()
    alone, averaged = size_jumps(
        lambda crops, landmarks: regress(crops, landmarks, 0, model, (0,)),
        session.crops[:3],
        session.landmarks_crop[:3],
        SIZES,
    )
    assert averaged.mean() < 0.8 * alone.mean()
