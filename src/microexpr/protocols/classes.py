"""What a protocol calls a clip: MEGC2019's three classes, the annotators' emotions, or the classes by action units."""

from microexpr.core.clip import LABELS, Clip

COMPOSITE = LABELS
# As annotated, in alphabetical order. MTMNet's five and seven leave out what is too rare, and SAMM's "other" (its
# Sec. 4.1 names repression for SAMM, which has none, and no sadness: a misprint); AU-GACN takes all there are.
NATIVE: dict[tuple[str, int], tuple[str, ...]] = {
    ("casme2", 5): ("disgust", "happiness", "others", "repression", "surprise"),
    ("casme2", 7): ("disgust", "fear", "happiness", "others", "repression", "sadness", "surprise"),
    ("samm", 7): ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"),
    ("samm", 8): ("anger", "contempt", "disgust", "fear", "happiness", "other", "sadness", "surprise"),
}
# All of both data sets with action units, as AU-GACN's Table 1 counts them: CASME II's "others" are SAMM's "other".
EMOTIONS = tuple(sorted({*NATIVE["casme2", 7], *NATIVE["samm", 8]} - {"other"}))
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII")
OBJECTIVE = ROMAN[:5]  # the composite of local regions' Table 9 leaves out fear-like and all other combinations


FELT = dict(zip(("happiness", "surprise", "anger", "disgust", "sadness"), OBJECTIVE, strict=True))


# The emotion of most such clips of CASME II; and other words for the same
LIKELIEST = {"positive": "happiness", "negative": "disgust", "happy": "happiness", "sad": "sadness"}


def composite(clip: Clip) -> str | None:
    """MEGC2019's class; its loader has left out what the challenge does."""
    return None if clip.label is None else LABELS[clip.label]


def native(clip: Clip) -> str | None:
    """The emotion as annotated, whether the clip is one of MEGC2019's or not."""
    return clip.emotion


def emotion(clip: Clip) -> str | None:
    """One of `EMOTIONS`, by its name."""
    return "others" if clip.emotion == "other" else clip.emotion


def objective(clip: Clip) -> str | None:
    """The class by action units (Davison et al. 2017), as local regions' Table 4 counts it."""
    return None if clip.objective_class is None else ROMAN[clip.objective_class - 1]


def felt(clip: Clip) -> str | None:
    """That of a macro-expression, by its emotion: it has more action units than Davison's combinations know."""
    return FELT.get(clip.emotion)
