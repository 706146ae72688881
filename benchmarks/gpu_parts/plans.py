"""The engine's two plans and the textbook loop: how far their scores agree, how fast they train."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gpu_parts import textbook
from gpu_parts.clips import face_clips, flow_clips, folds, network
from gpu_parts.precision import computed_in
from gpu_parts.session import Session
from microexpr.models.base import ClipTensors, NetworkMethod
from microexpr.training.engine import FoldIndices, train
from microexpr.training.group import Group, Run

MODES = ("float64", "float32", "tf32")  # in which scores are compared; the last on CUDA only
SEED = 0
SHARE = 0.7  # of a network's time may go to the side that trains fold after fold


@dataclass(frozen=True)
class Task:
    """A method with the clips and folds that it trains on."""

    name: str
    values: dict[str, Any]
    clips: Callable[[], ClipTensors]  # of the default dtype
    folds: Sequence[FoldIndices]
    epochs: int
    steps: int  # of the whole training

    def method(self, **values: Any) -> NetworkMethod:
        """The method for these epochs."""
        return network(self.name, self.values | {"epochs": self.epochs} | values)


def flow_task(session: Session, name: str) -> Task:
    """A flow network at the session's size."""
    size, values = session.size, dict(session.size.flow[name])
    batch = network(name, values).params.batch
    steps_clips = min(size.clips, size.steps * batch)
    steps = -(-steps_clips // batch)
    epochs = -(-size.steps // steps)

    def clips() -> ClipTensors:
        return flow_clips(size.clips, session.device, steps_clips)

    return Task(name, values, clips, folds(size.clips, size.subjects), epochs, epochs * steps)


def icegan_task(session: Session, name: str) -> Task:
    """ICE-GAN at a small size."""
    size, values = session.size, dict(session.size.icegan_small)
    count, subjects = size.icegan_clips, size.icegan_folds
    steps = -(-count // values["batch"])
    epochs = -(-size.steps // steps)

    def clips() -> ClipTensors:
        return face_clips(count, subjects, values["image_size"], session.device, count)

    return Task(name, values, clips, folds(count, subjects), epochs, epochs * steps)


def agreement(task: Task, compared: int) -> float:
    """The largest difference between both plans' last scores of the first folds, as a share of the largest score."""
    method, data = task.method(), task.clips()
    runs = [Run(fold, SEED) for fold in task.folds[:compared]]
    alone = [Group(method, data, [run], stacked=False) for run in runs]
    together = Group(method, data, runs, stacked=True)
    for group in [*alone, together]:
        while group.epoch():
            pass
    pairs = [(group.scores[0][-1], scores[-1]) for group, scores in zip(alone, together.scores, strict=True)]
    return max(float((a - b).abs().max()) for a, b in pairs) / max(float(a.abs().max()) for a, _ in pairs)


def compare(session: Session, task: Task) -> None:
    """Keep the agreement of both plans in each precision."""
    differences = {}
    for mode in MODES if session.on_cuda else MODES[:-1]:
        if not session.has_time("plans", f"{task.name}: agreement in {mode}"):
            break
        with computed_in(mode):
            differences[mode] = agreement(task, session.size.compared)
        session.say(f"{task.name}: after {task.steps} steps in {mode} scores differ by {differences[mode]:.1e}")
        session.keep("plans", f"{task.name}_agreement", {"steps": task.steps, "differences": differences})


def stacked_seconds(session: Session, task: Task) -> tuple[float, int]:
    """Median time of training all folds stacked, and the number of repetitions."""
    data, count = task.clips(), len(task.folds)
    list(train(task.method(epochs=1), data, task.folds, [SEED], "stacked", count))
    method = task.method()
    return session.median_seconds(lambda: list(train(method, data, task.folds, [SEED], "stacked", count)))


def sequential_folds(task: Task) -> Iterator[None]:
    """Train fold after fold with the engine."""
    data = task.clips()
    list(train(task.method(epochs=1), data, task.folds[:1], [SEED], "sequential", 1))
    yield
    for _ in train(task.method(), data, task.folds, [SEED], "sequential", 1):
        yield


def textbook_folds(task: Task) -> Iterator[None]:
    """Train fold after fold with the textbook loop."""
    data = task.clips()
    textbook.train_fold(task.method(epochs=1), data, task.folds[0])
    yield
    for fold in task.folds:
        textbook.train_fold(task.method(), data, fold)
        yield


def seconds_of_all(session: Session, folds: Iterator[None], count: int, share: float) -> tuple[float, int]:
    """Median time of a fold times the number of folds, and how many folds were timed: as many as fit in this share of
    the part's time, three at least. The first item of `folds` is the warm-up."""
    until = time.perf_counter() + share * session.left()
    next(folds)
    taken: list[float] = []
    while len(taken) < count and (len(taken) < 3 or time.perf_counter() < until):
        taken.append(session.seconds(lambda: next(folds)))
    return count * statistics.median(taken), len(taken)


def measure(session: Session, part: str) -> None:
    """Part `plans` compares and times both plans, part `textbook` the textbook loop and the stacked plan."""
    makers = {**dict.fromkeys(session.size.flow, flow_task), "icegan": icegan_task}
    for number, (name, make) in enumerate(makers.items()):
        if part == "plans":
            with session.measurement(part, f"{name}: agreement"):
                compare(session, make(session, name))
        if session.has_time(part, f"{name}: speed"):
            with session.measurement(part, f"{name}: speed"):
                speed(session, part, make(session, name), SHARE / (len(makers) - number))


def speed(session: Session, part: str, task: Task, share: float) -> None:
    """Time one side and the stacked plan, print and keep their ratio; products are torch's default."""
    other, run = {"plans": ("sequential", sequential_folds), "textbook": ("textbook", textbook_folds)}[part]
    with computed_in("default"):
        stacked, repeats = stacked_seconds(session, task)
        seconds, timed = seconds_of_all(session, run(task), len(task.folds), share)
    values = {
        **{"folds": len(task.folds), "steps": task.steps, "batch": task.method().phases()[-1].batch},
        **{f"{other}_seconds": seconds, f"{other}_folds_timed": timed},
        **{"stacked_seconds": stacked, "stacked_repeats": repeats, "ratio": seconds / stacked},
    }
    session.keep(part, task.name, values)
    session.say(
        f"{task.name}, {len(task.folds)} folds, {task.steps} steps, batch {values['batch']}: {other} {seconds:.2f} s "
        f"({timed} folds timed), stacked {stacked:.3f} s ({repeats} runs) ratio={seconds / stacked:.2f}"
    )
