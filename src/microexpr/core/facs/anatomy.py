"""Which muscles move a face in each action unit. No pixels, no files."""

# Muscular basis as FACS has it (Ekman and Friesen 1978; Tian, Kanade and Cohn 2001, Tables 1 to 3), of those that move
# more than one unit. AU 9 has the strand beside the nose; in AU 25 the last two may let go instead.
MUSCLES: dict[str, tuple[int, ...]] = {
    "frontalis": (1, 2),
    "orbicularis oculi": (6, 7),
    "levator labii superioris": (9, 10),
    "depressor labii inferioris": (16, 25),
    "mentalis": (17, 25),
    "orbicularis oris": (18, 23, 24, 25),
}


def share_a_muscle(one: int, other: int) -> bool:
    """Whether one muscle moves both action units, by their FACS numbers; False of a unit and itself."""
    return one != other and any({one, other} <= {*moved} for moved in MUSCLES.values())
