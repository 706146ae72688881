"""ICE-GAN's generator as a choice of display (ours): class and noise to action units, which a warp shows on a face.

No loss but that of displays. Shapes: B clips, A action units, sides are the subject's left and right; displays
[B, A, 2] are changes of FACS intensity over 5, images [B, 1, H, H] in -1..1.
"""

import json

import torch
from torch import Tensor, nn

from microexpr.core.weights import shipped
from microexpr.models.layers.mover import WarpGenerator, by_column
from microexpr.models.layers.square_root import square_root
from microexpr.signals.aus import ACTION_UNITS, LARGEST

MOVER = shipped("reenact.safetensors")  # the generator of `microexpr reenact`, fitted on the population
HIDDEN = 64
RATE, BATCH = 0.003, 16  # Adam's first learning rate, which falls to 0 in a line, and clips in a step
EPSILON = 1e-6  # squared length below which a distance has no slope


class Displays(nn.Module):
    """Noise and class [B, N] -> a display [B, A, 2]"""

    def __init__(self, condition: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(condition, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(),
            nn.Linear(HIDDEN, 2 * len(ACTION_UNITS)),
        )  # fmt: skip

    def forward(self, condition: Tensor) -> Tensor:
        display: Tensor = self.layers(condition)
        return display.unflatten(-1, (len(ACTION_UNITS), 2)) / LARGEST


def load_mover() -> WarpGenerator:
    """Return the shipped generator."""
    from microexpr.core import store  # here, since ICE-GAN is also measured where there is no h5py

    tensors, metadata = store.read_tensors(MOVER)
    params = json.loads(metadata["params"])
    network = WarpGenerator(params["width"], params["blocks"])
    network.load_state_dict({name.removeprefix("generator."): torch.from_numpy(v) for name, v in tensors.items()})
    return network


def fitted_on() -> list[str]:
    """Return the entries of `fitted_on` of the shipped generator."""
    from microexpr.core import store  # as above

    return store.read_metadata(MOVER)["fitted_on"].splitlines()


def show(mover: nn.Module, neutral: Tensor, display: Tensor) -> Tensor:
    """Return neutral faces [B, 1, H, H] that show the displays [B, A, 2]; each half of a face its own side."""
    faces: Tensor
    faces, _ = mover(neutral.expand(-1, 3, -1, -1), by_column(display, neutral.shape[-1]))
    return faces.mean(1, keepdim=True)


def energy_score(first: Tensor, second: Tensor, true: Tensor, diversity: float) -> Tensor:
    """Return the energy score [B] of two independent displays for the true one, all [B, A, 2].

    With `diversity` 1 it is least in the mean if displays are distributed as true ones (Gneiting & Raftery 2007, eq.
    21); with 0 it is a distance, least for one display in the middle of them."""
    error = (_distance(first, true) + _distance(second, true)) / 2
    return error - diversity / 2 * _distance(first, second)


def _distance(first: Tensor, second: Tensor) -> Tensor:
    return square_root((first - second).square().flatten(1).sum(1) + EPSILON)
