"""Training of the reader of action units: batches agree with their truth; the shipped model with what it states."""

import json

import numpy as np
import pytest

from facs_faces.face import Face
from microexpr.core.onnx import read_metadata
from microexpr.core.seeds import generator
from microexpr.signals.aus import ACTION_UNITS, agreement
from microexpr.signals.aus.regressor import CHANGE, MODEL, load, regress
from reader_fits import action_units as fit
from reader_fits.action_unit_networks import UNITS, Movement, UnitNetwork
from reader_fits.population import Params
from reader_fits.population.identities import performer_of
from reader_fits.population.sessions import render_sessions
from reader_fits.portrait_images import SCENE, SIZE, Portraits


@pytest.fixture(scope="module")
def data() -> Portraits:
    """Two scenes of textures; the eyes are where they are in portraits."""
    rng = generator(0, "portraits")
    points = np.zeros((2 * SCENE, 70, 2), np.float32)
    points[:, [36, 39, 42, 45, 33]] = [[74, 90], [95, 91], [128, 91], [149, 90], [112, 131]]
    texture = rng.integers(0, 256, (2 * SCENE, SIZE // 8, SIZE // 8), np.uint8).repeat(8, 1).repeat(8, 2)
    return Portraits(texture, points, rng.uniform(0, 5, (2 * SCENE, UNITS, 2)).astype(np.float32))


def test_a_batch_has_pairs_of_one_scene_with_their_intensities(data: Portraits, monkeypatch) -> None:
    monkeypatch.setattr(fit, "SCENES", 3)
    batch = fit.sample_batch(data, generator(0, "batch"))
    assert batch.faces.shape == (3 * SCENE, 128, 128) and batch.intensity.shape == (3 * SCENE, 2, UNITS)
    assert len(batch.before) == len(batch.after) == 3 * (SCENE - 1)
    assert (batch.before // SCENE == batch.after // SCENE).all() and (batch.before != batch.after).all()
    scenes = {data.intensity[i : i + SCENE].tobytes() for i in (0, SCENE)}
    assert batch.intensity[:SCENE].transpose(0, 2, 1).tobytes() in scenes
    assert np.mean(batch.before % SCENE == 0) > 0.5


def test_one_recording_has_one_camera_and_occasions_have_many(data: Portraits, monkeypatch: pytest.MonkeyPatch) -> None:
    still = Portraits(data.image[:1].repeat(2 * SCENE, 0), data.points, data.intensity)
    differences = []
    for share in (0.0, 1.0):
        monkeypatch.setattr(fit, "OCCASIONS", share)
        faces = np.stack([np.stack(fit.record_scene(still, 0, generator(k, "camera"))) for k in range(5)]).astype(float)
        differences.append(np.abs(faces - faces[:, :1]).mean())
    assert differences[1] > 3 * differences[0]


def test_losses_are_zero_for_what_is_right(data: Portraits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "SCENES", 1)
    flat = Portraits(data.image, data.points, np.zeros_like(data.intensity))
    network = UnitNetwork().eval()
    for layer in (network.alone3, network.change3):
        layer.weight.data.zero_()
        layer.bias.data.zero_()
    losses = fit.batch_losses(network, Movement(), fit.sample_batch(flat, generator(0, "batch")))
    assert losses["change"] == losses["alone"] == losses["certainty"] == 0
    wrong = fit.batch_losses(network, Movement(), fit.sample_batch(data, generator(0, "batch")))
    assert wrong["alone"] > 0.1 and wrong["change"] > 0.1


def test_shipped_model_states_its_subjects_and_errors() -> None:
    model = load()
    assert MODEL.stat().st_size + CHANGE.stat().st_size < 9 * 2**20
    assert len(set(model.fitted_on)) >= 900
    assert all(entry.startswith("generated/population/p") for entry in model.fitted_on)
    metadata = read_metadata(MODEL)
    assert metadata == read_metadata(CHANGE)
    errors = {(row["action_unit"], row["size"], row["form"]): row for row in json.loads(metadata["errors"])}
    assert len(errors) == (len(ACTION_UNITS) + 1) * 2 * 2
    assert errors["mean", "macro", "relative"]["icc"] >= 0.8
    assert errors["mean", "micro", "relative"]["icc"] >= 0.7


def test_shipped_model_reads_a_subject_it_was_not_fitted_on() -> None:
    """Rendered anew: the stored figures are of this model and these faces."""
    params, model = Params(), load()
    subject = params.held_out_subjects()[0]
    performer = performer_of(subject, params)
    session = next(render_sessions(Face(performer.face_seed), performer, f"population/{subject}", params.seed))
    held_out = fit.Session(session["crop"][..., 0], session["intensity"], session["strength"])
    read = regress(held_out.crops, 0, model, (0,))
    for kind, least in ((1, 0.5), (2, 0.7)):
        intensities = fit.intensity_pairs([held_out], [read], kind, form="relative")
        true, predicted = (np.concatenate(parts).ravel() for parts in zip(*intensities, strict=True))
        assert agreement(true, predicted)["icc"] > least
