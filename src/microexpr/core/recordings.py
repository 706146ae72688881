"""Tell which recording is meant: by paths and names as tables, programs of coders and people write them.

The only place that compares such names. A path's end stands for the whole where no other recording has it; the suffix
of a video may be missing. Folders and subjects count: s01/take and s02/take are two, so are take of m1 and of f1."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain, takewhile
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import unquote

from microexpr.core.errors import DataError, nearest
from microexpr.core.files import VIDEO_SUFFIXES
from microexpr.core.subjects import Subjects, composed, folded, form

K = TypeVar("K")
WHOLE = 1000  # rank of a path that is equal
Whole = tuple[str, tuple[str, ...]]  # root and parts of a path


def bare(name: str) -> str:
    """Return a name without the suffix of a video; any other dot belongs to it."""
    return name.removesuffix(suffix) if (suffix := Path(name).suffix).lower() in VIDEO_SUFFIXES else name


class Name(NamedTuple):
    """The name of a recording in a file."""

    path: str  # or its end; "" if it says nothing
    subject: str = ""
    source: str = ""  # the file that says so
    where: str = ""  # and its row
    is_row: bool = False  # whether a row says so, and not the name of the file
    coder: str = ""  # who marked it
    folder: str = ""  # that holds the file, among others of the coder

    def __str__(self) -> str:
        return " of ".join(filter(None, [self.path or "a recording without a name", self.subject]))


class _Parts(NamedTuple):
    """A path as folders and name, without the suffix."""

    all: tuple[str, ...]
    suffix: str
    root: str  # of an absolute path: /, or a drive, c:

    @property
    def whole(self) -> Whole:
        return self.root, self.all

    def ends(self, other: "_Parts") -> bool:
        return self.all == other.all[len(other.all) - len(self.all) :]


def local(path: str) -> str:
    """Return a path with / between its parts; of a file's address, file:///C:/my%20films, its path."""
    text = path.strip().replace("\\", "/")
    if text[:5].lower() == "file:":
        text = "/" + unquote(text[5:]).removeprefix("//localhost").lstrip("/")
    return composed(re.sub(r"^/(?=[A-Za-z]:/)", "", text))


@lru_cache(maxsize=2**16)
def _parts(path: str) -> _Parts:
    text = local(path)
    root = match[0].lower() if (match := re.match(r"[A-Za-z]:(?=/)|/", text)) else ""
    text = text.removeprefix(match[0] if match else "")
    *folders, last = [part for part in text.split("/") if part not in ("", ".")] or [""]
    name = bare(last)
    return _Parts((*folders, name) if name else (), last[len(name) :].lower(), root)


