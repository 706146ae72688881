"""In which regions of a face an emotion shows (local regions' Table 1, after Zhao and Xu 2019). Names only."""

REGIONS = ("eyes", "nose", "cheeks", "mouth")  # eyes with their brows; left and right alike
REACTIONS = {
    "happiness": ("cheeks", "mouth"),
    "disgust": ("eyes", "nose", "mouth"),
    "surprise": ("eyes", "mouth"),
    "repression": ("mouth",),
    "sadness": ("eyes",),
    "contempt": ("mouth",),
    "anger": ("eyes", "mouth"),  # this and the next are ours: the table has neither
    "fear": ("eyes", "mouth"),
}
NOWHERE = (0,) * len(REGIONS)


def reacts(emotion: str) -> tuple[int, ...]:
    """1 for each of `REGIONS` in which it shows, 0 elsewhere; of what is no emotion, such as "others", nowhere."""
    return tuple(int(region in REACTIONS.get(emotion, ())) for region in REGIONS)
