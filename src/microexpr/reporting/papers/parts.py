"""What ICE-GAN's Tables 2 and 3 print of its models themselves: their parts, and how large the discriminator is.

Read off networks that are built at the paper's size, whatever size a run trains. Nothing trained comes in.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from microexpr.evaluation.published import Cell
from microexpr.models.recognisers.icegan import CapsuleHeads, Dcgan, Icegan, UNet

CHOICES = ("generator", "seed_before", "skips", "discriminator", "exp_size")  # all else is as the paper has it
THERE, ABSENT = "✓", "-"
Networks = Mapping[str, nn.Module]


def _unet(networks: Networks) -> UNet | None:
    made = networks.get("generator")
    return made if isinstance(made, UNet) else None


def _capsules(networks: Networks) -> CapsuleHeads | None:
    heads = networks["heads"]
    return heads if isinstance(heads, CapsuleHeads) else None


COMPONENTS: dict[str, Callable[[Networks], bool]] = {  # by column of Table 2
    "D_capsule / ExpCaps": lambda networks: _capsules(networks) is not None,
    "D_capsule / AdvCaps": lambda networks: (heads := _capsules(networks)) is not None and bool(heads.adversarial),
    "G_I": lambda networks: isinstance(networks.get("generator"), Dcgan),
    "G_II / G_enc": lambda networks: (made := _unet(networks)) is not None and made.early,
    "G_II / G_dec": lambda networks: (made := _unet(networks)) is not None and not made.early,
    "G_II / SC": lambda networks: (made := _unet(networks)) is not None and made.skips,
}


def counted(cell: Cell, params: Mapping[str, Any]) -> dict[str, str]:
    """What a row says of a model with these params of a run: a tick or "-", or millions of parameters.

    The discriminator's are those of trunk, heads and reconstruction."""
    networks = built(params)
    if cell.metric == "component":
        return {"reproduced": THERE if COMPONENTS[cell.column](networks) else ABSENT}
    parts = (network for name, network in networks.items() if name != "generator")
    return {"reproduced": f"{sum(p.numel() for part in parts for p in part.parameters()) / 1e6:.2f}"}


def built(params: Mapping[str, Any]) -> Networks:
    """The model's networks at the paper's size, with shapes and no numbers."""
    method = Icegan(Icegan.Params(**{name: params[name] for name in CHOICES}))
    with torch.device("meta"):
        return method.build({})
