"""Trains all folds and seeds of a method: in turn over one resident copy of the clips, or stacked. No file comes in.

Randomness is a function of (seed, fold, phase, epoch, step, update), never of which other folds are trained.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
import torch
from torch import Tensor

from microexpr.core.errors import ParamsError, nearest
from microexpr.models.base import ClassicalMethod, Clips, Method, Modules, NetworkMethod, Targets
from microexpr.models.samplers import course
from microexpr.training import processor
from microexpr.training.group import Fold, Group, Run, by_pixel

__all__ = [
    "Asked", "Fold", "FoldResult", "Kept", "Plan", "Run", "SynthesisRequest", "Synthetic", "Trained", "fitted",
    "train",
]  # fmt: skip

Plan = Literal["auto", "sequential", "stacked"]
Progress = Callable[[int, int], None]  # epochs done and to do, summed over runs; first called before any is trained
COLOURS = 3  # a picture has at most so many channels; what has more of them is a video
SYNTHESIS_BATCH = 64  # images made at once: bounds memory only


def silent(done: int, total: int) -> None:
    """Progress that nobody sees."""


@dataclass(frozen=True, eq=False)
class Asked:
    """Images to make of one fold: from the neutral face of clip `source`, class `label`."""

    source: np.ndarray  # int64[K], positions in the resident clips; those of the fold's test are held out
    label: np.ndarray  # int64[K], class index


@dataclass(frozen=True, eq=False)
class SynthesisRequest:
    """Images wanted once a fold's first seed is trained; a fold that is not named makes none."""

    folds: Mapping[str, Asked]  # by fold name


