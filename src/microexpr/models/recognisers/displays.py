"""Displays (ours): a class and noise to action units, which the shipped generator shows on a neutral face.

No files but the shipped generator, no folds. Shapes: B clips, C classes, A action units, N numbers of noise, K draws of
it, sides are the subject's left and right; displays [B, A, 2] are changes of FACS intensity over 5, images [B, 1, H, H]
in -1..1.
"""

import json

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.core.files import shipped
from microexpr.core.seeds import generator
from microexpr.models import base
from microexpr.models.base import Batch, Modules, Shapes, Statistics
from microexpr.models.classifier import Classifier, Epochs
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.mover import WarpGenerator, by_column
from microexpr.models.layers.portable import square_root
from microexpr.models.recipe import linear
from microexpr.signals.aus import ACTION_UNITS, LARGEST

MOVER = shipped("reenact.safetensors")  # the generator of `microexpr reenact`, fitted on the population
SIZE = 128  # pixels, side of the faces that it takes
HIDDEN = 64
PROBES = 16  # draws of noise by which a class is scored
EPSILON = 1e-6  # squared length below which a distance has no slope


class Chooser(nn.Module):
    """Noise and class [B, N + C] -> a display [B, A, 2]"""

    def __init__(self, noise: int, classes: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(noise + classes, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(),
            nn.Linear(HIDDEN, 2 * len(ACTION_UNITS)),
        )  # fmt: skip

    def forward(self, condition: Tensor) -> Tensor:
        return self.layers(condition).unflatten(-1, (len(ACTION_UNITS), 2)) / LARGEST


class Displays(Classifier):
    """Chooses, of a class's many displays, one for each noise, so that they are distributed as true ones are.

    Ours. A face that is nearest to all displays of a class hardly moves, and a critic is best served by one stereotype;
    the energy score asks for neither. A clip has the class of the displays nearest to the action units read in it."""

    paper = "None: ours; the score is of Gneiting & Raftery, Strictly proper scoring rules, JASA 2007, eq. 21"
    inputs: Shapes = {"onset": (1, SIZE, SIZE), "au_read": (len(ACTION_UNITS), 2)}
    synthesises = True
    trains = ("generator",)
    schedule = staticmethod(linear)

    class Params(base.Params):
        noise: int = Field(8, ge=1, le=1000, description="length of the noise")
        diversity: float = Field(1.0, ge=0, le=1, description="spread of a class's displays; 1: as true ones, 0: none")
        epochs: Epochs = 30
        batch: int = Field(16, ge=1, le=256, description="clips in a step")
        lr: float = Field(0.003, gt=0, le=1, description="Adam's first learning rate, which falls to 0 in a line")

    def shared(self) -> dict[str, nn.Module]:
        """Return the shipped generator."""
        from microexpr.core import store  # here, since methods are also measured where there is no h5py

        tensors, metadata = store.read_tensors(MOVER)
        params = json.loads(metadata["params"])
        network = WarpGenerator(params["width"], params["blocks"])
        network.load_state_dict({name.removeprefix("generator."): torch.from_numpy(v) for name, v in tensors.items()})
        return {"mover": network}

    def shared_fitted_on(self) -> list[str]:
        from microexpr.core import store  # as above

        return store.read_metadata(MOVER)["fitted_on"].splitlines()

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        return {"generator": Chooser(self.params.noise, self.classes)}

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return the energy score of two displays of each clip's class for its own."""
        first, second = (self._choose(modules, batch["label"], rng) for _ in range(2))
        true = batch["au_read"].to(torch.get_default_dtype()) / LARGEST
        return energy_score(first, second, true, self.params.diversity).mean()

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        """Return the negative energy score of each class's displays for the clip's own, [B, C]."""
        true = batch["au_read"].to(torch.get_default_dtype()) / LARGEST
        noise = generator(0, "displays", "probes").standard_normal((PROBES, self.params.noise))
        probes = torch.from_numpy(noise).to(true)
        scores = []
        for code in torch.eye(self.classes).to(true):
            displays = modules.generator(torch.cat([probes, code.expand(PROBES, -1)], 1))  # [K, A, 2]
            error = _distance(displays[None], true[:, None]).mean(1)
            spread = _distance(displays[None], displays[:, None]).mean()
            scores.append(self.params.diversity / 2 * spread - error)
        return torch.stack(scores, 1)

    def synthesise(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        neutral = batch["onset"].to(torch.get_default_dtype()) / 127.5 - 1
        return (show(modules.mover, neutral, self._choose(modules, batch["target_label"], rng)) + 1) / 2

    def _choose(self, modules: Modules, label: Tensor, rng: Stream) -> Tensor:
        """Return a display [B, A, 2] of each class int64[B]."""
        noise = rng.normal(len(label), self.params.noise)
        return modules.generator(torch.cat([noise, F.one_hot(label, self.classes).to(noise.dtype)], 1))


def show(mover: nn.Module, neutral: Tensor, display: Tensor) -> Tensor:
    """Return neutral faces [B, 1, H, H] that show the displays [B, A, 2]; each half of a face its own side."""
    faces, _ = mover(neutral.expand(-1, 3, -1, -1), by_column(display, neutral.shape[-1]))
    return faces.mean(1, keepdim=True)


def energy_score(first: Tensor, second: Tensor, true: Tensor, diversity: float) -> Tensor:
    """Return the energy score [B] of two independent displays for the true one, all [B, A, 2].

    With `diversity` 1 it is least in the mean if displays are distributed as true ones (Gneiting & Raftery 2007, eq.
    21); with 0 it is a distance, least for one display in the middle of them."""
    error = (_distance(first, true) + _distance(second, true)) / 2
    return error - diversity / 2 * _distance(first, second)


def _distance(first: Tensor, second: Tensor) -> Tensor:
    return square_root((first - second).square().sum((-2, -1)) + EPSILON)
