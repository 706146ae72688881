"""Runs of a network method that step together: parameters, optimisers, one step function. No plan and no file comes in.

Shapes: R runs (no such axis unless stacked), S steps, B in a batch, U updates, m test clips of a fold, C classes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.utils._pytree import tree_map

from microexpr.core.errors import MicroexprError
from microexpr.core.seeds import generator, spawn
from microexpr.models.base import Batch, Clips, Modules, NetworkMethod, Phase, Reader, Statistics, Update
from microexpr.models.counter_rng import Stream, mix
from microexpr.models.samplers import course

Tree = TypeVar("Tree")
Tensors = dict[str, dict[str, Tensor]]  # by module, then by the name inside it
RANDOM_LAYERS = (nn.modules.dropout._DropoutNd,)  # they draw from torch's global generator


@dataclass(frozen=True, eq=False)
class Fold:
    """One held-out unit, as positions in the resident clips."""

    name: str
    train: np.ndarray  # int64[n]
    test: np.ndarray  # int64[m]


@dataclass(frozen=True, eq=False)
class Run:
    """One fold with one seed."""

    fold: Fold
    seed: int

    def seeds(self, *names: str | int) -> np.random.SeedSequence:
        return spawn(self.seed, self.fold.name, *names)

    def generator(self, *names: str | int) -> np.random.Generator:
        return generator(self.seed, self.fold.name, *names)

    def key(self, *names: str | int, device: torch.device) -> Tensor:
        """The key of a `Stream`."""
        return torch.tensor(self.seeds(*names).generate_state(1).view(np.int32)[0], device=device)


class Group:
    """Runs that step together. Each tensor of `parameters`, `buffers`, `statistics` is [R, ...] if stacked; otherwise
    there is one run and no R, and they are those of `networks`. The data decide the device."""

    def __init__(self, method: NetworkMethod, data: Clips, runs: Sequence[Run], stacked: bool):
        self.method, self.runs, self.stacked = method, runs, stacked
        inputs = {name: data.inputs[name] for name in method.inputs}
        self.data = Clips(inputs, data.targets)
        self.device = data.targets["label"].device
        self.targets = [
            {k: v.cpu().numpy()[run.fold.train] for k, v in data.targets.items()}
            | {"held_out": np.isin(run.fold.train, run.fold.test)}  # by a declared leak alone
            for run in runs
        ]
        coarse = getattr(method.params, "precision", "") == "bfloat16"
        self.autocast = torch.autocast(self.device.type, torch.bfloat16, coarse, cache_enabled=False)
        self.phases, self.shared = course(method), self._shared()
        statistics, built = zip(*map(self.built, runs), strict=True)
        self.networks = built[0]  # if stacked, the architecture: its own tensors are never read
        self.statistics: Statistics = self._join(statistics)
        self.parameters: Tensors = self._join([{k: dict(m.named_parameters()) for k, m in b.items()} for b in built])
        self.buffers: Tensors = self._join([{k: dict(m.named_buffers()) for k, m in b.items()} for b in built])
        if stacked:
            tree_map(Tensor.requires_grad_, self.parameters)
        self.scores: list[list[Tensor]] = [[] for _ in runs]  # per run and epoch of the last phase float32[m, C]
        self.losses: list[Tensor] = []  # per epoch [R, U], R = 1 unless stacked
        self._enter(0)

    def _shared(self) -> dict[str, nn.Module]:
        with torch.random.fork_rng(devices=[]):
            shared = self.method.shared()
        return {name: module.to(self.device).eval().requires_grad_(False) for name, module in shared.items()}

    def built(self, run: Run) -> tuple[Statistics, dict[str, nn.Module]]:
        """Statistics of the run's training clips, and its fresh modules: the same alone or beside others."""
        statistics = self.method.statistics(self.data[self._tensor(run.fold.train)])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(run.seeds("build").generate_state(1)[0]))
            networks = self.method.build(statistics)
        for name, network in networks.items():
            if any(isinstance(layer, RANDOM_LAYERS) for layer in network.modules()):
                raise TypeError(f"{name} must drop by draws.dropout(x, share, rng), not by a layer of torch's")
            for parameter in network.to(self.device).parameters():
                if parameter.ndim == 4 and not self.stacked:
                    parameter.data = by_pixel(parameter.data)
        return statistics, networks

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def _join(self, trees: Sequence[Any]) -> Any:
        """One tree from one per run, detached where they are stacked."""
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
    def trainable(self) -> int:
        """Number of parameters of one run that any phase trains."""
        trained = set().union(*(phase.trained for phase in self.phases))
        return sum(p.numel() for name in trained for p in self.networks[name].parameters())

    def _enter(self, phase: int) -> None:
        self.at, self.done = phase, 0  # phase, epochs done in it
        self.read: Batch | None = None  # what the phase reads of all clips, [R, N, ...]
        self.optimisers = [
            [fused(make(list(self.parameters[name].values()))) for name, make in update.trains.items()]
            for update in self.phases[phase].updates
        ]

    def epoch(self) -> bool:
        """Train and, in the last phase, score one epoch; False when there is none left.

        Raises MicroexprError if a loss is not finite.
        """
        if self.done == self.phases[self.at].epochs:
            if self.at + 1 == len(self.phases):
                return False
            self._enter(self.at + 1)
        phase = self.phases[self.at]
        for name, network in self.networks.items():
            network.train(name in phase.trained)
        self._set_rates(phase)
        if self.read is None and phase.reads is not None:
            self.read = self._read(phase, phase.reads)
        self.losses.append(self._steps(phase))
        self.done += 1
        if self.at + 1 == len(self.phases):
            self._score_tests()
        return True

    def _set_rates(self, phase: Phase) -> None:
        factor = phase.schedule(self.done / phase.epochs)
        for optimiser in (o for optimisers in self.optimisers for o in optimisers):
            for group in optimiser.param_groups:
                group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor

    def _steps(self, phase: Phase) -> Tensor:
        """All steps of an epoch; mean loss of each update [R, U], nan where `every` left it out of the whole epoch."""
        order, keys = self.draw(phase)
        made: list[list[Tensor]] = [[] for _ in phase.updates]
        for step, (index, key) in enumerate(zip(order, keys, strict=True), start=self.done * len(order) + 1):
            batch = self._inputs(index) | {name: value[index] for name, value in self.data.targets.items()}
            for number, update in enumerate(phase.updates):
                if step % update.every == 0:
                    made[number].append(self._step(number, update, batch, mix(key + number)))
        means = [torch.stack(losses).mean(0).reshape(-1) if losses else None for losses in made]
        for number, mean in enumerate(means):
            self._refuse_divergence(number, mean)
        left_out = torch.full((len(self.runs),), torch.nan, device=self.device)
        return torch.stack([left_out if mean is None else mean for mean in means], 1).cpu()

    @torch.no_grad()
    def _read(self, phase: Phase, reads: Reader) -> Batch:
        """[R, N, ...] by name: what the runs read of all clips."""

        def read(parameters: Tensors, buffers: Tensors, batch: Batch, statistics: Statistics) -> Batch:
            return reads(self._modules(parameters, buffers), batch, statistics)  # as precise as whatever scores it

        of_all = vmap(read, in_dims=(0, 0, None, 0)) if self.stacked else read
        parts = [
            of_all(self.parameters, self.buffers, self.data[index].inputs, self.statistics)
            for index in torch.arange(len(self.data), device=self.device).split(phase.batch)
        ]
        return {name: torch.cat([part[name] for part in parts], int(self.stacked)) for name in parts[0]}

    def _inputs(self, index: Tensor) -> Batch:
        """[R, B, ...] by name, of the clips at int64[R, B...]: the inputs, or what the phase reads in their place."""
        if self.read is None:
            return {name: value[index] for name, value in self.data.inputs.items()}
        if not self.stacked:
            return {name: value[index] for name, value in self.read.items()}
        run = torch.arange(len(index), device=self.device).reshape(-1, *[1] * (index.ndim - 1))
        return {name: value[run, index] for name, value in self.read.items()}

    def _refuse_divergence(self, number: int, mean: Tensor | None) -> None:
        if mean is None or bool(mean.isfinite().all()):
            return
        run = self.runs[int((~mean.isfinite()).nonzero()[0])]
        where = f"fold {run.fold.name}, seed {run.seed}, phase {self.at}, epoch {self.done}, update {number}"
        raise MicroexprError(f"training loss must be finite, not {float(mean.sum())} ({where})")

    def draw(self, phase: Phase) -> tuple[Tensor, Tensor]:
        """The clips of each step of this epoch, int64[S, R, B...], and its random key, int32[S, R]."""
        steps = -(-self.data.micro // phase.batch)  # by the protocol's clips, so that all folds make the same steps
        orders, keys = [], []
        for run, targets in zip(self.runs, self.targets, strict=True):
            rng = run.generator(self.at, self.done, "order")
            orders.append(run.fold.train[phase.sample(targets, steps, phase.batch, rng)])
            keys.append(run.seeds(self.at, self.done, "loss").generate_state(steps).view(np.int32))
        if not self.stacked:
            return self._tensor(orders[0]), self._tensor(keys[0])
        return self._tensor(np.stack(orders, 1)), self._tensor(np.stack(keys, 1))

    def _step(self, number: int, update: Update, batch: Batch, keys: Tensor) -> Tensor:
        """One optimiser step of every run; the loss before it, [R]."""

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
        trained = [parameter for name in update.trains for parameter in self.parameters[name].values()]
        # runs share nothing, so the gradient of the sum is each run's own
        gradients = torch.autograd.grad(value.sum(), trained, allow_unused=True, materialize_grads=True)
        for parameter, gradient in zip(trained, gradients, strict=True):
            parameter.grad = laid_out(gradient, parameter)
        for optimiser in self.optimisers[number]:  # elementwise, so one optimiser serves all runs
            optimiser.step()
        return value.detach()

    def _score_tests(self) -> None:
        if not any(len(run.fold.test) for run in self.runs):
            return
        tests = [torch.from_numpy(np.ascontiguousarray(run.fold.test)) for run in self.runs]
        # of unequal lengths: padded, for in eval() a clip's score is its own
        index = nn.utils.rnn.pad_sequence(tests, batch_first=True) if self.stacked else tests[0]
        result = self._score(self._inputs(index.to(self.device))).cpu()  # one wait for the device, not one per run
        for kept, test, scores in zip(self.scores, tests, result if self.stacked else [result], strict=True):
            kept.append(scores[: len(test)])

    @torch.no_grad()
    def _score(self, inputs: Batch) -> Tensor:
        """[R, m, C] of inputs [R, m, ...]."""
        for network in self.networks.values():
            network.eval()

        def scores(parameters: Tensors, buffers: Tensors, batch: Batch, statistics: Statistics) -> Tensor:
            return self.method.scores(self._modules(parameters, buffers), batch, statistics)

        return self._each(scores)(self.parameters, self.buffers, inputs, self.statistics)

    @torch.no_grad()
    def synthesise(self, number: int, positions: np.ndarray, label: np.ndarray, *names: str | int) -> Tensor:
        """Faces [B, channels, H, W] in 0..1 that run `number` makes from clips at `positions`, asked to show `label`.

        `names` tell this call's random numbers from those of others.
        """
        for network in self.networks.values():
            network.eval()
        clips = self.data[self._tensor(positions)]
        batch = clips.inputs | clips.targets | {"label_asked": self._tensor(label)}
        modules = self._modules(self.of(number, self.parameters), self.of(number, self.buffers))
        key = self.runs[number].key("synthesis", *names, device=self.device)
        return self.method.synthesise(modules, batch, self.of(number, self.statistics), Stream(key)).cpu()

    def state(self) -> dict[str, Tensor]:
        """Copies, by name and on the CPU, of all that the epochs so far have changed. Draws have no state."""
        trees = {"parameters": self.parameters, "buffers": self.buffers}
        flat = {f"{kind}/{module}/{name}": tensor for kind, module, name, tensor in _leaves(trees)}
        for place, optimiser in self._optimisers():
            for parameter, kept in optimiser.state_dict()["state"].items():
                flat |= {f"optimisers/{place}/{parameter}/{name}": value for name, value in kept.items()}
        flat |= {f"scores/{number}": torch.stack(scores) for number, scores in enumerate(self.scores) if scores}
        flat |= {f"losses/{epoch}": loss for epoch, loss in enumerate(self.losses)}
        flat |= {"phase": torch.tensor(self.at), "epoch": torch.tensor(self.done)}
        return {name: tensor.detach().to("cpu", copy=True) for name, tensor in flat.items()}

    @torch.no_grad()
    def restore(self, flat: dict[str, Tensor]) -> None:
        """The inverse of `state`, on a new group of the same runs."""
        self._enter(int(flat["phase"]))
        self.done = int(flat["epoch"])
        for kind, module, name, tensor in _leaves({"parameters": self.parameters, "buffers": self.buffers}):
            tensor.copy_(flat[f"{kind}/{module}/{name}"])
        for place, optimiser in self._optimisers():
            kept: dict[int, dict[str, Tensor]] = {}
            for name in (name for name in flat if name.startswith(f"optimisers/{place}/")):
                number, key = name.split("/")[-2:]
                parameter = optimiser.param_groups[0]["params"][int(number)]
                kept.setdefault(int(number), {})[key] = laid_out(flat[name], parameter)
            # rates are those of the phase, which `_set_rates` scales anew in each epoch
            optimiser.load_state_dict({"state": kept, "param_groups": optimiser.state_dict()["param_groups"]})
        if "scores/0" in flat:
            self.scores = [list(flat[f"scores/{number}"]) for number in range(len(self.runs))]
        self.losses = [flat[f"losses/{epoch}"] for epoch in range(sum(name.startswith("losses/") for name in flat))]

    def _optimisers(self) -> Iterator[tuple[str, torch.optim.Optimizer]]:
        """Each of the phase, with the place `update/number` that tells it from others."""
        for update, optimisers in enumerate(self.optimisers):
            for number, optimiser in enumerate(optimisers):
                yield f"{update}/{number}", optimiser

    @property
    def epochs(self) -> int:
        """Epochs done, of all phases."""
        return len(self.losses)

    def of(self, number: int, tree: Tree) -> Tree:
        """That run's part of `parameters`, `buffers` or `statistics`."""
        return tree_map(lambda tensor: tensor[number], tree) if self.stacked else tree


def by_pixel(tensor: Tensor) -> Tensor:
    """Pictures or kernels [N, C, H, W], in memory pixel by pixel, as convolutions and pools on a CPU are faster."""
    return tensor.contiguous(memory_format=torch.channels_last)


def laid_out(tensor: Tensor, like: Tensor) -> Tensor:
    """The tensor, in memory as `like` is if it has its shape: torch's fused optimisers look at no strides."""
    if tensor.shape != like.shape or tensor.stride() == like.stride():
        return tensor
    return torch.empty_like(like).copy_(tensor)


def fused(optimiser: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """The same, in one pass over memory where torch has such a kernel."""
    for group in optimiser.param_groups:
        if "fused" in group:
            group["fused"] = True
    return optimiser


def _leaves(trees: dict[str, Tensors]) -> Iterator[tuple[str, str, str, Tensor]]:
    for kind, modules in trees.items():
        for module, tensors in modules.items():
            for name, tensor in tensors.items():
                yield kind, module, name, tensor
