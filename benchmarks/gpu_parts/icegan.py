"""ICE-GAN at the papers' size: how many folds fit, how fast they train, whether losses fall and capsules grow."""

import statistics
import time
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, vmap

from gpu_parts.clips import face_clips, folds, network
from gpu_parts.session import Session
from microexpr.core.errors import MicroexprError
from microexpr.models.base import Batch, ClipTensors, NetworkMethod
from microexpr.models.counter_rng import Stream
from microexpr.models.layers import capsules, vgg16
from microexpr.models.pretrained_weights import VGG16
from microexpr.models.recognisers.icegan.discriminator import PRIMARY_SIZE
from microexpr.models.recognisers.icegan.method import PERCEPTUAL_LAYER, signed_grey
from microexpr.training.group import Group, Run

PART = "icegan"
FULL = 0.92  # of the memory may be used by the estimate
# Steps after which losses are printed.
PRINTED_STEPS = (0, 10, 20, 50, 100, 200, 400, 700, 1000, 1400, 1800, 2300, 2800)
PROBED = 8  # training clips of each fold on which parts of the losses are computed
TRIES = 4  # stacks tried at most


def paper_method(session: Session, **values: Any) -> NetworkMethod:
    """ICE-GAN of the session's size; VGG-16 has random weights where the published ones are missing.

    So its time and memory are those of the preset, but the perceptual loss compares other features."""
    method = network("icegan", dict(session.size.icegan) | values)
    method.load_published_weights()
    if not method.published_weights:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            maps = vgg16.Maps([PERCEPTUAL_LAYER])
            vgg16.initialise(maps)
        method.published_weights = maps.state_dict()
    return method


def features() -> str:
    """The features that the perceptual loss compares."""
    return "VGG-16" if VGG16.path() else "VGG-16 with random weights"


def paper_clips(session: Session, method: NetworkMethod, steps: int) -> ClipTensors:
    """All clips of the composite, of which an epoch makes so many steps."""
    size, (phase,) = session.size, method.phases()
    side = method.params.image_size
    return face_clips(size.clips, size.subjects, side, session.device, min(size.clips, steps * phase.batch))


def runs(session: Session, count: int) -> list[Run]:
    """The first folds, without test clips: what is timed are training steps."""
    size = session.size
    return [Run(replace(fold, test=fold.test[:0]), 0) for fold in folds(size.clips, size.subjects)[:count]]


@dataclass(frozen=True)
class Trial:
    """Time and memory that a stack of folds needs."""

    stack: int
    build_seconds: float
    peak_gib: float | None  # None on a CPU


def trial(session: Session, stack: int) -> tuple[Trial, Group]:
    """Build a stack and train it for one epoch."""
    method = paper_method(session)
    if session.on_cuda:
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    group = Group(method, paper_clips(session, method, session.size.epoch_steps), runs(session, stack), True)
    session.synchronise()
    built = time.perf_counter() - start
    group.epoch()
    session.synchronise()
    peak = torch.cuda.max_memory_allocated() / 2**30 if session.on_cuda else None
    session.say(f"stack of {stack}: built in {built:.1f} s" + (f", peak memory {peak:.2f} GiB" if peak else ""))
    return Trial(stack, built, peak), group