def group(names: Iterable[Name], subjects: Subjects) -> list[list[Name]]:
    """Return names of one set in groups, one for each recording, in the order of their first names.

    Whole paths of one file and coder are of one recording if they are equal. Those of two, as of two machines, and
    files of two folders are if each is the only one of its side with as many folders in common; `taken_as_one` notes it
    of whole paths. Two files of one folder are of two. Raises DataError for a name that could be of two recordings, for
    two that differ in case, zeros or signs alone, and for a path without a subject in the folder of another's."""
    names = list(dict.fromkeys(names))
    parts, by = {n: _parts(n.path) for n in names}, {n: (n.folder or n.source, n.coder) for n in names}
    suffixes: dict[tuple[tuple[str, str], tuple[str, ...]], set[str]] = {}
    wholes: dict[tuple[tuple[str, str], tuple[str, ...]], set[Whole]] = {}  # by side and end, also files
    for name, of in parts.items():
        suffixes.setdefault((by[name], of.all), set()).add(of.suffix)
        for i in range(max(1, len(of.all))) if of.root or name.folder else ():
            wholes.setdefault((by[name], of.all[i:]), set()).add(of.whole)
    counted = {path for (_, path), several in suffixes.items() if len(several - {""}) > 1}  # take.avi and take.mp4

    @cache
    def nearest_of(name: Name, side: tuple[str, str]) -> set[Whole]:
        """Return the whole paths of a side that have most in common with another's name, the folder too, or files."""
        of = parts[name]
        if of.whole in wholes.get((side, of.all), ()):
            return {of.whole}
        ends = (of.all[i:] for i in range(len(of.all) - bool(of.root)))
        return next((wholes[side, end] for end in ends if (side, end) in wholes), set())

    def agree(a: Name, b: Name) -> bool:
        short, long = sorted((parts[a], parts[b]), key=lambda of: len(of.all))
        are_absolute = bool(short.root and long.root)
        is_one = are_absolute or short.ends(long)
        if are_absolute or (a.folder and b.folder):
            is_one &= parts[b].whole in nearest_of(a, by[b]) and parts[a].whole in nearest_of(b, by[a])
        if not is_one or (a.folder == b.folder != "" and a.source != b.source):
            return False
        if {short.all, long.all} & counted and len({short.suffix, long.suffix} - {""}) > 1:
            return False
        return may_be_of_one_subject(a, b, subjects)

    loose = {name: _alike(of.all) for name, of in parts.items()}
    by_end, same, position = dict[str, list[Name]](), dict[str, list[Name]](), {n: i for i, n in enumerate(names)}
    of_whole = dict[Whole, list[Name]]()
    for name in names:
        same.setdefault(loose[name], []).append(name)
        of_whole.setdefault(parts[name].whole, []).append(name)
        for end in _ends(loose[name]):
            by_end.setdefault(end, []).append(name)
    nameless, sides = same.get("", []), {*by.values()}

    def likely(name: Name) -> list[Name]:
        """Return the names that could be of a name's recording: one path ends with the other, or both are whole."""
        nearest = (whole for side in sides if parts[name].root for whole in nearest_of(name, side))
        others = [of_whole[whole] for whole in nearest] + [same.get(end, []) for end in _ends(loose[name])]
        return [*sorted({*by_end[loose[name]], *chain(*others)}, key=position.__getitem__), *nameless]

    candidates = {name: likely(name) if loose[name] else names for name in names}
    alikes = {name: [other for other in candidates[name] if other == name or agree(name, other)] for name in names}
    alone = {name for name, alike in alikes.items() if {by[other] for other in alike} == {by[name]}}

    def could_be_one(a: Name, b: Name) -> str:
        """Return what to write where two names that do not agree may still mean one recording; "" where they cannot."""
        if parts[a].all == parts[b].all or (a.folder and a.folder == b.folder):
            is_one_path = parts[a] == parts[b] and not (a.subject and b.subject)
            return "give both the subject" * (is_one_path and not may_be_of_one_subject(a, b, subjects))
        short, long = sorted((loose[a], loose[b]), key=len)
        is_end = f"/{long}".endswith(f"/{short}") and {a, b} <= alone and not (parts[a].root and parts[b].root)
        return "spell it the same" * ((short == long or is_end) and may_be_of_one_subject(a, b, subjects))

    for name, alike in alikes.items():
        for i, first in enumerate(alike):
            if other := next((other for other in alike[i + 1 :] if not agree(first, other)), None):
                advice = f"rows must give the path, or the subject{_place(name)}"
                raise DataError(f"{name} could be {first} or {other}: {advice}")
        for other in candidates[name]:
            if other not in alike and (advice := could_be_one(name, other)):
                raise DataError(f"{name}{_place(name)} and {other}{_place(other)} could be one recording: {advice}")
    return list({frozenset(alike): alike for alike in alikes.values()}.values())


def taken_as_one(names: Sequence[Name]) -> list[str]:
    """Return a line on the names of one recording whose whole paths differ."""
    first = {_parts(name.path).whole: name for name in names[::-1] if _parts(name.path).root}
    listed = " and ".join(f"{name.path}{_place(name)}" for name in reversed(first.values()))
    return [f"{listed} are taken as one recording"] * (len(first) > 1)


def _ends(path: str) -> list[str]:
    """Return a path without its first folders, each time one more."""
    return [path, *(path[match.end() :] for match in re.finditer("/", path))]


def _alike(parts: Sequence[str]) -> str:
    """Return a path that is equal for paths that differ in case, signs or zeros alone, as 1.0 and 01 do."""
    return "/".join(form(re.sub(r"^(\d+)[.,]0+$", r"\1", folded(part))) for part in parts)


def last(path: str) -> str:
    """Return the last part of a path, equal for all that could be of one recording: Take1.mp4 and x/take01."""
    return _alike(_parts(path).all[-1:])


def _rank(path: _Parts, query: _Parts) -> int:
    """Return how well a path that is there answers to a query: the higher the better, 0 for not at all. An absolute
    query ends with the path; of another machine's it has the folder and name."""
    if path.whole == query.whole:
        return WHOLE
    if not query.root:
        return int(query.ends(path))
    from_last = zip(path.all[::-1], query.all[::-1], strict=False)
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], from_last))
    return 1 + common if (common > 1 if path.root else path.ends(query)) else 0


def _place(name: Name) -> str:
    return f" ({name.where or name.source})" if name.where or name.source else ""


