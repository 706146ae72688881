"""Both layouts of precomputed flow against what was written, and each way in which a copy can be wrong."""

import re
import shutil

import cv2
import flow_pictures
import numpy as np
import pytest
from flow_pictures import LIST, composite, pixels, write_folders, write_list

from microexpr.core.errors import DataError
from microexpr.datasets import flow_folders, index
from microexpr.datasets.check import check
from microexpr.protocols import PROTOCOLS
from microexpr.signals.flow import pictures

FLAT = "STSNet_whole_norm_u_v_os"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "flow_folders"


@pytest.fixture
def folders(root):
    """CASME II's part in the first layout."""
    write_folders(root / "three_norm_u_v_os", composite("casme2"))
    return root / "three_norm_u_v_os"


@pytest.fixture
def flat(root):
    """SMIC's part in the second layout."""
    write_list(root, composite("smic"))
    return root


def refused(root) -> str:
    with pytest.raises(DataError) as caught:
        clips, _ = flow_folders.read(root)
        for clip in clips:
            flow_folders.picture(root, clip)
    return str(caught.value)


def rows(root, old: str, new: str) -> None:
    text = (root / LIST).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (root / LIST).write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("layout", ["folders below", "folders", "list beside", "list inside"])
def test_every_clip_of_the_challenge_is_read_from_either_layout(layout, root, tmp_path):
    written = composite()
    if "list" in layout:
        write_list(root, written)
        if layout == "list inside":
            shutil.move(root / LIST, root / FLAT / LIST)
            root = root / FLAT
    else:
        write_folders(root / "any name" if "below" in layout else root, written)
    clips, notes = flow_folders.read(root)
    assert [(clip.id, clip.label) for clip in clips] == [(source.id, source.label) for source in written]
    assert notes == []
    assert {clip.origin for clip in clips} == {"licensed"}
    folds = PROTOCOLS["flow_folders"].folds(clips)
    assert (len(folds), len(clips)) == (68, 442)
    index.write(tmp_path / "index.csv", clips)
    assert index.read(tmp_path / "index.csv") == clips


def test_files_of_a_mac_are_left_out_and_strays_are_noted(folders):
    before = flow_folders.read(folders)
    subject = next(path for path in sorted(folders.iterdir()) if path.is_dir())
    test = next((subject / "u_test").iterdir())
    for name in ("._a.png", "a.jpg"):
        (test / name).touch()
    (subject / "u_val").mkdir()
    (folders / "readme.txt").touch()
    clips, notes = flow_folders.read(folders)
    assert (clips, before[1]) == (before[0], [])
    assert notes == [
        f"{folders}: readme.txt: not a subject's folder, passed over",
        f"{subject}: u_val: not u_train or u_test, passed over",
        f"{test}: a.jpg: not a .png, passed over",
    ]


def test_counts_are_those_of_the_challenge():
    assert {name: (part.subjects, part.classes) for name, part in flow_folders.PARTS.items()} == flow_pictures.COUNTS


def test_channels_are_u_v_strain_and_a_list_as_excel_writes_it_is_read_alike(flat):
    """The channels by OpenCV's own order; and what scaling makes of -u is 255 less what it makes of u."""
    clips, _ = flow_folders.read(flat)
    for clip, source in list(zip(clips, composite("smic"), strict=True))[::40]:
        strain, v, u = cv2.imread(str(flat / clip.folder)).transpose(2, 0, 1)
        assert np.array_equal(np.stack([strain, v, u], -1), pixels(source))
        assert np.array_equal(flow_folders.picture(flat, clip), np.stack([u, v, strain], -1))
        flow = pictures.channels(flow_folders.picture(flat, clip), "as_published")
        assert flow.dtype == np.float32 and flow.shape == (3, 28, 28)
        assert np.array_equal(-flow[0], (255 - u).astype(float) - 127.5)
        assert np.array_equal(flow[2], strain)
    before = flow_folders.read(flat)
    (flat / LIST).write_text((flat / LIST).read_text(encoding="utf-8").replace(",", "\t"), encoding="utf-16")
    for folder in (flat, flat / FLAT):
        (folder / f"._{LIST}").write_bytes(b"\0\5\x16\7")
    assert flow_folders.read(flat) == before


@pytest.mark.parametrize(
    ("subject", "stem", "clip_id"),
    [
        ("s1", "s1_ne_01", "smic/s01/s01_ne_01"), ("s01", "s01_s1_po_02 ", "smic/s01/s01_po_02"),
        ("sub01", "sub01_EP02_01f ", "casme2/sub01/EP02_01f"), ("sub26", "EP18_50", "casme2/sub26/EP18_50"),
        ("006", "006_006_1_2 ", "samm/006/006_1_2"), ("001", "001_1_2", "samm/001/001_1_2"),
    ],
)  # fmt: skip
def test_names_are_those_of_the_loaders(subject, stem, clip_id):
    owner = flow_folders.subject_of(subject, "")
    assert "/".join((*owner, flow_folders.clip_name(*owner, stem))) == clip_id


CLIP = "sub02_EP001_01f.png"
LEAK = "sub02/u_train: must hold clips of other subjects, not sub02's own test clip 0/sub02_EP001_01f"
NOT_ALL = "sub01/u_train: must hold every clip of the others' u_test, not all but 0/sub02_EP001_01f"
NOT_THOSE = "sub01/u_train: must hold clips of the others' u_test, not {}/sub02_EP001_01f"


