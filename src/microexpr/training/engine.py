"""Train all folds and seeds of a method: in turn over one copy of the clips in memory, or stacked. No file comes in.

Randomness is a function of (seed, fold, phase, epoch, step, update), not of the set of folds that is trained.
"""

import ctypes
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

import numpy as np
import torch
from torch import Tensor

from microexpr.core.errors import ParamsError, nearest
from microexpr.models.base import ClassicalMethod, ClipTensors, Method, Modules, NetworkMethod, Scorer
from microexpr.models.recipe import training_phases
from microexpr.training.group import STATISTICS, FoldIndices, Group, Run, lay_out_images

__all__ = [
    "CheckpointStore", "FoldIndices", "FoldResult", "Plan", "Progress", "Run", "SynthesisRequest", "SynthesisedFace",
    "TrainedNetwork", "fit_network", "train",
]  # fmt: skip

Plan = Literal["auto", "sequential", "stacked"]
logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # epochs done and to do, summed over runs; first called before any is trained
SYNTHESIS_BATCH = 64  # faces synthesised at once: bounds memory only

# glibc's mallopt settings, by their numbers in malloc.h. With glibc's defaults each large tensor is asked of the system
# and given back in every step, and the system fills its pages with zeros each time: a tenth to a half of a step.
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3


def silent(done: int, total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, eq=False)
class SynthesisRequest:
    """Faces to synthesise once a fold's first seed is trained: face k from the neutral face of clip `source[k]`."""

    source: np.ndarray  # int64[K], positions in the loaded clips; those of the fold's test set are held out
    label: np.ndarray  # int64[K], class index that face k is to show


@dataclass(frozen=True, eq=False)
class SynthesisedFace:
    """One image that a method synthesised."""

    source: int  # position of the clip that its neutral face is from
    label: int  # the requested class
    image: np.ndarray  # float32[channels, H, W] in 0..1


@dataclass(frozen=True, eq=False)
class FoldResult:
    """Results of one fold over all seeds. S seeds, E epochs of the last phase, m test clips, C classes."""

    name: str
    scores: np.ndarray  # float32[S, E, m, C], test clips in the fold's order
    loss: np.ndarray  # float32[S, epochs of all phases, updates], nan where a phase has fewer updates
    statistics: dict[str, np.ndarray]  # of the first seed
    parameters: int  # trainable ones of a network; 0 for a classical method
    faces: list[SynthesisedFace] | None  # None without a request
    start: np.ndarray | None = None  # float32[S, m, C], of first weights that were trained elsewhere, before any step
    moved: Mapping[str, np.ndarray] = field(default_factory=dict)  # by module, float32[S]: see `Group.moved`


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """One network, trained on one set of clips."""

    tensors: dict[str, np.ndarray]  # `<module>.<name>`: parameters and buffers, of shared modules too
    statistics: dict[str, np.ndarray]
    modules: Modules  # the network itself, in eval()
    device: torch.device  # of the modules

    def state(self, statistics: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """Return the tensors, and as `statistics.<name>` all statistics, or those named."""
        names = self.statistics if statistics is None else statistics
        return self.tensors | {f"{STATISTICS}{name}": self.statistics[name] for name in names}


class CheckpointStore(Protocol):
    """Checkpoints of runs that step together. The store decides when it writes one."""

    def results(self, runs: Sequence[Run]) -> list[FoldResult] | None:
        """Return the results of runs that were finished, else None."""

    def state(self, runs: Sequence[Run]) -> dict[str, Tensor] | None:
        """Return the state of runs that were interrupted, else None."""

    def after_epoch(self, runs: Sequence[Run], epochs: int, state: Callable[[], dict[str, Tensor]]) -> None:
        """Store the state, or leave it; `epochs` are done, of all phases."""

    def after_training(self, runs: Sequence[Run], results: list[FoldResult]) -> None:
        """Store the results, or leave them."""


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
    synthesis: Mapping[str, SynthesisRequest] | None = None,
    checkpoints: CheckpointStore | None = None,
) -> Iterator[FoldResult]:
    """Yield each fold's result as soon as all of its seeds are trained, in the order of `folds`.

    `stack` is how many runs (fold x seed) train at once under the stacked plan; `synthesis` has the faces to
    synthesise, by fold name. Sequential results are the same bytes whichever folds are trained in one call, and
    whichever of them `checkpoints` has. On a CPU one thread computes, since sums in another order are other bytes.
    Raises ParamsError for an unknown plan or for faces of a method that synthesises none, MicroexprError if a loss is
    not finite.
    """
    use_one_thread()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if plan not in (plans := get_args(Plan)):
        raise ParamsError(f"plan must be one of {', '.join(plans)}, not {plan}{nearest(plan, plans)}")
    stacked = plan == "stacked" or (plan == "auto" and device.type == "cuda")
    if synthesis is not None and not (isinstance(method, NetworkMethod) and method.synthesises):
        raise ParamsError(f"synthesis must be asked of a method that makes images, not of {type(method).__name__}")
    if isinstance(method, NetworkMethod):
        runs = [Run(fold, seed) for fold in folds for seed in seeds]
        groups = [runs[i : i + stack] for i in range(0, len(runs), stack)] if stacked else [[run] for run in runs]
        data = _to_device(data, device, stacked)
        results = _train_groups(method, data, groups, stacked, progress, synthesis, seeds[0], checkpoints)
    elif isinstance(method, ClassicalMethod):
        results = _fit_classical(method, data, folds, seeds, progress, checkpoints)
    else:
        raise TypeError(f"method must be a ClassicalMethod or NetworkMethod, not {type(method).__name__}")
    return _join_seeds(results, len(seeds))


