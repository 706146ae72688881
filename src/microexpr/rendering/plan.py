"""Plan the rendered corpora: subjects, clips and their timing, as a function of params and seed. Renders nothing.

Each subject and clip has a separate random stream, so that adding one changes no other."""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, create_model
from scipy.special import ndtr, ndtri

from facs_faces import display
from microexpr.core.clip import Clip
from microexpr.core.seeds import generator
from microexpr.datasets import LAYOUTS
from microexpr.rendering import coder
from microexpr.rendering.layout import Census, Native, PlannedClip
from microexpr.rendering.layouts import LONG_NATIVES, NATIVES
from microexpr.rendering.long_videos import LongSize

SHORTEST = 4  # frames from onset to the last event


class Corpus(BaseModel, frozen=True, extra="forbid"):
    """The size of a small balanced corpus."""

    subjects: int = Field(ge=1, le=200, description="subjects")
    clips: int = Field(ge=3, le=60, description="expressions of each subject")


Size = Corpus | Literal["published"]  # published: subjects, clips, emotions and classes as in the real data set
_Sizes = create_model(  # type: ignore[call-overload]
    "_Sizes",
    **{name: (Size, "published") for name in NATIVES},
    **{name: (LongSize, "published") for name in LONG_NATIVES},
)


class Params(_Sizes):  # type: ignore[misc, valid-type]
    """Section `render` of params.yaml: these fields, and a size for each data set by its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    difficulty: Literal["easy", "standard", "hard", "null"] = Field(
        "standard", description="how faint and how mixed the expressions are; null shows none at all"
    )
    max_frames: int = Field(110, ge=17, le=200, description="longest clip, frames")
    max_seconds: float = Field(
        600, ge=1, le=3600, description="longest long video of a published corpus, unless its expressions need more"
    )
    width: int = Field(640, ge=320, le=2048, description="of a frame, pixels")
    height: int = Field(480, ge=240, le=1088, description="of a frame, pixels")


def plan_clips(dataset: str, params: Params, seed: int) -> list[PlannedClip]:
    """Return all clips of a corpus, sorted by clip id."""
    native, size = NATIVES[dataset], getattr(params, dataset)
    if isinstance(size, Corpus):
        roles = balanced_roles(native.census, size)
    else:
        roles = sample_published_roles(native.census, generator(seed, "generate", dataset, "census"))
    clips = sorted((_clip(native, role, params, seed) for role in roles), key=lambda planned: planned.clip.id)
    return clips if isinstance(size, Corpus) else native.add_slips(clips)


Role = tuple[int, int, str, int | None]  # subject and clip numbers, from 1; emotion; AU-based class, or None for any


def balanced_roles(census: Census, size: Corpus) -> list[Role]:
    """Return the same emotions for each subject, in the census's order. The first three cover MEGC2019's classes."""
    order = census.balanced
    return [
        (person, number, order[(number - 1) % len(order)], None)
        for person in range(1, size.subjects + 1)
        for number in range(1, size.clips + 1)
    ]


def sample_published_roles(census: Census, rng: np.random.Generator) -> list[Role]:
    """Deal the shares of the census out to its subjects: each has at least one clip, some have many more. Without
    shares all subjects show the same emotions."""
    if not census.shares:
        return balanced_roles(census, Corpus(subjects=census.people, clips=len(census.balanced)))
    subjects = [person for person in range(1, census.people + 1) if person not in census.subjects_outside]
    frequency = rng.gamma(2.0, size=len(subjects))
    cards: list[tuple[str, int | None]] = [  # emotion and AU-based class, None for any, of each clip
        (emotion, objective)
        for emotion, share in census.shares.items()
        for objective, clips in ([(None, share)] if isinstance(share, int) else share.items())
        for _ in range(clips)
    ]
    cards = [cards[i] for i in rng.permutation(len(cards))]
    outside = [card for card in cards if card[0] in census.emotions_outside]
    inside = [card for card in cards if card[0] not in census.emotions_outside]
    hands: dict[int, list[tuple[str, int | None]]] = {
        **{person: [outside.pop()] for person in census.subjects_outside},
        **{person: [inside.pop()] for person in subjects},
    }
    for card in inside + outside:
        hands[subjects[rng.choice(len(subjects), p=frequency / frequency.sum())]].append(card)
    return [
        (person, number, emotion, objective)
        for person, hand in sorted(hands.items())
        for number, (emotion, objective) in enumerate(hand, 1)
    ]


def _clip(native: Native, role: Role, params: Params, seed: int) -> PlannedClip:
    """Sample one clip of a role: display, name, timing and code, in this order of random draws. The units that the
    coders leave out are sampled from a separate stream."""
    person, number, emotion, class_filter = role
    rng = generator(seed, "generate", native.dataset, person, number)
    coders = generator(seed, "generate", native.dataset, person, number, "coders")
    word = str(rng.choice(native.displays.get(emotion, (emotion,))))
    coded = {word: display.read_displays(native.coded[emotion], display.TOGETHER)} if emotion in native.coded else {}
    weights = display.sample_display(word, rng, class_filter, display.DISPLAYS | coded, native.one_sided)
    name = native.name_clip(person, number, emotion, rng)
    fps = name.fps or LAYOUTS[native.dataset].fps
    rise = length = rest = 0  # frames until the apex, until the last event, before and after
    if native.timing != "picture":
        rest = native.rest
        longest = min(native.seconds[1], (params.max_frames - 2 * rest - 1) / fps)  # seconds until the last event
        shortest, quantile = min(native.seconds[0], longest), rng.random()
        if native.acted or shortest == longest:
            seconds = shortest + quantile * (longest - shortest)
        else:
            mean, deviation = native.log_seconds
            low, high = (ndtr((np.log(end) - mean) / deviation) for end in (shortest, longest))
            seconds = float(np.exp(mean + deviation * ndtri(low + quantile * (high - low))))
        length = max(SHORTEST, round(seconds * fps))
        mean, deviation = native.rise
        total = mean * (1 - mean) / deviation**2 - 1  # sum of the parameters of a beta distribution
        share = rng.beta(mean * total, (1 - mean) * total)
        rise = length if native.timing == "to apex" else min(max(2, round(length * share)), length - 1)
    first, frames, objective = name.first, length + 2 * rest + 1, display.shown_class(weights)
    onset, apex, offset = first + rest, first + rest + rise, first + rest + length
    clip = Clip(
        dataset=native.dataset, subject=name.subject, name=name.name, origin="generated", folder=name.folder,
        first=first, last=first + frames - 1, frames=frames,
        onset=onset if native.ends_annotated else None, apex=apex if native.apex_annotated else None,
        offset=offset if native.ends_annotated else None, fps=fps, emotion=emotion, label=native.label(emotion),
        objective_class=objective if native.codes_classes else None,
        action_units=native.code(coder.noticed(weights, native.missed, coders), objective, rng),
    )  # fmt: skip
    return PlannedClip(clip, weights, onset, apex, offset, name.file)
