"""What a copy holds, counted, and how that differs from what was published. Reads no files."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields

from microexpr.core.clip import LABELS, Clip
from microexpr.datasets.layout import OBJECTIVE, Counts


def counted(clips: Sequence[Clip]) -> Counts:
    """Of all that could be published; AU-based classes are None where no clip has one."""
    labels, emotions = Counter(clip.label for clip in clips), Counter(clip.emotion for clip in clips)
    classes = Counter(clip.objective_class for clip in clips if clip.objective_class is not None)
    return Counts(
        clips=len(clips),
        subjects=len({clip.subject for clip in clips}),
        megc2019=(labels[0], labels[1], labels[2]),
        objective=tuple(classes[number] for number in OBJECTIVE) if classes else None,
        emotions=dict(sorted(emotions.items())),
    )


def differing(found: Counts, published: Counts, *releases: Counts) -> str:
    """What is expected and found of the counts that differ, or ""; also "" where they are those of another release.

    AU-based classes may be missing: not every copy has their workbook."""
    if any(not differing(found, other) for other in releases):
        return ""
    names = [field.name for field in fields(Counts) if getattr(published, field.name) is not None]
    missing = ["objective"] if found.objective is None else []
    names = [name for name in names if getattr(found, name) != getattr(published, name) and name not in missing]
    wanted, own = ("; ".join(_line(name, getattr(counts, name)) for name in names) for counts in (published, found))
    return f"must hold {wanted}, but found {own}" if names else ""


def said(found: Counts) -> Iterator[str]:
    """A line for each."""
    for field in fields(Counts):
        value = getattr(found, field.name)
        if value is not None:
            yield _line(field.name, value)


def _line(name: str, value: object) -> str:
    if isinstance(value, dict):
        return f"{name} " + ", ".join(f"{key} {count}" for key, count in value.items())
    if isinstance(value, tuple):
        names = {"megc2019": f"MEGC2019 {'/'.join(LABELS)}", "objective": "AU-based classes 1 to 7"}
        return f"{names[name]} {'/'.join(map(str, value))}"
    return f"{value} {name}"
