"""List the muscles that move a face in several action units. No pixels, no files."""

# Muscles of more than one action unit, as in FACS (Ekman and Friesen 1978; Tian, Kanade and Cohn 2001, Tables 1 to 3).
# In AU 9 the strand next to the nose acts. AU 25 may also come from relaxing mentalis or orbicularis oris.
MUSCLES: dict[str, tuple[int, ...]] = {
    "frontalis": (1, 2),
    "orbicularis oculi": (6, 7),
    "levator labii superioris": (9, 10),
    "depressor labii inferioris": (16, 25),
    "mentalis": (17, 25),
    "orbicularis oris": (18, 23, 24, 25),
}


def share_a_muscle(unit: int, other: int) -> bool:
    """Return whether one muscle moves both action units, given by FACS number; False for a unit and itself."""
    return unit != other and any({unit, other} <= {*units} for units in MUSCLES.values())
