"""A clip and its names, and its way through text."""

import csv
import io
from dataclasses import replace

import pytest
from composites import clip

from microexpr.core.clip import LABELS, Clip

FULL = replace(clip(), apex=75, objective_class=3, action_units="R12 or R14", emotion="happiness", label=1)
EMPTY = replace(clip(subject="006", name="006_1_2"), apex=None, label=None, objective_class=None)  # no numbers


def test_names_by_which_everything_is_joined_and_labels_of_the_official_ground_truth():
    assert FULL.id == "casme2/sub01/EP01_01"
    assert FULL.provenance == "generated/casme2/sub01/EP01_01"
    assert dict(enumerate(LABELS)) == {0: "negative", 1: "positive", 2: "surprise"}


@pytest.mark.parametrize("clip", [FULL, EMPTY])
def test_a_row_of_csv_text_gives_the_same_clip(clip):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(clip.row()))
    writer.writeheader()
    writer.writerow(clip.row())
    (row,) = csv.DictReader(io.StringIO(text.getvalue()))
    assert all(isinstance(value, str) for value in row.values())
    assert Clip.from_row(row) == clip
    assert Clip.from_row(clip.row()) == clip
