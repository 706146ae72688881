"""Differences of synthesised from neutral faces: shares by region, and their plots."""

from dataclasses import replace

import cv2
import drawn
import numpy as np
import pytest
from composites import composite
from held_out_faces import SIZE, synth_file
from matplotlib.axes import Axes

from microexpr.evaluation import faces as faces_of_clips
from microexpr.evaluation.faces import TrueFace
from microexpr.protocols import PROTOCOLS
from microexpr.reporting import papers
from microexpr.reporting.plots import drawing, icegan
from microexpr.reporting.table import csv_text
from microexpr.signals.face_regions import FLOW_REGIONS, region_labels

CLIPS = composite(subjects=2, clips=3)
PROTOCOL = PROTOCOLS["megc2019"]
SIDE, SHAPE = 96, (SIZE, SIZE, 1)


@pytest.fixture
def synthesised(tmp_path):
    shard = synth_file(tmp_path / "1of1.h5", PROTOCOL.folds(CLIPS), CLIPS)
    return faces_of_clips.read([shard], "icegan", PROTOCOL, CLIPS)


@pytest.fixture
def true():
    points = dict.fromkeys(("onset", "apex"), drawn.face(SIDE))
    return {
        clip.id: TrueFace(clip, np.full((2, *SHAPE), 7, np.uint8), np.full(SHAPE, 7, np.uint8), points, SIDE)
        for clip in CLIPS
    }


def test_a_change_in_one_region_is_all_in_its_share_and_pixels_are_squares_of_the_crop(true):
    face = next(iter(true.values()))
    where = region_labels(face.landmarks["onset"], SIDE)
    neutral = np.zeros((SIDE, SIDE, 1), np.uint8)
    for i, region in enumerate(FLOW_REGIONS):
        changed = neutral.copy()
        changed[where == i] = 9
        shares = icegan.shares([np.stack([neutral, changed])], [face])
        assert shares.change[i] == pytest.approx(1), region
        assert shares.area[i] == pytest.approx((where == i).sum() / (where >= 0).sum())
    nothing = icegan.shares([np.stack([neutral, neutral])], [face])
    np.testing.assert_allclose(nothing.change, nothing.area)
    pair = np.zeros((2, 2, 2, 1), np.uint8)
    pair[1, 0, 1] = 3
    expected = cv2.copyMakeBorder(np.full((2, 2), 9.0), 0, 2, 2, 0, cv2.BORDER_CONSTANT)
    np.testing.assert_array_equal(icegan.squared_change(pair, 4), expected)


def test_rows_are_of_the_classes_whose_units_the_text_names(synthesised, true):
    expected = papers.expected_units("icegan", "fig5")
    assert expected == {"positive": ["AU6", "AU12", "AU25"], "surprise": ["AU1", "AU2", "AU5"]}
    rendered = {clip.id: ["AU12"] if clip.name < CLIPS[1].name else ["AU12", "AU25"] for clip in CLIPS}
    table = icegan.change_rows(synthesised, true, expected, rendered)
    for number, name in enumerate(expected):
        class_rows = table[number * len(FLOW_REGIONS) :][: len(FLOW_REGIONS)]
        assert [(row["class"], row["region"]) for row in class_rows] == [(name, region) for region in FLOW_REGIONS]
        for share in ("area", "made", "true"):
            assert sum(row[share] for row in class_rows) == pytest.approx(1)
        assert {row["faces"] for row in class_rows} == {len(CLIPS)}
        label = PROTOCOL.classes.index(name)
        assert {row["clips"] for row in class_rows} == {sum(clip.label == label for clip in CLIPS)}
    mouth = next(row for row in table if row["region"] == "mouth")
    assert mouth["expected"] == "AU12 AU25" and mouth["units_shown"].startswith("AU12 1.00 AU25 ")
    lines = csv_text(icegan.CHANGE_COLUMNS, table).splitlines()
    assert lines[0].startswith("class,region,expected,area,made,true") and len(lines) == 1 + 2 * len(FLOW_REGIONS)
    assert all(",generated,held_out" in line for line in lines[1:])


def test_pictures_show_generated_faces_and_hide_licensed_ones(synthesised, true):
    table, pages = icegan.change_rows(synthesised, true, papers.expected_units("icegan", "fig5"), {}), {}
    for origin in ("generated", "licensed"):
        faces = [replace(face, clip=replace(face.clip, origin=origin)) for face in synthesised.faces]
        relabelled = replace(synthesised, faces=faces)
        faces_page = drawing.plot(icegan.fig4, relabelled, true, {"model F": relabelled}, False)
        pages[origin] = faces_page, drawing.plot(icegan.fig5, relabelled, true, table, False)
    heights = {origin: [page.get_figheight() for page in of_origin] for origin, of_origin in pages.items()}
    assert max(heights["licensed"]) == 1.5 < 2 < min(heights["generated"])
    for page in pages["generated"]:  # all four corners of each part lie on it
        assert {page.bbox.count_contains(axes.get_window_extent().corners()) for axes in page.findobj(Axes)} == {4}
    columns = {
        (axes.get_title("left"), axes.get_subplotspec().colspan.start) for axes in pages["generated"][0].findobj(Axes)
    }
    expected = {("synthesised\nnegative", 4), ("synthesised\npositive", 5), ("synthesised\nsurprise", 6)}
    assert {column for column in columns if column[0].startswith("synthesised")} == expected
