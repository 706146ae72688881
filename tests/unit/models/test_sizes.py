"""Sizes of the papers: trained weights, published, counted by running released code, or by hand; features; refusals."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from microexpr.core.facs import AUS
from microexpr.models import generators, recognisers
from microexpr.models.base import ClassicalMethod
from microexpr.reporting.method_sizes import parameters

UNITS, NORM = len(AUS), 2  # a batch norm has two weights for each channel
RESNET18 = 11_689_512 - 513_000  # torchvision's figure, without the layer for ImageNet's classes
RESNET18_LAST = 512 * 256 * 9 + 3 * 512 * 512 * 9 + 512 * 256 + 5 * NORM * 512  # its last stage

VGG16 = 138_357_544 - (4096 * 1000 + 1000)  # without ImageNet's classes
STEPS = [(20, 64, 7), (64, 128, 4), (128, 256, 4), *[(256, 256, 3)] * 12, (256, 128, 4), (128, 64, 4)]  # of FAMGAN


def dense(*sizes: int) -> int:
    """Return the weights of fully connected layers, biases included."""
    return sum(a * b + b for a, b in pairwise(sizes))


def residual(taps: int, *widths: int) -> int:
    """Return the weights of residual blocks of two convolutions of `taps`, a shortcut and three norms."""
    return sum((a + b) * b * taps + a * b + 3 * NORM * b for a, b in pairwise(widths))


SIZES = {
    "ststnet": sum(3 * 3 * 3 * maps + maps + NORM * maps for maps in (3, 5, 8)) + dense(400, 3),
    "off_apexnet": 2_664_475,  # 2.66 M in the released code of Off-TANet (PRICAI 2021)
    "dual_inception": 6_449_867,  # 6.45 M, ditto
    "htnet": 139_582_982,  # these four: of the parts of the released code that take part in its result
    "causalnet": 276_590_089,
    "mmnet": 9_241_719,
    "slstt": 93_050_627,
    # 82 x 62 x 62 places of a kernel, of which the pool keeps 27 x 20 x 20
    "microexpstcnn": 32 * 15 * 3 * 3 + 32 + dense(32 * 27 * 20 * 20, 128, 3),
    # VGG-16 and a layer for classes in each stream, SE's with two more channels; an LSTM of 3000, two layers
    **{f"elrcn {inputs}": streams * (VGG16 + dense(4096, 3)) + 9 * 64 * more
       + 4 * 3000 * (streams * 4096 + 3000 + 2) + dense(3000, 128, 3)
       for inputs, streams, more in (("flow", 1, 0), ("SE", 1, 2), ("TE", 3, 0))},
    # 9 x 9 from 256 to 256 channels twice, 1152 x 3 matrices of 8 x 16
    "capsulenet": RESNET18 - RESNET18_LAST + 2 * (256 * 256 * 81 + 256) + 1152 * 3 * 8 * 16,
    # 64 features of each half; classifiers on 128, 64, 64; a discriminator
    "nmer": RESNET18 + 2 * dense(512, 64) + dense(128, 3) + 2 * dense(64, 3) + dense(128, 64, 32, 1),
    # ResNet-10, and one attention map for each block
    "micro_attention": 3 * 64 * 49 + NORM * 64 + 2 * 64 * 64 * 9 + 2 * NORM * 64 + residual(9, 64, 128, 256, 512)
    + dense(512, 3) + 3 * (64 + 128 + 256 + 512) + 4,
    "mer_gcn": 3 * 7 * 7 * 64 + NORM * 64 + residual(27, 64, 128, 256) + UNITS * 128 + 128 * 256 + dense(UNITS, 3),
    # two branches of 256; classifiers; a decoder from 7 x 7 to 224 x 224; a discriminator
    "mtmnet": RESNET18 + 2 * dense(512, 256) + dense(256, 3) + dense(256, 160) + dense(256, 128, 1)
    + dense(512, 512 * 49) + 9 * 32 * 3 + 3
    + sum(9 * a * b + NORM * b for a, b in ((512, 256), (256, 128), (128, 64), (64, 64), (64, 32))),
    # 347,238 in its text for one channel of grey levels, 200 more for three; heads, LSTMs of two biases, a classifier
    "localregions": 6 * (347_238 + 200) + sum(dense(20, labels) for labels in (3, 3, 2, 2, 2, 4))
    + 6 * 4 * 32 * (20 + 32 + 2) + dense(6 * 32, 256, 3),
    # its Table 7, whose blocks B and C have a shortcut that is halved; graph convolutions, their pooling; eq. 4's w
    "augacn": 3 * 49 * 64 + NORM * 64 + 3 * (14 * 64 * 64 + 4 * NORM * 64) + 2 * (64 * 64 + NORM * 64)
    + dense(64, UNITS) + 128 + 2 * 128 * 128 + 3 * 128 + dense(2 * 3 * 128, 3) + 1,
    # GANimation's steps and heads, without a bias before a norm, and its critic of six halvings and two heads
    "famgan": sum(a * b * side**2 + NORM * b for a, b, side in STEPS) + 64 * (1 + 3) * 49 + 1 + 3
    + sum(a * b * 16 + b for a, b in pairwise((3, 64, 128, 256, 512, 1024, 2048))) + 2048 * 9 + 2048 * 17 * 4 + 17,
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_number_of_weights(name: str) -> None:
    method, *inputs = name.split()
    kind = (generators if name == "famgan" else recognisers).find(method)
    assert parameters(kind(kind.Params(**({"inputs": inputs[0]} if inputs else {})))) == SIZES[name]


@pytest.mark.parametrize(
    ("name", "features"),
    [("bi_woof", 8), ("hog3d", 4 * 4 * 3 * 20), ("hoof", 30), ("lbp_sip", 2**4 + 2**2), ("lbp_top", 3 * 2**4)],
)
def test_number_of_features_of_each_of_25_blocks(name: str, features: int) -> None:
    kind = recognisers.find(name)
    method = kind(kind.Params())
    assert isinstance(method, ClassicalMethod)
    ((clip_input, shape),) = method.inputs.items()
    actual = method.features({clip_input: torch.randint(0, 256, (1, *shape), dtype=torch.uint8)})
    assert actual.shape == (1, 5 * 5 * features) and actual.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("capsulenet", {"image_size": 64}, "kernel must be <= 4 at image_size 64, not 9"),
        ("causalnet", {"width": 20}, "block_heads must divide width"),
        ("hog3d", {"image_size": 32}, r"image_size must be >= blocks \* cells_space \* parts = 60, not 32"),
        ("hog3d", {"frames": 8}, r"frames must be >= cells_time \* parts = 9, not 8"),
        ("htnet", {"patch": 14}, "multiple of 4 squares, not 14"),
        ("lbp_top", {"frames": 8, "radius_time": 4}, "frames must be > 2"),
        ("microexpstcnn", {"frames": 16}, r"frames must be >= depth \+ 2 = 17, not 16"),
        ("slstt", {"image_size": 60}, "patch must divide image_size"),
    ],
)
def test_sizes_that_do_not_fit_each_other_are_refused(name: str, params: dict[str, int], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        recognisers.find(name).Params(**params)
