"""Pictures of results: what is drawn where, the word on what is generated, no licensed face by accident, same bytes."""

import warnings
from dataclasses import replace

import cv2
import matplotlib
import numpy as np
import pytest
from figure_contents import texts
from made_run import SIDE, gathered, results
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from paper_runs import rows

from microexpr.cli.main import main
from microexpr.core import store
from microexpr.core.errors import DataError
from microexpr.reporting import main_table
from microexpr.reporting.plots import clips as run_clips
from microexpr.reporting.plots import drawing, methods
from microexpr.reporting.table import CAUTION
from microexpr.signals.aus import ACTION_UNITS

CLIP = "casme2/sub01/a"


def made(methods=("ststnet", "majority"), origin="generated"):
    """0.1 in [0.05, 0.15], oracle 0.6; published for ststnet only."""
    return main_table.megc2019(rows(method, origin) for method in methods)


def marks(figure, label) -> list[tuple[float, float]]:
    """Positions of the marks of a kind, in either panel: figure, and position from the top."""
    lines = [line for axes in figure.axes for line in axes.lines if str(line.get_label()).startswith(label)]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in lines]


FORMATS = {"a.png": b"\x89PNG\r\n", "a.svg": b"<?xml", "a.pdf": b"%PDF-", "a.JPG": b"\xff\xd8\xff"}