@dataclass(frozen=True, eq=False)
class Synthetic:
    """One image that a method made."""

    source: int  # position of the clip whose neutral face it was made from
    label: int  # the class asked for
    image: np.ndarray  # float32[channels, H, W] in 0..1


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What training one fold over all seeds gave. S seeds, E epochs of the last phase, m test clips, C classes."""

    name: str
    scores: np.ndarray  # float32[S, E, m, C], test clips in the fold's order
    loss: np.ndarray  # float32[S, epochs of all phases, updates], nan where a phase has fewer updates
    statistics: dict[str, np.ndarray]  # of the first seed
    parameters: int  # trainable ones of a network; 0 for a classical method
    synthetic: list[Synthetic] | None  # None where nothing was asked


@dataclass(frozen=True, eq=False)
class Trained:
    """What a network became on all clips that it was given."""

    tensors: dict[str, np.ndarray]  # `<module>.<name>`: parameters and buffers, of shared modules too
    statistics: dict[str, np.ndarray]
    modules: Modules  # the network itself, in eval()
    device: torch.device  # where it is


class Kept(Protocol):
    """What an interrupted training left of runs that step together, and what this one leaves. Decides when."""

    def results(self, runs: Sequence[Run]) -> list[FoldResult] | None:
        """Those of runs that were finished; None if they were not."""

    def state(self, runs: Sequence[Run]) -> dict[str, Tensor] | None:
        """That of runs that were under way; None if they had not begun."""

    def after_epoch(self, runs: Sequence[Run], epochs: int, state: Callable[[], dict[str, Tensor]]) -> None:
        """May keep the state after so many epochs of all phases."""

    def after_training(self, runs: Sequence[Run], results: list[FoldResult]) -> None:
        """May keep the results."""


def train(
    method: Method,
    data: Clips,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    plan: Plan,
    stack: int,
    progress: Progress = silent,
    synthesis: SynthesisRequest | None = None,
    kept: Kept | None = None,
) -> Iterator[FoldResult]:
    """Each fold's result as soon as all of its seeds are trained, in the order of `folds`.

    `stack` is how many runs (fold x seed) train at once under the stacked plan. Sequential results are the same bytes
    whatever folds are asked for together, and whatever `kept` has of them. On a CPU it computes on one thread, since
    sums in another order are other bytes. Raises ParamsError for an unknown plan or for images of a method that makes
    none, MicroexprError if a loss is not finite.
    """
    processor.settle()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    stacked = _is_stacked(plan, device)
    if synthesis is not None and not (isinstance(method, NetworkMethod) and method.synthesises):
        raise ParamsError(f"synthesis must be asked of a method that makes images, not of {type(method).__name__}")
    if isinstance(method, NetworkMethod):
        runs = [Run(fold, seed) for fold in folds for seed in seeds]
        groups = [runs[i : i + stack] for i in range(0, len(runs), stack)] if stacked else [[run] for run in runs]
        data = _resident(data, device, stacked)
        results = _train_groups(method, data, groups, stacked, progress, synthesis, seeds[0], kept)
    elif isinstance(method, ClassicalMethod):
        results = _fit_machines(method, data, folds, seeds, progress, kept)
    else:
        raise TypeError(f"method must be a ClassicalMethod or NetworkMethod, not {type(method).__name__}")
    return _by_fold(results, len(seeds))


def _is_stacked(plan: str, device: torch.device) -> bool:
    if plan not in (plans := get_args(Plan)):
        raise ParamsError(f"plan must be one of {', '.join(plans)}, not {plan}{nearest(plan, plans)}")
    return plan == "stacked" or (plan == "auto" and device.type == "cuda")


def _resident(data: Clips, device: torch.device, stacked: bool) -> Clips:
    """The clips on the device, laid out for the plan."""
    data = data.to(device)
    if stacked:
        return data
    pictures = {k: by_pixel(v) for k, v in data.inputs.items() if v.ndim == 4 and v.shape[1] <= COLOURS}
    return Clips(data.inputs | pictures, data.targets)


def _by_fold(results: Iterator[FoldResult], seeds: int) -> Iterator[FoldResult]:
    """Results of one seed each, in order of folds then seeds, joined fold by fold."""
    for first in results:
        others = [next(results) for _ in range(seeds - 1)]
        yield FoldResult(
            first.name,
            np.concatenate([result.scores for result in (first, *others)]),
            np.concatenate([result.loss for result in (first, *others)]),
            first.statistics,
            first.parameters,
            first.synthetic,
        )


def fitted(
    method: NetworkMethod, data: Clips, run: Run, progress: Progress = silent, kept: Kept | None = None
) -> Trained:
    """What one run makes of its network: alone, so the same bytes as its fold has under the sequential plan."""
    processor.settle()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    group = _trained(method, _resident(data, device, False), [run], False, _Counted(progress, _epochs(method)), kept)
    shared = {name: {**dict(m.named_parameters()), **dict(m.named_buffers())} for name, m in group.shared.items()}
    tensors = {
        f"{module}.{name}": tensor.detach().cpu().numpy()
        for tree in (group.parameters, group.buffers, shared)
        for module, own in tree.items()
        for name, tensor in own.items()
    }
    modules = {name: network.eval() for name, network in (group.shared | group.networks).items()}
    statistics = {name: value.cpu().numpy() for name, value in group.statistics.items()}
    return Trained(tensors, statistics, Modules(**modules), device)


class _Counted:
    """Progress of runs, of which some epochs were done before."""

    def __init__(self, progress: Progress, total: int):
        self.progress, self.total, self.done, self.begun = progress, total, 0, False

    def skip(self, done: int) -> None:
        """Epochs that were done before."""
        self.done += done

    def begin(self) -> None:
        """Something is to be trained: the first time, how much was done before is shown."""
        if not self.begun:
            self.add(0)
        self.begun = True

    def add(self, done: int) -> None:
        self.done += done
        self.progress(self.done, self.total)


def _epochs(method: NetworkMethod) -> int:
    return sum(phase.epochs for phase in course(method))


def _fit_machines(
    method: ClassicalMethod,
    data: Clips,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    progress: Progress,
    kept: Kept | None,
) -> Iterator[FoldResult]:
    features = method.features({name: data.inputs[name] for name in method.inputs})
    targets = {name: value.numpy() for name, value in data.targets.items()}
    runs = [Run(fold, seed) for fold in folds for seed in seeds]
    count = _Counted(progress, len(runs))
    for run in runs:
        if (results := kept.results([run]) if kept else None) is not None:
            count.skip(1)
        else:
            count.begin()
            results = [_fit(method, features, targets, run)]
            if kept:
                kept.after_training([run], results)
            count.add(1)
        yield from results


def _fit(method: ClassicalMethod, features: np.ndarray, targets: Targets, run: Run) -> FoldResult:
    chosen = run.fold.train
    own = {name: value[chosen] for name, value in targets.items()}
    scorer = method.fit(features[chosen], own, run.generator("fit"))
    scores = np.asarray(scorer(features[run.fold.test]), np.float32)
    return FoldResult(run.fold.name, scores[None, None], np.empty((1, 1, 0), np.float32), {}, 0, None)


def _train_groups(
    method: NetworkMethod,
    data: Clips,
    groups: Sequence[Sequence[Run]],
    stacked: bool,
    progress: Progress,
    synthesis: SynthesisRequest | None,
    first_seed: int,
    kept: Kept | None,
) -> Iterator[FoldResult]:
    epochs = _epochs(method)
    count = _Counted(progress, sum(map(len, groups)) * epochs)
    for runs in groups:
        if (results := kept.results(runs) if kept else None) is not None:
            count.skip(len(runs) * epochs)
        else:
            group = _trained(method, data, runs, stacked, count, kept)
            results = _results(group, synthesis, first_seed)
            if kept:
                kept.after_training(runs, results)
        yield from results


def _trained(
    method: NetworkMethod, data: Clips, runs: Sequence[Run], stacked: bool, count: _Counted, kept: Kept | None
) -> Group:
    """These runs, trained from where they were left."""
    group = Group(method, data, runs, stacked)
    if kept and (state := kept.state(runs)) is not None:
        group.restore(group.state() | state)  # of those who began alike, it may lack what their last phase adds
    count.skip(len(runs) * group.epochs)
    count.begin()
    while group.epoch():
        count.add(len(runs))
        if kept:
            kept.after_epoch(runs, group.epochs, group.state)
    return group


def _results(group: Group, synthesis: SynthesisRequest | None, first_seed: int) -> list[FoldResult]:
    losses = _padded(group.losses)
    made = []
    for number, run in enumerate(group.runs):
        asked = synthesis.folds.get(run.fold.name) if synthesis and run.seed == first_seed else None
        made.append(
            FoldResult(
                run.fold.name,
                torch.stack(group.scores[number]).numpy().astype(np.float32)[None],
                losses[number : number + 1],
                {name: value.cpu().numpy() for name, value in group.of(number, group.statistics).items()},
                group.trainable,
                None if asked is None else _synthesised(group, number, asked),
            )
        )
    return made


def _padded(losses: Sequence[Tensor]) -> np.ndarray:
    """float32[R, epochs, most updates] of [R, updates] per epoch, nan where a phase has fewer."""
    result = np.full((len(losses[0]), len(losses), max(loss.shape[1] for loss in losses)), np.nan, np.float32)
    for epoch, loss in enumerate(losses):
        result[:, epoch, : loss.shape[1]] = loss.numpy()
    return result


def _synthesised(group: Group, number: int, asked: Asked) -> list[Synthetic]:
    made: list[Synthetic] = []
    for start in range(0, len(asked.source), SYNTHESIS_BATCH):
        source, label = (array[start : start + SYNTHESIS_BATCH] for array in (asked.source, asked.label))
        images = group.synthesise(number, source, label, start).numpy().astype(np.float32)
        made += [Synthetic(int(s), int(c), image) for s, c, image in zip(source, label, images, strict=True)]
    return made
