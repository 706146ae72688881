"""Whether a copy on disk is complete and readable: every row, every frame, the published counts. Changes nothing."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from microexpr.clip import LABELS, Clip
from microexpr.datasets import flow_folders, layout, video
from microexpr.datasets.frames import held, is_video, read
from microexpr.datasets.layout import Counts, gathered
from microexpr.errors import DataError

OBJECTIVE = range(1, 8)  # AU-based classes


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, a line each. Only a copy without problems is complete."""

    counts: list[str]
    notes: list[str]  # what the loader passed over or repaired
    problems: list[str]
    published: bool  # whether there are published counts, to which the copy was held


def check(directory: str | Path) -> Checked:
    """Reads all of a copy. The data set is told by the folder's name, data/raw/<dataset>.

    Raises DataError if it cannot be read at all."""
    directory = Path(directory)
    if not directory.is_dir():
        raise DataError(f"{directory}: is not a folder")
    if directory.absolute().name == flow_folders.NAME:  # pictures of several data sets, and no frames
        clips, notes, problems = flow_folders.check(directory)
        return Checked(list(_said(counted(clips))), notes, problems, published=True)
    about, problems = layout(directory.absolute().name), []
    clips, notes = about.read(directory, "licensed", problems)
    files = [path for clip in clips for path in dict.fromkeys(held(directory / clip.folder, about.frame).values())]
    _decode(files, problems)
    for clip in clips:
        with gathered(problems):
            clip.coded()
    found = counted(clips)
    if about.published and (names := _differing(found, about.published)):
        wanted, own = (
            "; ".join(_line(name, getattr(counts, name)) for name in names) for counts in (about.published, found)
        )
        problems.append(f"{directory}: must hold {wanted}, but found {own}")
    return Checked(list(_said(found)), notes, problems, published=about.published is not None)


def _decode(files: Sequence[Path], problems: list[str]) -> None:
    from tqdm import tqdm

    for path in tqdm(files, desc="reading every frame", unit="file", disable=None, leave=False):
        with gathered(problems):
            if is_video(path):
                deque(video.read(path, video.measure(path)[0]), maxlen=0)
            else:
                read(path)


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


def _differing(found: Counts, published: Counts) -> list[str]:
    """Which published counts are others. AU-based classes may be missing: not every copy has their workbook."""
    names = [field.name for field in fields(Counts) if getattr(published, field.name) is not None]
    missing = ["objective"] if found.objective is None else []
    return [name for name in names if getattr(found, name) != getattr(published, name) and name not in missing]


def _said(found: Counts) -> Iterator[str]:
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
