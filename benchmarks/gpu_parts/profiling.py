"""The time of a stacked step by its parts: kernels, the device's idle time, draws on the CPU, waits for the device."""

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from gpu_parts import rounding
from gpu_parts.precision import computed_in
from gpu_parts.session import Session
from microexpr.training.group import Group

PART = "profile"
TOP = 12  # operations that are listed
ROOT = Path(__file__).parents[2]


def operations(session: Session, group: Group) -> dict[str, Any]:
    """Return the operations of an epoch that take most time, on CUDA also the kernels, and the share of the time that
    the device works."""
    on_cuda = session.on_cuda
    plain = session.seconds(group.epoch)
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_cuda else [])]
    with profile(activities=activities, acc_events=True) as recorded:
        session.seconds(group.epoch)
    events = recorded.key_averages()
    values: dict[str, Any] = {"epoch_seconds": plain}
    on_cpu = [event for event in events if event.device_type == DeviceType.CPU]
    values["operations"] = listed(on_cpu, "self_device_time_total" if on_cuda else "self_cpu_time_total")
    if on_cuda:
        kernels = [event for event in events if event.device_type == DeviceType.CUDA and not event.is_user_annotation]
        total = sum(event.self_device_time_total for event in kernels) / 1e6
        values |= {"kernels": listed(kernels, "self_device_time_total"), "kernel_seconds": total}
        values["launches"] = sum(event.count for event in on_cpu if "LaunchKernel" in event.key)
        values["busy"] = min(total / plain, 1.0)  # of an epoch without the profiler, which slows the CPU down
    return values


def listed(events: list[Any], key: str) -> list[dict[str, Any]]:
    """Return the events that take most of this time."""
    largest = sorted(events, key=lambda event: getattr(event, key), reverse=True)[:TOP]
    return [{"name": event.key[:120], "calls": event.count, "seconds": getattr(event, key) / 1e6} for event in largest]


def waits(group: Group) -> dict[str, int]:
    """Places in the code at which an epoch waits for the device, and how often."""
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            group.epoch()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    waiting = [warning for warning in caught if "synchroniz" in str(warning.message)]
    return dict(Counter(f"{_relative(warning.filename)}:{warning.lineno}" for warning in waiting).most_common(TOP))


def _relative(path: str) -> str:
    inside = Path(path).is_relative_to(ROOT)
    return str(Path(path).relative_to(ROOT)) if inside else "/".join(Path(path).parts[-3:])


def look(session: Session, name: str, group: Group) -> None:
    """Profile one group, print and keep what takes most."""
    group.epoch()
    phase = group.phases[0]
    draws = session.seconds(lambda: group.sample_batches(phase))
    values = operations(session, group)
    steps = group.sample_batches(phase)[0].shape[0]
    values |= {"folds": len(group.runs), "steps": steps, "draw_seconds": draws}
    if session.on_cuda:
        values["waits"] = waits(group)
    session.keep(PART, name, values)
    busy = f", the device works {values['busy']:.0%} of it" if "busy" in values else ""
    session.say(f"{name}: an epoch of {steps} steps takes {values['epoch_seconds']:.3f} s{busy}; draws {draws:.4f} s")
    for operation in values.get("kernels", values["operations"])[:6]:
        session.say(f"    {operation['seconds']:.4f} s, {operation['calls']} calls: {operation['name'][:80]}")
    for line, count in values.get("waits", {}).items():
        session.say(f"    waits {count} times at {line}")


def measure(session: Session) -> None:
    """A flow network, then ICE-GAN at the papers' size."""
    for name, make in ((rounding.FLOW, rounding.flow_group), ("icegan", rounding.icegan_group)):
        if session.has_time(PART, name):
            with session.measurement(PART, name), computed_in("default"):
                look(session, name, make(session, "float32"))
