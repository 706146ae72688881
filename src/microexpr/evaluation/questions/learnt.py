"""Answer from the true answers on other subjects: what their questions, a class or action units tell of the rest.

Naive Bayes over features that a clip has or lacks, words such as a question or "AU4". Without features it is the most
frequent answer. Counts and logarithms in one order: the same digits everywhere.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain, groupby
from statistics import median_low
from typing import TypeVar

from microexpr.core.clip import KINDS, LongVideo
from microexpr.core.errors import DataError
from microexpr.core.facs import EVALUATED, Side
from microexpr.core.recordings import last
from microexpr.core.subjects import Subjects, data_set_key
from microexpr.evaluation.questions import Facts, lines, long_videos
from microexpr.evaluation.questions.lines import Line
from microexpr.evaluation.questions.long_videos import Event
from microexpr.protocols.splits import subject_id

Value = TypeVar("Value", bound=Hashable)
Table = dict[Value, tuple[float, list[tuple[float, float]]]]  # by value, logarithms: see `Learnt._table`
Truth = Mapping[str, Facts]  # true facts by clip id
Features = Mapping[str, frozenset[str]]  # by clip id
SHOWN = 0.5  # probability from which a unit counts as shown


class Learnt:
    """The answers of examples: probabilities of classes and units by features."""

    def __init__(self, examples: Sequence[tuple[Facts, frozenset[str]]]):
        """Take the true facts of clips and their features. Raises DataError without a clip."""
        if not examples:
            raise DataError("clips of at least two subjects must have true answers, not of one")
        self.true, self.features_of = zip(*examples, strict=True)
        self.features = sorted({feature for features in self.features_of for feature in features})
        units = sorted({unit for facts in self.true for unit in facts.units})
        self.coarse, self.fine = (self._table([getattr(f, name) for f in self.true]) for name in ("coarse", "fine"))
        self.of_unit = {unit: self._table([unit in facts.units for facts in self.true]) for unit in units}
        self.sides = {unit: self._side(unit) for unit in units}

    def _table(self, values: Sequence[Value]) -> Table[Value]:
        """Return by value the logarithms of its count, and of the shares that have and lack each feature."""
        table = {}
        for value, total in sorted(Counter(values).items(), key=lambda pair: str(pair[0])):
            having = Counter(chain(*(of for of, other in zip(self.features_of, values, strict=True) if other == value)))
            shares = [(having[feature] + 1) / (total + 2) for feature in self.features]
            table[value] = math.log(total), [(math.log(share), math.log(1 - share)) for share in shares]
        return table

    def facts(self, features: Collection[str]) -> Facts:
        """Return the most probable facts of a clip with these features; it shows one unit at least."""
        chances = [self._probabilities(table, features) for table in (self.coarse, self.fine)]
        coarse, fine = (max(chance, key=lambda value: chance[value]) for chance in chances)
        chances_of = {unit: self._probabilities(table, features).get(True, 0.0) for unit, table in self.of_unit.items()}
        order = sorted(chances_of, key=lambda unit: (-chances_of[unit], unit))
        count = max(1, sum(chance >= SHOWN for chance in chances_of.values()))
        units, likely = ({unit: self.sides[unit] for unit in part} for part in (order[:count], order[count:]))
        return Facts(coarse, fine, units, likely, chances[0][coarse])

    def _side(self, unit: int) -> Side:
        """Return the most frequent side of a unit where it is one-sided; "both" where it never is."""
        sides = Counter(f.units[unit] for f in self.true if f.units.get(unit, "both") != "both")
        return min(sides, key=lambda side: (-sides[side], side), default="both")

    def _probabilities(self, table: Table[Value], features: Collection[str]) -> dict[Value, float]:
        lacking, logs = [feature not in features for feature in self.features], dict[Value, float]()
        for value, (count, pairs) in table.items():
            logs[value] = math.fsum([count, *(pair[absent] for pair, absent in zip(pairs, lacking, strict=True))])
        largest = max(logs.values())
        weights = {value: math.exp(log - largest) for value, log in logs.items()}
        total = math.fsum(weights.values())
        return {value: weight / total for value, weight in weights.items()}


def answer_all(
    truth: Truth, features: Features, queries: Features, person: Callable[[str], Hashable] = subject_id
) -> dict[str, Facts]:
    """Return by id of a clip to answer for the facts that the clips of all other subjects make most probable.

    `features` are those of the clips to learn from, `queries` of those to answer for; `person` tells subjects apart by
    the ids of their clips. Raises DataError for clips of a single subject."""

    @cache
    def learnt(subject: Hashable) -> Learnt:
        return Learnt([(truth[clip], features[clip]) for clip in sorted(truth) if person(clip) != subject])

    return {clip: learnt(person(clip)).facts(queries[clip]) for clip in queries}


def majority(truth: Truth) -> dict[str, Facts]:
    """Return for each clip the most frequent facts of other subjects' clips."""
    none = dict.fromkeys(truth, frozenset[str]())
    return answer_all(truth, none, none)


