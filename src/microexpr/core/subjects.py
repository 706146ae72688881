"""Tell who is who: which names of subjects, as people and programs spell them, are of one person.

The only place that compares such names. A name is understood among all names at hand, since "1.0" is 1 where a
spreadsheet program has added the zero to every number, and no whole number next to "1.1". Imports errors alone."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from microexpr.core.errors import DataError, nearest

ADVICE = "spell one person the same everywhere, or give two people names that differ in more than that"
WORDS = dict.fromkeys(("s", "sub", "subj", "subject", "spno", "id"), "s") | dict.fromkeys(
    ("p", "pp", "participant", "vp", "vpn", "proband"), "p"
)  # before the number of a subject -> the shortest word for the same
TIMES = {"t", "d", "w", "v"}  # before the number of a time point, day, week or visit, where they are no subject's
NOBODY = (
    "", "-", "--", "/", "?", ".", "na", "n/a", "#n/a", "n.a.", "<na>", "nan", "nat", "none", "null", "missing",
    "unknown", "no focal subject",
)  # fmt: skip
Part = str | int  # of a name: letters, or a number
OTHER = r"[\s_.,:;/()#'-]"  # characters of names that are neither
PLAIN = str.maketrans("\u2018\u2019\u02bc\u2032\u00b4`\u2212", "''''''-")  # apostrophes and minus of keyboards


def composed(text: str) -> str:
    """Return a text whose letters have their accents as keyboards write them; macOS stores names of files otherwise."""
    return unicodedata.normalize("NFC", text)


def folded(name: Any) -> str:
    """Return a name without blanks at its ends, in one case and one form of Unicode: "ANNA " and "anna" are equal."""
    text = unicodedata.normalize("NFKC", str(name).translate(PLAIN))
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = "".join("-" if unicodedata.category(c) == "Pd" else c for c in text)
    return " ".join(unicodedata.normalize("NFKC", text.casefold()).split())


def stated(name: Any) -> str:
    """Return a name as text without blanks at its ends; "" for a word that stands for an empty cell."""
    return "" if folded(name) in NOBODY else str(name).strip()


def could_be_name(word: str) -> bool:
    """Return whether a word that stands for an empty cell is written as names are: Nan, None."""
    return stated(word) == "" and word.strip().istitle() and word.strip().isalpha()


def data_set_key(name: Any) -> str:
    """Return what tells a data set from others: letters and digits, a Roman II or III as 2 or 3 (CASME II, casme_2)."""
    return re.sub(r"(?<!i)i{2,3}$", lambda match: str(len(match[0])), re.sub(r"[\W_]+", "", folded(name)))


def key_of(name: Any) -> str:
    """Return what tells a subject from others where one name alone is at hand."""
    return Subjects([name]).keys[0]


class Subjects:
    """The subjects of a set of names. Names are one subject's if they are equal but for case, blanks at their ends,
    forms of Unicode, zeros before a number, and a fraction of zeros that all decimals have. m1 and f1 are two."""

    def __init__(self, names: Iterable[Any] | Mapping[Any, str], what: str = "subjects", advice: str = ADVICE) -> None:
        """Take all names at hand, and where each stands, if that is known.

        Raises DataError naming two that could be one person: equal but for other characters than letters and digits
        (s-1 and s1), as numbers (1.1 and 1.10) or but for a data set (s1 and casme2/s1), a number that another name has
        after letters (1 and s1), or one after two words for a subject (s1 and sub01, P01 and Participant 1)."""
        self._what = what
        items = names.items() if isinstance(names, Mapping) else ((name, "") for name in names)
        self._where = {name: f" ({where})" if where else "" for name, where in items}
        decimals = [text for name in self._where if re.fullmatch(r"\d+\.\d+", text := _with_point(name))]
        self._drops_fractions = all(text.rstrip("0").endswith(".") for text in decimals)
        self._names: dict[str, list[Any]] = {}  # by key, in their order
        self._found: dict[str, list[str]] = {}  # by key of a name from elsewhere
        for name in self._where:
            self._names.setdefault(self.key(name), []).append(name)
        keys = [*self._names]
        first: dict[tuple[Part, ...], str] = {}
        for key in sorted(keys, key=lambda key: len(_parts(key))):
            for likely in _likely(key):
                if (other := first.setdefault(likely, key)) != key and _could_be(key, other):
                    both = " and ".join(f"{str(n)!r}{self._where[n]}" for n in (self.name(other), self.name(key)))
                    raise DataError(f"{what} {both} could be one person: {advice}")

    def key(self, name: Any) -> str:
        """Return what tells a subject from others; equal for all names of one."""
        return _key(str(name), self._drops_fractions)

    def name(self, key: str) -> Any:
        """Return the first name of a subject in the set."""
        return self._names[key][0]

    def text(self, key: str) -> str:
        """Return that name as text, without blanks at its ends and the fraction of a whole number."""
        name = str(self.name(key)).strip()
        return re.sub(r"^(\d+)(\.0+|,00?)$", r"\1", name) if self._drops_fractions else name

    @property
    def keys(self) -> list[str]:
        """The key of each subject, in the order of first names."""
        return [*self._names]

    @property
    def notes(self) -> list[str]:
        """A line on each subject whose names differ in more than case and blanks."""
        lines = []
        for names in self._names.values():
            if len({folded(name) for name in names}) > 1:
                spellings = " and ".join(f"{str(name)!r}{self._where[name]}" for name in names)
                lines.append(f"{self._what} {spellings} are taken as one")
        return lines

    def find(self, name: Any) -> list[str]:
        """Return the keys of the subjects that a name from elsewhere may be of: of one where that is certain. A number
        alone is the subject with it after letters, and the reverse; sub01 is s1; only letters and digits count."""
        key = self.key(name)
        if key not in self._found:
            likely = [key] if key in self._names else [other for other in self._names if _could_be(key, other)]
            self._found[key] = likely
        return self._found[key]

    def find_folder(self, folder: str) -> list[str]:
        """Return the keys of the subjects whose a folder is for certain: day1 may be anything, sub01 is 1 or s1."""
        parts = _parts(self.key(folder))
        words = {key: {part for part in (*parts, *_parts(key)) if isinstance(part, str)} for key in self.find(folder)}
        return [key for key in words if _parts(key) == parts or words[key] <= {*WORDS}]

    def find_one(self, name: Any, where: str) -> str:
        """Return the key of the subject that a name from elsewhere is of. Raises DataError for none and for several."""
        keys = self.find(name)
        if len(keys) == 1:
            return keys[0]
        names = [str(self.name(key)) for key in keys or self._names]
        listed = ", ".join(names[:6]) + ", ..." * (len(names) > 6)
        if keys:
            raise DataError(f"subject {str(name)!r} could be each of {listed}: it must say which ({where})")
        raise DataError(f"a subject must be one of {listed}, not {str(name)!r}{nearest(str(name), names)} ({where})")

    def is_of_other(self, folder: str, key: str, is_far: bool = False) -> bool:
        """Return whether a folder, or the beginning of its name as in s02_day1, is called like another subject. It is
        where it has the name of one of the set, or the form of the key's: letters and a number, or that alone. One that
        is far from the recording, as /home/ab12 is, must also have the key's word, or one for a subject."""
        other = self.key(folder)
        if other in self._names:
            return other != key
        parts = [other, *re.findall(r"^[^\W\d_]+\d+(?=[\W_])", other)]
        is_own = any(part == key or _could_be(part, key) for part in parts)
        return not is_own and any(_is_other(_parts(part), _parts(key), is_far) for part in parts)


