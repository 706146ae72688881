"""Count the trained weights of methods, each built without its values. Loads torch; no training."""

from collections.abc import Mapping

import torch
from torch import Tensor

from microexpr.core.facs import AUS, REGIONS
from microexpr.datasets import flow_folders
from microexpr.models import base, recognisers
from microexpr.protocols import MEGC2019
from microexpr.reporting.method_list import Row
from microexpr.signals.inputs import stages
from microexpr.training.checked import MethodSpec


def rows(methods: Mapping[str, MethodSpec], on_pictures: Mapping[str, MethodSpec]) -> list[Row]:
    """Return the rows of the list for methods and variants, as `described.check` describes them, sorted by name.
    Methods that they lack are listed with the size of their paper alone, which the code's defaults are."""
    result: list[Row] = []
    for name in sorted({*methods, *recognisers.names()}):
        kind, described = recognisers.find(name), methods.get(name)
        defaults = kind(kind.Params())
        instance = kind(kind.Params(**described.params)) if described else defaults
        reads = {MEGC2019: stages(instance.inputs)}
        if not instance.macro:  # precomputed flow has no macro-expressions; one of its protocols stands for all
            reads[flow_folders.NAME] = on_pictures[name].reads if described else reads[MEGC2019]
        suitable = [name for name, stages_read in reads.items() if name == MEGC2019 or {*stages_read} <= {"flow"}]
        result.append(
            {
                "method": name,
                "in_table": described is None or described.in_table,
                "parameters": parameters(instance) if described else None,
                "parameters_in_paper": None if "." in name else parameters(defaults),
                "inputs": ", ".join(f"{key} {'x'.join(map(str, shape))}" for key, shape in instance.inputs.items()),
                "protocols": ", ".join(suitable),
                "paper": kind.paper,
            }
        )
    return result


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
