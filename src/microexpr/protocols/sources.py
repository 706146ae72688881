"""Whose movement is given to other faces: of each data set and class one clip, as MEGC2021 asks. Knows clips, no files.

Which nine the challenge named is not published with the data; who has its list names them in params.yaml.
"""

from collections.abc import Sequence

from microexpr.core.clip import Clip
from microexpr.core.errors import ParamsError, nearest
from microexpr.protocols.classes import COMPOSITE, composite
from microexpr.protocols.splits import person


def sources(clips: Sequence[Clip], named: Sequence[str] = ()) -> list[Clip]:
    """Sorted by id: those `named`, or of each data set and class the first clip of the person who shows most classes,
    the first of such by name; of a class that they do not show, the next such person's.

    Raises ParamsError for a name that is no clip of one of the three classes."""
    known = {clip.id: clip for clip in clips if composite(clip) in COMPOSITE}
    if named:
        if missing := sorted({*named} - {*known}):
            near = nearest(missing[0], known)
            raise ParamsError(f"synth.sources must be clips of {', '.join(COMPOSITE)} here, not {missing[0]}{near}")
        return [known[name] for name in sorted({*named})]
    found = []
    for dataset in sorted({clip.dataset for clip in known.values()}):
        shown: dict[str, dict[str, Clip]] = {}
        for name in sorted(known):
            if known[name].dataset == dataset:
                shown.setdefault(person(name), {}).setdefault(str(composite(known[name])), known[name])
        order = sorted(shown, key=lambda who: (-len(shown[who]), who))
        for emotion in COMPOSITE:
            found += [shown[who][emotion] for who in order if emotion in shown[who]][:1]
    return sorted(found, key=lambda clip: clip.id)