def _to_device(data: ClipTensors, device: torch.device, stacked: bool) -> ClipTensors:
    """Return the clips on the device, with images channels-last under the sequential plan."""
    data = data.to(device)
    return data if stacked else ClipTensors(lay_out_images(data.inputs), data.targets)


def _join_seeds(results: Iterator[FoldResult], seeds: int) -> Iterator[FoldResult]:
    """Yield one result a fold, from results of one seed each in order of folds then seeds."""
    for first in results:
        others = [next(results) for _ in range(seeds - 1)]
        yield FoldResult(
            first.name,
            np.concatenate([result.scores for result in (first, *others)]),
            np.concatenate([result.loss for result in (first, *others)]),
            first.statistics,
            first.parameters,
            first.faces,
            None if first.start is None else np.concatenate([result.start for result in (first, *others)]),
            {name: np.concatenate([result.moved[name] for result in (first, *others)]) for name in first.moved},
        )


def fit_features(method: ClassicalMethod, data: ClipTensors) -> dict[str, np.ndarray]:
    """Return the `initial_weights` of a classical method that all of these clips give, by name."""
    use_one_thread()
    features = method.features({name: data.inputs[name] for name in method.inputs})
    return method.population_weights(features, {name: value.numpy() for name, value in data.targets.items()})


def fit_network(
    method: NetworkMethod,
    data: ClipTensors,
    run: Run,
    progress: Progress = silent,
    checkpoints: CheckpointStore | None = None,
) -> TrainedNetwork:
    """Train one run's network and return it: the same bytes as the run has among others under the sequential plan."""
    use_one_thread()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    counter = _ProgressCounter(progress, _epochs(method))
    group = _train_group(method, _to_device(data, device, False), [run], False, counter, checkpoints)
    shared = {name: {**dict(m.named_parameters()), **dict(m.named_buffers())} for name, m in group.shared.items()}
    tensors = {
        f"{module}.{name}": tensor.detach().cpu().numpy()
        for tree in (group.parameters, group.buffers, shared)
        for module, values in tree.items()
        for name, tensor in values.items()
    }
    modules = {name: network.eval() for name, network in (group.shared | group.networks).items()}
    statistics = {name: value.cpu().numpy() for name, value in group.statistics.items()}
    return TrainedNetwork(tensors, statistics, Modules(**modules), device)


class _ProgressCounter:
    """Counts epochs over all runs; those that an earlier, interrupted training did are skipped."""

    def __init__(self, progress: Progress, total: int):
        self.progress, self.total, self.done, self.reported = progress, total, 0, False

    def skip(self, epochs: int) -> None:
        """Count epochs that were done before."""
        self.done += epochs

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


