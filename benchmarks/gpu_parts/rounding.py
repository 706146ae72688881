"""Coarser products against IEEE float32: speed, difference of the losses, whether a training stays finite."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from gpu_parts import icegan
from gpu_parts.clips import flow_clips, folds, network
from gpu_parts.precision import computed_in
from gpu_parts.session import Session
from microexpr.core.errors import MicroexprError
from microexpr.training.group import Group, Run

PART = "precision"
MODES = ("float32", "default", "tf32", "bfloat16")  # the first is the one that others are compared with
TUNED = "default, cudnn.benchmark"  # torch's default, where cuDNN tries its algorithms
FLOW = "off_apexnet"
Make = Callable[[str], Group]  # by `params.precision`


def flow_group(session: Session, precision: str) -> Group:
    """All folds of a flow network stacked."""
    size = session.size
    method = network(FLOW, {**size.flow[FLOW], "precision": precision})
    data = flow_clips(size.clips, session.device, size.clips)
    runs = [Run(replace(fold, test=fold.test[:0]), 0) for fold in folds(size.clips, size.subjects)]
    return Group(method, data, runs, True)


def icegan_group(session: Session, precision: str) -> Group:
    """A few folds of ICE-GAN at the papers' size, stacked."""
    method = icegan.paper_method(session, precision=precision)
    data = icegan.paper_clips(session, method, session.size.epoch_steps)
    return Group(method, data, icegan.runs(session, session.size.stack), True)


def trained(session: Session, make: Make, mode: str) -> dict[str, Any]:
    """Seconds of an epoch, and the losses [epochs, updates] as means over folds; or how it diverged.

    The first epoch, in which kernels are loaded, is not timed."""
    torch.backends.cudnn.benchmark = mode == TUNED
    try:
        with computed_in("default" if mode == TUNED else mode) as asked:
            group = make(asked["params"])
            group.epoch()
            seconds, repeats = session.median_seconds(group.epoch)
    except MicroexprError as error:
        return {"finite": False, "error": str(error)}
    finally:
        torch.backends.cudnn.benchmark = False
    losses = [[float(loss) for loss in epoch.mean(0)] for epoch in group.losses]
    return {"finite": True, "epoch_seconds": seconds, "repeats": repeats, "losses": losses}


def difference(losses: list[list[float]], expected: list[list[float]]) -> float:
    """The largest difference of an epoch's loss as a share of it."""
    epochs = zip(losses, expected, strict=False)
    pairs = [(a, b) for epoch, reference in epochs for a, b in zip(epoch, reference, strict=True)]
    return max(abs(a - b) / max(abs(b), 1e-12) for a, b in pairs)


def compare(session: Session, name: str, make: Make) -> None:
    """Train in each mode; print and keep each mode's ratio to float32."""
    results: dict[str, Any] = {}
    for mode in (*MODES, TUNED) if session.on_cuda else ("float32", "bfloat16"):
        if not session.has_time(PART, f"{name} in {mode}"):
            continue
        with session.measurement(PART, f"{name} in {mode}"):
            results[mode] = trained(session, make, mode)
            session.say(f"{name} in {mode}: {against(results[mode], results.get(MODES[0], {'finite': False}))}")
            session.keep(PART, name, results)


def against(coarse: dict[str, Any], plain: dict[str, Any]) -> str:
    """Add ratio and difference to what a mode gave, if both sides stayed finite, and say them."""
    if not coarse["finite"]:
        return f"diverged: {coarse['error']}"
    if not plain["finite"]:
        return f"{coarse['epoch_seconds']:.3f} s an epoch; float32 gave nothing to compare with"
    coarse["ratio"] = plain["epoch_seconds"] / coarse["epoch_seconds"]
    coarse["loss_difference"] = difference(coarse["losses"], plain["losses"])
    return (
        f"{coarse['epoch_seconds']:.3f} s an epoch, losses differ by {coarse['loss_difference']:.1e} of float32's "
        f"ratio={coarse['ratio']:.2f}"
    )


def measure(session: Session) -> None:
    """ICE-GAN, then a flow network."""
    for name, make in (("icegan", icegan_group), (FLOW, flow_group)):
        with session.measurement(PART, name):
            compare(session, name, lambda precision, make=make: make(session, precision))
