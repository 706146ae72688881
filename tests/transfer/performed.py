"""A source and two painters for the tests of transfers: a movement made up, on a rendered face."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import cv2
import numpy as np
import torch
from composites import clip

from microexpr import aus
from microexpr.aus import ACTION_UNITS
from microexpr.generated.display import ACTION_UNITS as SHOWN
from microexpr.generator_file import LoadedGenerator
from microexpr.generators.famgan import Famgan
from microexpr.method import Modules
from microexpr.transfer import Movement, Target
from microexpr.transfer.source import Source
from microexpr.transfer.targets import Person

FRAMES, APEX = 7, 3
SMILE, BROWS = ACTION_UNITS.index("AU12"), ACTION_UNITS.index("AU1")


@cache
def woman() -> Person:
    return Person("woman", 1, (320, 240))


@cache
def target() -> Target:
    return Target.of(woman().picture, "woman")


def rise(height: float = 2.0) -> np.ndarray:
    return height * np.sin(np.linspace(0, np.pi, FRAMES)).astype(np.float32)


def movement(noise: float = 0.0, left_alone: bool = False) -> Movement:
    """AU12 rises and falls over a resting intensity of a half; one frame before the onset and one after the offset."""
    values = np.full((FRAMES + 2, 17, 3), 0.5, np.float32)
    values[1:-1, SMILE] += rise()[:, None]
    if left_alone:
        values[:, SMILE, 1] = 0.5
        values[:, SMILE, 2] = values[:, SMILE, :2].mean(1)
    jitter = np.random.default_rng(0).normal(0, noise, values.shape).astype(np.float32) if noise else 0
    return Movement(values + jitter, values + 2 * jitter, 200.0, 1, FRAMES)


def source(left_alone: bool = False) -> Source:
    """Somebody who does just that, seen as noise."""
    performed = np.zeros((FRAMES, len(SHOWN), 2), np.float32)
    performed[:, SHOWN.index("AU12"), 0] = rise()
    performed[:, SHOWN.index("AU12"), 1] = 0 if left_alone else rise()
    crops = np.random.default_rng(1).integers(90, 160, (FRAMES, 288, 288, 1), dtype=np.uint8)
    crops = np.stack([cv2.GaussianBlur(one, (0, 0), 3)[..., None] for one in crops])
    one = replace(clip("samm", "006", "006_1_5", 1), fps=200, label=1)
    landmarks = target().landmarks_crop
    return Source(one, movement(left_alone=left_alone), aus.Params(), crops, landmarks, APEX, performed)


class Brightener(torch.nn.Module):
    """Paints the whole face brighter by what is asked of AU12."""

    def forward(self, face: torch.Tensor, intensity: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return (face + 0.2 * intensity[:, SMILE, None, None, None]).clamp(-1, 1), face[:, :1]


def painter(paints: torch.nn.Module | None = None) -> LoadedGenerator:
    """A trained generator of 32 pixels whose network is known; a network of chance without."""
    method = Famgan(Famgan.Params(image_size=32, width=2, blocks=1))
    torch.manual_seed(0)
    network = paints or method.build({})["generator"].eval()
    return LoadedGenerator(method, Modules(generator=network), frozenset({"generated/samm/007/*"}), SimpleNamespace())