def may_be_of_one_subject(a: Name, b: Name, subjects: Subjects) -> bool:
    """Return whether two names may be of one subject, by their own or by the folders of a path that has none."""
    if not a.subject:
        a, b = b, a
    if not a.subject:
        return True
    key = subjects.key(a.subject)
    if b.subject:
        return key == subjects.key(b.subject)
    *folders, _ = _parts(b.path).all or ("",)
    for folder in folders:
        if keys := subjects.find_folder(folder):
            return key in keys
    far = len(folders) - 1 if _parts(b.path).root else 0
    return not any(subjects.is_of_other(folder, key, i < far) for i, folder in enumerate(folders))


class Recordings(Generic[K]):
    """Recordings that are there, by their paths; a name from elsewhere is one of them."""

    def __init__(
        self, paths: Mapping[K, Sequence[str]], of: Mapping[K, str] | None = None, subjects: Subjects | None = None
    ) -> None:
        """Take the paths below one folder, or further names, of each recording, and its subject where it is known."""
        self._paths = {key: [_parts(path) for path in several] for key, several in paths.items()}
        self._texts, self._of = paths, dict(of or {})
        self._folders = {folder for several in self._paths.values() for of in several for folder in of.all[:-1]}
        self._has_folder = dict[str, bool]()  # by the name of a subject
        self._absolute = dict[K, tuple[str, str]]()  # by which a recording was found, and where
        self._subjects = subjects or Subjects(filter(None, self._of.values()))

    def find(self, name: str, subject: str = "") -> list[K]:
        """Return those that a path or name may mean, of a subject if one is given: one where that is certain. A whole
        path comes before the end of one. An absolute path is that which it ends with."""
        query = _parts(name)
        owners = next(filter(None, map(self._subjects.find_folder, query.all[-2::-1])), [])
        by_rank: dict[int, list[K]] = {}
        for key, several in self._paths.items():
            if owners and key in self._of and self._subjects.key(self._of[key]) not in owners:
                continue  # the name is in another subject's folder
            ranks = [_rank(of, query) for of in several if not query.suffix or of.suffix in ("", query.suffix)]
            by_rank.setdefault(max(ranks, default=0), []).append(key)
        for rank in sorted({*by_rank} - {0}, reverse=True):
            keys = by_rank[rank]
            is_whole = rank == WHOLE and len(keys) == 1 and keys[0] not in self._of  # its folder may be called anything
            if matches := keys if is_whole or not subject else self._of_subject(keys, subject):
                return matches
        return []

    def find_one(self, name: str, subject: str, where: str, what: str) -> K:
        """Return the one that is meant. Raises DataError for none, for several, and for two absolute paths of one."""
        matches = self.find(name, subject)
        if len(matches) == 1:
            key, row = matches[0], (name, where)
            other, other_row = self._absolute.setdefault(key, row) if _parts(name).root else row
            if _parts(other).whole != _parts(name).whole:
                paths_of_one = f"{self._texts[key][0]} could be {other} ({other_row}) or {name} ({where})"
                raise DataError(f"{what} must be one, but {paths_of_one}: give the end of its path")
            return key
        paths = {key: self._texts[key][0] for key in matches or self._texts}
        of = f" of {subject}" if subject else ""
        if matches:
            names = ", ".join(sorted(map(str, paths.values()))[:4])
            raise DataError(f"{what} must be one, but {name!r}{of} could be {names}: give its path ({where})")
        near = nearest(name, [text for several in self._texts.values() for text in several])
        listed = ", ".join(sorted(paths.values())[:4]) + ", ..." * (len(paths) > 4)
        raise DataError(f"{what} must be one of {listed}, not {name!r}{of}{near} ({where})")

    def _of_subject(self, keys: Sequence[K], name: str) -> list[K]:
        """Return the recordings that are a subject's, else those that may be: of none that is known, nor another's."""
        certain, possible, alone = list[K](), list[K](), Subjects([name])
        subject_keys, subject = self._subjects.find(name), alone.keys[0]
        if name not in self._has_folder:
            self._has_folder[name] = any(map(alone.find_folder, self._folders))
        for key in keys:
            folders = [folder for of in self._paths[key] for folder in of.all[:-1]]
            if owner := self._of.get(key):
                certain += [key] * (self._subjects.key(owner) in subject_keys)
            elif any(alone.find_folder(folder) for folder in folders):
                certain.append(key)
            elif not self._has_folder[name] and not any(alone.is_of_other(folder, subject) for folder in folders):
                possible.append(key)
        return certain or possible
