"""Select driving clips for reenactment: one of each data set and class, as MEGC2021 asks. Knows clips, no files.

The nine clips of the challenge are not published with the data; users who have the list name them in params.yaml.
"""

from collections.abc import Sequence

from microexpr.core.clip import Clip
from microexpr.core.errors import ParamsError, nearest
from microexpr.protocols.classes import COMPOSITE, composite
from microexpr.protocols.splits import subject_id


def driving_clips(clips: Sequence[Clip], names: Sequence[str] = ()) -> list[Clip]:
    """Return driving clips sorted by id: those `names` lists, or one of each data set and class.

    The latter is the first clip of the class of the subject who shows most classes, the first such subject by name; for
    a class that this subject lacks, of the next subject in that order.

    Raises ParamsError for a name that is no clip of one of the three classes.
    """
    candidates = {clip.id: clip for clip in clips if composite(clip) in COMPOSITE}
    if names:
        if missing := sorted({*names} - {*candidates}):
            near = nearest(missing[0], candidates)
            raise ParamsError(
                f"synthesise.sources must be clips of {', '.join(COMPOSITE)} here, not {missing[0]}{near}"
            )
        return [candidates[name] for name in sorted({*names})]
    selected = []
    for dataset in sorted({clip.dataset for clip in candidates.values()}):
        first_clips: dict[str, dict[str, Clip]] = {}  # by subject and class
        for name in sorted(candidates):
            if candidates[name].dataset == dataset:
                by_class = first_clips.setdefault(subject_id(name), {})
                by_class.setdefault(str(composite(candidates[name])), candidates[name])
        subjects = sorted(first_clips, key=lambda subject: (-len(first_clips[subject]), subject))
        for emotion in COMPOSITE:
            selected += [first_clips[subject][emotion] for subject in subjects if emotion in first_clips[subject]][:1]
    return sorted(selected, key=lambda clip: clip.id)
