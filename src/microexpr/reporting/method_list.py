"""The list of all methods: paper, inputs, size at the paper's scale. No weights, no training."""

import torch
from torch import Tensor

from microexpr.core.facs.occurrence import AUS
from microexpr.core.facs.reactions import REGIONS
from microexpr.models import base, recognisers
from microexpr.protocols import MAIN, PROTOCOLS
from microexpr.signals.inputs import SOURCES


def methods() -> list[tuple[str, str, str, str, str]]:
    """Return name, paper, inputs with shapes, parameters in millions, and protocols of each method, sorted by name."""
    rows = []
    for name in recognisers.names():
        kind = recognisers.find(name)
        instance = kind(kind.Params())  # its defaults are the paper's values
        inputs = ", ".join(f"{key} {'x'.join(map(str, shape))}" for key, shape in instance.inputs.items())
        reads = [stage for input_name in instance.inputs for stage in SOURCES[input_name]]
        suitable = [protocol.name for protocol in PROTOCOLS.values() if protocol.name in MAIN and protocol.suits(reads)]
        rows.append((name, kind.paper, inputs, f"{parameters(instance) / 1e6:.4f}", ", ".join(suitable)))
    return rows


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
