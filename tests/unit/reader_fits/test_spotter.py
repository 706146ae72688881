"""Examples that the spotter learns from, their parts, and what its scores are worth."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from microexpr.core import onnx
from microexpr.core.seeds import generator
from microexpr.signals import spotting
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.aus.recording import COURSES, Curves
from microexpr.signals.spotting import LENGTHS, network
from reader_fits import measured_takes
from reader_fits import spotter as fit
from reader_fits.learning import Execution
from reader_fits.measured_takes import Recording, Shown
from reader_fits.population import Params
from reader_fits.population import takes as filmed
from reader_fits.spot_network import SpotNetwork, graph

FPS, SECONDS = 30.0, 16
MICRO, MACRO = [*LENGTHS].index("micro"), [*LENGTHS].index("macro")


def recording(seed: int) -> Recording:
    """A recording in which AU12 moves for 0.4 s and for 1.5 s, and nothing else does."""
    rng, frames = generator(seed, "takes"), round(SECONDS * FPS)
    intensity = 0.02 * rng.standard_normal((frames, len(ACTION_UNITS), 2)).astype(np.float32)
    events = []
    for kind, onset, length in (("micro", rng.uniform(1, 5), 0.4), ("macro", rng.uniform(8, 12), 1.5)):
        first, count = round(onset * FPS), round(length * FPS)
        intensity[first : first + count, 8] += np.hanning(count)[:, None].astype(np.float32)
        events.append(Shown(kind, onset, onset + length / 2, onset + length))
    every, moved = np.ones(frames, bool), 0.05 * rng.standard_normal((frames, COURSES, 2)).astype(np.float32)
    curves = Curves(
        np.arange(frames), FPS, intensity, moved, rng.standard_normal(frames), every, every, np.zeros((frames, 3))
    )
    return Recording(f"s{seed}", "1", curves, tuple(events))


def test_an_example_says_where_each_kind_is_and_a_part_that_cuts_one_off_does_not_count_it():
    take = recording(1)
    whole = fit.example(take, 1.0)
    micro, macro = take.events
    inside = np.flatnonzero(whole.targets[:, MICRO]) / network.CLOCK
    assert (inside[0], inside[-1]) == pytest.approx((micro.onset, micro.offset), abs=0.02) and whole.mask.all()
    (part,) = fit.cut(take, micro.apex, micro.apex + 4)
    assert not part.mask[:5].any() and part.mask[20:].all() and not part.targets[20:].any()
    (clip,) = fit.cut(take, micro.onset - 0.03, micro.apex)
    assert clip.mask.all() and clip.targets[2:, MICRO].all()
    assert [*fit.cut(take, 3, 3.05)] == []
    assert len([*fit.examples(take)]) == 6 and macro.kind == "macro"


def test_at_another_pace_events_are_as_much_longer_and_what_is_too_slow_does_not_count():
    slow, fast = (fit.at_pace(recording(1), pace) for pace in (0.7, 1.25))
    assert slow.mask[slow.targets[:, MICRO] == 0].all() and not slow.mask[slow.targets[:, MICRO] == 1].any()
    assert fast.mask.all() and fast.targets[:, MACRO].sum() == pytest.approx(1.5 / 1.25 * network.CLOCK, abs=2)


def test_windows_are_of_one_length_mirrored_or_not_and_empty_where_there_is_nothing():
    values = np.arange(12.0).reshape(6, 2)
    assert np.array_equal(fit.window(values, -2)[2:8], values) and not fit.window(values, -2)[8:].any()
    assert not fit.window(values, 6).any()
    data = [fit.example(recording(2), 1.0)]
    given, shown, counted = fit.sample_batch(data, np.ones(1), generator(1))
    assert [tuple(part.shape) for part in given] == [(fit.BATCH, fit.TIMES, *n) for n in ((34, 4), (44, 4), (6,))]
    assert 0.7 < (given[0] != 0).any((1, 3)).float().mean() < 0.9, "a fifth of the curves is hidden"
    assert shown.shape == (fit.BATCH, fit.TIMES, len(LENGTHS)) and set(counted.unique().tolist()) <= {0.0, 1.0}


def test_the_calibration_is_how_often_a_score_is_right():
    rng = generator(0, "logistic")
    values = rng.normal(0, 2, 4000)
    hit = (rng.random(4000) < 1 / (1 + np.exp(1 - 0.5 * values))).astype(float)
    assert fit.logistic(values, hit) == pytest.approx([0.5, -1], abs=0.1)
    assert fit.logistic(values[:0], hit[:0]) == [1, 0]


def test_a_network_learns_what_is_short_and_what_is_long_and_is_exported_as_it_is(monkeypatch):
    monkeypatch.setattr(fit, "BATCH", 4)
    monkeypatch.setattr(fit, "TIMES", 150)
    recordings = [recording(seed) for seed in range(6)]
    spotter = fit.train([fit.example(take, 1.0) for take in recordings], Execution(steps=75))
    exported, held_out = onnx.run(graph(spotter)), [recording(seed) for seed in (11, 12)]
    given = network.inputs(held_out[0].curves, spotting.compute_signal(held_out[0].curves))
    with torch.no_grad():
        expected = spotter(*(torch.from_numpy(values)[None] for values in given))[0].numpy()
    assert exported(**given._asdict())[0] == pytest.approx(expected, abs=1e-4)
    scores = [
        network.scores(exported, network.inputs(take.curves, spotting.compute_signal(take.curves))) for take in held_out
    ]
    for take, score in zip(held_out, scores, strict=True):
        for kind, column in zip(("micro", "macro"), score.T, strict=False):
            ((first, last),) = fit.true_spans(take, kind)
            assert first - 10 <= column.argmax() <= last + 10
    assert {"micro_f1_1", "macro_f1_1", "sure_right"} == {*fit.measure(held_out, scores, [0, 1])}
    untrained = SpotNetwork().eval()
    assert not torch.equal(untrained.last.weight, spotter.last.weight)


def test_a_take_is_written_and_read_again_with_its_events(tmp_path, monkeypatch):
    few = {"MICRO": (1, 1), "MACRO": (0, 0), "BLINKS": (0, 0), "GLANCES": (0, 0), "SECONDS": 2.0, "RATES": {25: 1.0}}
    for name, value in (few | {"COVERS": 0, "TALKS": 0, "TURNS": 0, "UNEVEN": 0}).items():
        monkeypatch.setattr(filmed, name, value)
    measured_takes.write(tmp_path / "s0001.h5", "s0001", Params())
    stored = [*measured_takes.read([tmp_path / "s0001.h5"])]
    assert [take.name for take in stored] == ["1", "2", "3"]
    for take in stored:
        assert take.curves.fps == 25 and take.curves.movement.shape == (50, COURSES, 2) and take.curves.detected.all()
        assert [event.kind for event in take.events] == ["micro"] and 0 < take.events[0].onset < 2
        change = take.curves.intensity - take.curves.intensity[:3].mean(0)
        assert replace(take, name="1").subject == "s0001" and np.abs(change).max() > 0.05
