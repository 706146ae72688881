"""Plan rendered long videos: subjects, videos, and when which expression is shown. Renders nothing.

Each subject and video has a separate random stream, so that adding one changes no other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from facs_faces import display, take
from facs_faces.take import Draw, Event
from microexpr.core.clip import KINDS, Clip, Expression, Kind, LongVideo, long_video
from microexpr.core.seeds import generator
from microexpr.datasets import LAYOUTS
from microexpr.datasets.layout import label_of
from microexpr.rendering.layout import FROM_FACTS

LONGEST = {kind: seconds[1] for kind, seconds in take.SECONDS.items()}


class LongCorpus(BaseModel, frozen=True, extra="forbid"):
    """The size of a small corpus of long videos; counts are those of each video."""

    subjects: int = Field(ge=1, le=200, description="subjects")
    videos: int = Field(ge=1, le=60, description="videos of each subject")
    seconds: float = Field(ge=4, le=600, description="length of a video")
    micro: int = Field(1, ge=0, le=50, description="micro-expressions in a video")
    macro: int = Field(1, ge=0, le=50, description="macro-expressions in a video")
    blinks: int = Field(2, ge=0, le=200, description="blinks in a video")
    glances: int = Field(1, ge=0, le=200, description="glances in a video")
    speech: int = Field(1, ge=0, le=50, description="stretches of speech in a video")


LongSize = LongCorpus | Literal["published"]  # published: subjects, videos and expressions as in the real data set


@dataclass(frozen=True, slots=True)
class VideoName:
    """The name of one video in a data set."""

    subject: str
    name: str
    file: str  # format of a frame's file name, of its number
    first: int  # number of its first frame


@dataclass(frozen=True, slots=True)
class PlannedVideo:
    """One video to be rendered. `video` is as the loader will read it from the files."""

    video: LongVideo
    events: tuple[Event, ...]  # all that happens, expressions among it, in frames from 0
    seconds: float
    file: str  # as in VideoName

    def row(self) -> dict[str, Any]:
        """Return plain values, for a job's params."""
        return {**asdict(self), "video": self.video.row(), "events": [asdict(event) for event in self.events]}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "PlannedVideo":
        """Return the planned video of a row: the inverse of `row`."""
        events = tuple(Event(**event) for event in row["events"])
        return cls(LongVideo.from_row(row["video"]), events, row["seconds"], row["file"])

    def path(self, number: int) -> PurePosixPath:
        """Return the path of a frame relative to the data set's root."""
        return PurePosixPath(self.video.clip.folder) / self.file.format(number)


@dataclass(frozen=True, slots=True)
class LongNative:
    """The native layout of long videos, as the renderer writes it; most fields are facts of `datasets.layouts`."""

    __pydantic_config__ = FROM_FACTS
    dataset: str
    folder: str  # format of the folder of a video's frames, of its `video` name and perhaps its `subject`
    name_video: Callable[[int, int], VideoName]  # of subject and video numbers, from 1
    videos: Sequence[int]  # of each subject of the published data set
    seconds: float  # mean length of its videos
    shares: Mapping[Kind, Mapping[str, int]]  # of the published data set: expressions by kind and emotion as annotated
    balanced: Mapping[Kind, tuple[str, ...]]  # emotions in the order in which the videos of a small corpus show them
    # annotation of the whole corpus: file below the root -> function that writes it
    annotations: Mapping[str, Callable[[Path, list[LongVideo]], None]]
    displays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # annotated word -> emotions shown
    units_annotated: bool = True
    grey: bool = False
    one_emotion: bool = False  # whether the name of a video tells the emotion of all that it shows
    apex_annotated: bool = True
    emotions_annotated: tuple[Kind, ...] = KINDS


# content of a video: seconds, kind and emotion of each expression, further events
Role = tuple[float, list[tuple[Kind, str]], list[take.Kind]]
Roles = dict[tuple[int, int], Role]  # by numbers of subject and video, from 1


