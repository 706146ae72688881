"""Every method in one line: paper, inputs, size at the paper's scale. No weights, no training."""

import torch
from torch import Tensor

from microexpr.core.facs.occurrence import AUS
from microexpr.core.facs.reactions import REGIONS
from microexpr.models import base, recognisers
from microexpr.protocols import MAIN, PROTOCOLS
from microexpr.signals.inputs import SOURCES


def methods() -> list[tuple[str, str, str, str, str]]:
    """Name, paper, inputs with their shape, parameters in millions, and protocols of each method, sorted by name."""
    rows = []
    for name in recognisers.names():
        kind = recognisers.find(name)
        made = kind(kind.Params())  # its defaults are the paper's values
        inputs = ", ".join(f"{key} {'x'.join(map(str, shape))}" for key, shape in made.inputs.items())
        reads = [stage for wanted in made.inputs for stage in SOURCES[wanted]]
        suiting = [protocol.name for protocol in PROTOCOLS.values() if protocol.name in MAIN and protocol.suits(reads)]
        rows.append((name, kind.paper, inputs, f"{parameters(made) / 1e6:.4f}", ", ".join(suiting)))
    return rows


def parameters(made: base.Method) -> int:
    """How many trained weights a method has; 0 for a classical one. Nothing is allocated for them."""
    if not isinstance(made, base.NetworkMethod):
        return 0
    label = torch.arange(base.CLASSES)  # one clip of each class, so that class weights are finite
    inputs: dict[str, Tensor] = {key: torch.zeros(base.CLASSES, *shape) for key, shape in made.inputs.items()}
    targets = {"label": label, "subject": label, "dataset": torch.zeros_like(label), "macro": label % 2}
    marks = {"aus": len(AUS), "reacts": len(REGIONS)}
    targets |= {key: torch.zeros(base.CLASSES, count, dtype=torch.int64) for key, count in marks.items()}
    statistics = made.statistics(base.ClipTensors(inputs, targets))
    with torch.device("meta"):
        modules = made.build(statistics)
    return sum(weights.numel() for module in modules.values() for weights in module.parameters())
