"""What the network reads, on its own clock; its scores do not depend on where a recording is cut for it."""

import json

import numpy as np
import pytest
from onnx import ModelProto

from microexpr.core import onnx
from microexpr.core.errors import StoreError
from microexpr.core.seeds import generator
from microexpr.signals import spotting
from microexpr.signals.spotting import network

from .test_spotting import SMILE, at_rest, curves_of, show


@pytest.mark.parametrize("fps", [25, 30, 50, 100, 200])
def test_curves_are_read_at_the_same_times_whatever_their_rate(fps):
    seconds = np.arange(4 * fps) / fps
    on_clock = network.clocked(np.sin(seconds)[:, None], fps)[:, 0]
    times = np.arange(len(on_clock)) / network.CLOCK
    assert on_clock == pytest.approx(np.sin(times), abs=5e-3) and abs(times[-1] - seconds[-1]) < 1 / network.CLOCK


def curves(fps=50):
    intensity, gaze = at_rest(fps)
    show(intensity, fps, "AU12", 8, 0.4, 1.0)
    moved = 0.1 * generator(1, "regions").standard_normal((len(gaze), 22, 2))
    moved[8 * fps : round(8.4 * fps), 14] += 3 * np.hanning(round(0.4 * fps))[:, None]
    seen = np.ones(len(gaze), bool)
    seen[: 2 * fps] = False
    return curves_of(intensity.astype(np.float32), gaze, fps, movement=moved.astype(np.float32), detected=seen)


def test_a_movement_stands_out_and_a_long_recording_is_read_in_parts_with_the_same_scores(monkeypatch):
    read = curves()
    given = network.inputs(read, spotting.compute_signal(read))
    assert [values.shape for values in given] == [(1000, 34, 4), (1000, 44, 4), (1000, 6)]
    assert given.units[410, :, 0].argmax() // 2 == SMILE and given.regions[410, :, 0].argmax() // 2 == 14
    assert not any(values[:100].any() for values in given) and given.whole[100:, 5].all()
    whole = network.scores(network.load(), given)
    monkeypatch.setattr(network, "SPAN", 333)
    assert np.abs(network.scores(network.load(), given) - whole).max() < 1e-4
    assert whole.shape == (1000, 5)


def test_a_smile_of_noise_free_rest_is_more_likely_than_rest_and_nothing_is_where_nothing_is_seen():
    read = curves()
    _, probability, _ = network.spot(read)
    assert probability.shape == (1000, 5) and (probability <= 1).all() and not probability[:100].any()
    assert probability[400:425, :2].max() > 10 * np.median(probability[500:, :2])


def test_a_network_that_is_not_calibrated_is_refused(tmp_path):
    path = tmp_path / "spotter.onnx"
    fits = {kind: [1.0, 0.0] for kind in [*spotting.LENGTHS][:-1]}
    for metadata in ({}, {"calibration": json.dumps(fits)}):
        onnx.write(path, without_metadata(network.MODEL.read_bytes()), ["generated/population/s0001/*"], **metadata)
        with pytest.raises(StoreError, match="must be calibrated"):
            network.load(path)
        network.load.cache_clear()


def without_metadata(content: bytes) -> bytes:
    """A network's file without its metadata."""
    model = ModelProto.FromString(content)
    del model.metadata_props[:]
    return bytes(model.SerializeToString())