def from_questions(answered: Sequence[Line], requests: Sequence[Line]) -> dict[str, Facts]:
    """Return for each clip that is asked about the facts that its questions alone make most probable.

    Learnt from the clips of other subjects with true answers. Raises DataError where a clip to answer for may be one of
    these, as it has the name of one, or of one's subject, as it says its data set or subject: unless both say both."""
    truth, features, queries = lines.facts(answered), _texts(answered), _texts(requests)
    if not truth:
        raise DataError("questions to learn from must be on clips with true answers of both classes, coarse and fine")
    person = _people(truth)
    same = {name: [person(clip) for clip in clips] for name, clips in groupby(sorted(truth, key=last), last)}
    people = {person(clip) for clip in truth}
    for line in requests:
        (dataset, subject), name = person(line.clip_id), last(line.clip_id)
        may_be_one = any(not (subject and of_subject and dataset == of) for of, of_subject in same.get(name, ()))
        for of, of_subject in people if dataset or subject else ():
            is_unsaid = not (dataset and subject and of and of_subject)
            is_alike = not (subject and of_subject) or Subjects([of_subject]).find(subject)
            may_be_one |= is_unsaid and bool(is_alike) and (not (dataset and of) or dataset == of)
        if may_be_one:
            raise DataError(
                f"question {line.id}: must say its data set and subject, and so must the clips that are learnt from, "
                "since they may be of the same subject"
            )
    return answer_all(truth, features, queries, person)


def _people(clips: Iterable[str]) -> Callable[[str], tuple[str, str]]:
    """Return a function of a clip id that returns its data set and subject: one of these clips' however it is spelt.

    Raises DataError, also when called, for a name that could be of two subjects."""
    names: dict[str, dict[str, str]] = {}
    for dataset, subject, _ in (clip.split("/", 2) for clip in clips):
        names.setdefault(data_set_key(dataset), {})[subject] = f"data set {dataset}"
    subjects = {dataset: Subjects(filter(None, of_dataset)) for dataset, of_dataset in names.items()}

    def person(clip: str) -> tuple[str, str]:
        dataset, subject, _ = clip.split("/", 2)
        of_dataset = subjects.get(data_set_key(dataset), Subjects([]))
        keys = of_dataset.find(subject) if subject else []
        if len(keys) > 1:
            of_dataset.find_one(subject, f"clip {clip}")
        return data_set_key(dataset), keys[0] if keys else of_dataset.key(subject)

    return person


def from_measurements(answered: Sequence[Line], measured: Mapping[str, Facts]) -> dict[str, Facts]:
    """Return for each clip the facts that its questions, and the class and units measured in it, make most probable.

    Learnt from the questions and measurements of other subjects."""
    features = _texts(answered)
    single = lines.single(answered)
    for clip, facts in measured.items():
        units = facts.counted(single[clip]).units if clip in single else facts.units
        features[clip] |= {facts.coarse, *(f"AU{unit}" for unit in units)}
    return answer_all(lines.facts(answered), features, features)


def _texts(of_lines: Sequence[Line]) -> dict[str, frozenset[str]]:
    return {clip: frozenset(line.text.casefold() for line in of) for clip, of in lines.by_clip(of_lines).items()}


def from_classes(truth: Truth, predicted: Mapping[str, str]) -> dict[str, Facts]:
    """Return for each clip its predicted class, and the facts that are most frequent in it."""
    features = {clip: frozenset({facts.coarse}) for clip, facts in truth.items()}
    learnt = answer_all(truth, features, {clip: frozenset({predicted[clip]}) for clip in truth})
    return {clip: replace(facts, coarse=predicted[clip], confidence=None) for clip, facts in learnt.items()}


def from_units(truth: Truth, predicted: Mapping[str, Collection[int]]) -> dict[str, Facts]:
    """Return for each clip its predicted units of those that are `EVALUATED`, and the facts most frequent with them.

    A clip without a prediction gets the most frequent facts of all."""

    def words(units: Collection[int]) -> frozenset[str]:
        return frozenset(f"AU{unit}" for unit in units if unit in EVALUATED)

    features = {clip: words([*facts.units]) for clip, facts in truth.items()}
    learnt = answer_all(truth, features, {clip: words(predicted.get(clip, ())) for clip in truth})
    result = majority(truth)
    for clip, facts in learnt.items():
        if clip not in predicted:
            continue
        candidates: dict[int, Side] = {**facts.units, **facts.likely}
        candidates |= {unit: "both" for unit in sorted(predicted[clip]) if unit not in candidates}
        units = {
            unit: side
            for unit, side in candidates.items()
            if unit in predicted[clip] or (unit in facts.units and unit not in EVALUATED)
        }
        result[clip] = replace(facts, units=units or facts.units)
    return result


def guess_videos(videos: Sequence[LongVideo]) -> dict[str, list[Event]]:
    """Return by id of a long video the expressions that those of other subjects make most probable.

    These are the median of their numbers and durations, evenly spread over the video, of the most frequent class.
    Raises DataError for videos of a single subject."""
    result: dict[str, list[Event]] = {}
    for clip in (video.clip for video in videos):
        others = [video for video in videos if subject_id(video.clip.id) != subject_id(clip.id)]
        if not others:
            raise DataError("long videos must be of at least two subjects, not of one")
        seconds = (clip.last - clip.first + 1) / clip.fps
        result[clip.id] = []
        for kind in KINDS:
            of_kind = [[e for e in long_videos.events(video) if e.kind == kind] for video in others]
            every, count = [e for events in of_kind for e in events], median_low(map(len, of_kind))
            if every and count:
                duration = median_low(e.offset - e.onset for e in every)
                names = Counter(e.coarse for e in every)
                coarse = min(names, key=lambda name: (-names[name], name))
                starts = (max(0.0, (i + 0.5) / count * seconds - duration / 2) for i in range(count))
                result[clip.id] += [Event(kind, onset, onset + duration, coarse) for onset in starts]
    return result
