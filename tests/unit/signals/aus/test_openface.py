"""OpenFace's tables: read as they are written, blanks and all, and everything that can be wrong with one said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.signals.aus import ACTION_UNITS, SIDES, openface

FRAMES = 12
NUMBERS = np.arange(46, 58)
UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
HEADER = ["frame", "face_id", "timestamp", "confidence", "success", "gaze_0_x"]
HEADER += [f"AU{unit:02d}_r" for unit in UNITS] + [f"AU{unit:02d}_c" for unit in (*UNITS, 28)]
CLIP = Clip(
    "casme2", "sub01", "EP02_01f", "licensed", "x", 46, 57, FRAMES, 46, 50, 57, 200, "happiness", 1, None, "12"
)  # fmt: skip


def rows() -> list[list[str]]:
    """A header and a row for each frame: unit k of frame t is 0.25 k + 0.01 t, and AU12 is its number in hundredths."""
    rows = [HEADER]
    for frame in range(1, FRAMES + 1):
        units = [f"{0.25 * column + 0.01 * frame:.2f}" for column in range(len(UNITS))]
        rows.append([str(frame), "0", f"{0.005 * frame:.3f}", "0.98", "1", "0.1", *units, *["0.0"] * (len(UNITS) + 1)])
    return rows


def write(root: Path, table: list[list[str]], ending: str = "", comma: str = ", ") -> Path:
    path = root / "casme2/sub01" / f"EP02_01f{ending}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(comma.join(row) for row in table) + "\n", encoding="utf-8")
    return path


def cell(column: str, frame: int, value: str) -> list[list[str]]:
    table = rows()
    table[frame] = [value if name == column else old for name, old in zip(HEADER, table[frame], strict=True)]
    return table


@pytest.mark.parametrize("comma, decimals, blanks", [(", ", ".0f", "{}"), (",", ".0f", "{}"), (", ", ".1f", " {}  ")])
def test_a_table_is_read_by_the_names_of_its_columns(tmp_path: Path, comma: str, decimals: str, blanks: str) -> None:
    header, *table = rows()
    table = [[blanks.format(name) for name in header], *([f"{float(row[0]):{decimals}}", *row[1:]] for row in table)]
    order = np.random.default_rng(0).permutation(len(HEADER))
    shuffled = [[row[column] for column in order] for row in (table[0], *table[:0:-1])]  # the last frame first, too
    write(tmp_path, shuffled, comma=comma)
    values, attributes = openface.read(CLIP, 0.9, NUMBERS, tmp_path)
    expected = 0.25 * np.arange(17)[None] + 0.01 * np.arange(1, FRAMES + 1)[:, None]
    assert values.shape == (FRAMES, len(ACTION_UNITS), len(SIDES)) and values.dtype == np.float32
    for side in range(len(SIDES)):
        assert values[..., side] == pytest.approx(expected)
    assert [int(name[2:4]) for name in openface.COLUMNS] == [int(unit[2:]) for unit in ACTION_UNITS]
    assert attributes == {"interpolated": "none", "left_and_right": openface.WHOLE}


def test_half_faces_have_tables_of_their_own(tmp_path: Path) -> None:
    for ending, value in (("", "1.00"), ("_left", "2.00"), ("_right", "3.00")):
        write(tmp_path, cell("AU12_r", 5, value), ending)
    values, attributes = openface.read(CLIP, 0.9, NUMBERS, tmp_path)
    assert values[4, ACTION_UNITS.index("AU12")].tolist() == [2, 3, 1]
    assert attributes["left_and_right"] == openface.HALVES
    (tmp_path / "casme2/sub01/EP02_01f_left.csv").unlink()
    with pytest.raises(DataError, match=r"EP02_01f_right.csv: must have EP02_01f_left.csv next to it"):
        openface.read(CLIP, 0.9, NUMBERS, tmp_path)


def test_a_frame_without_a_face_is_interpolated_and_said_and_too_many_are_an_error(tmp_path: Path) -> None:
    table = cell("success", 7, "0")
    for column in range(HEADER.index("gaze_0_x"), len(HEADER)):
        table[7][column] = "-nan(ind)"
    write(tmp_path, table)
    values, attributes = openface.read(CLIP, 0.9, NUMBERS, tmp_path)
    assert values[6] == pytest.approx((values[5] + values[7]) / 2)
    assert attributes["interpolated"] == "52"
    table = rows()
    for row in table[1:4]:
        row[HEADER.index("success")] = "0"
    path = write(tmp_path, table)
    with pytest.raises(DataError, match=rf"{path}: a face must be found in 90% of the frames, not in 9 of 12"):
        openface.read(CLIP, 0.9, NUMBERS, tmp_path)
    values, _ = openface.read(CLIP, 0.75, NUMBERS, tmp_path)
    assert values[0] == pytest.approx(values[3])


TABLE = rows()
WRONG = {
    "only a header": ([HEADER], r"must hold 12 frames as the clip does, not 0"),
    "no AU12": ([row[: HEADER.index("AU12_r")] for row in TABLE], "row 1: column 'AU12_r' is missing .did you"),
    "of pictures": ([["face", "confidence", *HEADER[5:]], TABLE[1]], "row 1: must be of FeatureExtraction, .* not of"),
    "of several faces": (
        [*TABLE[:4], ["3", "1", *TABLE[3][2:]], *TABLE[4:]],
        r"must be of one face .*, not of 2 \(FaceLandmarkVidMulti\?\): face_id 0 in row 2, 1 in row",
    ),
    "a frame twice": (cell("frame", 5, "4"), r"row 6: frame 4 must occur once, but is in row 5 too"),
    "one too many": ([*TABLE, ["13", *TABLE[-1][1:]]], "row 14: frame must be 1..12, .* holds 13 frames, the clip 12"),
    "a frame too few": ([*TABLE[:6], *TABLE[7:]], "must hold 12 frames as the clip does, not 11; frame 6 for one is"),
    "a frame twice, as text": (cell("frame", 5, "4.0"), r"row 6: frame 4 must occur once, but is in row 5 too"),
    "counted from 0": (cell("frame", 12, "0"), r"row 13: frame must be 1..12, not 0"),
    "half a frame": (cell("frame", 3, "3.5"), r"row 4: frame must be a whole number, not '3.5'"),
    "no number": (cell("AU45_r", 4, "a lot"), r"row 5: AU45_r must be a number 0..5, not 'a lot'"),
    "below 0": (cell("AU06_r", 4, "-0.01"), r"row 5: AU06_r must be a number 0..5, not '-0.01'"),
    "above 5": (cell("AU06_r", 4, "5.01"), r"row 5: AU06_r must be a number 0..5, not '5.01'"),
    "infinite": (cell("frame", 4, "inf"), r"row 5: frame must be a number, not 'inf'"),
    "success of 2": (cell("success", 4, "2"), r"row 5: success must be a number 0..1, not '2'"),
    "cut off": ([*TABLE[:-1], TABLE[-1][:9]], r"row 13: AU0._r must be a number 0..5, not ''"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_with_a_table_and_what_is_none_is_said(tmp_path: Path, kind: str) -> None:
    table, message = WRONG[kind]
    path = write(tmp_path, table)
    with pytest.raises(DataError, match=rf"^{path}(:|,) {message}"):
        openface.read(CLIP, 0.9, NUMBERS, tmp_path)
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff\xfe")
    with pytest.raises(DataError, match=rf"^{path}: must "):
        openface.read(CLIP, 0.9, NUMBERS, tmp_path)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"casme2/sub01/EP02_01f.csv: is not there; docs/aus.md"):
        openface.read(CLIP, 0.9, NUMBERS, tmp_path)
    others = [replace(CLIP, name=f"EP0{number}") for number in range(3)]
    write(tmp_path, rows())
    openface.check([CLIP], tmp_path)
    expected = (
        rf"^{tmp_path}: must hold a table for each of the run's 5 clips, not for 1; missing: casme2/sub01/EP00.csv, "
        r"casme2/sub01/EP01.csv, casme2/sub01/EP02.csv and 1 more; make them with OpenFace 2 \(docs/aus.md\), "
        "or set aus.backend: embedded$"
    )
    with pytest.raises(DataError, match=expected):
        openface.check([replace(CLIP, subject="sub00"), CLIP, *others], tmp_path)


@pytest.mark.parametrize("name", ["../EP02_01f", "/etc/passwd", "..", "", "a/b", "a\\b", "EP\0"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    for clip in (replace(CLIP, name=name), replace(CLIP, subject=name)):
        with pytest.raises(DataError, match="a name in a path to a table must be a plain one"):
            openface.tables(clip, tmp_path)
