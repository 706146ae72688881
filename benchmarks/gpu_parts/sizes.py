"""Sizes of everything that is measured: `PAPER` for a GPU, `SMALL` to try the command on a CPU."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]  # params that differ from a method's defaults


@dataclass(frozen=True)
class Size:
    """One scale of all parts."""

    name: str
    clips: int  # of the composite, as are the subjects
    subjects: int
    steps: int  # of a training in both plans
    repeats: int  # most repetitions of a timing
    compared: int  # folds trained in both plans to compare their scores
    flow: Mapping[str, Values]  # flow networks
    icegan_small: Values  # ICE-GAN where both plans train it
    icegan_clips: int
    icegan_folds: int
    icegan: Values  # ICE-GAN at the papers' size
    stack: int  # folds of it that train at once, where it is not the most that fit
    epoch_steps: int  # of an epoch of it that is timed
    curve_steps: int  # most steps of its training whose losses are shown


PAPER = Size(
    name="paper",
    clips=442,
    subjects=68,
    steps=50,
    repeats=5,
    compared=8,
    flow={"ststnet": {}, "off_apexnet": {}, "dual_inception": {}},
    icegan_small={
        **{"image_size": 64, "width": 8, "batch": 16, "spectral_norm": False, "perceptual": "trunk", "lr": 5e-5},
        **{"primary": 4, "adv_size": 32, "reconstruction": (32, 64)},
    },
    icegan_clips=96,
    icegan_folds=12,
    icegan={},  # the defaults are the preset `paper`
    stack=8,
    epoch_steps=5,
    curve_steps=2800,
)
SMALL = Size(
    name="small",
    clips=24,
    subjects=3,
    steps=6,
    repeats=2,
    compared=2,
    flow={
        "ststnet": {"batch": 6},
        "off_apexnet": {"batch": 6, "hidden": 32},
        "dual_inception": {"batch": 3, "hidden": 32},
    },
    icegan_small={
        **{"image_size": 32, "width": 4, "batch": 6, "spectral_norm": False, "perceptual": "trunk", "lr": 5e-5},
        **{"primary": 4, "adv_size": 16, "exp_size": 8, "reconstruction": (8, 16)},
    },
    icegan_clips=12,
    icegan_folds=3,
    icegan={
        **{"image_size": 32, "width": 8, "batch": 2, "noise": 8, "primary": 4, "adv_size": 16, "exp_size": 8},
        **{"reconstruction": (16, 32), "lr": 2e-3},
    },
    stack=2,
    epoch_steps=1,
    curve_steps=10,
)
SIZES = {size.name: size for size in (PAPER, SMALL)}
