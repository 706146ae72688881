"""Codes of column `initialisation` in words."""

import pytest

from microexpr.core.errors import StoreError
from microexpr.reporting.initialisation import parse, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("population clips=9 subjects=3", "from 9 clips of 3 subjects of the population"),
        ("shipped subjects=240", "from the shipped generator, fitted on 240 subjects of no corpus"),
        ("absent file=a.pth; reader subjects=2",
         "from scratch: a.pth is not here; on action units read by a model of 2 subjects of the population"),
        ("perceptual_trunk file=a.pth", "perceptual loss by the discriminator's own trunk: a.pth is not here"),
        ("also clips=5 sets=population; means",
         "also on 5 clips of the population; with the means of the clips tested, without their labels, taken off"),
        ("guided guided=2 clips=4 sets=ckplus+mmi", "2 of 4 clips guided by ckplus and mmi"),
        ("synthetic_first generator=auicgan",
         "at first alone on what auicgan made of its training clips, beside these"),
    ],
)  # fmt: skip
def test_codes_are_worded(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize("text", ["from 9 clips of 3 subjects of the population", "published a.pth", "other"])
def test_other_text_is_refused(text):
    with pytest.raises(StoreError, match=r"initialisation must be of population, .*; train and evaluate again"):
        parse(text)
