"""Find the videos and pictures that paths of a user name, by content: every unread file has a reason as text.

Folders are walked. Hidden files, results of this program, files of coders and companion files of a recording, as
`take.wav` of `take.mp4`, are left out without a word."""

import mimetypes
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple

from microexpr.core import outputs
from microexpr.core.errors import DataError, printable
from microexpr.core.files import DEEPEST, SPECIAL, is_hidden, visible
from microexpr.videos import container, picture
from microexpr.videos.frames import by_number
from microexpr.videos.picture import HEIF, SIGNATURES, describe_content

Kind = Literal["video", "frames", "pictures", "picture", "other"]
Seek = Literal["videos", "pictures", "each picture"]
OF_CODERS = (".eaf", ".textgrid", ".csv")  # endings of what they write
START = 4096  # bytes of a file that are looked at
DAMAGED = (b"\x1a\x45\xdf\xa3", b"\x00\x00\x01\xba", b"FLV\x01")  # first bytes of videos; those of others are below
KIND_BY_NAME: dict[str, Kind] = {"video": "video", "image": "picture"}  # first part of a MIME type
A_VIDEO, A_PICTURE = "a video, where pictures are read", "a picture, where videos are read"
SERIES = "{} pictures: --fps N reads them as the frames of one video"
SERIES_OR_EACH = f"{SERIES}, --pictures each by itself"


class Item(NamedTuple):
    """A file or folder, and why it is not read."""

    path: Path
    kind: Kind
    reason: str = ""  # "" if it is read
    base: Path | None = None  # the folder of the user's in which it was found

    @property
    def source(self) -> str:
        """The path, the same however the user wrote it."""
        return outputs.source_of(self.path)

    @property
    def name(self) -> str:
        """The path below the user's folder, "P03/take.mp4", in characters that every file can hold."""
        base = self.base or self.path
        name = Path(self.source).name if self.path == base else str(self.path.relative_to(base))
        return printable(name).replace("\n", "\\n")


def find(
    paths: Sequence[Path], seek: Seek, fps: float | None = None, out: Path | None = None, picture_too: bool = False
) -> list[Item]:
    """Return what paths name, each once, in their order.

    In folders `seek` is read: videos, each folder of pictures, or each picture. A folder of pictures alone is a video
    if `fps` says how many a second it has. `picture_too` are the user's own choice of pictures next to videos. The
    output folder `out` is passed over. Raises DataError for a path that is not there or is named twice, and if there is
    nothing."""
    check_distinct(paths)
    search, named = _Search(seek, fps, out, picture_too), list[Path]()
    for path in paths:
        if os.path.lexists(path):
            named.append(path)
        elif "*" not in str(path):
            raise DataError(f"{path}: is not there")
        else:  # no shell has expanded it
            matches = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
            if not (matches := [match for match in matches if not is_hidden(match)]):
                raise DataError(f"{path}: matches nothing")
            named += matches
    order = {path: i for i, path in enumerate(named)}
    single = [path for path in order if not path.is_dir()]
    items = [(order[item.path], item) for item in search.choose(single, None)]
    items += [(order[path], item) for path in order if path.is_dir() for item in search.walk(path)]
    if not items:
        raise DataError(f"{paths[0]}: must be a video, a picture or a folder with any, not one without")
    return once(item for _, item in sorted(items, key=lambda pair: pair[0]))


def once(items: Iterable[Item]) -> list[Item]:
    """Return items by their paths, each once. A file or folder that a link to it names too is read once, and pictures
    of a folder that is read are not again."""
    result = [*{item.source: item for item in reversed([*items])}.values()][::-1]
    folders = {item.source: item.path for item in result if item.kind in ("frames", "pictures") and not item.reason}
    first = dict[tuple[int, int], Path]()
    for i, item in enumerate(result):
        if item.reason:
            continue
        if item.kind == "picture" and (folder := folders.get(str(Path(item.source).parent))):
            result[i] = item._replace(reason=f"is read with {folder}")
        elif item.path.exists():
            status = item.path.stat()
            if (other := first.setdefault((status.st_dev, status.st_ino), item.path)) != item.path:
                result[i] = item._replace(reason=f"is the same as {other}")
    return result


def check_distinct(paths: Iterable[str | PathLike[str]]) -> None:
    """Raise DataError for a path that is named twice, however it is written."""
    first: dict[str, Path] = {}
    for path in map(Path, paths):
        source = outputs.source_of(path)
        if source in first:
            raise DataError(f"{path}: must be named once, not twice (as {first[source]} before)")
        first[source] = path


def pictures(folder: Path) -> list[Path]:
    """Return the pictures in a folder by the numbers in their names, with unreadable files named like pictures."""
    return sorted((path for path in _content(folder)[0] if sniff(path)[0] == "picture"), key=by_number)


