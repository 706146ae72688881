"""Understand and ask the questions of a challenge on the expression in a clip, and answer them from known facts.

Forms are those of MEGC 2025's track of questions, as its training files have them (`dataset/casme.jsonl` and
`dataset/samm.jsonl` of github.com/Humphrey-0125/MEGC2025). By their grammar, one action unit is to be named or several.
Questions on long videos are in `long_videos`. Text in, text out: no pixels.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from microexpr.core.errors import DataError, nearest
from microexpr.core.facs import NAMES, Side
from microexpr.evaluation.questions import long_videos
from microexpr.evaluation.questions.long_videos import plain

Topic = Literal["coarse", "fine", "units", "shown", "side", "all"] | long_videos.Topic
SPELT = NAMES | {38: "nostril dilater", 39: "nostril compress"}  # as the challenge has them
NUMBERS = {name: number for names in (NAMES, SPELT) for number, name in names.items()}
YES_OR_NO = {"y": "yes", "true": "yes", "n": "no", "false": "no"}  # other words for either answer
WORDS = {True: ("", "is", "it"), False: ("s", "are", "them")}  # of one action unit, of several
COARSE, FINE = "What is the coarse expression class?", "What is the fine-grained expression class?"
UNITS = {single: f"What {verb} the action unit{s}?" for single, (s, verb, _) in WORDS.items()}
ALL = {
    single: f"What {verb} the action unit{s} present, and based on {these}, what is the fine-grained expression and "
    "the coarse expression class?"
    for single, (s, verb, these) in WORDS.items()
}
SHOWN, SIDE = "Is the action unit {} shown on the face?", "Is the action unit {} located on the left or right face?"


@dataclass(frozen=True, slots=True)
class Question:
    """The meaning of a question."""

    topic: Topic
    unit: int = 0  # that it names, by its number in FACS
    single: bool = True  # whether it wants a single action unit


@dataclass(frozen=True, slots=True)
class Facts:
    """Knowledge of the expression in a clip, or of those in a long video."""

    coarse: str  # class
    fine: str  # emotion
    units: Mapping[int, Side] = field(default_factory=dict)  # sides by number of units shown, the surest first
    likely: Mapping[int, Side] = field(default_factory=dict)  # and of further ones
    confidence: float | None = None  # probability of the coarse class
    events: Sequence[long_videos.Event] = ()  # expressions of a long video

    def counted(self, single: bool) -> "Facts":
        """Return the facts with the surest unit alone, or else with two at least, as a question says."""
        candidates = {**self.units, **{unit: side for unit, side in self.likely.items() if unit not in self.units}}
        count = 1 if single else max(2, len(self.units))
        return replace(self, units=dict([*candidates.items()][:count]))


def understand(text: str) -> Question:
    """Return the meaning of a question, in whatever case. Raises DataError for one of another form."""
    words = f"{' '.join(text.split()).casefold().rstrip(' ?')}?"
    if plain := _PLAIN.get(words):
        return plain
    for form, topic in _NAMING:
        if match := form.fullmatch(words):
            if match[1] not in NUMBERS:
                raise DataError(f"must name an action unit as FACS does, not {match[1]!r}{nearest(match[1], NUMBERS)}")
            return Question(topic, NUMBERS[match[1]])
    raise DataError(f"must be a question of the challenge, such as {COARSE!r}, not {text!r}")


def answer(question: Question, facts: Facts) -> str:
    """Return the answer in the challenge's words; of a unit on both sides, left, as most are."""
    if question.topic in long_videos.FORMS:
        return long_videos.answer(question.topic, facts.events)
    if question.topic in ("units", "all"):
        facts = facts.counted(question.single)
    units = ", ".join(SPELT[unit] for unit in facts.units)
    match question.topic:
        case "coarse":
            return facts.coarse
        case "fine":
            return facts.fine
        case "units":
            return units
        case "shown":
            return "yes" if question.unit in facts.units else "no"
        case "side":
            side = facts.units.get(question.unit, "both")
            return "left" if side == "both" else side
    s, verb, _ = WORDS[question.single]
    classes = f"the fine-grained expression class is {facts.fine}, and the coarse expression class is {facts.coarse}"
    return f"The action unit{s} present {verb}: {units}. Therefore, {classes}."


@lru_cache(4096)
def parts(topic: Topic, text: str) -> tuple[frozenset[int | str], str]:
    """Return the action units and the classes that an answer names, in small letters; units have no order.

    A unit is its number in FACS, or, if it has none, its words."""
    words = plain(text)
    units, classes = (
        (words, "") if topic == "units" else ("", YES_OR_NO.get(words, words) if topic == "shown" else words)
    )
    if topic == "all":
        units, _, classes = words.partition(": ")[2].partition(". therefore, ")
    return frozenset(map(_number, long_videos.listed(units))), classes


def is_understood(topic: Topic, text: str) -> bool:
    """Return whether an answer is in words of its topic; any words may be a class."""
    units, words = parts(topic, text)
    match topic:
        case "micro count" | "macro count":
            return long_videos.number(text) is not None
        case "times":
            return long_videos.spans(text) is not None
        case "shown" | "side":
            return words in (("yes", "no") if topic == "shown" else ("left", "right"))
    return bool(text.strip()) and (topic != "all" or bool(words)) and all(isinstance(unit, int) for unit in units)


def named(text: str) -> frozenset[int]:
    """Return the numbers of the action units that a text of any form names."""
    return frozenset(unit for name in _ANY_UNIT.findall(text.casefold()) if isinstance(unit := _number(name), int))


def _number(name: str) -> int | str:
    """Return the number of an action unit by its name in small letters, or by its number, 4 or au4; others stay."""
    match = re.fullmatch(r"(?:au ?)?(\d{1,2})", name)
    return int(match[1]) if match and int(match[1]) in NAMES else NUMBERS.get(name, name)


def ask(facts: Facts, absent: int) -> list[str]:
    """Return the questions on a clip, as the challenge has them: one of its units is asked for, and one that is not.

    A clip without known units has those on classes alone."""
    if not facts.units:
        return [COARSE, FINE]
    single = len(facts.units) == 1
    sided = [unit for unit, side in facts.units.items() if side != "both"]
    return [
        *(COARSE, FINE, UNITS[single]),
        *(SIDE.format(SPELT[unit]) for unit in sided[:1]),
        *(SHOWN.format(SPELT[unit]) for unit in (next(iter(facts.units)), absent)),
        ALL[single],
    ]


_ANY_UNIT = re.compile(rf"\b(?:{'|'.join(sorted(NUMBERS, key=len, reverse=True))}|(?<!\.)(?:au ?)?\d{{1,2}}(?!\.\d))\b")
_PLAIN = {
    COARSE.casefold(): Question("coarse"),
    FINE.casefold(): Question("fine"),
    **{form.casefold(): Question("units", single=single) for single, form in UNITS.items()},
    **{form.casefold(): Question("all", single=single) for single, form in ALL.items()},
    **{form.casefold(): Question(topic) for topic, form in long_videos.FORMS.items()},
}
_NAMING: list[tuple[re.Pattern[str], Topic]] = [
    (re.compile(re.escape(SHOWN.casefold()).replace(r"\{\}", "(.+)")), "shown"),
    (re.compile(re.escape(SIDE.casefold()).replace(r"\{\}", "(.+)")), "side"),
]
