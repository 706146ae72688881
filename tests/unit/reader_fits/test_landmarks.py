"""Training of the landmark network: pairs agree with their points, and an interruption changes no byte."""

import numpy as np
import pytest
import torch
from trainings import interrupted

from microexpr.core.seeds import generator
from microexpr.signals.landmarks import POINTS, SIZE
from reader_fits import landmarks as fit
from reader_fits import learning, portrait_images
from reader_fits.learning import Checkpoint, Execution
from reader_fits.portrait_images import SCENE, Portraits

BRIGHT = np.array([60.0, 150.0])


@pytest.fixture(scope="module")
def data() -> Portraits:
    """Two scenes of dark images with one bright spot, at which all points lie."""
    rows, columns = np.mgrid[: portrait_images.SIZE, : portrait_images.SIZE]
    spots = BRIGHT + generator(0, "spots").uniform(-20, 20, (2 * SCENE, 2))
    images = [20 + 220 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 50) for x, y in spots]
    points = np.repeat(spots[:, None], POINTS, axis=1).astype(np.float32)
    points[:, 45, 0] += 75  # the distance between the outer eye corners
    return Portraits(np.stack(images).astype(np.uint8), points, np.zeros((2 * SCENE, 24, 2), np.float32))


def test_points_lie_where_the_image_shows_them(data: Portraits) -> None:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    errors = []
    for k in range(40):
        images, points = fit.sample_pair(data, generator(k, "pairs"))
        assert images.shape == (2, SIZE, SIZE) and points.shape == (2, POINTS, 2)
        for image, position in zip(images, points, strict=True):
            bright = np.maximum(image.astype(float) - np.percentile(image, 98), 0)
            centre = np.array([(bright * columns).sum(), (bright * rows).sum()]) / max(bright.sum(), 1)
            errors.append(np.abs((position[0] + 0.5) * SIZE - 0.5 - centre).max())
    assert np.median(errors) < 1.5  # some are covered, or lie outside


def test_mirrored_points_change_their_names() -> None:
    assert np.array_equal(fit.MIRROR[fit.MIRROR], np.arange(POINTS))
    assert fit.MIRROR[[36, 48, 68, 27]].tolist() == [45, 54, 69, 27]


def test_an_interrupted_training_ends_in_the_same_bytes(data: Portraits, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(fit, "PAIRS", 2)
    monkeypatch.setattr(learning, "EVERY", 1)
    whole = fit.train(data, Execution(steps=3))
    checkpoint = Checkpoint(tmp_path / "state.safetensors", "test")
    with pytest.raises(InterruptedError):
        fit.train(data, Execution(checkpoint, interrupted(2), 3))
    assert checkpoint.path.exists()
    resumed = fit.train(data, Execution(checkpoint, steps=3))
    weights = whole.state_dict().values(), resumed.state_dict().values()
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))
    network, other = fit.LandmarkNetwork(), Checkpoint(checkpoint.path, "another training")
    assert other.restore(network, torch.optim.AdamW(network.parameters())) == 0


def test_errors_are_measured_by_part(data: Portraits) -> None:
    errors = fit.measure_errors(data, fit.train(data, Execution(steps=1)))
    assert {"all", "change", "jaw", "brows_followed", "pupils"} <= errors.keys()
    assert errors["all"] > 1