def even_stacks(subjects: int) -> list[int]:
    """Stacks that share the folds out evenly, largest first: 68, 34, 23, 17, ..."""
    return sorted({-(-subjects // shards) for shards in range(1, subjects + 1)}, reverse=True)


def estimated_stack(session: Session) -> int:
    """The largest even stack that fits into memory and can be built in a third of the time, from stacks of 1 and 2."""
    small = []
    for stack in (1, 2):
        small.append(trial(session, stack)[0])
        session.free()
    single, double = small
    assert single.peak_gib is not None and double.peak_gib is not None
    fold_gib = max(double.peak_gib - single.peak_gib, 1e-3)
    free = torch.cuda.mem_get_info()[0] / 2**30
    fitting = 2 + (FULL * free - double.peak_gib) / fold_gib
    in_time = session.left() / 3 / max(double.build_seconds / 2, 1e-3)
    session.say(f"a fold takes {fold_gib:.2f} GiB, {free:.1f} GiB are free: {fitting:.0f} folds fit")
    return next((stack for stack in even_stacks(session.size.subjects) if stack <= min(fitting, in_time)), 1)


def largest_group(session: Session) -> tuple[list[dict[str, Any]], Group]:
    """The largest stack that trains, and what was tried on the way to it."""
    if not session.on_cuda:
        done, group = trial(session, session.size.stack)
        return [vars(done)], group
    tried: list[dict[str, Any]] = []
    stack = estimated_stack(session)
    for _ in range(TRIES):
        try:
            done, group = trial(session, stack)
            return [*tried, vars(done)], group
        except RuntimeError as error:  # torch.OutOfMemoryError is one, and cuDNN and cuBLAS have others
            text = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            session.say(f"stack of {stack}: {text}")
            tried.append({"stack": stack, "error": text})
        session.free()  # outside of `except`, whose traceback keeps the group alive
        stack = next((smaller for smaller in even_stacks(session.size.subjects) if smaller <= 0.8 * stack), 1)
    raise MicroexprError(f"no stack fits into memory; tried {tried}")


def time_steps(session: Session) -> None:
    """Steps a second of the largest stack, its peak memory, and the time that a whole LOSO takes at this rate."""
    tried, group = largest_group(session)
    seconds, repeats = session.median_seconds(group.epoch)
    steps, (phase,), stack = group.sample_batches(group.phases[0])[0].shape[0], group.phases, len(group.runs)
    size, step = session.size, seconds / steps
    loso_steps = -(-size.subjects // stack) * phase.epochs * -(-size.clips // phase.batch)
    values = {
        **{"tried": tried, "stack": stack, "peak_gib": tried[-1]["peak_gib"], "repeats": repeats},
        **{
            "parameters": group.trainable_parameters,
            "batch": phase.batch,
            "epochs": phase.epochs,
            "image_size": _side(group),
        },
        "perceptual": features(),
        **{"seconds_per_step": step, "steps_per_second": 1 / step, "fold_steps_per_second": stack / step},
        **{"loso_steps": loso_steps, "loso_hours": loso_steps * step / 3600, "folds": size.subjects},
    }
    session.keep(PART, "speed", values)
    session.say(
        f"ICE-GAN, {stack} folds stacked: {1 / step:.2f} steps/s, {stack / step:.1f} fold steps/s; all {size.subjects} "
        f"folds, {phase.epochs} epochs each: {values['loso_hours']:.2f} h"
    )


def _side(group: Group) -> int:
    return int(next(iter(group.data.inputs.values())).shape[-1])


class PrimaryCapsules(nn.Module):
    """The primary capsules [B, I, 8] of the discriminator's heads, of what its trunk sees."""

    def __init__(self, heads: nn.Module):
        super().__init__()
        self.heads = heads

    def forward(self, patches: Tensor) -> Tensor:
        return capsules.primary(self.heads.reduce(patches), PRIMARY_SIZE)


def probed(group: Group) -> dict[str, float]:
    """Parts of the losses and lengths of capsules, on the first training clips of each fold; means over folds."""
    method, index = group.method, torch.stack([group._tensor(run.fold.train[:PROBED]) for run in group.runs])
    primary = PrimaryCapsules(group.networks["heads"])

    def parts(parameters: Any, buffers: Any, batch: Batch, key: Tensor) -> dict[str, Tensor]:
        modules = group._modules(parameters, buffers)
        onset, apex, label = signed_grey(batch["onset"]), signed_grey(batch["apex"]), batch["label"]
        patches = modules.trunk(apex)
        tensors = {f"heads.{name}": value for name, value in (parameters["heads"] | buffers["heads"]).items()}
        lengths = capsules.length(functional_call(primary, tensors, (patches,)))
        realness, expression = modules.heads(patches)
        expressions = capsules.length(expression)
        synthesised = method._generate(modules, onset, label, Stream(key))
        return {
            "margin": capsules.margin_loss(expressions, label),
            "pixel": F.l1_loss(synthesised, apex),
            "realness": realness.sigmoid().mean(),
            "primary_mean": lengths.mean(),
            "primary_max": lengths.amax(),
            "own_class": expressions.gather(1, label[:, None]).mean(),
            "right": (expressions.argmax(1) == label).to(lengths.dtype).mean(),
        }

    clips = group.data[index]
    keys = torch.stack([run.key("probe", device=group.device) for run in group.runs])
    with torch.no_grad():
        values = vmap(parts)(group.parameters, group.buffers, clips.inputs | clips.targets, keys)
    return {name: float(value.amax() if name.endswith("max") else value.mean()) for name, value in values.items()}


def show(session: Session, group: Group, step: int) -> dict[str, float]:
    """Print and return losses and lengths after so many steps."""
    row = {"step": step, **probed(group)}
    text = ""
    if group.losses:
        row["discriminator"], row["generator"] = (float(loss) for loss in group.losses[-1].mean(0))
        text = f"D {row['discriminator']:.4f}, G {row['generator']:.4f}, "
    session.say(
        f"step {step}: {text}margin {row['margin']:.4f}, pixel {row['pixel']:.4f}, primary capsules mean "
        f"{row['primary_mean']:.4f} max {row['primary_max']:.4f}, own class {row['own_class']:.4f}, "
        f"right {row['right']:.2f}"
    )
    return row


def train_curve(session: Session) -> None:
    """Losses and lengths of capsules along a training of a few folds, for as long as the part's time allows."""
    interval = PRINTED_STEPS[
        1
    ]  # steps of an epoch here, shorter than the paper's, so the rate falls after more of them
    plain = network("icegan", session.size.icegan).params
    decay = plain.decay_epochs * -(-session.size.clips // plain.batch) // interval
    method = paper_method(session, epochs=session.size.curve_steps // interval, decay_epochs=max(decay, 1))
    stack = max(session.size.stack // 2, 1)
    group = Group(method, paper_clips(session, method, interval), runs(session, stack), True)
    rows = [show(session, group, 0)]
    taken: list[float] = []
    for step in range(interval, session.size.curve_steps + 1, interval):
        if taken and not session.left() > 2 * statistics.median(taken):
            break
        try:
            taken.append(session.seconds(group.epoch))
        except MicroexprError as error:
            session.keep(PART, "diverged", str(error))
            session.say(f"diverged: {error}")
            break
        if step in PRINTED_STEPS or step % 500 == 0:
            rows.append(show(session, group, step))
            session.keep(PART, "curve", {"folds": stack, "rows": rows})
    if rows[-1]["step"] < interval * len(taken):
        rows.append(show(session, group, interval * len(taken)))
    session.keep(PART, "curve", {"folds": stack, "rows": rows})


def measure(session: Session) -> None:
    """Speed first, then the curve."""
    for name, run in (("speed", time_steps), ("curve", train_curve)):
        if session.has_time(PART, name):
            with session.measurement(PART, name):
                run(session)