def _fit_classical(
    method: ClassicalMethod,
    data: ClipTensors,
    folds: Sequence[FoldIndices],
    seeds: Sequence[int],
    progress: Progress,
    checkpoints: CheckpointStore | None,
) -> Iterator[FoldResult]:
    features = method.features({name: data.inputs[name] for name in method.inputs})
    targets = {name: value.numpy() for name, value in data.targets.items()}
    runs = [Run(fold, seed) for fold in folds for seed in seeds]
    counter, no_loss = _ProgressCounter(progress, len(runs)), np.empty((1, 1, 0), np.float32)
    first: Scorer | None = None  # by the method's initial weights, the same for all folds
    if method.initial_weights:
        none = {name: value[:0] for name, value in targets.items()}
        first = method.fit(features[:0], none, runs[0].generator("fit"))
    for run in runs:
        if (results := checkpoints.results([run]) if checkpoints else None) is not None:
            counter.skip(1)
        else:
            counter.begin()
            train, test = run.fold.train, features[run.fold.test]
            train_targets = {name: value[train] for name, value in targets.items()}
            scorer = method.fit(features[train], train_targets, run.generator("fit"))
            scores = np.asarray(scorer(test), np.float32)[None, None]
            start = None if first is None else np.asarray(first(test), np.float32)[None]
            results = [FoldResult(run.fold.name, scores, no_loss, {}, 0, None, start)]
            if checkpoints:
                checkpoints.after_training([run], results)
            counter.add(1)
        yield from results


def _train_groups(
    method: NetworkMethod,
    data: ClipTensors,
    groups: Sequence[Sequence[Run]],
    stacked: bool,
    progress: Progress,
    synthesis: Mapping[str, SynthesisRequest] | None,
    first_seed: int,
    checkpoints: CheckpointStore | None,
) -> Iterator[FoldResult]:
    epochs = _epochs(method)
    counter = _ProgressCounter(progress, sum(map(len, groups)) * epochs)
    for runs in groups:
        if (results := checkpoints.results(runs) if checkpoints else None) is not None:
            counter.skip(len(runs) * epochs)
        else:
            group = _train_group(method, data, runs, stacked, counter, checkpoints)
            results = _collect_results(group, synthesis, first_seed)
            if checkpoints:
                checkpoints.after_training(runs, results)
        yield from results


def _train_group(
    method: NetworkMethod,
    data: ClipTensors,
    runs: Sequence[Run],
    stacked: bool,
    counter: _ProgressCounter,
    checkpoints: CheckpointStore | None,
) -> Group:
    """Train these runs, from their checkpoint if there is one."""
    group = Group(method, data, runs, stacked)
    if checkpoints and (state := checkpoints.state(runs)) is not None:
        group.restore(state)
    if group.without_initial_weights and not counter.reported:
        logger.info("without initial weights: %s", ", ".join(group.without_initial_weights))
    counter.skip(len(runs) * group.epochs)
    counter.begin()
    while group.epoch():
        counter.add(len(runs))
        if checkpoints:
            checkpoints.after_epoch(runs, group.epochs, group.state)
    return group


def _collect_results(
    group: Group, synthesis: Mapping[str, SynthesisRequest] | None, first_seed: int
) -> list[FoldResult]:
    """Return each run's result; faces of the first seed alone. Losses are nan where a phase has fewer updates."""
    most = max(loss.shape[1] for loss in group.losses)
    losses = np.full((len(group.losses[0]), len(group.losses), most), np.nan, np.float32)  # [R, epochs, U]
    for epoch, loss in enumerate(group.losses):
        losses[:, epoch, : loss.shape[1]] = loss.numpy()
    results = []
    for i, run in enumerate(group.runs):
        request = synthesis.get(run.fold.name) if synthesis and run.seed == first_seed else None
        results.append(
            FoldResult(
                run.fold.name,
                torch.stack(group.scores[i]).numpy().astype(np.float32)[None],
                losses[i : i + 1],
                {name: value.cpu().numpy() for name, value in group.run_part(i, group.statistics).items()},
                group.trainable_parameters,
                None if request is None else _synthesise(group, i, request),
                group.start[i].numpy().astype(np.float32)[None] if group.start else None,
                {name: np.array([share], np.float32) for name, share in group.moved(i).items()},
            )
        )
    return results


def _synthesise(group: Group, run_index: int, request: SynthesisRequest) -> list[SynthesisedFace]:
    faces: list[SynthesisedFace] = []
    for start in range(0, len(request.source), SYNTHESIS_BATCH):
        sources, labels = (
            request.source[start : start + SYNTHESIS_BATCH],
            request.label[start : start + SYNTHESIS_BATCH],
        )
        images = group.synthesise(run_index, sources, labels, start).numpy().astype(np.float32)
        for source, label, image in zip(sources, labels, images, strict=True):
            faces.append(SynthesisedFace(int(source), int(label), image))
    return faces