def plan_videos(native: LongNative, size: LongSize, longest: float, difficulty: str, seed: int) -> list[PlannedVideo]:
    """Return all videos of a corpus, sorted by clip id; those of published size last at most `longest` seconds, or as
    long as their expressions need."""
    if isinstance(size, LongCorpus):  # the same number of expressions in each; their emotions take turns
        roles: Roles = {}
        extras: dict[take.Kind, int] = {"blink": size.blinks, "glance": size.glances, "speech": size.speech}
        others = [kind for kind, count in extras.items() for _ in range(count)]
        for position in range(size.subjects * size.videos):
            number = position % size.videos + 1
            emotions = [
                (kind, order[(number - 1 if native.one_emotion else position * getattr(size, kind) + i) % len(order)])
                for kind, order in native.balanced.items()
                for i in range(getattr(size, kind))
            ]
            roles[position // size.videos + 1, number] = size.seconds, emotions, others
    else:
        roles = _published(native, longest, generator(seed, "generate", native.dataset, "census"))
    items = [_plan(native, *numbers, role, difficulty, seed) for numbers, role in roles.items()]
    return sorted(items, key=lambda item: item.video.clip.id)


def _published(native: LongNative, longest: float, rng: np.random.Generator) -> Roles:
    """Deal the published expressions out to the published videos at random: some have none, some have many. Where all
    of a video has one emotion, each has one expression."""
    positions = [(person, number) for person, count in enumerate(native.videos, 1) for number in range(1, count + 1)]
    cards = [(kind, word) for kind, share in native.shares.items() for word, n in share.items() for _ in range(n)]
    cards = [cards[i] for i in rng.permutation(len(cards))]
    frequency = rng.gamma(2.0, size=len(positions))
    hands: dict[tuple[int, int], list[tuple[Kind, str]]] = {position: [] for position in positions}
    if native.one_emotion:
        hands = {position: [("micro", native.balanced["micro"][(position[1] - 1) % 3])] for position in positions}
    else:
        for card in cards:
            hands[positions[rng.choice(len(positions), p=frequency / frequency.sum())]].append(card)
    others: list[take.Kind] = ["blink", "blink", "glance", "speech"]
    roles: Roles = {}
    for position, hand in hands.items():
        kinds: list[take.Kind] = [*(kind for kind, _ in hand), *others]
        needed = sum(LONGEST[kind] + take.MIN_GAP for kind in kinds) + take.MIN_GAP + 1
        roles[position] = max(min(native.seconds, longest), round(needed, 1)), hand, others
    return roles


def _plan(native: LongNative, person: int, number: int, role: Role, difficulty: str, seed: int) -> PlannedVideo:
    """Sample one video."""
    seconds, emotions, others = role
    name, fps = native.name_video(person, number), LAYOUTS[native.dataset].fps
    rng = generator(seed, "generate", native.dataset, person, number, "video")
    words: dict[tuple[str, str], list[str]] = {}  # annotated, by kind and the emotion that is shown

    def draw(kind: Kind, word: str) -> tuple[str, dict[str, float]]:
        emotion = str(rng.choice(native.displays.get(word, (word,))))
        words.setdefault((kind, emotion), []).append(word)
        displays = display.POSES if kind == "macro" and emotion in display.POSES else display.DISPLAYS
        return emotion, display.sample_display(emotion, rng, displays=displays)

    contents: list[tuple[take.Kind, Draw | None]] = [(kind, partial(draw, kind, word)) for kind, word in emotions]
    contents += [(kind, None) for kind in others]
    params = take.Params.model_construct(seconds=seconds, fps=fps, difficulty=difficulty)
    events = take.place_over(contents, params, rng)
    expressions = []
    for event in events:
        if event.kind == "micro" or event.kind == "macro":
            word = words[event.kind, event.emotion].pop(0)  # events are drawn in order of time
            emotion = word if event.kind in native.emotions_annotated else ""
            expressions.append(
                Expression(
                    event.kind, name.first + event.onset, name.first + event.apex if native.apex_annotated else None,
                    name.first + event.offset, emotion, label_of(emotion),
                    display.notation(event.weights) if native.units_annotated else "",
                )
            )  # fmt: skip
    frames = round(seconds * fps)
    clip = Clip(
        dataset=native.dataset, subject=name.subject, name=name.name, origin="generated",
        folder=native.folder.format(subject=name.subject, video=name.name),
        first=name.first, last=name.first + frames - 1, frames=frames, onset=None, apex=None, offset=None, fps=fps,
        emotion="", label=None, objective_class=None, action_units="",
    )  # fmt: skip
    return PlannedVideo(long_video(clip, expressions), tuple(events), seconds, name.file)
