"""Which reenactment FAMGAN's figures show."""

from types import SimpleNamespace

import numpy as np

from microexpr.core.clip import LABELS
from microexpr.reporting.plots.famgan import choose
from microexpr.signals.aus import ACTION_UNITS


def reenactment(dataset: str, emotion: str, closing: float = 0.0, opening: float = 0.0) -> SimpleNamespace:
    """A woman's reenactment with the apex at frame 2, whose driving clip closes the left eye until then or after."""
    changes = np.zeros((5, len(ACTION_UNITS), 2), np.float32)
    lid = changes[:, ACTION_UNITS.index("AU45"), 0]
    lid[1:] = closing
    lid[3:] += opening
    clip = SimpleNamespace(dataset=dataset, label=LABELS.index(emotion))
    return SimpleNamespace(driving=SimpleNamespace(clip=clip), face_name="woman", true_changes=changes, apex=2)


def test_a_driving_clip_that_blinks_gives_way_to_one_of_its_class():
    papers = reenactment("casme2", "negative")
    others = [reenactment("casme2", "surprise"), reenactment("samm", "negative")]
    assert choose([*others, papers], "fig3") is papers
    for closing in (3.0, -3.0):
        assert choose([*others, reenactment("casme2", "negative", closing)], "fig3") is others[1]
    after_the_apex = reenactment("casme2", "negative", opening=4.0)
    assert choose([*others, after_the_apex], "fig3") is after_the_apex
