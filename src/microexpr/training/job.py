"""A training job: one method under one protocol, with its clips, folds and settings. Reads no file and no tensor."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from microexpr.core.clip import Clip, Fold, join_origins
from microexpr.core.seeds import spawn
from microexpr.models.base import Method, NetworkMethod
from microexpr.protocols import Protocol, classes
from microexpr.training import engine


class Params(BaseModel):
    """Section `train` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    seeds: int = Field(1, ge=1, le=100, description="trainings of every fold, each from its own seed")
    plan: engine.Plan = Field("auto", description="folds in turn, stacked, or stacked where there is a GPU")
    stack: int = Field(32, ge=1, le=1000, description="folds and seeds that the stacked plan trains at once")
    shards: int = Field(1, ge=1, le=1000, description="jobs over which the folds of a method are spread")
    checkpoint_minutes: float = Field(
        10, ge=0, le=1440, description="between two checkpoints of a training; 0: none. Changes no result"
    )
    inner_subjects: int = Field(
        0,
        ge=0,
        le=1000,
        description="subjects of a fold's training set that a second training leaves out to choose an epoch",
    )
    rendered_folds: int = Field(
        4,
        ge=0,
        le=1000,
        description="groups of rendered subjects that the main table's folds hold out; 0: each subject by itself, as "
        "always with recorded clips",
    )

    @field_validator("rendered_folds")
    @classmethod
    def _some_train(cls, value: int) -> int:
        if value == 1:
            raise ValueError("must be 0 or at least 2, so that some subjects train while others are tested")
        return value


