"""List the regions of a face in which each emotion shows (Table 1 of Local Regions, after Zhao and Xu 2019)."""

REGIONS = ("eyes", "nose", "cheeks", "mouth")  # the eyes include the brows; left and right count as one
REACTIONS = {
    "happiness": ("cheeks", "mouth"),
    "disgust": ("eyes", "nose", "mouth"),
    "surprise": ("eyes", "mouth"),
    "repression": ("mouth",),
    "sadness": ("eyes",),
    "contempt": ("mouth",),
    "anger": ("eyes", "mouth"),  # this and the next are our choice: the table has neither
    "fear": ("eyes", "mouth"),
}
NOWHERE = (0,) * len(REGIONS)


def reaction_mask(emotion: str) -> tuple[int, ...]:
    """Return 1 for each of `REGIONS` in which an emotion shows, else 0; all 0 for words such as "others"."""
    return tuple(int(region in REACTIONS.get(emotion, ())) for region in REGIONS)
