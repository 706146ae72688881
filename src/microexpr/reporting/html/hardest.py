"""The clips that most methods classify wrongly, with each method's answers. Counts answers; computes no figure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from microexpr.reporting.html import clips, results

MOST = 8  # clips on a page


@dataclass(frozen=True, slots=True)
class HardClip:
    """One clip and the answers of all methods after the last epoch; a method answers once for each seed."""

    clip: str  # its id
    true_class: str
    wrong: int  # answers
    answers: int
    by_class: Mapping[str, list[str]]  # methods by the class they predicted; the commonest class first
    pictures: clips.Pictures  # apex and onset; empty if the clip's face may not be shown


def hardest(methods: Sequence[results.Method], show: Callable[[str], clips.Pictures]) -> list[HardClip]:
    """Return up to `MOST` clips with the largest share of wrong answers, which is more than half; equal ones by name.

    `show` returns the pictures of a clip by its id."""
    answers: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)  # method and class, by clip
    truth: dict[str, str] = {}
    for method in methods:
        for row in method.predictions:
            if row["selection"] == results.LAST:
                answers[row["clip"]].append((method.name, row["predicted"]))
                truth[row["clip"]] = row["truth"]
    wrong = {clip: sum(predicted != truth[clip] for _, predicted in answers[clip]) for clip in answers}
    shares = {clip: count / len(answers[clip]) for clip, count in wrong.items() if 2 * count > len(answers[clip])}
    names = sorted(shares, key=lambda clip: (-shares[clip], clip))[:MOST]
    return [
        HardClip(clip, truth[clip], wrong[clip], len(answers[clip]), _by_class(answers[clip]), show(clip))
        for clip in names
    ]


def _by_class(answers: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the methods by predicted class; with how many of its seeds, where they disagree."""
    seeds, counts = Counter(method for method, _ in answers), Counter(answers)
    by_class: defaultdict[str, list[str]] = defaultdict(list)
    for (method, predicted), count in counts.items():
        part = "" if count == seeds[method] else f" ({count} of {seeds[method]} seeds)"
        by_class[predicted].append(f"{method}{part}")
    return {name: by_class[name] for name, _ in Counter(predicted for _, predicted in answers).most_common()}
