"""The leak check: no prediction counts whose held-out unit was seen upstream. Knows names of clips; no files."""

from collections.abc import Iterable
from typing import Literal

from microexpr.clip import Clip
from microexpr.errors import LeakError

Unit = Literal["dataset", "subject", "clip"]
# How many leading parts of origin/dataset/subject/clip name the unit. The origin is one of them: a generated
# casme2/sub01 and a licensed casme2/sub01 are two people.
PARTS: dict[Unit, int] = {"dataset": 2, "subject": 3, "clip": 4}


def check(artifact: str, fold: str, unit: Unit, test: Iterable[Clip], fitted_on: Iterable[str]) -> None:
    """Refuse a fold whose held-out unit is in what it was fitted on.

    `artifact` is the file that holds the fold's predictions, `fitted_on` its entries `origin/dataset/subject/clip`,
    `origin/dataset/subject/*` for all clips of a subject, or `origin/dataset/*/*` for a whole data set.
    Raises LeakError, naming artifact, fold and entry: for a leak, for an entry of another form, and for no entries
    at all, since whatever was trained was fitted on something.
    """
    parts = PARTS[unit]
    held_out = {tuple(clip.provenance.split("/"))[:parts] for clip in test}
    entries = sorted(fitted_on)
    if not entries:
        raise LeakError(f"{artifact} fold {fold} must say what it was fitted on, not nothing")
    for entry in entries:
        seen = tuple(entry.split("/"))
        if len(seen) != 4:
            raise LeakError(f"{artifact} fold {fold} must be fitted on origin/dataset/subject/clip, not {entry!r}")
        if _overlaps(seen, held_out):
            what = "all clips" if seen[-1] == "*" else "a clip"
            raise LeakError(f"{artifact} fold {fold} was fitted on {entry}, {what} of its held-out {unit}")


def _overlaps(seen: tuple[str, ...], held_out: set[tuple[str, ...]]) -> bool:
    """Whether they agree in all parts that name the unit; `*` is any subject, or any clip."""
    return any(all(part in ("*", own) for part, own in zip(seen, unit, strict=False)) for unit in held_out)
