"""ICE-GAN's Tables 2 and 3 on the models themselves: their parts, and the size of the discriminator.

Read off networks that are built at the paper's size, whatever size a run trains. No trained weights come in.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from microexpr.evaluation.published import Cell
from microexpr.models.recognisers.icegan import Icegan
from microexpr.models.recognisers.icegan.discriminator import CapsuleHeads
from microexpr.models.recognisers.icegan.generator import Dcgan, UNet

CHOICES = ("generator", "seed_before", "skips", "discriminator", "exp_size")  # all others have the paper's values
PRESENT, ABSENT = "✓", "-"
Networks = Mapping[str, nn.Module]


def describe(cell: Cell, params: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of a row for a model with these params of a run: a tick or "-", or millions of parameters.

    The parameters of the discriminator are those of trunk, heads and reconstruction.
    """
    networks = build_networks(params)
    if cell.metric == "component":
        return {"reproduced": PRESENT if components(networks)[cell.column] else ABSENT}
    parts = (network for name, network in networks.items() if name != "generator")
    return {"reproduced": f"{sum(p.numel() for part in parts for p in part.parameters()) / 1e6:.2f}"}


def components(networks: Networks) -> dict[str, bool]:
    """Return which parts a model has, by column of Table 2."""
    generator, heads = networks.get("generator"), networks["heads"]
    return {
        "D_capsule / ExpCaps": isinstance(heads, CapsuleHeads),
        "D_capsule / AdvCaps": isinstance(heads, CapsuleHeads) and bool(heads.adversarial),
        "G_I": isinstance(generator, Dcgan),
        "G_II / G_enc": isinstance(generator, UNet) and generator.early,
        "G_II / G_dec": isinstance(generator, UNet) and not generator.early,
        "G_II / SC": isinstance(generator, UNet) and generator.skips,
    }


def build_networks(params: Mapping[str, Any]) -> Networks:
    """Build the model's networks at the paper's size, without allocating weights."""
    method = Icegan(Icegan.Params(**{name: params[name] for name in CHOICES}))
    with torch.device("meta"):
        return method.build({})
