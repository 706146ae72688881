"""Train all folds and seeds of a method: in turn over one copy of the clips in memory, or stacked. No file comes in.

Randomness is a function of (seed, fold, phase, epoch, step, update), not of the set of folds that is trained.
"""

import ctypes
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from microexpr.core.errors import ParamsError, nearest
from microexpr.models.base import ClassicalMethod, ClipTensors, Method, Modules, NetworkMethod, Statistics
from microexpr.models.recipe import training_phases
from microexpr.training.group import STATISTICS, FoldIndices, FoldResult, FoldRun, Group, lay_out_images, named_tensors

if TYPE_CHECKING:
    from microexpr.training.checkpoint import Checkpoints  # it reads and writes files, which the engine does not load

__all__ = [
    "FoldIndices", "FoldResult", "FoldRun", "Plan", "Progress", "Synthesis", "TrainedNetwork",
    "fit_network", "train",
]  # fmt: skip

Plan = Literal["auto", "sequential", "stacked"]
logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # epochs done and to do, summed over runs; first called before any is trained
# Faces to synthesise once a fold's first seed is trained, by fold name: int64[K, 2], of each face the position of the
# clip that its neutral face is from, in the loaded clips, and the class to show. Clips of the test set are held out.
Synthesis = Mapping[str, np.ndarray]
Fit = Callable[[Sequence[FoldRun]], list[FoldResult]]  # trains runs that step together
SYNTHESIS_BATCH = 64  # faces synthesised at once: bounds memory only

# glibc's mallopt settings, by their numbers in malloc.h. With glibc's defaults each large tensor is asked of the system
# and given back in every step, and the system fills its pages with zeros each time: a tenth to a half of a step.
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3


