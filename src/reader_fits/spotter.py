"""Train the shipped spotter on the long takes of the population, and calibrate it: rule `fit_spotter`."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from microexpr.core import onnx, store
from microexpr.core.clip import subject_provenance
from microexpr.core.seeds import generator
from microexpr.signals import spotting
from microexpr.signals.spotting import network
from microexpr.signals.spotting.hits import Counts, count, match
from microexpr.signals.spotting.network import CLOCK, KINDS, Inputs
from microexpr.training import engine
from reader_fits import learning, measured_takes
from reader_fits.learning import Execution, Schedule
from reader_fits.measured_takes import Recording, Shown
from reader_fits.spot_network import SpotNetwork, graph

logger = logging.getLogger(__name__)

SEED = 0
STEPS, BATCH, TIMES = 2000, 8, 300  # updates, windows in each, and times of a window
RATE, DECAY, LARGEST_GRADIENT = 3e-3, 2e-2, 1.0
RAREST = 6.0  # largest weight of a time that is in an event
CUT = 0.25  # how often a part of a recording is sampled, against the recording
CLOSE, WIDE = (0.0, 0.06), (0.05, 0.8)  # seconds of a clip around its expression
CLOSELY, AT_APEX = 0.6, 0.2  # share of clips cut so, and of those that end shortly after the apex
PARTS = (0.4, 2.4), (2.4, 5.0), (4.0, 10.0)  # seconds of parts that are cut out anywhere
PACE, SLOWEST = (0.8, 1.3), 0.5  # factor of the speed of a recording; seconds of a micro-expression then, at most
MIRRORED = 0.5  # share of windows whose sides change places
HIDDEN = 0.2  # share of a window's curves that are not seen
BEYOND = 50  # times of a window before the recording or after it, at most
LEAST = 4  # frames of a part that show the face
SURE = 0.8  # probability


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A recording or a part of one, N times of the clock."""

    inputs: Inputs
    targets: np.ndarray  # float32[N, 5]: which kinds of events a time is in
    mask: np.ndarray  # float32[N]: 0 where an event is cut off, since nothing says how long it was
    weight: float


