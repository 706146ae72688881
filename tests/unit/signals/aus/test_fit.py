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
from microexpr.signals.aus.features import describe_face
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
    reading, errors = fit.fit_reading(
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
    read, true = last.predict(ramps(away + y_mean)), y[:, : len(ACTION_UNITS)]
    slope, constant = np.polyfit(np.abs(read[:, 3]), np.abs(read - true)[:, 3], 1)
    assert errors[:, 3] == pytest.approx([constant, slope], abs=1e-3)


def test_examples_are_half_faces_and_their_own_truth() -> None:
    """Both halves of all frames; of all but the first their change since it, as recorded and altered, and that of the
    macro image since the other session's rest; of the last two kinds also the way back."""
    rng, frames = generator(0, "fit", "examples"), 3
    session, other = (
        fit.Session(
            crops=rng.integers(0, 256, (frames, 288, 288), np.uint8),
            landmarks_crop=rng.uniform(0, 288, (frames, 68, 2)),
            intensity=rng.uniform(0, 5, (frames, RENDERED_UNITS, 3)),
            strength=np.arange(frames),
        )
        for _ in range(2)
    )
    session = fit.resize_session(session, 5)
    other_rest = describe_face(other.crops[0], other.landmarks_crop[0])
    examples = fit.session_examples(session, other_rest, other, rng)
    both, other_both = (part.intensity[:, :, :2] for part in (session, other))
    assert len(examples.appearance) == len(examples.intensity) == 2 * frames
    assert len(examples.difference) == len(examples.intensity_change) == 2 * (2 + 2 * 3)
    assert examples.intensity[:2] == pytest.approx(both[0].T)
    since_rest = np.concatenate([(both[i] - both[0]).T for i in (1, 2)])
    since_other = (both[2] - other_both[0]).T
    altered = np.concatenate([since_rest, since_other])
    assert examples.intensity_change == pytest.approx(np.concatenate([since_rest, altered, -altered]))
    assert examples.one_recording.tolist() == [True] * 4 + [False] * 12


def test_kind_is_told_by_a_logistic_regression() -> None:
    rng = generator(0, "fit", "kind")
    magnitudes = np.concatenate([rng.normal(0, 1, (300, 2)), rng.normal(2, 1, (300, 2))])
    first, second, constant = fit.fit_kind(magnitudes, np.arange(600) < 300)
    assert first < -1 and second < -1
    assert -constant / (first + second) == pytest.approx(1, abs=0.15)  # half way between both


def test_shipped_model_is_small_states_its_people_and_reads_movements() -> None:
    model = load()
    assert MODEL.stat().st_size < 1.25 * 2**20
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
