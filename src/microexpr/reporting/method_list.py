"""The list of all methods: paper, inputs, sizes. No weights, no training."""

from collections.abc import Mapping

import torch
from torch import Tensor

from microexpr.core.facs.occurrence import AUS
from microexpr.core.facs.reactions import REGIONS
from microexpr.datasets import flow_folders
from microexpr.models import base, recognisers
from microexpr.protocols import MEGC2019, PROTOCOLS
from microexpr.signals.inputs import SOURCES


def methods(params: Mapping[str, base.Params]) -> list[tuple[str, ...]]:
    """Return name, paper, inputs with shapes, two numbers of parameters, and protocols of each method, sorted by name.

    The numbers are in millions: of the method with its `params`, "" if it has none there, and as in its paper, like
    inputs."""
    rows: list[tuple[str, ...]] = []
    for name in recognisers.names():
        kind = recognisers.find(name)
        instance = kind(kind.Params())  # its defaults are the paper's values
        sizes = (_millions(kind(params[name])) if name in params else "", _millions(instance))
        inputs = ", ".join(f"{key} {'x'.join(map(str, shape))}" for key, shape in instance.inputs.items())
        reads = [stage for input_name in instance.inputs for stage in SOURCES[input_name]]
        # of the protocols of precomputed flow, which has no macro-expressions, the first stands for all
        pictured = [] if instance.macro else [flow_folders.NAME]
        suitable = [name for name in (MEGC2019, *pictured) if PROTOCOLS[name].suits(reads)]
        rows.append((name, kind.paper, inputs, *sizes, ", ".join(suitable)))
    return rows


def _millions(instance: base.Method) -> str:
    return f"{parameters(instance) / 1e6:.4f}"


def parameters(instance: base.Method) -> int:
    """Return the number of trained weights of a method, 0 for a classical one. Allocates none of them."""
    if not isinstance(instance, base.NetworkMethod):
        return 0
    label = torch.arange(base.CLASSES)  # one clip of each class, so that class weights are finite
    inputs: dict[str, Tensor] = {key: torch.zeros(base.CLASSES, *shape) for key, shape in instance.inputs.items()}
    targets = {"label": label, "subject": label, "dataset": torch.zeros_like(label), "macro": label % 2}
    marks = {"aus": len(AUS), "reacts": len(REGIONS)}
    targets |= {key: torch.zeros(base.CLASSES, count, dtype=torch.int64) for key, count in marks.items()}
    statistics = instance.statistics(base.ClipTensors(inputs, targets))
    with torch.device("meta"):
        modules = instance.build(statistics)
    return sum(weights.numel() for module in modules.values() for weights in module.parameters())