def run(training: Sequence[str | Path], held_out: Sequence[str | Path], path: str | Path, execution: Execution) -> None:
    """Train on takes of training subjects, calibrate and measure on those of held-out ones; write and log the network.

    Half of the held-out subjects calibrate what the figures of the other half are measured with, and the reverse; all
    of them calibrate what is written."""
    data = [example for recording in measured_takes.read(training) for example in examples(recording)]
    content = graph(train(data, execution))
    fitted_on = {subject_provenance(Path(file).stem) for file in training}
    for file in training:
        with store.open_file(file, measured_takes.SCHEMA) as opened:
            fitted_on |= {*store.fitted_on(opened)}
    recordings, spotter = [*measured_takes.read(held_out)], onnx.run(content)
    curves = (recording.curves for recording in recordings)
    scores = [network.scores(spotter, network.inputs(c, spotting.compute_signal(c))) for c in curves]
    halves = [i % 2 for i, _ in enumerate(held_out) for _ in range(len(recordings) // len(held_out))]
    figures = measure(recordings, scores, halves)
    metadata = {"held_out": f"{len(held_out)} subjects", "errors": json.dumps(figures)}
    metadata["calibration"] = json.dumps(calibrate(recordings, scores))
    onnx.write(path, content, sorted(fitted_on), **metadata)
    logger.info(" ".join(f"{name}={value:.3f}" for name, value in figures.items()))


def examples(recording: Recording) -> Iterator[Example]:
    """Yield a recording, parts of it, as data sets and users cut them, and all of it at another pace."""
    yield example(recording, 1.0)
    rng, curves = generator(SEED, "spotter", recording.subject, recording.name), recording.curves
    for event in recording.events:
        if event.kind == "micro":
            before, after = rng.uniform(*(CLOSE if rng.random() < CLOSELY else WIDE), 2)
            last = event.offset + after
            if rng.random() < AT_APEX:
                last = event.apex + rng.uniform(0, 0.5) * (event.offset - event.apex)
            yield from cut(recording, event.onset - before, last)
    seconds = len(curves.numbers) / curves.fps
    for least, most in PARTS:
        length = rng.uniform(least, most)
        first = rng.uniform(0, max(0.0, seconds - length))
        yield from cut(recording, first, first + length)
    yield at_pace(recording, generator(SEED, "pace", recording.subject, recording.name).uniform(*PACE))


def at_pace(recording: Recording, pace: float) -> Example:
    """Return a recording that plays `pace` times as fast; micro-expressions that last too long then do not count."""
    curves = replace(recording.curves, fps=recording.curves.fps * pace)
    events = tuple(event.since(0, pace) for event in recording.events)
    changed = example(replace(recording, curves=curves, events=events), 1.0)
    for event in events:
        if event.kind == "micro" and event.offset - event.onset > SLOWEST:
            changed.mask[times_of(event)] = 0
    return changed


def cut(recording: Recording, first: float, last: float) -> Iterator[Example]:
    """Yield the part of a recording between two times in seconds, if it has several frames."""
    curves = recording.curves
    start, stop = max(0, round(first * curves.fps)), min(len(curves.numbers), round(last * curves.fps) + 1)
    part = {item.name: getattr(curves, item.name) for item in fields(curves) if item.name != "fps"}
    part = {name: values[start:stop] for name, values in part.items()}
    if part["detected"].sum() >= LEAST:
        events = tuple(event.since(start / curves.fps) for event in recording.events)
        yield example(replace(recording, curves=replace(curves, **part), events=events), CUT)


def example(recording: Recording, weight: float) -> Example:
    """Return what the network reads of a recording, and what it is to answer."""
    curves = recording.curves
    inputs = network.inputs(curves, spotting.compute_signal(curves))
    times_in_all = len(inputs.whole)
    targets, mask = np.zeros((times_in_all, len(KINDS)), np.float32), np.ones(times_in_all, np.float32)
    end, is_clip = times_in_all / CLOCK, spotting.is_clip(len(curves.numbers), curves.fps)
    for event in recording.events:
        times = times_of(event)
        targets[times, KINDS.index(event.kind)] = 1
        if event.kind == "micro" and not is_clip and (event.onset < 0 or event.offset > end):
            mask[times] = 0
    return Example(inputs, targets, mask, weight)


def times_of(event: Shown) -> slice:
    """Return the times of the clock that an event lasts, within a recording."""
    return slice(max(0, round(event.onset * CLOCK)), max(0, round(event.offset * CLOCK) + 1))


def train(data: Sequence[Example], execution: Execution) -> SpotNetwork:
    """Return a network trained on windows of these examples."""
    engine.use_one_thread()
    torch.manual_seed(SEED)
    spotter = SpotNetwork()
    for name in Inputs._fields:
        values = np.concatenate(
            [getattr(e.inputs, name).reshape(-1, getattr(e.inputs, name).shape[-1])[::7] for e in data]
        )
        getattr(spotter, f"{name}_mean").copy_(torch.from_numpy(values.mean(0)))
        getattr(spotter, f"{name}_deviation").copy_(torch.from_numpy(values.std(0)).clamp(min=1e-3))
    share = np.concatenate([e.targets for e in data]).mean(0)
    weights = torch.from_numpy(np.clip(np.sqrt((1 - share) / np.maximum(share, 1e-4)), 1, RAREST)).float()
    chances = np.array([e.weight for e in data])

    def losses(step: int) -> dict[str, Tensor]:
        batch, targets, mask = sample_batch(data, chances / chances.sum(), generator(SEED, "spotter", step))
        each = functional.binary_cross_entropy_with_logits(
            spotter(*batch), targets, pos_weight=weights, reduction="none"
        )
        return {"loss": (each.mean(2) * mask).sum() / mask.sum()}

    learning.train(spotter, losses, Schedule(STEPS, RATE, DECAY, largest_gradient=LARGEST_GRADIENT), execution)
    return spotter.eval()


def sample_batch(
    data: Sequence[Example], chances: np.ndarray, rng: np.random.Generator
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Sample windows of examples: inputs, events float32[B, N, 5], and which times count, float32[B, N]."""
    rows = []
    for i in rng.choice(len(data), size=BATCH, p=chances):
        chosen = data[i]
        spare = len(chosen.mask) - TIMES
        first = int(rng.integers(min(spare, 0) - BEYOND * (spare > 0), max(spare, 0) + BEYOND * (spare > 0) + 1))
        is_mirrored = rng.random() < MIRRORED
        parts = [window(values, first) for values in (*chosen.inputs, chosen.targets, chosen.mask)]
        if is_mirrored:
            parts[:2] = [
                values.reshape(TIMES, -1, 2, values.shape[-1])[:, :, ::-1].reshape(values.shape) for values in parts[:2]
            ]
        rows.append(parts)
    *batch, targets, mask = (torch.from_numpy(np.stack(values)) for values in zip(*rows, strict=True))
    for curves in batch[:2]:
        curves *= torch.from_numpy(rng.random((BATCH, 1, curves.shape[2], 1)) >= HIDDEN)
    return batch, targets, mask


def window(values: np.ndarray, first: int) -> np.ndarray:
    """Return `TIMES` of values [N, ...] from a position on, which may be negative; 0 where there are none."""
    out = np.zeros((TIMES, *values.shape[1:]), values.dtype)
    start, stop = max(0, first), min(len(values), first + TIMES)
    out[start - first : stop - first] = values[start:stop]
    return out


def calibrate(recordings: Sequence[Recording], scores: Sequence[np.ndarray]) -> dict[str, list[float]]:
    """Return slope and offset, by kind, that turn the peak of an event's score into how probable the event is.

    All runs of a score above 0 are counted, as misses or, where they hit an event as challenges count, as hits."""
    fits = dict[str, list[float]]()
    for k, kind in enumerate(KINDS):
        peaks, hit = list[float](), list[bool]()
        for recording, score in zip(recordings, scores, strict=True):
            runs = spotting.runs(kind, score[:, k], CLOCK)
            hits = match([(run.start, run.stop - 1) for run in runs], true_spans(recording, kind))
            peaks += [float(score[run, k].max()) for run in runs]
            hit += [i in hits for i in range(len(runs))]
        fits[kind] = logistic(np.array(peaks), np.array(hit, float))
    return fits


def logistic(values: np.ndarray, hit: np.ndarray) -> list[float]:
    """Return slope and offset of the logistic regression of 0 and 1 on values, both [n]; 1, 0 where all are alike."""
    if len({*hit.tolist()}) < 2:
        return [1.0, 0.0]
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    fit = LogisticRegression().fit(values[:, None], hit)
    return [float(fit.coef_[0, 0]), float(fit.intercept_[0])]


def true_spans(recording: Recording, kind: str) -> list[tuple[int, int]]:
    """Return the events of a kind in times of the clock."""
    events = (event for event in recording.events if event.kind == kind)
    return [(round(event.onset * CLOCK), round(event.offset * CLOCK)) for event in events]


def measure(recordings: Sequence[Recording], scores: Sequence[np.ndarray], halves: Sequence[int]) -> dict[str, float]:
    """Return F1 of both kinds in each recording of the takes, and the share of hits among micro-expressions that are
    as probable as `SURE`.

    Recordings of one of `halves` are measured with what the others calibrated."""
    counts, sure = dict[str, Counts](), Counts()
    for half in sorted({*halves}):
        others = [i for i, other in enumerate(halves) if other != half] or [*range(len(halves))]
        fits = calibrate([recordings[i] for i in others], [scores[i] for i in others])
        for i in (i for i, number in enumerate(halves) if number == half):
            curves = recordings[i].curves
            score = network.on_frames(scores[i], curves)
            probability = network.probabilities(score, np.array([*fits.values()]))
            intervals = spotting.find(score, probability, spotting.compute_signal(curves), curves.fps)
            for kind in ("micro", "macro"):
                true, events = true_spans(recordings[i], kind), [event for event in intervals if event.kind == kind]
                spans = [(round(e.onset / curves.fps * CLOCK), round(e.offset / curves.fps * CLOCK)) for e in events]
                name = f"{kind}_f1_{recordings[i].name}"
                counts[name] = counts.get(name, Counts()) + count(spans, true)
                if kind == "micro":
                    sure += count([s for s, e in zip(spans, events, strict=True) if e.score >= SURE], true)
    return {name: total.f1 for name, total in sorted(counts.items())} | {"sure_right": sure.precision}