def test_the_table_is_drawn_from_its_csv_in_the_format_of_the_suffix_with_the_same_bytes_again(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    csv = "results/megc2019_table.csv"
    assert main(["plot", "table", "a.png"]) == 1
    assert capsys.readouterr().err == f"error: {csv}: does not exist; `snakemake --cores all {csv}` makes it\n"
    store.write_csv(csv, main_table.COLUMNS, made())
    for name, start in FORMATS.items():
        assert main(["plot", "table", name]) == 0
        content = (tmp_path / name).read_bytes()
        assert content.startswith(start)
        assert main(["plot", "table", name]) == 0  # its own file, so no --force
        assert (tmp_path / name).read_bytes() == content
    drawing.plot(methods.draw_table, made(), path="b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    store.write_text(csv, "method,origin\nststnet,generated\n")
    assert main(["plot", "table", "a.png"]) == 1
    assert f"error: {csv}: column 3 must be selection, not none; `snakemake" in capsys.readouterr().err


def test_each_figure_is_at_its_place_and_the_best_method_at_the_top():
    figure = drawing.plot(methods.draw_table, made())
    assert figure.axes[0].get_xlim() == (0, 1)
    assert marks(figure, "last epoch") == [(0.1, 0), (0.1, 1)]
    assert marks(figure, "oracle") == [(0.6, 0), (0.6, 1)]
    assert marks(figure, "published") == [(0.7353, 0)]
    pairs = [list(line.get_xdata()) for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    spans = [pair for pair in pairs if pair[0] < pair[1]]  # the line of majority is upright
    assert spans == [[0.05, 0.15], [0.05, 0.15]]
    hollow = {str(line.get_label())[:6] for line in figure.axes[0].lines if line.get_fillstyle() == "none"}
    assert hollow == {"oracle"}
    best, other = made()
    figure = drawing.plot(methods.draw_table, [other, best | {"full_uf1": "0.9"}])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [best["method"], other["method"]]
    assert [len(axes.lines) > 0 for axes in figure.axes] == [True, True]
    assert len(drawing.plot(methods.draw_table, made(["majority"])).axes) == 1  # which nobody has published


@pytest.mark.parametrize("subject", ["table", "journey"])
def test_no_text_leaves_the_page(subject, tmp_path):
    with matplotlib.style.context(["default", drawing.STYLE]):
        if subject == "table":
            figure = drawing.plot(methods.draw_table, made(["ststnet", "capsulenet.icegan_change"]))
        else:
            figure = drawing.plot(run_clips.draw_journey, gathered(tmp_path, results(tmp_path)[0]))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        words = [text for text in figure.findobj(Text) if text.get_text()]
        extents = {text.get_text(): text.get_window_extent(canvas.get_renderer()) for text in words}
    width = figure.bbox.width
    assert len(extents) > 10
    assert [text for text, box in extents.items() if box.x0 < 0 or box.x1 > width] == []


def test_rendered_rows_say_so_in_title_axis_and_row_and_settings_of_users_change_no_byte(tmp_path):
    figure = drawing.plot(methods.draw_table, made())
    assert "rendered faces, not comparable with published figures" in figure.get_suptitle()
    assert "rendered faces" in figure.axes[0].get_xlabel()
    mixed = drawing.plot(methods.draw_table, made(["ststnet"], "licensed") + made(["majority"], "licensed+generated"))
    assert CAUTION in mixed.get_suptitle()
    assert "majority, licensed+generated" in [label.get_text() for label in mixed.axes[0].get_yticklabels()]
    licensed = " ".join(texts(drawing.plot(methods.draw_table, made(origin="licensed"))))
    assert "rendered" not in licensed and "generated" not in licensed
    drawing.plot(methods.draw_table, made(), path=tmp_path / "a.png")
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "savefig.dpi": 20}):
        drawing.plot(methods.draw_table, made(), path=tmp_path / "b.png")
    data = (tmp_path / "a.png").read_bytes()
    assert data == (tmp_path / "b.png").read_bytes()
    assert not any(chunk in data for chunk in (b"tEXt", b"tIME", b"iTXt"))
    assert cv2.imread(str(tmp_path / "a.png")).shape[1] == drawing.WIDTH * drawing.DPI


def test_every_stage_is_read_at_the_clips_own_frames_and_faces_are_the_held_out_ones(tmp_path):
    first, second = results(tmp_path)
    walked = gathered(tmp_path, second)
    assert walked.events == {"onset": 5, "apex": 20, "offset": 40}
    assert {event: int(crop[0, 0]) for event, crop in walked.crops.items()} == walked.events
    assert {event: int(points[67, 1]) for event, points in walked.landmarks.items()} == walked.events
    assert walked.crops["apex"].shape == (SIDE, SIDE)
    assert (walked.flow == 1).all() and walked.apex_by == "annotated"
    assert walked.relative[19, walked.action_units.index("AU12"), 0] == 2
    for target, expected in ((first, [0, 1, 2]), (second, [10, 11, 12])):
        faces = gathered(tmp_path, target).synthetic
        assert list(faces) == ["negative", "positive", "surprise"]
        assert [int(pair[1, 0, 0, 0]) for pair in faces.values()] == expected
    (tmp_path / "results/train/icegan/megc2019/faces/1of1.h5").unlink()
    assert gathered(tmp_path, first).synthetic == {}


def test_files_of_another_origin_or_without_the_clip_are_refused(tmp_path):
    target, _ = results(tmp_path / "generated")
    results(tmp_path / "licensed", "licensed")
    (tmp_path / "licensed/results/faces/casme2/sub01.h5").replace(tmp_path / "generated/results/faces/casme2/sub01.h5")
    with pytest.raises(DataError, match=r"must all be generated, not \['generated', 'licensed'\] \(casme2/sub01/a\)"):
        gathered(tmp_path / "generated", target)
    with pytest.raises(DataError, match=r"clip must be one of a, b, not c \(.*sub01.h5\)"):
        gathered(tmp_path / "generated", replace(target, name="c"))


def test_all_stages_are_on_the_picture_and_generated_faces_carry_the_word(tmp_path):
    clip, _ = results(tmp_path)
    journey = gathered(tmp_path, clip)
    journey.synthetic["negative"][0][:] = 7
    figure = drawing.plot(run_clips.draw_journey, journey)
    (neutral,) = (axes for axes in figure.axes if "neutral" in axes.get_title("left"))
    assert (neutral.images[0].get_array() == 7).all()
    assert figure.get_suptitle() == "casme2/sub01/a: happiness, AU L12\nrendered face, no person is shown"
    stamped = [axes for axes in figure.axes if "generated" in [text.get_text() for text in axes.texts]]
    assert len(stamped) == 3 + 1 + 4 * 2  # onset, apex, their difference; neutral; of a class and of the apex two
    faces = {"faces: onset, frame 5", "faces: apex, frame 20", "synthesised: surprise"}
    assert faces | {"apex, annotated", "offset", "AU12", "AU4"} <= set(texts(figure))
    assert any("right side dashed" in text for text in texts(figure))
    (tmp_path / "results/train/icegan/megc2019/faces/1of1.h5").unlink()
    assert not any("synth" in text for text in texts(drawing.plot(run_clips.draw_journey, gathered(tmp_path, clip))))


def test_a_licensed_face_is_refused_in_one_line_and_drawn_only_when_asked(tmp_path, monkeypatch, capsys):
    clip, _ = results(tmp_path, "licensed")
    monkeypatch.chdir(tmp_path)
    for plot, name in ((("clip", CLIP), "a"), (("flow", CLIP), "a"), (("faces",), "b")):
        assert main(["plot", *plot, "a.png"]) == 1
        error = capsys.readouterr().err
        assert error.startswith(f"error: faces must be generated, not licensed (casme2/sub01/{name})")
        assert error.count("\n") == 1 and "--show-licensed-faces" in error
        assert not (tmp_path / "a.png").exists()
    for plot in (("clip", CLIP), ("faces",)):
        assert main(["plot", *plot, path := f"{plot[0]}.png", "--show-licensed-faces"]) == 0
        assert (tmp_path / path).read_bytes().startswith(b"\x89PNG")
    assert "generated" not in " ".join(texts(drawing.plot(run_clips.draw_journey, gathered(tmp_path, clip))))


def test_what_is_no_clip_is_named(tmp_path, monkeypatch, capsys):
    results(tmp_path)
    monkeypatch.chdir(tmp_path)
    for clip, expected in {
        "casme2/sub01/c": "clip must be one of results/index/casme2.csv, not casme2/sub01/c (did you mean",
        "samm/006/a": "results/index/samm.csv: does not exist; `snakemake --cores all results/index/samm.csv` makes",
        "sam/006/a": "data set must be one of",
        "casme2": "a clip must be written DATASET/SUBJECT/CLIP, not casme2",
    }.items():
        assert main(["plot", "clip", clip, "a.png"]) == 1
        assert capsys.readouterr().err.startswith(f"error: {expected}")


@pytest.mark.parametrize(
    ("u", "v", "rgb"),
    [
        (0, 0, (255, 255, 255)),
        (2, 0, (255, 0, 0)),  # right is red
        (1, 0, (255, 128, 128)),  # half as far is half as full
        (9, 0, (255, 0, 0)),  # beyond the rim nothing changes
        (0, 2, (255, 234, 0)),  # down: a quarter turn, step 13.75 of the 15 from red to yellow
        (-2, 0, (0, 197, 255)),  # left: step 27.5, 2.5 of the 11 from cyan to blue
        (0, -2, (103, 0, 255)),  # up: step 41.25, 5.25 of the 13 from blue to magenta
    ],
)
def test_colours_of_the_flow(u, v, rgb):
    flow = np.array([u, v], float)[:, None, None]
    assert tuple(drawing.flow_colours(flow, 2.0)[0, 0]) == rgb


def test_the_units_that_change_most_on_either_side_between_onset_and_offset():
    relative = np.zeros((5, 17, 3))
    relative[2, 3] = [0, -4, -2]  # a decrease of the right side
    relative[2, 7] = [3, 0, 1.5]
    relative[2, 1] = [0, 0, 5]  # of both together only: not a side
    relative[0, 9] = 5  # before the onset
    relative[3, 16] = [1, 1, 1]
    units = run_clips.largest_units(relative, np.arange(10, 15), 11, 13)
    assert [ACTION_UNITS[unit] for unit in units[:3]] == ["AU5", "AU10", "AU45"]
    assert 9 not in units[:3] and len(units) == 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("微表.mp4", r"\u5fae\u8868.mp4"),
        ("ᶁé.mp4", "ᶁé.mp4"),  # the first letter is in the second font alone
        ("a\x1b\udcff\n", "a\\x1b\\udcff\n"),
        (r"$\foo$", r"$\foo$"),  # no formula
    ],
)
def test_names_of_files_are_legible_without_a_warning(name, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "FONTS", ("STIXGeneral", "a font that is not installed"))
    with warnings.catch_warnings(action="error"):
        page = drawing.plot(drawing.add_heading, 1, name, False, path=tmp_path / "a.png")
    assert page.get_suptitle() == expected


def test_a_sheet_has_for_each_subject_the_clip_in_the_middle_and_its_change_since_the_onset(tmp_path):
    clips = results(tmp_path)  # the flow of clip a is 0 everywhere, that of clip b is longer
    (entry,) = run_clips.entries(clips, tmp_path / "results")
    assert entry.clip == clips[1] and (entry.apex == entry.clip.apex).all()
    expected = 128 + run_clips.MAGNIFIED * (entry.clip.apex - entry.clip.onset)
    assert np.abs(entry.change.astype(int) - min(expected, 255)).max() <= 8  # at the ends there are fewer frames around
    with pytest.raises(DataError, match="at least one clip, not none"):
        run_clips.entries([], tmp_path)
