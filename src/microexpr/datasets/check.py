"""Check that a copy on disk is complete and readable: every row, every frame, the published counts. Changes nothing."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError, collect_errors
from microexpr.core.files import regular
from microexpr.datasets import GENERATED, LAYOUTS, flow_folders
from microexpr.datasets.layout import compare_counts, count_clips, count_lines, count_units, count_videos, is_video
from microexpr.datasets.layouts import Layout, own
from microexpr.videos import container, excerpt, timeline
from microexpr.videos.picture import LONGEST, Alterations, depth, describe_size, read

SHORT = 5  # frames; the default of `index.min_frames`
BLACK = 16  # of 255; a frame without a brighter pixel counts as black


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result of a check, in lines for the user. A copy is complete if it has no problems."""

    counts: list[str]
    notes: list[str]  # rows and files that the loader passed over or repaired
    problems: list[str]
    verdict: str = "as published"  # if there are no problems


def check(directory: str | Path) -> CheckReport:
    """Read all of a copy and return a report. The folder's name, data/raw/<dataset>, names the data set.

    The counts of a rendered corpus, data/rendered/<dataset>, are not compared: params.yaml sets its size.

    Raises DataError if the copy cannot be read at all."""
    directory = Path(directory)
    if not directory.is_dir():
        raise DataError(f"{directory}: is not a folder")
    if directory.absolute().name == flow_folders.NAME:  # flow pictures of several data sets, without frames
        problems = list[str]()
        clips, notes = flow_folders.read(directory, problems)
        for clip in clips:
            with collect_errors(problems):
                flow_folders.picture(directory, clip)
        return CheckReport(list(count_lines(count_clips(clips))), notes, problems)
    native, problems, origin = layout_of(directory), list[str](), origin_of(directory)
    if native.kind == "long":
        videos, notes = native.read_videos(directory, origin, problems)
        clips, counts = [video.clip for video in videos], count_videos(videos)
    else:
        clips, notes = native.read(directory, origin, problems)
        counts = count_clips(clips)
    lines = [*count_lines(counts), *filter(None, [count_units(clips, native.units)])]
    if isinstance(native, own.OwnLayout):  # its recordings are checked, not each clip of one
        videos, _ = own.layouts(native.home)[native.home + own.WHOLE].read_videos(directory, origin, problems)
        clips, lines = [video.clip for video in videos], [*lines, *count_lines(count_videos(videos))]
    notes += _check_frames(directory, native, clips, problems)
    if origin == "generated":
        return CheckReport(lines, notes, problems, "readable; rendered, of the size that params.yaml sets (render)")
    if isinstance(native, own.OwnLayout):
        rendered = "; rendered, no person is shown" * any(clip.origin == "generated" for clip in clips)
        return CheckReport(lines, notes, list(dict.fromkeys(problems)), f"readable{rendered}")
    if native.published is None:
        return CheckReport(lines, notes, problems, "readable; no counts are published to compare with")
    if difference := compare_counts(counts, native.published, *native.releases):
        problems.append(f"{directory}: {difference}")
    return CheckReport(lines, notes, list(dict.fromkeys(problems)))


def origin_of(directory: Path) -> Origin:
    """Return the origin of a data set by the folder that it is in."""
    return "generated" if directory.absolute().parent.name == GENERATED.name else "licensed"


def layout_of(directory: Path) -> Layout:
    """Return the layout of a copy by its folder's name; of an own data set, which may lie anywhere, if none has it."""
    name = directory.absolute().name
    if name in LAYOUTS:
        return LAYOUTS[name]
    if not own.NAME.fullmatch(name):
        raise DataError(f"{directory}: must be one of {', '.join(LAYOUTS)}, or {own.RULE}, not {name}")
    return own.layouts(name)[name]


def _check_frames(root: Path, native: Layout, clips: Sequence[Clip], problems: list[str]) -> Iterator[str]:
    """Yield notes on the frames of all clips."""
    from tqdm import tqdm

    clip_of_digest: dict[str, Clip] = {}
    for clip in tqdm(clips, desc="reading every frame", unit="clip", disable=None, leave=False):
        with collect_errors(problems):
            files = list(dict.fromkeys(native.frames(root, clip).values()))
            if native.has_motion and clip.frames < SHORT:
                warning = f"fewer than {SHORT} (index.min_frames, unless you change it) are refused by a run"
                yield f"{root / clip.folder}: frames: {clip.frames}; {warning} (clip {clip.id})"
            count = len(problems)
            longest = LONGEST if native.has_motion else None
            yield from _check_pixels(root / clip.folder, files, longest, problems, clip.frames)
            if len(problems) > count:  # a clip that does not decode is not compared with others
                continue
            # pictures from the web contain duplicates
            # the first file and the sizes of all: clips do not agree in both by chance
            digest = hashlib.sha256(regular(files[0]).read_bytes())
            digest.update(" ".join(str(path.stat().st_size) for path in files).encode())
            other = clip_of_digest.setdefault(digest.hexdigest(), clip) if native.has_motion else clip
            if other.id != clip.id:  # two clips of one id are reported elsewhere
                where = f"{root / clip.folder} and {root / other.folder}"
                problems.append(f"clip {clip.id} must have frames of its own, not those of {other.id} ({where})")


def _check_pixels(
    where: Path, files: Sequence[Path], longest: int | None, problems: list[str], frames: int
) -> Iterator[str]:
    """Yield notes on the pixels of one clip of `frames`, of at most `longest` pixels a side."""
    alterations, seconds, sizes, black = Alterations(), list[float | None](), dict[str, list[str]](), 0
    has_video = is_video(files[0])
    bits = None if has_video else depth(files)
    for path in files:
        with collect_errors(problems):
            if has_video and path.suffix.lower() == ".avi":
                pictures = container.read_all(path, container.measure(path)[0])
            elif has_video:
                pictures = ((None, image) for image in excerpt.read_some(path, range(frames)))
            else:
                pictures = iter([(None, read(path, alterations, longest, bits))])
            for i, (time, picture) in enumerate(pictures):
                seconds += [time] * has_video
                sizes.setdefault(describe_size(picture), []).append(f"frame {i}" if has_video else path.name)
                black += int(picture.max()) < BLACK
    count = sum(map(len, sizes.values()))
    yield from alterations.notes(where, count)
    yield from (f"{where}: {line}" for line in timeline.unevenness(seconds))
    if black:
        yield f"{where}: {black} of {count} frames are black"
    if len(sizes) > 1:
        actual = " and ".join(f"{size} ({len(names)}, {names[0]} for one)" for size, names in sizes.items())
        problems.append(f"{where}: frames must be alike, not {actual}")