@pytest.mark.parametrize(
    ("spoil", "messages", "problems"),
    [
        (lambda f: shutil.copy(f / "sub02/u_test/0" / CLIP, f / "sub02/u_train/0"), [LEAK], 1),
        (lambda f: (f / "sub01/u_train/0" / CLIP).unlink(), [NOT_ALL], 1),
        (lambda f: (f / "sub01/u_train/0" / CLIP).rename(f / "sub01/u_train/2" / CLIP),
            [NOT_THOSE.format(2), NOT_ALL], 2),
        (  # the counts, and the first of 23 folders that still have it
            lambda f: (f / "sub02/u_test/0" / CLIP).unlink(),
            ["casme2 must be 145 clips of 24 subjects", f"{NOT_THOSE.format(0)}; 22 more, which"], 1 + 23),
    ],
)  # fmt: skip
def test_training_folders_hold_the_test_clips_of_all_others(spoil, messages, problems, folders, root):
    spoil(folders)
    error = refused(root)
    assert all(message in error for message in messages)
    assert len(check(root).problems) == problems


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "sub01").rename(f / "bob"), r"a subject must be named like s01 .*, not 'bob' \(.*/bob\)"),
        (lambda f: (f / "sub01/u_test/0").rename(f / "sub01/u_test/3"), "a class must be one of 0 negative, .* not"),
        (lambda f: shutil.rmtree(f / "sub01/u_test"), "sub01/u_test: is not there"),
        (lambda f: shutil.rmtree(f / "sub01/u_train"), "sub01/u_train: is not there"),
        (lambda f: shutil.copytree(f / "sub01", f / "sub1"), r"clip casme2/sub01/EP\w+ must be there once, not twice"),
        (lambda f: shutil.copytree(f / "sub01", f.parent / "second/sub01"), "must hold one such folder and list, not"),
    ],
)
def test_folders_of_another_form(spoil, message, folders, root):
    spoil(folders)
    assert re.search(message, refused(root))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("s01_ne_00,0,", "s01_ne_00,1,", r"not 164 clips of 16 subjects \(69 negative, 52 positive, 43 surprise\)"),
        ("s01_ne_00,0,", "s01_ne_00,3,", r"a class must be .*, not '3' \(.*, row \d+, clip s01_ne_00\)"),
        ("smic,s01,s01_ne_00,", "smic,s01,s01_ne_99,", r"s01_s01_ne_99 .png: is not there; the list names it .*row 2"),
        ("smic,s01,s01_ne_00,", "smic,s01,/../../../x,", r"plain letters, digits, _ and -, not '/../../../x' .*row 2"),
        ("smic,s01,s01_ne_00,", "smic,../s01,s01_ne_00,", r"a subject must be .*not '../s01' \(.*csv, row 2\)"),
        ("sub,filename_o,label", "sub,filename,label", r"must hold <subject>/u_train .* sub, filename_o, label"),
    ],
)
def test_lists_that_do_not_fit(old, new, message, flat):
    rows(flat, old, new)
    assert re.search(message, refused(flat))


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((27, 28, 3), np.uint8), "must be 28x28x3, not 27x28x3"),
        (np.zeros((28, 28, 3), np.uint16), "must be a PNG of 8 bits RGB, not 16 bits a channel, of which 10 are used"),
    ],
)
def test_other_pixels_are_refused(pixels, message, flat):
    path = flat / FLAT / "s01_s01_ne_00 .png"
    cv2.imwrite(str(path), pixels)
    assert refused(flat).startswith(f"{path}: {message}")
    assert len(check(flat).problems) == 1


def test_check_knows_the_folder_and_lists_every_problem(flat, root):
    assert check(root).problems == []
    rows(flat, "s01_ne_00,0,", "s01_ne_00,9,")
    rows(flat, "s02_ne_01,0,", "s02_ne_x,0,")
    checked = check(root)
    problems = checked.problems
    expected = ("not '9'", "s02_s02_ne_x .png: is not there", "not 162 clips of 16")
    assert len(problems) == 3
    assert len(checked.notes) == 1 and "s02_s02_ne_01 .png: has no row" in checked.notes[0]
    for text in expected:
        assert sum(text in problem for problem in problems) == 1


def test_nothing_there_and_a_clip_short_are_said(root):
    assert refused(root).startswith(f"{root}: is not there; it must hold <subject>/u_train and u_test/<class>/<name>")
    root.mkdir()
    assert refused(root).endswith("found nothing")
    """441 and 435 clips are what circulates."""
    lost = {"smic/s01/s01_ne_00", "samm/001/001_1_0", "samm/002/002_2_1"}
    write_list(root, [source for source in composite() if source.id not in lost])
    smic = r"smic must be 164 clips of 16 subjects \(70 negative, 51 positive, 43 surprise\), not 163 clips of 16 "
    samm = r"samm must be 133 clips .*\(92 .*, 26 .*, 15 .*\), not 131 clips of 28 subjects \(91 .*, 25 .*, 15 "
    message = refused(root)
    assert re.search(smic, message) and re.search(samm, message) and "casme2" not in message
