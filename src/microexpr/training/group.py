"""Runs of a network method that step together: parameters, optimisers, one step function. No plan and no file comes in.

Shapes: R runs (no such axis unless stacked), S steps, B in a batch, U updates, m test clips of a fold, C classes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.utils._pytree import tree_map

from microexpr.core.arrays import best_thresholds
from microexpr.core.errors import MicroexprError, ParamsError
from microexpr.core.seeds import generator, spawn
from microexpr.models.base import Batch, ClipTensors, Modules, NetworkMethod, Phase, Precompute, Statistics, Update
from microexpr.models.counter_rng import Stream, mix
from microexpr.models.labels import LABELS
from microexpr.models.recipe import training_phases

Tree = TypeVar("Tree")
Tensors = dict[str, dict[str, Tensor]]  # by module, then by the name inside it
STATISTICS = "statistics."  # before the names of these in a file; tensors of modules have the module's name there
COLOURS = 3  # channels that an image has at most; an input with more is a video
RANDOM_LAYERS = (nn.modules.dropout._DropoutNd,)  # they draw from torch's global generator


@dataclass(frozen=True, eq=False)
class FoldIndices:
    """One held-out unit, as positions in the loaded clips."""

    name: str
    train: np.ndarray  # int64[n]
    test: np.ndarray  # int64[m]


@dataclass(frozen=True, eq=False)
class FoldRun:
    """One fold with one seed."""

    fold: FoldIndices
    seed: int

    def seeds(self, *names: str | int) -> np.random.SeedSequence:
        """Return the seed sequence of a named stream of this run."""
        return spawn(self.seed, self.fold.name, *names)

    def generator(self, *names: str | int) -> np.random.Generator:
        """Return the random generator of a named stream of this run."""
        return generator(self.seed, self.fold.name, *names)

    def key(self, *names: str | int, device: torch.device) -> Tensor:
        """Return the key, int32, of a named `Stream` of this run."""
        return torch.tensor(self.seeds(*names).generate_state(1).view(np.int32)[0], device=device)


@dataclass(frozen=True, eq=False)
class FoldResult:
    """Results of one fold over all seeds. S seeds, E epochs of the last phase, m test clips, C classes."""

    name: str
    scores: np.ndarray  # float32[S, E, m, C], test clips in the fold's order
    loss: np.ndarray  # float32[S, epochs of all phases, updates], nan where a phase has fewer updates
    statistics: Mapping[str, np.ndarray] = field(default_factory=dict)  # of the first seed
    parameters: int = 0  # trainable ones of a network; 0 for a classical method
    faces: np.ndarray | None = None  # float32[K, channels, H, W] in 0..1, as in `Synthesis`; None without a request
    start: np.ndarray | None = None  # float32[S, m, C], of first weights that were trained elsewhere, before any step
    moved: Mapping[str, np.ndarray] = field(default_factory=dict)  # by module, float32[S]: see `Group.moved`


class Group:
    """Runs that step together, on the device of the data.

    Each tensor of `parameters`, `buffers` and `statistics` is [R, ...] if stacked. Otherwise there is one run and no R,
    and the tensors are those of `networks`."""

    def __init__(self, method: NetworkMethod, data: ClipTensors, runs: Sequence[FoldRun], stacked: bool):
        self.method, self.runs, self.stacked = method, runs, stacked
        inputs = {name: data.inputs[name] for name in method.inputs}
        self.data = ClipTensors(inputs, data.targets)
        self.device = data.targets["label"].device
        self.targets = [
            {name: value.cpu().numpy()[run.fold.train] for name, value in data.targets.items()} for run in runs
        ]
        bfloat16 = getattr(method.params, "precision", "") == "bfloat16"
        self.autocast = torch.autocast(self.device.type, torch.bfloat16, bfloat16, cache_enabled=False)
        self.phases = training_phases(method)
        with torch.random.fork_rng(devices=[]):
            shared = method.shared()
        for module in shared.values():
            if not stacked:
                lay_out_weights(module)
        self.shared = {name: module.to(self.device).eval().requires_grad_(False) for name, module in shared.items()}
        statistics, networks = zip(*map(self.build, runs), strict=True)
        self.networks = networks[0]  # if stacked, the architecture: its own tensors are never read
        self.statistics: Statistics = self._join(statistics)
        self.parameters: Tensors = self._join([{k: dict(m.named_parameters()) for k, m in n.items()} for n in networks])
        self.buffers: Tensors = self._join([{k: dict(m.named_buffers()) for k, m in n.items()} for n in networks])
        if stacked:
            tree_map(Tensor.requires_grad_, self.parameters)
        self.scores: list[list[Tensor]] = [[] for _ in runs]  # per run and epoch of the last phase float32[m, C]
        self.losses: list[Tensor] = []  # per epoch [R, U], R = 1 unless stacked
        self._enter_phase(0)
        self.start = (
            self._score_clips([run.fold.test for run in runs]) if method.initial_weights else []
        )  # per run float32[m, C], before any step

    def build(self, run: FoldRun) -> tuple[Statistics, dict[str, nn.Module]]:
        """Return statistics of a run's training clips, and its new modules: the same whatever other runs there are."""
        statistics = self.method.statistics(self.data[torch.as_tensor(run.fold.train, device=self.device)])
        for name in self.method.normalisation:
            if (value := self.method.initial_weights.get(f"{STATISTICS}{name}")) is not None:
                statistics[name] = value.to(statistics[name])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(run.seeds("build").generate_state(1)[0]))
            networks = self.method.build(statistics)
        self.without_initial_weights = initialise(networks, self.method)
        for name, network in networks.items():
            if not self.method.seeds_torch and any(isinstance(layer, RANDOM_LAYERS) for layer in network.modules()):
                raise TypeError(f"{name} must drop by counter_rng.dropout(x, share, rng), not by a layer of torch's")
            network.to(self.device)
            if not self.stacked:
                lay_out_weights(network)
        return statistics, networks

    def _join(self, trees: Sequence[Any]) -> Any:
        """Return one tree for the group: the stack of all runs' trees, detached, or the only run's tree itself."""
        if not self.stacked:
            return trees[0]
        return tree_map(lambda *tensors: torch.stack([tensor.detach() for tensor in tensors]), *trees)

    def _each(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return vmap(function) if self.stacked else function

    def _modules(self, parameters: Tensors, buffers: Tensors) -> Modules:
        if not self.stacked:
            return Modules(**self.shared, **self.networks)

        def bound(name: str) -> Callable[..., Any]:
            tensors = (parameters[name], buffers[name])
            return lambda *args, **options: functional_call(self.networks[name], tensors, args, options)

        return Modules(**self.shared, **{name: bound(name) for name in self.networks})

    @property
    def trainable_parameters(self) -> int:
        """Number of parameters of one run that any phase trains."""
        modules = set().union(*(phase.trained_modules for phase in self.phases))
        return sum(p.numel() for name in modules for p in self.networks[name].parameters())

    def _enter_phase(self, phase: int) -> None:
        self.phase_index, self.phase_epochs = phase, 0  # epochs done in the phase
        self.precomputed: Batch | None = None  # inputs that the phase reads in place of the clips' own, [R, N, ...]
        self.optimisers = [
            [enable_fused(make(list(self.parameters[name].values()))) for name, make in update.trains.items()]
            for update in self.phases[phase].updates
        ]

    def epoch(self) -> bool:
        """Train and, in the last phase, score one epoch; return False when there is none left.

        Raises MicroexprError if a loss is not finite."""
        if self.phase_epochs == self.phases[self.phase_index].epochs:
            if self.phase_index + 1 == len(self.phases):
                return False
            self._enter_phase(self.phase_index + 1)
        phase = self.phases[self.phase_index]
        for name, network in self.networks.items():
            network.train(name in phase.trained_modules)
        factor = phase.schedule(self.phase_epochs / phase.epochs)
        for group in (group for _, optimiser in self._optimisers() for group in optimiser.param_groups):
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
        if self.precomputed is None and phase.precompute is not None:
            self.precomputed = self._precompute(phase, phase.precompute)
        self.losses.append(self._steps(phase))
        self.phase_epochs += 1
        if self.phase_index + 1 == len(self.phases):
            for history, scores in zip(self.scores, self._score_tests(), strict=True):
                history.append(scores)
        return True

    def _steps(self, phase: Phase) -> Tensor:
        """Make all steps of an epoch; return the mean loss of each update [R, U], nan where `every` left it out."""
        order, keys = self.sample_batches(phase)
        losses: list[list[Tensor]] = [[] for _ in phase.updates]
        for step, (index, key) in enumerate(zip(order, keys, strict=True), start=self.phase_epochs * len(order) + 1):
            batch = self._inputs(index) | {name: value[index] for name, value in self.data.targets.items()}
            for i, update in enumerate(phase.updates):
                if step % update.every == 0:
                    losses[i].append(self._step(i, update, batch, key[i]))
        means = [torch.stack(values).mean(0).reshape(-1) if values else None for values in losses]
        for i, mean in enumerate(means):
            self._check_finite(i, mean)
        no_loss = torch.full((len(self.runs),), torch.nan, device=self.device)
        return torch.stack([no_loss if mean is None else mean for mean in means], 1).cpu()

    @torch.no_grad()
    def _precompute(self, phase: Phase, reads: Precompute) -> Batch:
        """Return inputs [R, N, ...] by name, which modules that the phase does not train compute once of all clips."""

        def compute(parameters: Tensors, buffers: Tensors, batch: Batch, statistics: Statistics) -> Batch:
            return reads(self._modules(parameters, buffers), batch, statistics)  # no autocast, as in scoring

        compute_all = vmap(compute, in_dims=(0, 0, None, 0)) if self.stacked else compute
        parts = [
            compute_all(self.parameters, self.buffers, self.data[index].inputs, self.statistics)
            for index in torch.arange(len(self.data), device=self.device).split(phase.batch)
        ]
        return {name: torch.cat([part[name] for part in parts], int(self.stacked)) for name in parts[0]}

    def _inputs(self, index: Tensor) -> Batch:
        """Return [R, B, ...] by name, of the clips at int64[R, B...]: their inputs, or the precomputed ones."""
        if self.precomputed is None:
            return {name: value[index] for name, value in self.data.inputs.items()}
        if not self.stacked:
            return {name: value[index] for name, value in self.precomputed.items()}
        run = torch.arange(len(index), device=self.device).reshape(-1, *[1] * (index.ndim - 1))
        return {name: value[run, index] for name, value in self.precomputed.items()}

    def _check_finite(self, update_index: int, mean: Tensor | None) -> None:
        if mean is None or bool(mean.isfinite().all()):
            return
        position = int((~mean.isfinite()).nonzero()[0])
        run, loss = self.runs[position], float(mean[position])
        epoch = f"phase {self.phase_index}, epoch {self.phase_epochs}, update {update_index}"
        where = f"fold {run.fold.name}, seed {run.seed}, {epoch}"
        raise MicroexprError(f"training loss must be finite, not {loss} ({where})")

    def sample_batches(self, phase: Phase) -> tuple[Tensor, Tensor]:
        """Return the clips of each step of this epoch, int64[S, R, B...], and keys of its updates, int32[S, U, R]."""
        # by the protocol's clips, so that all folds make the same number of steps
        clips = min(self.data.micro_count, phase.clips or self.data.micro_count)
        steps = -(-clips // phase.batch)
        orders, keys = [], []
        for run, targets in zip(self.runs, self.targets, strict=True):
            rng = run.generator(self.phase_index, self.phase_epochs, "order")
            orders.append(run.fold.train[phase.sample(targets, steps, phase.batch, rng)])
            step_keys = run.seeds(self.phase_index, self.phase_epochs, "loss").generate_state(steps)
            keys.append(mix(step_keys[:, None] + np.arange(len(phase.updates), dtype=np.uint32)).view(np.int32))
        order, key = (np.stack(orders, 1), np.stack(keys, 2)) if self.stacked else (orders[0], keys[0])
        return torch.as_tensor(order, device=self.device), torch.as_tensor(key, device=self.device)

    def _step(self, update_index: int, update: Update, batch: Batch, keys: Tensor) -> Tensor:
        """Make one optimiser step of every run; return the loss before it, [R]."""

        def loss(
            parameters: Tensors, buffers: Tensors, batch: Batch, statistics: Statistics, key: Tensor
        ) -> tuple[Tensor, Tensors]:
            if self.stacked:
                buffers = tree_map(torch.clone, buffers)  # batch norm writes into these, so they go out again
            with self.autocast:
                value = update.loss(self._modules(parameters, buffers), batch, statistics, Stream(key))
            return value.to(torch.get_default_dtype()), buffers

        value, self.buffers = self._each(loss)(self.parameters, self.buffers, batch, self.statistics, keys)
        self.buffers = tree_map(Tensor.detach, self.buffers)
        named = [parameter for name in update.trains for parameter in self.parameters[name].values()]
        parameters = [parameter for parameter in named if parameter.requires_grad]  # others are frozen
        # runs share nothing, so the gradient of the sum is each run's own
        gradients = torch.autograd.grad(value.sum(), parameters, allow_unused=True, materialize_grads=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = match_strides(gradient, parameter)
        for optimiser in self.optimisers[update_index]:  # elementwise, so one optimiser serves all runs
            optimiser.step()
        return value.detach()

    def _score_tests(self) -> list[Tensor]:
        """Return the scores of each run's test clips, float32[m, C]; of several labels less their thresholds."""
        tests, several = self._score_clips([run.fold.test for run in self.runs]), self.method.several
        if several is None or several.threshold == "zero":
            return tests
        trained = self._score_clips([run.fold.train for run in self.runs])
        labels = [targets[LABELS] for targets in self.targets]
        thresholds = [best_thresholds(scores.numpy(), truth) for scores, truth in zip(trained, labels, strict=True)]
        return [scores - torch.from_numpy(bounds) for scores, bounds in zip(tests, thresholds, strict=True)]

    def _score_clips(self, sides: Sequence[np.ndarray]) -> list[Tensor]:
        """Return the scores of each run's clips at these positions, float32[m, C]."""
        if not any(map(len, sides)):
            return [torch.empty(0, self.method.classes) for _ in sides]
        positions = [torch.from_numpy(np.ascontiguousarray(side)) for side in sides]
        # runs have different numbers of clips, so they are padded; in eval() no clip changes another one's score
        index = nn.utils.rnn.pad_sequence(positions, batch_first=True) if self.stacked else positions[0]
        result = self._score(self._inputs(index.to(self.device))).cpu()  # one wait for the device, not one per run
        return [part[: len(side)] for side, part in zip(sides, result if self.stacked else [result], strict=True)]

    @torch.no_grad()
    def _score(self, inputs: Batch) -> Tensor:
        """Return scores [R, m, C] of inputs [R, m, ...]."""
        for network in self.networks.values():
            network.eval()

        def scores(parameters: Tensors, buffers: Tensors, batch: Batch, statistics: Statistics) -> Tensor:
            return self.method.scores(self._modules(parameters, buffers), batch, statistics)

        return self._each(scores)(self.parameters, self.buffers, inputs, self.statistics)

    @torch.no_grad()
    def synthesise(self, run_index: int, positions: np.ndarray, label: np.ndarray, *names: str | int) -> Tensor:
        """Return faces [B, channels, H, W] in 0..1 that one run synthesises from clips, for target classes `label`.

        `names` are those of this call's random stream."""
        for network in self.networks.values():
            network.eval()
        clips = self.data[torch.as_tensor(positions, device=self.device)]
        batch = clips.inputs | clips.targets | {"target_label": torch.as_tensor(label, device=self.device)}
        parameters, buffers = self.run_part(run_index, self.parameters), self.run_part(run_index, self.buffers)
        statistics = self.run_part(run_index, self.statistics)
        key = self.runs[run_index].key("synthesis", *names, device=self.device)
        return self.method.synthesise(self._modules(parameters, buffers), batch, statistics, Stream(key)).cpu()

    def state(self) -> dict[str, Tensor]:
        """Return copies, by name and on the CPU, of all that the epochs so far have changed.

        Random numbers have no state: they are functions of seed, fold, phase, epoch and step."""
        state = {
            "parameters": self.parameters,
            "buffers": self.buffers,
            "optimisers": {name: optimiser.state_dict()["state"] for name, optimiser in self._optimisers()},
            "scores": {i: torch.stack(scores) for i, scores in enumerate(self.scores) if scores},
            "losses": dict(enumerate(self.losses)),
            "phase": torch.tensor(self.phase_index),
            "epoch": torch.tensor(self.phase_epochs),
        }
        return {name: tensor.detach().to("cpu", copy=True) for name, tensor in flatten(state).items()}

    @torch.no_grad()
    def restore(self, flat: dict[str, Tensor]) -> None:
        """Restore a result of `state` from another group of the same runs."""
        saved = unflatten(flat)
        self._enter_phase(int(saved["phase"]))
        self.phase_epochs = int(saved["epoch"])
        for name, tensor in flatten({"parameters": self.parameters, "buffers": self.buffers}).items():
            tensor.copy_(flat[name])
        for name, optimiser in self._optimisers():
            parameters = optimiser.param_groups[0]["params"]
            moments = saved.get("optimisers", {}).get(name, {})  # none before its first step
            state = {
                int(i): {key: match_strides(value, parameters[int(i)]) for key, value in values.items()}
                for i, values in moments.items()
            }
            # rates are those of the phase, which `epoch` scales again
            optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
        if "scores" in saved:
            self.scores = [list(saved["scores"][str(i)]) for i in range(len(self.runs))]
        self.losses = [saved["losses"][str(epoch)] for epoch in range(len(saved.get("losses", {})))]

    def _optimisers(self) -> Iterator[tuple[str, torch.optim.Optimizer]]:
        """Yield each optimiser of the phase, with its name `<update>.<index>` in `state`."""
        for update, optimisers in enumerate(self.optimisers):
            for i, optimiser in enumerate(optimisers):
                yield f"{update}.{i}", optimiser

    @torch.no_grad()
    def moved(self, run_index: int) -> dict[str, float]:
        """Return how far training has moved each module of a run: the norm of the change over the norm at its start.

        A module that no gradient reached has 0. Its start is built again, from the same seed."""
        _, networks = self.build(self.runs[run_index])
        now, moved = self.run_part(run_index, self.parameters), dict[str, float]()
        for module, network in networks.items():
            start = {name: tensor.double() for name, tensor in network.named_parameters()}
            length = sum(float(tensor.square().sum()) for tensor in start.values())
            change = sum(float((now[module][name].double() - tensor).square().sum()) for name, tensor in start.items())
            if length:
                moved[module] = (change / length) ** 0.5
        return moved

    @property
    def epochs(self) -> int:
        """Number of epochs done, in all phases."""
        return len(self.losses)

    def run_part(self, run_index: int, tree: Tree) -> Tree:
        """Return one run's part of `parameters`, `buffers` or `statistics`."""
        return tree_map(lambda tensor: tensor[run_index], tree) if self.stacked else tree


@torch.no_grad()
def initialise(networks: Mapping[str, nn.Module], method: NetworkMethod) -> list[str]:
    """Copy the method's `initial_weights` into tensors of the same name and shape; return the names of all others.

    Raises ParamsError where not one parameter fits."""
    weights = method.initial_weights
    if not weights:
        return []
    others, fits = [], False
    for module, network in networks.items():
        parameters = dict(network.named_parameters())
        for name, tensor in (parameters | dict(network.named_buffers())).items():
            value = weights.get(f"{module}.{name}")
            if value is None or value.shape != tensor.shape or module in method.left_out:
                others.append(f"{module}.{name}")
            else:
                tensor.copy_(value)
                fits |= name in parameters
    if not fits:
        shapes = f"{method.name()} has no weight of the name and shape of any of the {len(weights)}"
        raise ParamsError(f"population must have params that give a network of the same shapes: {shapes}")
    return others


def named_tensors(modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Return the parameters and buffers of modules, named `<module>.<name>`."""
    return {
        f"{module}.{name}": tensor
        for module, network in modules.items()
        for name, tensor in [*network.named_parameters(), *network.named_buffers()]
    }


def lay_out_weights(network: nn.Module) -> None:
    """Lay out kernels channels-last, as a CPU convolves faster; in another layout sums are rounded otherwise."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def lay_out_images(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the inputs with images [B, C, H, W] channels-last, for networks with weights in that layout."""
    images = {name for name, value in inputs.items() if value.ndim == 4 and value.shape[1] <= COLOURS}
    return {k: v.contiguous(memory_format=torch.channels_last) if k in images else v for k, v in inputs.items()}


def match_strides(tensor: Tensor, like: Tensor) -> Tensor:
    """Return the tensor with the strides of `like` if it has its shape: torch's fused optimisers ignore strides."""
    if tensor.shape != like.shape or tensor.stride() == like.stride():
        return tensor
    return torch.empty_like(like).copy_(tensor)


def enable_fused(optimiser: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """Let an optimiser step in one pass over memory, where torch has such a kernel; return it."""
    for group in optimiser.param_groups:
        if "fused" in group:
            group["fused"] = True
    return optimiser


def flatten(tree: Mapping[Any, Any], path: str = "") -> dict[str, Any]:
    """Return the leaves of nested dicts by their keys, joined by slashes; `path` comes before all of them."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= flatten(value, f"{path}{key}/") if isinstance(value, Mapping) else {f"{path}{key}": value}
    return flat


def unflatten(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return the nested dicts that `flatten` made flat; keys are texts."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, key = path.split("/")
        reduce(lambda node, parent: node.setdefault(parent, {}), parents, tree)[key] = value
    return tree
