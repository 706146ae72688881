"""Name the class of a clip: MEGC2019's three classes, the annotators' emotions, or the classes by action units.

Select driving clips of each class for reenactment, as MEGC2021 asks. The nine clips of that challenge are not published
with the data; users who have the list name them in params.yaml.
"""

from collections.abc import Sequence

from microexpr.core.clip import LABELS, Clip
from microexpr.core.errors import ParamsError, nearest
from microexpr.core.facs import EVALUATED, UNKNOWN, evaluated
from microexpr.datasets import OWN
from microexpr.protocols.splits import subject_id

COMPOSITE = LABELS
# As annotated, in alphabetical order. MTMNet's five and seven leave out rare classes and SAMM's "other" (its
# Sec. 4.1 names repression for SAMM, which has none, and no sadness: a misprint); AU-GACN takes all classes.
NATIVE: dict[tuple[str, int], tuple[str, ...]] = {
    ("casme2", 5): ("disgust", "happiness", "others", "repression", "surprise"),
    ("casme2", 7): ("disgust", "fear", "happiness", "others", "repression", "sadness", "surprise"),
    ("samm", 7): ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"),
    ("samm", 8): ("anger", "contempt", "disgust", "fear", "happiness", "other", "sadness", "surprise"),
}
# All emotions of both data sets with action units, as AU-GACN's Table 1 counts them: "others" and "other" are one.
EMOTIONS = tuple(sorted({*NATIVE["casme2", 7], *NATIVE["samm", 8]} - {"other"}))
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII")
OBJECTIVE = ROMAN[:5]  # the composite of local regions' Table 9 leaves out fear-like and all other combinations
OBJECTIVE_BY_EMOTION = dict(zip(("happiness", "surprise", "anger", "disgust", "sadness"), OBJECTIVE, strict=True))
# The most frequent emotion of such clips in CASME II, and other words for emotions.
USUAL_EMOTION = {"positive": "happiness", "negative": "disgust", "happy": "happiness", "sad": "sadness"}
UNITS = tuple(f"AU{number}" for number in EVALUATED)
# data sets with action units, in meb's order, and own ones
CODED = ("casme", "casme2", "samm", "fourdme", "mmew", "casme3", *OWN)


def composite(clip: Clip) -> str | None:
    """Return MEGC2019's class; the loader omits the clips that the challenge omits."""
    return None if clip.label is None else LABELS[clip.label]


def native(clip: Clip) -> str | None:
    """Return the emotion as annotated, whether the clip is one of MEGC2019's or not."""
    return clip.emotion


def emotion(clip: Clip) -> str | None:
    """Return one of `EMOTIONS`."""
    return "others" if clip.emotion == "other" else clip.emotion


def objective(clip: Clip) -> str | None:
    """Return the class by action units (Davison et al. 2017), as local regions' Table 4 counts it."""
    return None if clip.objective_class is None else ROMAN[clip.objective_class - 1]


def units(clip: Clip) -> tuple[int, ...]:
    """Return for each of `UNITS` whether it is coded: 1, 0, or -1 where that is not known."""
    return evaluated(clip.action_units)


def coded(clip: Clip) -> str | None:
    """Return the first of `UNITS` for a clip with any unit known to be present or absent; None for all others."""
    return UNITS[0] if any(label != UNKNOWN for label in units(clip)) else None


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