def sniff(path: Path) -> tuple[Kind, str]:
    """Return the kind of a file, and a description if it is neither video nor picture; reads its header at most. A file
    that is named like a video or picture and cannot be opened counts as one: reading it raises the error."""
    by_name = KIND_BY_NAME.get((mimetypes.guess_type(f"x{path.suffix}")[0] or "").partition("/")[0], "other")
    try:
        status = path.stat()
        if special := SPECIAL.get(stat.S_IFMT(status.st_mode)):
            return "other", special
        with path.open("rb") as file:
            start = file.read(START)
    except OSError as error:
        reason = "a link that leads nowhere" if path.is_symlink() else str(error.strerror)
        return ("other", reason) if path.is_symlink() else (by_name, reason)
    content = describe_content(start, status.st_size)
    is_known = not start or start[4:12] in HEIF or start.lstrip().lower().startswith(tuple(SIGNATURES))
    text = start[:512].decode("utf-8", "ignore")
    is_printable = len(text.encode()) > 0.9 * len(start[:512]) and all(c.isprintable() or c.isspace() for c in text)
    is_text = not is_known and is_printable
    is_video = start[4:8] == b"ftyp" or start[8:12] == b"AVI " or start.startswith(DAMAGED)  # by its first bytes
    if start and picture.is_picture(path):
        return "picture", ""
    if not is_text and (not is_known or start.startswith(b"RIFF")):
        try:
            with container.opened(path):
                return "video", ""
        except container.NoVideo as error:
            content = error.content
            if is_video:
                return "other", content
        except DataError:
            if is_video:
                return "video", ""
    return ("other" if path.suffix.lower() == ".svg" else by_name), "text" if is_text else content


def _content(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the files and the folders in a folder, sorted; hidden ones and results of this program are not there."""
    results = set[str]()
    for manifest in outputs.manifests(folder):
        for name in manifest.files:
            if name != manifest.command or sniff(folder / name)[0] != "video":  # `film` writes videos to be read
                results.add(name.partition("/")[0])
    paths = [path for path in visible(folder) if path.name not in results]
    return [path for path in paths if not path.is_dir()], [path for path in paths if path.is_dir()]


class _Search:
    """Walks folders, none of them twice."""

    def __init__(self, seek: Seek, fps: float | None, out: Path | None, picture_too: bool):
        self._seek, self._fps, self._picture_too = seek, fps, picture_too
        self._seen = {os.path.realpath(out)} if out else set()

    def walk(self, base: Path) -> Iterator[Item]:
        """Yield the contents of a folder and its subfolders; real folders come before links to folders."""
        queue, links = [base], list[Path]()
        while queue or links:
            folder = queue.pop(0) if queue else links.pop(0)
            if folder != base and os.path.realpath(folder) in self._seen:
                continue
            self._seen.add(os.path.realpath(folder))
            try:
                files, folders = _content(folder)
            except OSError as error:
                yield Item(folder, "other", str(error.strerror), base)
                continue
            least = 1 if folder == base and self._fps else 2  # pictures of a video
            items = sorted(self.choose(files, folder, least), key=lambda item: item.path)
            yield from (item._replace(base=base) for item in items)
            if folders and len(folder.relative_to(base).parts) >= DEEPEST:
                yield Item(folders[0], "other", f"a folder in more than {DEEPEST} others", base)
                folders = []
            queue += [path for path in folders if not path.is_symlink()]
            links += [path for path in folders if path.is_symlink()]

    def choose(self, files: Sequence[Path], folder: Path | None, least: int = 0) -> Iterator[Item]:
        """Yield files of a folder, or the folder if its pictures, `least` or more, are one input. Without a folder they
        are the user's own choice."""
        items = [Item(path, *sniff(path)) for path in files]
        images, videos = ([item for item in items if item.kind == kind] for kind in ("picture", "video"))
        if folder and images and self._seek == "pictures":
            yield Item(folder, "pictures")
        elif folder and self._seek == "videos" and len(images) >= least and not videos:
            text = (SERIES_OR_EACH if self._picture_too else SERIES).format(len(images))
            yield Item(folder, "frames") if self._fps else Item(folder, "other", text)
        else:
            is_read = self._seek == "each picture" or (self._picture_too and not folder)
            yield from (item._replace(reason="" if is_read else A_PICTURE) for item in images)
        is_read = self._seek == "videos" or (self._picture_too and not folder)
        yield from (item._replace(reason="" if is_read else A_VIDEO) for item in videos)
        recordings = {(f.path.parent, name) for f in items if f.kind != "other" for name in (f.path.stem, f.path.name)}
        others = [f for f in items if f.kind == "other" and (f.path.parent, f.path.stem) not in recordings]
        yield from (f for f in others if not folder or f.path.suffix.lower() not in OF_CODERS)
