"""Define what native layouts share: counts, classes of emotions, folders, frames, errors, and checks of every copy.

Each clip is there once, files passed over are noted, and the counts of a copy are compared with the published ones.

A pattern is a data set's `Layout.frame`: it matches the file name of a frame, "img46.jpg", and its group `number` is
the frame's number. It is None where one file, a video or a picture, holds a clip. Paths come from the annotation."""

import mimetypes
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from microexpr.core import facs
from microexpr.core.clip import LABELS, Clip, LongVideo
from microexpr.core.errors import DataError, collect_errors, nearest
from microexpr.core.facs import EVALUATED, UNKNOWN, evaluated
from microexpr.core.files import VIDEO_SUFFIXES, is_hidden, regular, visible
from microexpr.core.subjects import Subjects
from microexpr.videos import container
from microexpr.videos.frames import shorten

MEGC2019 = {  # emotion as annotated -> MEGC2019's class (See et al. 2019, Sec. II)
    "surprise": "surprise",
    "negative": "negative",
    **dict.fromkeys(("positive", "happiness", "happy", "amusement"), "positive"),
    **dict.fromkeys(("disgust", "repression", "anger", "contempt", "fear", "sadness", "sad"), "negative"),
}
OBJECTIVE = range(1, 8)  # AU-based classes
ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".001", ".z01")
NOTICE_FILE = "GENERATED.txt"  # that the renderer writes into a data set
CLOSED = "the frames around it are read as neighbours"  # of a frame that a clip lacks
# micro-expressions, acted expressions, single pictures; videos with several micro- and macro-expressions each
Kind = Literal["micro", "macro", "picture", "long"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of a data set as published, None where they are not known."""

    clips: int | None  # of long videos: their number
    subjects: int | None = None
    megc2019: tuple[int, int, int] | None = None  # negative, positive, surprise
    objective: tuple[int, ...] | None = None  # AU-based classes 1 to 7
    emotions: dict[str, int] | None = None  # by name, sorted; of long videos those of micro-expressions
    micro: int | None = None  # expressions in long videos
    macro: int | None = None


def check_events(where: str, frames: Collection[int], **events: int | None) -> None:
    """Raise DataError for an event that is not among a clip's frames; `events` are by the name of their column."""
    for column, number in events.items():
        if number is not None and number not in frames:
            raise DataError(f"{column} must lie in the frames {min(frames)}..{max(frames)}, not {number} ({where})")


def label_of(emotion: str, dropped: tuple[str, ...] = ()) -> int | None:
    """Return MEGC2019's class index of an annotated emotion; None for emotions that it leaves out."""
    key = emotion.strip().lower()
    return LABELS.index(MEGC2019[key]) if key in MEGC2019 and key not in dropped else None


def first_folder(root: Path, *candidates: str) -> Path:
    """Return the first of these folders that exists in root or one folder deeper. Raises DataError if none does."""
    for candidate in candidates:
        if (root / candidate).is_dir():
            return root / candidate
    for candidate in candidates:
        deeper = [folder for folder in visible(root, f"[!._]*/{candidate}") if folder.is_dir()]
        if len(deeper) > 1:
            raise DataError(f"{root}: must hold {candidate} once, found {' and '.join(map(str, deeper))}")
        if deeper:
            return deeper[0]
    expected = [name for name in candidates if Path(name).parts[0] not in Path(name).parts[1:]]  # not nested twice
    raise DataError(f"{root}: must hold a folder {' or '.join(expected)}, found {list_content(root)}")


def list_content(folder: Path) -> str:
    """Return the first names in a folder, for an error, with advice on an archive; "nothing" if it is empty."""
    names = [path.name for path in visible(folder)] if folder.is_dir() else []
    packed = [f"; unpack {name} there" for name in names if name.lower().endswith(ARCHIVES)]
    return (", ".join(names[:6]) or "nothing") + " ..." * (len(names) > 6) + "".join(packed[:1])


def plain_name(name: str, where: str) -> str:
    """Return a name from an annotation that becomes part of a path. Raises DataError if it could lead elsewhere."""
    if not re.fullmatch(r"[\w-][\w .-]*", name) or ".." in name:
        raise DataError(f"a folder name must be plain letters, digits, _ and -, not {name!r} ({where})")
    return name


def frame_paths(path: Path, pattern: re.Pattern[str] | None) -> dict[int, Path]:
    """Return the paths of one clip's frames by number; `path` is its folder, or its file if the pattern is None. A
    picture is frame 0. Every frame of a video, from 0, has the path of the video. Raises DataError if the folder or
    file is missing, empty or no video."""
    if pattern is not None:
        return numbered_frames(path, pattern)
    if is_video(path):
        return dict.fromkeys(range(container.measure(path)[0]), path)
    if not regular(path).is_file():
        raise DataError(f"{path}: must be a picture, {'not a folder' if path.is_dir() else 'but is not there'}")
    return {0: path}


def is_video(path: Path) -> bool:
    """Return whether a file is a video, by its suffix."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def numbered_frames(folder: Path, pattern: re.Pattern[str], owner: str | None = None) -> dict[int, Path]:
    """Return the paths of a folder's frames by number. Files that the pattern does not match are ignored. `owner` is
    for data sets with the name of the subject or clip in their file names, as the pattern's group `owner`: all must be
    equal to it. Raises DataError if the folder is missing or empty, or if a number occurs twice."""
    if not folder.is_dir():
        if folder.is_symlink():
            raise DataError(f"{folder}: is a link that leads nowhere; the annotation names it")
        missing = folder if folder.parent.is_dir() else folder.parent  # as of a subject, one for all its clips
        named = missing
        while not named.parent.is_dir():
            named = named.parent
        others = (path.name for path in visible(named.parent))
        near = nearest(named.name, (other for other in others if _numbers(other) == _numbers(named.name)))
        raise DataError(f"{missing}: is not there; the annotation names it{near}")
    frames: dict[int, Path] = {}
    for path, match in ((path, pattern.fullmatch(path.name)) for path in visible(folder)):
        if match is None:
            continue
        if (number := int(match["number"])) in frames:
            raise DataError(f"{folder}: frame {number} is there twice, {frames[number].name} and {path.name}")
        if owner is not None and match["owner"] != owner:
            raise DataError(f"{path}: must be a frame of {owner}, not of {match['owner']}")
        frames[number] = path
    if not frames:
        names = shorten(path.name for path in visible(folder)) or "nothing"
        raise DataError(f"{folder}: holds no frames named like {example_name(pattern)}, found {names}")
    return frames


def example_name(pattern: re.Pattern[str]) -> str:
    """Return an example of a frame's name, such as img1.jpg, without optional parts and with the first suffix."""
    # not a general inverse: of the syntax that layouts use, groups, alternatives, `?` and digits
    name = re.sub(r"\(\?:[^()]*\)\?|\w\?", "", pattern.pattern)
    name = re.sub(r"\(\?P<\w+>([^()]*)\)", r"\1", re.sub(r"\(\?:([^|()]*)[^()]*\)", r"\1", name))
    return re.sub(r"\\d(?:\{(\d)\}|\+)", lambda digits: "1".zfill(int(digits[1] or 1)), name).replace("\\.", ".")


def describe_gaps(frames: dict[int, Path]) -> str:
    """Return "frame 25 is missing between 20 and 30, 2 of 11 are"; "" if none is missing."""
    first, last = min(frames), max(frames)
    looked_at = range(first, min(last, first + len(frames) + 1000))  # a slip in a name must not make millions
    if missing := [number for number in looked_at if number not in frames]:
        return f"frame {missing[0]} is missing between {first} and {last}, {len(missing)} of {last - first + 1} are"
    return ""


def _numbers(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", name)]


def check_clips(
    root: Path, clips: Sequence[Clip], frame: re.Pattern[str] | None, problems: list[str] | None
) -> list[str]:
    """Return notes on strays among the frames; raise DataError for two clips of one id, or append it to `problems`."""
    notes, others = list[str](), 0
    if frame is not None:
        for folder in dict.fromkeys(root / clip.folder for clip in clips):
            names = sorted(path.name for path in folder.iterdir() if not frame.fullmatch(path.name))
            kinds = {name: mimetypes.guess_type(name)[0] or "" for name in names}  # thousands are not opened for a note
            pictures = [name for name in names if not is_hidden(Path(name)) and kinds[name].startswith("image/")]
            others += len(names) - len(pictures)
            if pictures:  # as "img46 (1).jpg"
                notes.append(f"{folder}: {shorten(pictures)}: not named like a frame, passed over")
    if others:
        notes.append(f"{root}: files among the frames that are no pictures: {others}, passed over")
    for clip, other in duplicates(clips):
        with collect_errors(problems):
            raise DataError(f"clip {clip.id} must be there once, not in {clip.folder} and {other.folder}")
    return notes


def check_spellings(root: Path, clips: Iterable[Clip]) -> None:
    """Raise DataError for a subject that is spelt in two ways, or could be."""
    folders = {clip.subject: clip.folder for clip in clips}
    subjects = Subjects(folders)
    for name, folder in folders.items():
        if (other := subjects.name(subjects.key(name))) != name:
            both = f"{other!r} ({folders[other]}) and {name!r} ({folder})"
            raise DataError(f"{root}: subjects {both} must be spelt the same")


def unread_unit_notes(root: Path, codes: Sequence[tuple[str, str]], what: str) -> Iterator[str]:
    """Yield a note on each code of action units, given after the id of its clip, that is not understood."""
    ids: dict[str, list[str]] = {}
    for clip_id, units in codes:
        for code in facs.unread(units):
            ids.setdefault(code, []).append(clip_id)
    for code, names in sorted(ids.items()):
        expected = "action units must be coded like 1+L2, A12, R12B or (R6 or R12)+R15"
        passed_over = f"passed over in {len(names)} of {len(codes)} {what}, {names[0]} for one"
        yield f"{root}: {expected}, not {code!r}, which is {passed_over}"


def duplicates(clips: Sequence[Clip]) -> Iterator[tuple[Clip, Clip]]:
    """Yield pairs of the first clip of an id and each later clip with the same id."""
    first: dict[str, Clip] = {}
    for clip in clips:
        if clip.id in first:
            yield first[clip.id], clip
        first.setdefault(clip.id, clip)


def count_clips(clips: Sequence[Clip]) -> Counts:
    """Return the counts of clips; AU-based classes are None if no clip has one."""
    labels, emotions = Counter(clip.label for clip in clips), Counter(clip.emotion for clip in clips)
    classes = Counter(clip.objective_class for clip in clips if clip.objective_class is not None)
    return Counts(
        clips=len(clips),
        subjects=len({clip.subject for clip in clips}),
        megc2019=(labels[0], labels[1], labels[2]),
        objective=tuple(classes[label] for label in OBJECTIVE) if classes else None,
        emotions=dict(sorted(emotions.items())),
    )


def count_videos(videos: Sequence[LongVideo]) -> Counts:
    """Return the counts of long videos and of the expressions in them."""
    kinds = Counter(e.kind for video in videos for e in video.expressions)
    emotions = Counter(e.emotion for video in videos for e in video.expressions if e.kind == "micro" and e.emotion)
    subjects = {video.clip.subject for video in videos}
    return Counts(
        len(videos), len(subjects), emotions=dict(sorted(emotions.items())) or None, micro=kinds["micro"],
        macro=kinds["macro"],
    )  # fmt: skip


def compare_counts(actual: Counts, published: Counts, *releases: Counts) -> str:
    """Describe the counts that differ from the published ones; "" if none does, or if they are those of a release.
    Where clips or subjects differ, these alone: all others follow from them. AU-based classes may be missing, and so
    may the emotions in long videos: not every copy has their workbook."""
    if any(not compare_counts(actual, release) for release in releases):
        return ""
    names = [field.name for field in fields(Counts) if getattr(published, field.name) is not None]
    missing = [name for name in ("objective", "emotions") if getattr(actual, name) is None]
    names = [name for name in names if getattr(actual, name) != getattr(published, name) and name not in missing]
    names = [name for name in names if name in ("clips", "subjects")] or names
    expected_text, actual_text = (
        "; ".join(_line(name, getattr(counts, name), counts) for name in names) for counts in (published, actual)
    )
    return f"must hold {expected_text}, but found {actual_text}" if names else ""


def count_lines(counts: Counts) -> Iterator[str]:
    """Yield a line for each count that is not None."""
    for field in fields(Counts):
        if (value := getattr(counts, field.name)) is not None:
            yield _line(field.name, value, counts)


def count_units(clips: Sequence[Clip], published: Sequence[int] | None) -> str:
    """Return a line on the clips that show each unit, with the published counts in brackets; "" without any code."""
    labels = [evaluated(clip.action_units) for clip in clips]
    coded = [label for label in labels if any(value != UNKNOWN for value in label)]
    if not coded:
        return ""
    counts = [sum(value == 1 for value in column) for column in zip(*coded, strict=True)]
    words = [f"AU{number} {count}" for number, count in zip(EVALUATED, counts, strict=True)]
    if published:
        words = [f"{word} ({count})" for word, count in zip(words, published, strict=True)]
    return f"action units of {len(coded)} coded clips{' (published)' * bool(published)}: {', '.join(words)}"


def _line(name: str, value: object, counts: Counts) -> str:
    is_long = counts.micro is not None or counts.macro is not None
    if isinstance(value, dict):
        listed = ", ".join(f"{key} {count}" for key, count in value.items())
        return f"{'emotions of micro-expressions' if is_long else name} {listed}"
    if isinstance(value, tuple):
        names = {"megc2019": f"MEGC2019 {'/'.join(LABELS)}", "objective": "AU-based classes 1 to 7"}
        return f"{names[name]} {'/'.join(map(str, value))}"
    words = {"clips": "videos", "micro": "micro-expressions", "macro": "macro-expressions"} if is_long else {}
    return f"{value} {words.get(name, name)}"