def _is_other(folder: tuple[Part, ...], subject: tuple[Part, ...], is_far: bool) -> bool:
    """Return whether a folder has the form of a subject's name and is not it: of the same word, or as short a code.
    Other words, as in session1 or t1, and longer numbers, such as years and rates, may be anything."""
    match folder, subject:
        case (int(n),), (int(number),):
            return not is_far and n != number and (n < 100 or len(str(n)) == len(str(number)))
        case (str(word), int(n)), (int(number),):
            return word in WORDS and n != number
        case (str(word), int(n)), (str(other), int(number)):
            are_codes = not is_far and len(word) == len(other) < 3 and not {word, other} & {*WORDS, *TIMES}
            return folder != subject if are_codes else n != number and WORDS.get(word, word) == WORDS.get(other, other)
    return False


def _could_be(key: str, other: str) -> bool:
    """Return whether two subjects of different keys may be one person."""
    a, b = sorted((_parts(key), _parts(other)), key=len)
    if a == b or _decimal(key) == _decimal(other):
        return key != other
    (dataset, _, name), (other_dataset, _, other_name) = key.rpartition("/"), other.rpartition("/")
    if dataset != other_dataset:
        return not (dataset and other_dataset) and (name == other_name or _could_be(name, other_name))
    if dataset:
        return _could_be(name, other_name)
    match a, b:
        case ((int(n),), (str(), int(number))):
            return n == number
        case ((str(word), int(n)), (str(other_word), int(number))):
            return n == number and WORDS.get(word, word) == WORDS.get(other_word, other_word)
    return False


@lru_cache(maxsize=2**16)
def _key(name: str, drops_fractions: bool) -> str:
    text = _with_point(name)
    if drops_fractions and re.fullmatch(r"\d+\.0+", text):
        text = text.partition(".")[0]
    dataset, slash, name_there = text.rpartition("/")  # casme2/sub01 is CASME II/sub01
    text = f"{data_set_key(dataset)}/{name_there}" if slash else text
    return re.sub(r"(?<!\d)(?<!\d\.)0+(?=\d)", "", text)  # zeros before a number; those of a fraction stay


def _with_point(name: Any) -> str:
    """Return a folded name; a number with a decimal comma, 1,0, with a point."""
    return re.sub(r"(?<=\d),(?=\d\d?$)", ".", text) if re.fullmatch(r"\d+,\d+", text := folded(name)) else text


def _decimal(key: str) -> str:
    """Return a key without zeros at the end of a decimal number, as spreadsheet programs write it."""
    return key.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", key) else key


@lru_cache(maxsize=2**16)
def _parts(key: str) -> tuple[Part, ...]:
    """Return letters and numbers of a key, in their order, without other characters; those between digits divide."""
    text = re.sub(rf"(?<!\d){OTHER}+|{OTHER}+(?!\d)", "", key)
    return tuple(int(part) if part.isdecimal() else part for part in re.findall(rf"\d{{1,999}}|[^\d{OTHER[1:]}+", text))


def form(name: str) -> str:
    """Return a name without the characters that are neither letters nor digits, and zeros before its numbers."""
    return " ".join(map(str, _parts(name))) or name


def _likely(key: str) -> list[tuple[Part, ...]]:
    """Return the forms in which two keys that could be one person meet."""
    dataset, _, name = key.rpartition("/")
    if dataset:
        return [_parts(key), *_likely(name), *((dataset, *likely) for likely in _likely(name))]
    match parts := _parts(key):
        case (str(), int(number)):
            return [parts, (number,), (WORDS.get(str(parts[0]), parts[0]), number)]
    return [parts, _parts(_decimal(key))]
