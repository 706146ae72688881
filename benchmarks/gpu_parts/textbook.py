"""The training loop of one fold as a researcher writes it: modules, an optimiser for each, `backward` and `step`."""

import torch
from torch import Tensor

from microexpr.models.base import ClipTensors, Modules, NetworkMethod
from microexpr.training.engine import FoldIndices


class TorchRandom:
    """torch's own random numbers in place of the engine's, on the device."""

    def __init__(self, device: torch.device):
        self.device = device

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, device=self.device)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, device=self.device)


def train_fold(method: NetworkMethod, data: ClipTensors, fold: FoldIndices) -> Tensor:
    """Train one fold in as many steps as the engine does; return the scores of its test clips after the last epoch."""
    device = data.targets["label"].device
    torch.manual_seed(0)
    clips, test = (data[torch.from_numpy(side).to(device)] for side in (fold.train, fold.test))
    statistics, rng = method.statistics(clips), TorchRandom(device)
    networks = {name: network.to(device) for name, network in method.build(statistics).items()}
    modules = Modules(**networks, **{name: module.to(device) for name, module in method.shared().items()})
    (phase,) = method.phases()
    optimisers = [
        [make(list(networks[name].parameters())) for name, make in update.trains.items()] for update in phase.updates
    ]
    examples = -(-data.micro_count // phase.batch) * phase.batch  # of an epoch
    for _ in range(phase.epochs):
        for network in networks.values():
            network.train()
        order = [torch.randperm(len(clips), device=device) for _ in range(-(-examples // len(clips)))]
        for index in torch.cat(order)[:examples].split(phase.batch):
            step = clips[index]
            for update, group in zip(phase.updates, optimisers, strict=True):
                for optimiser in group:
                    optimiser.zero_grad()
                update.loss(modules, step.inputs | step.targets, statistics, rng).backward()
                for optimiser in group:
                    optimiser.step()
        for network in networks.values():
            network.eval()
        with torch.no_grad():
            scores = method.scores(modules, test.inputs, statistics).cpu()
    return scores
