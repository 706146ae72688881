"""What the generated corpora will hold: a pure function of params and seed, known before anything is rendered.

No pixels, no files, no layout: every person and clip is drawn by name, so that one more of either changes no other.
"""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, create_model
from scipy.special import ndtr, ndtri

from microexpr.core.clip import Clip
from microexpr.core.facs.objective import objective_class
from microexpr.core.seeds import generator
from microexpr.datasets import LAYOUTS
from microexpr.rendering import display
from microexpr.rendering.layout import Census, Native, Planned
from microexpr.rendering.layouts import NATIVES

SHORTEST = 4  # frames from onset to the last event


class Corpus(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    subjects: int = Field(ge=1, le=200, description="people")
    clips: int = Field(ge=3, le=60, description="expressions of each")


Size = Corpus | Literal["published"]  # published: as many people, clips, emotions and classes as the real data set has
_Sizes = create_model("_Sizes", **{name: (Size, "published") for name in NATIVES})  # type: ignore[call-overload]


class Params(_Sizes):  # type: ignore[misc, valid-type]
    """Section `generate` of params.yaml: beside these a size for each data set, by its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    difficulty: Literal["easy", "standard", "hard", "null"] = Field(
        "standard", description="how faint and how mixed the expressions are; null shows none at all"
    )
    max_frames: int = Field(110, ge=17, le=200, description="longest clip, frames")
    width: int = Field(640, ge=320, le=2048, description="of a frame, pixels")
    height: int = Field(480, ge=240, le=1088, description="of a frame, pixels")

    def size(self, dataset: str) -> Size:
        made: Size = getattr(self, dataset)
        return made


def planned(dataset: str, params: Params, seed: int) -> list[Planned]:
    """Every clip of a corpus, sorted by clip id."""
    native, size = NATIVES[dataset], params.size(dataset)
    if isinstance(size, Corpus):
        roles = balanced(native.census, size)
    else:
        roles = published(native.census, generator(seed, "generate", dataset, "census"))
    clips = [
        _clip(native, person, number, emotion, wanted, params, generator(seed, "generate", dataset, person, number))
        for person, number, emotion, wanted in roles
    ]
    clips.sort(key=lambda one: one.clip.id)
    return clips if isinstance(size, Corpus) else native.slips(clips)


Role = tuple[int, int, str, int | None]  # person and number of the clip, from 1; emotion; AU-based class if it matters


def balanced(census: Census, size: Corpus) -> list[Role]:
    """The same emotions for everyone, in the census's order: the first three clips hold all of MEGC2019's classes."""
    order = census.balanced
    return [
        (person, number, order[(number - 1) % len(order)], None)
        for person in range(1, size.subjects + 1)
        for number in range(1, size.clips + 1)
    ]


def published(census: Census, rng: np.random.Generator) -> list[Role]:
    """Every share of the census dealt out to its people: each has one clip at least, some have many more.

    Without shares all of them show the same."""
    if census.once:
        return balanced(census, Corpus(subjects=census.people, clips=len(census.balanced)))
    people = [person for person in range(1, census.people + 1) if person not in census.aside]
    talkative = rng.gamma(2.0, size=len(people))
    cards = [(share.emotion, share.objective_class) for share in census.shares for _ in range(share.clips)]
    cards = [cards[place] for place in rng.permutation(len(cards))]
    outside = [card for card in cards if card[0] in census.outside]
    inside = [card for card in cards if card[0] not in census.outside]
    hands: dict[int, list[tuple[str, int | None]]] = {
        **{person: [outside.pop()] for person in census.aside},
        **{person: [inside.pop()] for person in people},
    }
    for card in inside + outside:
        hands[people[rng.choice(len(people), p=talkative / talkative.sum())]].append(card)
    return [
        (person, number, emotion, wanted)
        for person, hand in sorted(hands.items())
        for number, (emotion, wanted) in enumerate(hand, 1)
    ]


def _clip(
    native: Native,
    person: int,
    number: int,
    emotion: str,
    wanted: int | None,
    params: Params,
    rng: np.random.Generator,
) -> Planned:
    word = str(rng.choice(native.displays.get(emotion, (emotion,))))
    shown = display.DISPLAYS | ({word: native.shown[emotion]} if emotion in native.shown else {})
    weights = display.draw(word, rng, wanted, shown, native.one_sided)
    named = native.named(person, number, emotion, rng)
    fps = named.fps or LAYOUTS[native.dataset].fps
    frames, onset, apex, offset = _events(native, fps, params.max_frames, rng)
    objective, first = objective_class(_numbers(weights)), named.first
    onset, apex, offset = first + onset, first + apex, first + offset
    clip = Clip(
        dataset=native.dataset, subject=named.subject, name=named.name, origin="generated", folder=named.folder,
        first=first, last=first + frames - 1, frames=frames,
        onset=onset if native.ends_annotated else None, apex=apex if native.apex_annotated else None,
        offset=offset if native.ends_annotated else None, fps=fps, emotion=emotion, label=native.label(emotion),
        objective_class=objective if native.codes_classes else None,
        action_units=native.code(weights, objective, rng),
    )  # fmt: skip
    return Planned(clip, weights, onset, apex, offset, named.file)


def _numbers(weights: dict[str, float]) -> frozenset[int]:
    return frozenset(int(name[2:-1]) for name in weights)


def _events(native: Native, fps: int, most: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Number of frames, and positions of onset, apex and offset among them."""
    if native.timing == "picture":
        return 1, 0, 0, 0
    length = max(SHORTEST, round(_seconds(native, (most - 2 * native.rest - 1) / fps, rng.random()) * fps))
    share = rng.beta(*_beta(*native.rise))
    rise = length if native.timing == "to apex" else min(max(2, round(length * share)), length - 1)
    return length + 2 * native.rest + 1, native.rest, native.rest + rise, native.rest + length


def _seconds(native: Native, most: float, place: float) -> float:
    """From onset to the last event, at most so many: what a share `place` of such durations falls below."""
    longest = min(native.seconds[1], most)
    shortest = min(native.seconds[0], longest)
    if native.usual is None or shortest == longest:
        return shortest + place * (longest - shortest)
    mean, deviation = native.usual
    low, high = (ndtr((np.log(end) - mean) / deviation) for end in (shortest, longest))
    return float(np.exp(mean + deviation * ndtri(low + place * (high - low))))


def _beta(mean: float, deviation: float) -> tuple[float, float]:
    """Both parameters of the beta distribution that has these."""
    total = mean * (1 - mean) / deviation**2 - 1
    return mean * total, (1 - mean) * total
