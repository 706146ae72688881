"""What the generated corpora will hold: a pure function of params and seed, known before anything is rendered.

No pixels, no files: every person and clip is drawn by name, so that one more of either changes no other.
"""

from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.clip import Clip
from microexpr.datasets import LAYOUTS
from microexpr.datasets.layout import label_of
from microexpr.facs.objective import objective_class
from microexpr.generated import display
from microexpr.seeds import generator

EMOTIONS = {  # the order in which a person shows them; every prefix of three or more holds all of MEGC2019's classes
    "casme2": ("happiness", "surprise", "disgust", "repression", "happiness", "surprise", "disgust", "others"),
    "samm": ("happiness", "surprise", "anger", "contempt", "happiness", "surprise", "disgust", "other"),
    "smic": ("positive", "surprise", "negative", "negative", "positive", "surprise", "negative", "positive"),
}
SHOWN_AS = {  # where the annotated word is a class of displays
    "positive": ("happiness",),
    "negative": ("disgust", "anger", "sadness", "contempt", "fear"),
    "other": ("others",),
}
DURATION = (0.10, 0.50)  # seconds from onset to offset
RISE = (0.35, 0.60)  # share of it until the apex
REST = 4  # frames before the onset and after the offset, where the layout keeps any


class Corpus(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    subjects: int = Field(ge=1, le=40, description="people")
    clips: int = Field(ge=3, le=60, description="micro-expressions of each")


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    difficulty: Literal["easy", "standard", "hard", "null"] = Field(
        "standard", description="how faint and how mixed the expressions are; null shows none at all"
    )
    max_frames: int = Field(110, ge=16, le=200, description="longest clip, frames")
    width: int = Field(640, ge=320, le=2048, description="of a frame, pixels")
    height: int = Field(480, ge=240, le=1088, description="of a frame, pixels")
    smic: Corpus = Corpus(subjects=16, clips=10)
    casme2: Corpus = Corpus(subjects=26, clips=10)
    samm: Corpus = Corpus(subjects=29, clips=6)

    def corpus(self, dataset: str) -> Corpus:
        made: Corpus = getattr(self, dataset)
        return made


@dataclass(frozen=True, slots=True)
class Planned:
    """One clip to be rendered. `clip` is what the loader will read from the files."""

    clip: Clip
    weights: dict[str, float]  # of the action units shown, "AU12L"
    apex: int  # frame number; SMIC's annotation does not tell it
    file: str  # format of a frame's file name

    def row(self) -> dict[str, Any]:
        """Plain values, for a job's params."""
        return asdict(self)

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Planned":
        """The inverse of `row`."""
        return cls(**{**row, "clip": Clip.of(row["clip"])})

    def path(self, number: int) -> PurePosixPath:
        """Of a frame, relative to the data set's root."""
        return PurePosixPath(self.clip.folder) / self.file.format(number)


def planned(dataset: str, params: Params, seed: int) -> list[Planned]:
    """Every clip of a corpus, sorted by clip id."""
    corpus = params.corpus(dataset)
    everything = [
        _clip(dataset, person, number, params, generator(seed, "generate", dataset, person, number))
        for person in range(1, corpus.subjects + 1)
        for number in range(1, corpus.clips + 1)
    ]
    return sorted(everything, key=lambda one: one.clip.id)


def _clip(dataset: str, person: int, number: int, params: Params, rng: np.random.Generator) -> Planned:
    emotion = EMOTIONS[dataset][(number - 1) % len(EMOTIONS[dataset])]
    weights = display.draw(str(rng.choice(SHOWN_AS.get(emotion, (emotion,)))), rng)
    subject, name, folder, file, first = _names(dataset, person, number, emotion, rng)
    fps = LAYOUTS[dataset].fps
    rest = 0 if dataset == "smic" else REST
    length = int(np.clip(rng.uniform(*DURATION) * fps, 8, params.max_frames - 2 * rest - 1))
    onset = first + rest
    apex, offset = onset + max(3, round(length * rng.uniform(*RISE))), onset + length
    annotated = dataset != "smic" and emotion != "others"  # one clip in CASME II has "/" for an apex
    clip = Clip(
        dataset=dataset, subject=subject, name=name, origin="generated", folder=folder,
        first=first, last=offset + rest, frames=length + 2 * rest + 1,
        onset=onset, apex=apex if annotated else None, offset=offset, fps=fps, emotion=emotion,
        label=label_of(emotion),
        objective_class=None if dataset == "smic" else objective_class(_numbers(weights)),
        action_units="" if dataset == "smic" else display.notation(weights),
    )  # fmt: skip
    return Planned(clip, weights, apex, file)


def _numbers(weights: dict[str, float]) -> frozenset[int]:
    return frozenset(int(name[2:-1]) for name in weights)


def _names(
    dataset: str, person: int, number: int, emotion: str, rng: np.random.Generator
) -> tuple[str, str, str, str, int]:
    """Subject, clip, folder, file format and first frame number, each with the oddities of the real ones."""
    if dataset == "casme2":
        subject, name = f"sub{person:02d}", f"EP{rng.integers(1, 20):02d}_{number:02d}{rng.choice(['', 'f'])}"
        return subject, name, f"CASME2_RAW_selected/{subject}/{name}", "img{}.jpg", int(rng.integers(1, 300))
    if dataset == "samm":
        subject, digits = f"{person + 5:03d}", int(rng.integers(4, 6))
        name = f"{subject}_{rng.integers(1, 8)}_{number}"
        first = int(rng.integers(200, 9000))
        return subject, name, f"SAMM/{subject}/{name}", f"{subject}_{{:0{digits}d}}.jpg", first
    subject, token = f"s{person:02d}", {"positive": "po", "negative": "ne", "surprise": "sur"}[emotion]
    folder = f"HS/{subject}/micro/{emotion}/s{person}_{token}_{number:02d}"
    return subject, f"{subject}_{token}_{number:02d}", folder, "image{}.jpg", int(rng.integers(10**5, 10**7))