def silent(done: int, total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """One network, trained on one set of clips."""

    modules: Modules  # shared ones, too; in eval()
    statistics: Statistics
    device: torch.device  # of both

    @property
    def tensors(self) -> dict[str, np.ndarray]:
        """Parameters and buffers, named `<module>.<name>`."""
        return _to_arrays(named_tensors(vars(self.modules)))

    def state(self, statistics: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """Return the tensors, and as `statistics.<name>` all statistics, or those named."""
        names = self.statistics if statistics is None else statistics
        return self.tensors | _to_arrays({f"{STATISTICS}{name}": self.statistics[name] for name in names})


def _to_arrays(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}


def use_one_thread() -> None:
    """Compute on one thread, since sums in another order are other bytes; with glibc, hold memory between steps."""
    torch.set_num_threads(1)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting, value in ((TRIM_THRESHOLD, 2**31 - 1), (TOP_PAD, 2**26), (MMAP_THRESHOLD, 2**30)):
            mallopt(setting, value)


def train(
    method: Method,
    data: ClipTensors,
    folds: Sequence[FoldIndices],
    seeds: Sequence[int],
    plan: Plan,
    stack: int,
    progress: Progress = silent,
    synthesis: Synthesis | None = None,
    checkpoints: "Checkpoints | None" = None,
) -> Iterator[FoldResult]:
    """Yield each fold's result as soon as all of its seeds are trained, in the order of `folds`.

    `stack` is how many runs (fold x seed) train at once under the stacked plan. Sequential results are the same bytes
    whichever folds are trained in one call, and whichever of them `checkpoints` has. On a CPU one thread computes,
    since sums in another order are other bytes. Raises ParamsError for an unknown plan or for faces of a method that
    synthesises none, MicroexprError if a loss is not finite."""
    use_one_thread()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if plan not in (plans := get_args(Plan)):
        raise ParamsError(f"plan must be one of {', '.join(plans)}, not {plan}{nearest(plan, plans)}")
    stacked = plan == "stacked" or (plan == "auto" and device.type == "cuda")
    if synthesis is not None and not (isinstance(method, NetworkMethod) and method.synthesises):
        raise ParamsError(f"synthesis must be asked of a method that makes images, not of {type(method).__name__}")
    runs = [FoldRun(fold, seed) for fold in folds for seed in seeds]
    if isinstance(method, NetworkMethod):
        epochs, size, data = _epochs(method), stack if stacked else 1, _to_device(data, device, stacked)
        counter = _ProgressCounter(progress, len(runs) * epochs)
        fit: Fit = _Networks(method, data, stacked, counter, checkpoints, synthesis, seeds[0]).fit
    elif isinstance(method, ClassicalMethod):
        epochs, size, counter = 1, 1, _ProgressCounter(progress, len(runs))
        fit = _classical_fit(method, data, counter, runs[0])
    else:
        raise TypeError(f"method must be a ClassicalMethod or NetworkMethod, not {type(method).__name__}")
    groups = [runs[i : i + size] for i in range(0, len(runs), size)]
    return _join_seeds(_fit_groups(groups, epochs, fit, counter, checkpoints), len(seeds))


def _to_device(data: ClipTensors, device: torch.device, stacked: bool) -> ClipTensors:
    """Return the clips on the device, with images channels-last under the sequential plan."""
    data = data.to(device)
    return data if stacked else ClipTensors(lay_out_images(data.inputs), data.targets)


def _join_seeds(results: Iterator[FoldResult], seeds: int) -> Iterator[FoldResult]:
    """Yield one result a fold, from results of one seed each in order of folds then seeds."""
    for first in results:
        each = [first, *(next(results) for _ in range(seeds - 1))]
        yield replace(
            first,
            scores=np.concatenate([result.scores for result in each]),
            loss=np.concatenate([result.loss for result in each]),
            start=None if first.start is None else np.concatenate([result.start for result in each]),
            moved={name: np.concatenate([result.moved[name] for result in each]) for name in first.moved},
        )


def fit_features(method: ClassicalMethod, data: ClipTensors) -> dict[str, np.ndarray]:
    """Return the `initial_weights` of a classical method that all of these clips give, by name."""
    use_one_thread()
    features = method.features({name: data.inputs[name] for name in method.inputs})
    return method.population_weights(features, {name: value.numpy() for name, value in data.targets.items()})


def fit_network(
    method: NetworkMethod,
    data: ClipTensors,
    run: FoldRun,
    progress: Progress = silent,
    checkpoints: "Checkpoints | None" = None,
) -> TrainedNetwork:
    """Train one run's network and return it: the same bytes as the run has among others under the sequential plan."""
    use_one_thread()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    counter = _ProgressCounter(progress, _epochs(method))
    group = _Networks(method, _to_device(data, device, False), False, counter, checkpoints).train([run])
    modules = {name: network.eval() for name, network in (group.shared | group.networks).items()}
    return TrainedNetwork(Modules(**modules), group.statistics, device)


class _ProgressCounter:
    """Counts epochs over all runs, and reports those that it adds."""

    def __init__(self, progress: Progress, total: int):
        self.progress, self.total, self.done, self.reported = progress, total, 0, False

    def begin(self) -> None:
        """Report how much was done before, at the first call alone; to be called before something is trained."""
        if not self.reported:
            self.add(0)
        self.reported = True

    def add(self, epochs: int) -> None:
        """Count and report epochs."""
        self.done += epochs
        self.progress(self.done, self.total)


def _epochs(method: NetworkMethod) -> int:
    return sum(phase.epochs for phase in training_phases(method))


def _fit_groups(
    groups: Sequence[Sequence[FoldRun]],
    epochs: int,
    fit: Fit,
    counter: _ProgressCounter,
    checkpoints: "Checkpoints | None",
) -> Iterator[FoldResult]:
    """Yield the results of each group of runs, which train together: from their checkpoint, or else by `fit`."""
    for runs in groups:
        end = counter.done + len(runs) * epochs
        if (results := checkpoints.results(runs) if checkpoints else None) is None:
            results = fit(runs)
            if checkpoints:
                checkpoints.after_training(runs, results)
            if counter.done < end:  # a classical method, which reports no epoch itself
                counter.add(end - counter.done)
        counter.done = end
        yield from results


def _classical_fit(method: ClassicalMethod, data: ClipTensors, counter: _ProgressCounter, first_run: FoldRun) -> Fit:
    """Return the function that fits one run; the features of all clips are computed here, once."""
    features = method.features({name: data.inputs[name] for name in method.inputs})
    targets = {name: value.numpy() for name, value in data.targets.items()}
    no_loss, first = np.empty((1, 1, 0), np.float32), None
    if method.initial_weights:  # they alone give a scorer that is the same for all folds
        none = {name: value[:0] for name, value in targets.items()}
        first = method.fit(features[:0], none, first_run.generator("fit"))

    def fit(runs: Sequence[FoldRun]) -> list[FoldResult]:
        counter.begin()
        (run,) = runs
        train, test = run.fold.train, features[run.fold.test]
        scorer = method.fit(
            features[train], {name: value[train] for name, value in targets.items()}, run.generator("fit")
        )
        scores = np.asarray(scorer(test), np.float32)[None, None]
        start = None if first is None else np.asarray(first(test), np.float32)[None]
        return [FoldResult(run.fold.name, scores, no_loss, start=start)]

    return fit


@dataclass(frozen=True, eq=False)
class _Networks:
    """Trains runs that step together."""

    method: NetworkMethod
    data: ClipTensors
    stacked: bool
    counter: _ProgressCounter
    checkpoints: "Checkpoints | None"
    synthesis: Synthesis | None = None
    first_seed: int = 0  # of the networks that synthesise

    def train(self, runs: Sequence[FoldRun]) -> Group:
        """Train these runs, from their checkpoint if there is one."""
        group, checkpoints = Group(self.method, self.data, runs, self.stacked), self.checkpoints
        if checkpoints and (state := checkpoints.state(runs)) is not None:
            group.restore(state)
        if group.without_initial_weights and not self.counter.reported:
            logger.info("without initial weights: %s", ", ".join(group.without_initial_weights))
        self.counter.done += len(runs) * group.epochs  # of an earlier, interrupted training
        self.counter.begin()
        while group.epoch():
            self.counter.add(len(runs))
            if checkpoints:
                checkpoints.after_epoch(runs, group.state)
        return group

    def fit(self, runs: Sequence[FoldRun]) -> list[FoldResult]:
        """Return each run's result. Losses are nan where a phase has fewer updates."""
        group = self.train(runs)
        most = max(loss.shape[1] for loss in group.losses)
        losses = np.full((len(group.losses[0]), len(group.losses), most), np.nan, np.float32)  # [R, epochs, U]
        for epoch, loss in enumerate(group.losses):
            losses[:, epoch, : loss.shape[1]] = loss.numpy()
        results = []
        for i, run in enumerate(runs):
            requests = self.synthesis.get(run.fold.name) if self.synthesis and run.seed == self.first_seed else None
            faces = None
            if requests is not None:
                starts = range(0, len(requests), SYNTHESIS_BATCH)
                batches = [(*requests[start : start + SYNTHESIS_BATCH].T, start) for start in starts]
                faces = torch.cat([group.synthesise(i, *batch) for batch in batches]).numpy().astype(np.float32)
            results.append(
                FoldResult(
                    run.fold.name,
                    torch.stack(group.scores[i]).numpy().astype(np.float32)[None],
                    losses[i : i + 1],
                    _to_arrays(group.run_part(i, group.statistics)),
                    group.trainable_parameters,
                    faces,
                    group.start[i].numpy().astype(np.float32)[None] if group.start else None,
                    {name: np.array([share], np.float32) for name, share in group.moved(i).items()},
                )
            )
        return results
