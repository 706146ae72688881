"""Every network on a device that is not the CPU, without such a device: tensors of shapes alone, on torch's `meta`.

Torch's fake tensors refuse an operation on tensors of two devices, as CUDA does.
"""

from collections.abc import Callable
from contextlib import nullcontext
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from small_methods import GENERATORS, NETWORKS, clips, folds, network
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode

from microexpr.models.base import ClipTensors, Modules, NetworkMethod, Phase
from microexpr.models.counter_rng import Stream
from microexpr.models.recipe import training_phases
from microexpr.training import group
from microexpr.training.group import FoldRun, Group

SUBJECTS = 4


class FixedShapes(TorchFunctionMode):
    """Gives the functions whose result's shape depends on values a shape that does not."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.bincount:
            return torch.zeros(kwargs["minlength"], dtype=torch.int64, device=args[0].device)
        if func is Tensor.unique:
            return args[0][:SUBJECTS]
        if func is Tensor.__getitem__ and isinstance(args[1], Tensor) and args[1].dtype == torch.bool:
            return args[0]
        return func(*args, **kwargs)


def fake(clips: ClipTensors) -> ClipTensors:
    """The shapes of clips, on the device."""
    return clips.map(lambda tensor: torch.zeros_like(tensor, device="meta"))


def batch_shape(phase: Phase, data: ClipTensors) -> tuple[int, ...]:
    """[B] or [B, 3]: the shape of one step's positions."""
    targets = {name: value.numpy() for name, value in data.targets.items()}
    return phase.sample(targets, 1, phase.batch, np.random.default_rng(0)).shape[1:]


def devices_of_a_training(method: NetworkMethod, real: ClipTensors) -> dict[str, str]:
    """The device of each statistic, loss, score and face, by name."""
    shapes = [batch_shape(phase, real) for phase in training_phases(method)]
    tensors: dict[str, Tensor] = {}
    with FakeTensorMode(allow_non_fake_inputs=True), FixedShapes():
        data = fake(real)
        tensors |= (statistics := method.statistics(data))
        with torch.device("meta"):
            networks, shared = method.build(statistics), method.shared()
        modules, rng = Modules(**networks, **shared), Stream(torch.zeros((), dtype=torch.int32, device="meta"))
        for at, (phase, shape) in enumerate(zip(training_phases(method), shapes, strict=True)):
            inputs = phase.precompute(modules, data.inputs, statistics) if phase.precompute else data.inputs
            step = ClipTensors(inputs, data.targets)[torch.zeros(shape, dtype=torch.int64, device="meta")]
            for number, update in enumerate(phase.updates):
                loss = update.loss(modules, step.inputs | step.targets, statistics, rng)
                trained = [parameter for name in update.trains for parameter in networks[name].parameters()]
                torch.autograd.grad(loss, trained, allow_unused=True)
                tensors[f"loss {number} of phase {at}"] = loss
        tensors["scores"] = method.scores(modules, data.inputs, statistics)
        if method.synthesises:
            batch = data.inputs | data.targets | {"target_label": data.targets["label"]}
            tensors["faces"] = method.synthesise(modules, batch, statistics, rng)
    return {name: tensor.device.type for name, tensor in tensors.items()}


@pytest.mark.parametrize("name", [*NETWORKS, *GENERATORS])
def test_computes_where_its_clips_are(name):
    method = network(name, epochs=2)
    devices = devices_of_a_training(method, clips(method))
    assert [name for name, device in devices.items() if device != "meta"] == []


def test_a_tensor_on_the_cpu_is_noticed():
    """In a loss, and in the statistics."""
    method = network("ststnet", epochs=2)
    loss = method.loss
    method.loss = lambda *args: loss(*args) * torch.ones(2).sum(0, keepdim=True)
    with pytest.raises(RuntimeError, match="same device"):
        devices_of_a_training(method, clips(method))
    other = network("ststnet", epochs=2)
    statistics = other.statistics
    other.statistics = lambda train: statistics(train) | {"unused": torch.ones(3)}
    assert devices_of_a_training(other, clips(other))["unused"] == "cpu"


def moved(network: nn.Module, device: torch.device) -> nn.Module:
    """`nn.Module.to`, which fake tensors do not support."""
    for layer in network.modules():
        for name, parameter in layer._parameters.items():
            layer._parameters[name] = None if parameter is None else nn.Parameter(parameter.detach().to(device))
        for name, buffer in layer._buffers.items():
            layer._buffers[name] = None if buffer is None else buffer.to(device)
    return network


@pytest.fixture
def without_values(monkeypatch):
    """The engine's reads of values, and what torch's `meta` device lacks, replaced."""
    monkeypatch.setattr(nn.Module, "to", moved)
    monkeypatch.setattr(Tensor, "numpy", lambda self: np.zeros(tuple(self.shape), np.int64))
    monkeypatch.setattr(Group, "_check_finite", lambda *_: None)
    monkeypatch.setattr(ClipTensors, "micro_count", property(lambda self: 12))
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    monkeypatch.setattr(group, "enable_fused", lambda optimiser: optimiser)


QUICK = {("ststnet", False), ("icegan", True), ("localregions", False)}
STEPPED = product(("ststnet", "icegan", "localregions", "capsulenet"), (False, True))


@pytest.mark.parametrize(
    ("name", "stacked"), [pytest.param(*case, marks=() if case in QUICK else pytest.mark.slow) for case in STEPPED]
)
def test_the_engine_steps_on_the_device_and_keeps_results_on_the_cpu(name, stacked, without_values):
    """Weights, optimisers and what a phase reads stay on the device; scores, losses and checkpoints leave it."""
    method = network(name, epochs=1)
    real = clips(method)
    runs = [FoldRun(fold, 7) for fold in folds(2 if stacked else 1)]
    with FakeTensorMode(allow_non_fake_inputs=True), FixedShapes():
        trained, resumed = (Group(method, fake(real), runs, stacked) for _ in range(2))
        assert trained.epoch()
        state = trained.state()
        resumed.restore(state)
        while trained.epoch():
            pass
        assert not {value.device.type for value in state.values()} - {"cpu"}
        for training_group in (trained, resumed):
            weights = [tensor for part in training_group.parameters.values() for tensor in part.values()]
            moments = [value for _, optimiser in training_group._optimisers() for state in optimiser.state.values()
                       for key, value in state.items() if key != "step"]  # fmt: skip
            assert {tensor.device.type for tensor in [*weights, *moments, *training_group.statistics.values()]} == {
                "meta"
            }
        assert {tensor.device.type for tensor in [*trained.losses, *trained.scores[0]]} == {"cpu"}
