"""Costs of a network, counted: parameters, floating point operations, bytes that its optimisers move.

    python benchmarks/footprint.py [method] [folds] [clips] [key=value ...]

Nothing is trained: losses run on torch's meta device, which has shapes and no numbers, so this takes no memory either.
"""

import sys

import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from microexpr.models.base import Modules, NetworkMethod
from microexpr.models.counter_rng import Stream
from microexpr.models.recognisers import find

BYTES = 4  # of a float32
KEPT = 4  # of each parameter: itself, its gradient, Adam's two moments
MOVED = 7  # by a fused Adam: these four read, all but the gradient written


def measured(method: NetworkMethod, batch: int) -> tuple[dict[str, int], float]:
    """Trainable parameters by module, and FLOPs of one step: every update forward and backward."""
    with torch.device("meta"):
        networks = method.build({})
        shared = method.shared()
        clips = {name: torch.zeros(batch, *shape, dtype=torch.uint8) for name, shape in method.inputs.items()}
        clips["label"] = torch.zeros(batch, dtype=torch.int64)
        counter = FlopCounterMode(display=False)
        with counter:
            for update in method.phases()[-1].updates:
                loss = update.loss(Modules(**networks, **shared), clips, {}, Stream(torch.tensor(1)))
                trained = [p for name in update.trains for p in networks[name].parameters()]
                torch.autograd.grad(loss, trained, allow_unused=True)
    sizes = {name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()}
    return sizes, counter.get_total_flops()


def main(name: str = "icegan", folds: str = "68", clips: str = "442", *changed: str) -> None:
    kind = find(name)
    params = kind.Params(**{key: yaml.safe_load(value) for key, value in (pair.split("=") for pair in changed)})
    method = kind(params)
    if not isinstance(method, NetworkMethod):
        raise SystemExit(f"method must be a network, not {name}")
    phase = method.phases()[-1]
    sizes, flops = measured(method, phase.batch)
    total = sum(sizes.values())
    steps = -(-int(clips) // phase.batch) * phase.epochs * int(folds)
    print(f"{name}: " + ", ".join(f"{part} {size / 1e6:.2f} M" for part, size in sizes.items()))
    print(f"in all {total / 1e6:.2f} M parameters, {KEPT * BYTES * total / 1e9:.2f} GB a fold with gradients and Adam")
    print(
        f"a step of {phase.batch} clips: {flops / 1e12:.3f} TFLOP, {MOVED * BYTES * total / 1e9:.2f} GB moved by Adam"
    )
    print(f"{folds} folds x {phase.epochs} epochs: {steps} steps, {steps * flops / 1e15:.0f} PFLOP, "
          f"{steps * MOVED * BYTES * total / 1e15:.2f} PB")  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