class SynthParams(BaseModel):
    """Section `synthesise` of params.yaml, as far as generators that a fold trains read it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    per_class: int = Field(
        default=4, ge=0, le=10_000, description="faces of each class synthesised from a fold's training clips"
    )
    displays: int = Field(
        default=8, ge=1, le=100, description="faces of each held-out clip's own class, each with noise of its own"
    )


@dataclass(frozen=True)
class Job:
    """One method's training under one protocol: all folds of a shard, or one network on all clips."""

    name: str  # of the method or variant
    method: Method
    protocol: Protocol
    clips: Sequence[Clip]  # all of the protocol's
    folds: Sequence[Fold]  # those that this job trains
    params: Params
    synth: SynthParams
    seed: int
    macro: Sequence[tuple[Clip, int]] = ()  # macro-expressions with their class: every fold trains on all of them

    @cached_property
    def all_clips(self) -> tuple[Clip, ...]:
        """The protocol's clips, then the macro-expressions: the order of the loaded tensors."""
        return (*self.clips, *(clip for clip, _ in self.macro))

    @cached_property
    def by_id(self) -> dict[str, Clip]:
        """All clips by `Clip.id`."""
        return {clip.id: clip for clip in self.all_clips}

    @cached_property
    def labels(self) -> dict[str, int]:
        """Class index by clip id; clips outside the protocol's classes are left out."""
        labels = {clip.id: label for clip in self.clips if (label := self.protocol.label(clip)) is not None}
        return labels | {clip.id: label for clip, label in self.macro}

    @cached_property
    def several_labels(self) -> dict[str, tuple[int, ...]]:
        """For each of several classes 1, 0 or -1 (unknown), by clip id; empty where a clip has one class."""
        if not self.protocol.several:
            return {}
        return {clip.id: classes.units(clip) for clip in self.all_clips}

    @cached_property
    def truth(self) -> dict[str, int] | dict[str, tuple[int, ...]]:
        """Class index, or several labels, that are to be predicted of each clip, by its id."""
        return self.several_labels or self.labels

    @property
    def macro_ids(self) -> tuple[str, ...]:
        """Ids of the macro-expressions."""
        return tuple(clip.id for clip, _ in self.macro)

    @property
    def test_clips(self) -> dict[str, list[Clip]]:
        """The held-out clips by fold name."""
        return {fold.name: [self.by_id[clip_id] for clip_id in fold.test] for fold in self.folds}

    @property
    def planted_leak(self) -> str:
        """The leak that the method's params declare; "" for none."""
        return str(getattr(self.method.params, "planted_leak", ""))

    @property
    def synthetic(self) -> str:
        """The generator of the faces or clips that the method also trains on; "" for none."""
        return str(getattr(self.method.params, "synthetic", ""))

    @property
    def teacher(self) -> NetworkMethod | None:
        """The method, pretrained on macro-expressions alone, that guides this job's method; None without a teacher."""
        return self.method.pretraining() if isinstance(self.method, NetworkMethod) else None

    def protocol_train_ids(self, fold: Fold) -> tuple[str, ...]:
        """Return the protocol's clips that a fold may be fitted on, in the order of `clips`.

        Inner clips are among them, so that the number of inner subjects changes no byte of a fold's training."""
        train = {*fold.train, *fold.inner}
        return tuple(clip.id for clip in self.clips if clip.id in train)

    def train_ids(self, fold: Fold) -> tuple[str, ...]:
        """Return all recorded clips that a fold trains on; under a planted leak also those that it holds out."""
        return self.protocol_train_ids(fold) + self.macro_ids + (fold.test if self.planted_leak else ())

    def seeds(self) -> list[int]:
        """Return the seed of each training of a fold; variants of a method share them and differ by params alone."""
        method = self.name.partition(".")[0]
        return [int(spawn(self.seed, "train", method, i).generate_state(1)[0]) for i in range(self.params.seeds)]

    def on_all_clips(self, name: str) -> "Job":
        """Return the same job with one fold of this name, which trains on all clips and holds out none."""
        return replace(self, folds=[Fold(name, tuple(clip.id for clip in self.clips), ())])

    def sections(self) -> dict[str, Any]:
        """Return the sections of params.yaml that the result depends on, as plain values."""
        models = {"train": self.params, f"methods.{self.name}": self.method.params, "synth": self.synth}
        sections: dict[str, Any] = {name: section.model_dump(mode="json") for name, section in models.items()}
        for name in ("checkpoint_minutes", "rendered_folds"):  # which fold a clip is in shows in the file itself
            del sections["train"][name]
        if self.method.several:
            sections["units"] = self.method.several.model_dump(mode="json")
        return sections | {"seed": self.seed}

    def attributes(self) -> dict[str, str]:
        """Return the attributes of the files that this job writes: method, protocol, classes, origin, declared leak."""
        origin = join_origins(clip.origin for clip in self.clips)
        names = {"method": self.name, "protocol": self.protocol.name, "classes": ", ".join(self.protocol.classes)}
        return names | {"origin": origin} | ({"planted_leak": self.planted_leak} if self.planted_leak else {})


def job_on_all(
    name: str,
    method: Method,
    protocol: Protocol,
    clips: Sequence[Clip],
    config: Mapping[str, Any],
    seed: int,
    macro: Sequence[tuple[Clip, int]] = (),
) -> Job:
    """Return a training on all of these clips, with section `train` of the values of params.yaml."""
    return Job(name, method, protocol, clips, [], Params(**config["train"]), SynthParams(), seed, macro)


def macro_clips(protocol: Protocol, clips: Iterable[Clip], both: int = 0) -> list[tuple[Clip, int]]:
    """Return the clips of other data sets that every fold trains on, with their classes.

    Of data sets that the protocol adds, these are clips of its first `both` subjects."""
    clips, added = list(clips), protocol.also_trained_on
    subjects = sorted({clip.subject for clip in clips if clip.dataset in added})[:both]
    return protocol.macro(clip for clip in clips if clip.dataset not in added or clip.subject in subjects)


def fold_indices(folds: Sequence[Fold], clips: Sequence[Clip]) -> list[engine.FoldIndices]:
    """Return the folds as positions in `clips`: training clips, without the inner clips, and test clips."""
    positions = {clip.id: i for i, clip in enumerate(clips)}
    return [
        engine.FoldIndices(
            fold.name,
            np.array([positions[clip_id] for clip_id in fold.train], int),
            np.array([positions[clip_id] for clip_id in fold.test], int),
        )
        for fold in folds
    ]
