"""Every kind of bad input: how it is made, and the one line that must be said of it. No assertions here.

Longer than a file should be, because it is one table, to be read from end to end: what users may get wrong.
`BROKEN` are copies of data sets under data/raw, each for `microexpr check` and for a run; `FACES` those that only the
faces stage can tell; `PROJECT` are params, results and folders of a project, for a run alone.
"""

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from broken import (
    Spoil,
    all_of,
    as_png,
    at_the_border,
    black,
    cell,
    clips,
    copied,
    doubled,
    every,
    film,
    header,
    hidden_rows,
    hollow,
    huge,
    larger,
    locked,
    looped,
    merged_subjects,
    moved,
    noisy,
    numbered,
    packed,
    renamed,
    repainted,
    replace,
    row_again,
    sheet_before,
    tiny,
    title_above,
    truncate,
    video_header,
    wide,
    without_a_row,
    workbook,
    wrong_dimension,
)
from flow_pictures import composite, write_list
from PIL import Image, ImageOps

NOTE = "note: "  # before what is no problem


@dataclass(frozen=True)
class Broken:
    kind: str
    dataset: str
    spoil: Spoil  # given the copy's own folder
    check: str  # a regular expression, found in a line of `microexpr check`; "" where all is as before
    run: str | None = None  # the same of a run's error or, behind "note: ", of its logs; None: as `check`
    command: bool = False  # whether it goes through the snakemake command too, beside the same steps called in turn
    nobody: bool = False  # whether the reader must not be root
    job: str = ""  # the job of a run that says it, where that is not the building of the DAG: faces/casme2/sub01.h5


@dataclass(frozen=True)
class Project:
    kind: str
    make: Spoil  # given the root of a finished project
    message: str  # a regular expression, found in what is printed
    touched: str = "nothing else"  # files of results that may go or change: those made of the bad one
    target: str = "all"


CODING, CLASSES = "CASME2-coding-20140508.xlsx", "CASME2-ObjectiveClasses.xlsx"
FACS = "SAMM_Micro_FACS_Codes_v2.xlsx"
RAW, CROPPED = "CASME2_RAW_selected", "Cropped"
CLIPS = {
    "casme2": f"{RAW}/sub01/*",
    "samm": "SAMM/006/*",
    "smic": "HS/s01/micro/*/*",
    "ckplus": "cohn-kanade-images/*/*",
    "oulu_casia": "B_OriginalImg/VL/Strong/P001/*",
    "mmi": "page-*/Sessions/*",
}


def first(root: Path) -> Path:
    """The folder of a copy's first clip."""
    return clips(root, CLIPS[root.name])[0]


def frames(root: Path) -> list[Path]:
    """Of the first clip, in order."""
    return numbered(first(root))


def frame(number: int, change: Callable[[Path], object]) -> Spoil:
    """Changes one frame of the first clip, by position."""
    return lambda root: change(frames(root)[number])


def each_frame(change: Callable[[Path], object]) -> Spoil:
    """Changes all frames of the first clip."""
    return lambda root: [change(path) for path in frames(root)]


def beside(name: str, content: str = "") -> Spoil:
    """A file among the frames of the first clip."""
    return lambda root: (first(root) / name).write_text(content)


def recounted(path: Path) -> Path:
    """A frame with one zero more before its number."""
    number = path.stem.removeprefix("img")
    return path.with_name(f"img0{number}{path.suffix}")


def from_one(root: Path) -> None:
    """Frames of the first clip, numbered anew."""
    for number, path in enumerate(frames(root), 1):
        renamed(path, f"{path.name.split('_')[0]}_{number:05d}{path.suffix}")


def under_another(root: Path) -> None:
    """The first clip once more as another person's, with a row of its own."""
    one, other = first(root), first(root).name
    shutil.copytree(one, root / RAW / "sub02" / f"{other}x")

    def change(book):
        row_again(book)
        page = book.worksheets[0]
        page.cell(page.max_row, 1).value, page.cell(page.max_row, 2).value = "02", f"{other}x"

    workbook(CODING, change)(root)


def swapped(root: Path) -> None:
    """Onset and apex of the first row."""

    def change(book):
        page = book.worksheets[0]
        page["D2"], page["E2"] = page["E2"].value, page["D2"].value

    workbook(CODING, change)(root)


def one_left(root: Path) -> None:
    """All frames of the first clip but one."""
    for path in frames(root)[1:]:
        path.unlink()


def turned(path: Path) -> None:
    """Lying on its side, with the word of EXIF that it does."""
    exif = Image.Exif()
    exif[0x0112] = 6
    repainted(path, lambda image: image.transpose(Image.Transpose.ROTATE_90), exif=exif, quality=100)


def video(change: Callable[[Path], object]) -> Spoil:
    return lambda root: change(next(iter(sorted(root.glob("page-*/Sessions/*/*.avi")))))


PLACE = rf"data/raw/casme2/{RAW}/sub01/EP\w+"
UNREADABLE = rf"{PLACE}/img\d+.jpg: is not a readable picture "
COUNTS = r"data/raw/\w+: must hold \d+ clips.*, but found \d+ clips"

FOLDERS = [
    Broken("frames nested twice", "casme2", moved(RAW, f"{RAW}/{RAW}"), ""),
    Broken("frames one folder deeper", "casme2", moved(RAW, f"CASME II/{RAW}"), ""),
    Broken(
        "frames in two folders", "casme2",
        all_of(copied(RAW, f"a/{RAW}"), moved(RAW, f"b/{RAW}")),
        rf"data/raw/casme2: must hold {RAW} once, found data/raw/casme2/a/{RAW} and data/raw/casme2/b/{RAW}",
    ),
    Broken(
        "an archive is not unpacked", "casme2", packed(RAW),
        rf"data/raw/casme2: must hold a folder .*found .*{RAW}.zip.*; unpack {RAW}.zip there", command=True,
    ),
    Broken(
        "cropped frames instead of raw ones", "casme2", moved(RAW, CROPPED),
        rf"note: data/raw/casme2/{CROPPED}: cropped frames are read, which have lost what lies around the face",
    ),
    Broken(
        "cropped frames beside raw ones", "casme2",
        copied(RAW, CROPPED),
        rf"note: data/raw/casme2/{CROPPED}: is not read, since data/raw/casme2/{RAW} is",
    ),
    Broken(
        "a clip's folder is missing", "casme2", lambda root: shutil.rmtree(first(root)),
        rf"{PLACE}: is not there; the annotation names it", command=True,
    ),
    Broken(
        "a clip's folder in other case", "casme2", lambda root: renamed(first(root), first(root).name.lower()),
        rf"{PLACE}: is not there; the annotation names it \(did you mean 'ep",
    ),
    Broken(
        "a folder without a row", "casme2", lambda root: shutil.copytree(first(root), root / RAW / "sub01/EP99_99"),
        rf"note: data/raw/casme2/{RAW}/sub01/EP99_99: has no row in the annotation; passed over",
    ),
    Broken(
        "a link that leads to itself", "casme2", lambda root: looped(first(root)),
        rf"{PLACE}: is a link that leads nowhere; the annotation names it",
    ),
    Broken(
        "a folder that may not be read", "casme2", lambda root: locked(first(root)),
        rf"{PLACE}: cannot be read: Permission denied", nobody=True,
    ),
    Broken(
        "long videos of SAMM", "samm", lambda root: renamed(first(root), "006_1"),
        r"data/raw/samm/SAMM/006/006_\d_\d: is not there; the annotation names it",
    ),
    Broken("nested SAMM", "samm", moved("SAMM", "SAMM/SAMM"), ""),
    Broken(
        "another camera of SMIC", "smic", moved("HS", "VIS"),
        "data/raw/smic: must hold a folder HS or SMIC_all_raw/HS or SMIC_all_cropped/HS, found .*VIS",
    ),
    Broken(
        "long videos of SMIC", "smic", moved("HS", "HS_long/SMIC_HS_E"),
        "data/raw/smic: must hold a folder HS or .*, found .*HS_long",
    ),
    Broken("subjects of SMIC in upper case, without the zero", "smic", moved("HS/s01", "HS/S1"), ""),
    Broken(
        "a subject of SMIC twice", "smic", lambda root: shutil.copytree(root / "HS/s01", root / "HS/s1"),
        r"clip smic/s01/s01_\w+ must be there once, not in HS/s01/\S+ and HS/s1/\S+",
    ),
    Broken(
        "a clip of SMIC under another emotion", "smic",
        lambda root: first(root).rename(first(root).parents[1] / "surprise" / first(root).name),
        r"s1_ne_\d+: lies under 'surprise', but its name says 'negative'",
    ),
    Broken(
        "a clip of SMIC under another person", "smic",
        lambda root: first(root).rename(root / "HS/s02/micro" / first(root).parent.name / first(root).name),
        r"s1_ne_\d+: lies in the folder of s02, but its name says s01",
    ),
    Broken(
        "a folder of SMIC with another name", "smic", lambda root: renamed(first(root), "copy of s1_ne_03"),
        "note: data/raw/smic/HS/s01/micro/negative/copy of s1_ne_03: is not named like s1/micro/negative/s1_ne_01",
    ),
    Broken(
        "half of a data set", "smic", lambda root: shutil.rmtree(root / "HS/s01/micro/surprise"), COUNTS,
        NOTE + COUNTS,
    ),
]  # fmt: skip

FRAMES = [
    Broken(
        "what systems leave among frames", "casme2",
        all_of(*(beside(name) for name in ("Thumbs.db", ".DS_Store", "._img1.jpg", "Desktop - Shortcut.lnk"))),
        "note: data/raw/casme2: files among the frames that are no pictures: 4, passed over",
    ),
    Broken(
        "a frame copied by hand", "casme2", beside("img1 (1).jpg"),
        rf"note: {PLACE}: img1 \(1\).jpg: not named like a frame, passed over",
    ),
    Broken("suffixes in upper case", "casme2", each_frame(lambda path: renamed(path, f"{path.stem}.JPG")), ""),
    Broken(
        "a frame is missing", "casme2", frame(7, Path.unlink),
        rf"{PLACE}: frame \d+ is missing between \d+ and \d+", command=True,
    ),
    Broken(
        "a download goes on", "casme2", frame(7, lambda path: renamed(path, f"{path.name}.part")),
        rf"{PLACE}: frame \d+ is missing between",
    ),
    Broken(
        "a frame of SMIC is missing", "smic", frame(2, Path.unlink),
        r"note: data/raw/smic/HS/s01/\S+: frame \d+ is missing, 1 of \d+ are",
    ),
    Broken(
        "a number twice, with zeros and without", "casme2", frame(3, lambda path: shutil.copy(path, recounted(path))),
        rf"{PLACE}: frame \d+ is there twice, img0\d+.jpg and img\d+.jpg",
    ),
    Broken(
        "frames with other names", "casme2", each_frame(lambda path: renamed(path, f"frame{path.stem[3:]}.jpg")),
        rf"{PLACE}: holds no frames named like img1.jpg, found frame\d+.jpg",
    ),
    Broken(
        "frames numbered anew", "samm", from_one,
        r"Onset Frame must lie in the frames 1\.\.\d+, not \d+ \(SAMM_\S+, row 15, clip 006_",
    ),
    Broken(
        "a frame of another person", "samm", frame(4, lambda path: renamed(path, path.name.replace("006_", "007_"))),
        r"SAMM/006/006_\d_\d/007_\d+.jpg: must be a frame of 006, not of 007",
    ),
    Broken(
        "a frame of another sequence", "ckplus", frame(4, lambda path: renamed(path, f"S999_001_{path.stem[-8:]}.png")),
        r"S999_001_\d+.png: must be a frame of S005_\d+, not of S999_001",
    ),
    Broken(
        "a clip of one frame", "smic", one_left,
        r"note: data/raw/smic/HS/\S+: frames: 1; fewer than 5 \(index.min_frames, .*\(clip smic/s01/s01_ne_\d+\)",
        r"data/raw/smic/HS/\S+: must hold at least 5 frames \(index.min_frames\), not 1 \(clip smic/s01/s01_ne_\d+\)",
    ),
    Broken(
        "a frame is empty", "casme2", frame(5, lambda path: path.write_bytes(b"")),
        UNREADABLE + r"\(it holds 0 bytes\)",
    ),
    Broken(
        "a frame is truncated", "casme2", frame(5, truncate), UNREADABLE, command=True, job="faces/casme2/sub01.h5",
    ),
    Broken(
        "a progressive frame is truncated", "casme2",
        frame(5, all_of(partial(repainted, change=noisy, progressive=True), partial(truncate, share=0.9))), UNREADABLE,
    ),
    Broken(
        "a frame whose end never came", "casme2", frame(5, all_of(partial(repainted, change=noisy), hollow)),
        UNREADABLE + r"\(its end is missing\)",
    ),
    Broken(
        "a frame is no picture", "casme2", frame(5, lambda path: path.write_text("not a picture")),
        UNREADABLE + r"\(it holds 13 bytes that begin with b'not a pictur'\)", command=True,
        job="faces/casme2/sub01.h5",
    ),
    Broken(
        "a web page by the name of a frame", "casme2",
        frame(5, lambda path: path.write_text("<!DOCTYPE html><html><title>Sign in</title></html>")),
        UNREADABLE + r"\(it holds a web page: was its download refused\?\)",
    ),
    Broken(
        "a pointer of git-lfs", "casme2",
        frame(5, lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")),
        UNREADABLE + r"\(it holds a git-lfs pointer: run `git lfs pull`\)",
    ),
    Broken(
        "a folder by the name of a frame", "casme2", frame(5, lambda path: [path.unlink(), path.mkdir()]),
        UNREADABLE + r"\(Is a directory\)",
    ),
    Broken(
        "a link to a frame that is gone", "casme2",
        frame(5, lambda path: [path.unlink(), path.symlink_to("/nowhere/img.jpg")]),
        rf"{PLACE}/img\d+.jpg: the frame is missing",
        r"data/raw/casme2/.*: (cannot be read: No such file|the frame is missing)",
    ),
    Broken(
        "a frame that may not be read", "casme2", frame(5, locked), UNREADABLE + r"\(Permission denied\)", nobody=True,
    ),
    Broken("more pixels than any camera has", "casme2", frame(5, huge), UNREADABLE + r"\(.*decompression bomb"),
    Broken(
        "several pictures in a file", "casme2", frame(5, film), rf"{PLACE}/img\d+.jpg: must hold one picture, not 2",
    ),
    Broken(
        "CMYK", "casme2", frame(5, partial(repainted, change=lambda image: image.convert("CMYK"))),
        rf"{PLACE}/img\d+.jpg: must be grey, RGB or of a palette, with 8 or 16 bits a channel, not CMYK",
    ),
    Broken(
        "black and white", "samm", each_frame(partial(as_png, change=lambda image: image.convert("1"))),
        r"006_\d+.png: must be grey, RGB or of a palette, with 8 or 16 bits a channel, not black and white$",
    ),
    Broken(
        "16 bits a grey level", "samm", each_frame(partial(as_png, change=wide)),
        r"note: .*/006_\d_\d: 16 bits a channel, of which the upper 8 are kept, in (\d+) of \1 frames, 006_\d+.png",
    ),
    Broken(
        "an alpha channel", "casme2", each_frame(partial(as_png, change=lambda image: image.convert("RGBA"))),
        rf"note: {PLACE}: an alpha channel, dropped, in (\d+) of \1 frames",
    ),
    Broken(
        "grey with alpha", "samm", each_frame(partial(as_png, change=lambda image: image.convert("LA"))),
        r"note: .*/006_\d_\d: an alpha channel, dropped, in (\d+) of \1 frames",
    ),
    Broken(
        "a palette", "casme2", each_frame(partial(as_png, change=lambda image: image.quantize(8))),
        rf"note: {PLACE}: a palette, read as RGB, in (\d+) of \1 frames",
    ),
    Broken(
        "another form than its suffix says", "casme2",
        frame(5, partial(repainted, change=ImageOps.mirror, format="WEBP")),
        rf"note: {PLACE}: WEBP under the name of .jpg, read all the same, in 1 of \d+ frames, img\d+.jpg for one",
    ),
    Broken(
        "lying on its side, and EXIF says so", "casme2", each_frame(turned),
        rf"note: {PLACE}: turned upright, as EXIF says, in (\d+) of \1 frames",
    ),
    Broken(
        "frames of two sizes", "casme2", frame(5, partial(repainted, change=larger)),
        rf"{PLACE}: frames must be alike, not \w+ colour \(\d+, img\d+.jpg for one\) and \w+ colour \(1, img",
        rf"{PLACE}/img\d+.jpg: must be \w+ colour like the clip's first frame, not \w+ colour",
    ),
    Broken(
        "a grey frame among colour", "casme2", frame(5, partial(repainted, change=lambda image: image.convert("L"))),
        rf"{PLACE}: frames must be alike, not (\w+) colour \(\d+, img\d+.jpg for one\) and \1 grey \(1, img\d+",
        rf"{PLACE}/img\d+.jpg: must be (\w+) colour like the clip's first frame, not \1 grey",
    ),
]  # fmt: skip

ROW = rf"\({CODING}, row 2"
ANNOTATIONS = [
    Broken(
        "annotation is missing", "casme2", lambda root: (root / CODING).unlink(),
        rf"data/raw/casme2: must hold the annotation CASME2-coding-\*.xlsx, found none; found {CLASSES}", command=True,
    ),
    Broken(
        "annotation saved as CSV", "casme2",
        lambda root: (root / CODING).rename(root / "CASME2-coding-20140508.csv"),
        r"data/raw/casme2: must hold the annotation CASME2-coding-\*.xlsx, found none; found .*CASME2-coding-20140508",
    ),
    Broken(
        "annotation is no workbook", "samm", lambda root: (root / FACS).write_text("Subject;Filename\n"),
        rf"data/raw/samm/{FACS}: is not a readable workbook \(it holds 17 bytes that begin with b'Subject;Fil",
        command=True,
    ),
    Broken(
        "an old workbook, or one with a password", "casme2",
        lambda root: (root / CODING).write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)),
        r"is not a readable workbook \(it holds an old Excel file \(.xls\) or one with a password",
    ),
    Broken(
        "annotation is truncated", "casme2", lambda root: truncate(root / CODING),
        rf"{CODING}: is not a readable workbook \(cut short or damaged: File is not a zip file\)",
    ),
    Broken("the lock of an open spreadsheet", "casme2", lambda root: (root / f"~${CODING}").write_bytes(b"\x05me"), ""),
    Broken("annotation's name in upper case", "casme2", lambda root: renamed(root / CODING, CODING.upper()), ""),
    Broken(
        "annotation one folder deeper", "casme2",
        all_of(moved(CODING, f"Labels/{CODING}"), moved(CLASSES, f"Labels/{CLASSES}")), "",
    ),
    Broken(
        "two annotations", "casme2", lambda root: shutil.copy(root / CODING, root / "CASME2-coding-20190701.xlsx"),
        r"data/raw/casme2: must hold one annotation .*, found CASME2-coding-20140508.xlsx, CASME2-coding-2019",
        command=True,
    ),
    Broken(
        "annotation lacks a column", "casme2", header(CODING, ApexFrame="Apex Fame"),
        rf"data/raw/casme2/{CODING}: column 'ApexFrame' is missing in row 1 \(did you mean 'apexfame'\?\)",
        command=True,
    ),
    Broken(
        "a column twice", "casme2", header(CODING, Action_Units="ApexFrame"),
        rf"{CODING}: column 'ApexFrame' must be there once, not twice in row 1",
    ),
    Broken(
        "header in another language", "casme2", header(CODING, Subject="被试", Filename="文件名"),
        rf"{CODING}: must have a header row with column 'Subject', found none",
    ),
    Broken("header with line ends and underscores", "casme2", header(CODING, OnsetFrame="onset_\nframe"), ""),
    Broken("a merged title above the header", "casme2", workbook(CODING, title_above), ""),
    Broken("a sheet of notes in front", "casme2", workbook(CODING, sheet_before("visible", copied=False)), ""),
    Broken("an older sheet, hidden", "casme2", workbook(CODING, sheet_before("hidden", copied=True)), ""),
    Broken(
        "two sheets with clips", "casme2", workbook(CODING, sheet_before("visible", copied=True)),
        rf"{CODING}: must hold the annotation in one sheet, not in Sheet1 Copy and Sheet1",
    ),
    Broken(
        "the sheet has another name", "samm",
        workbook(FACS, lambda book: setattr(book.worksheets[0], "title", "Micro")),
        rf"{FACS}: must hold a sheet 'MICRO_ONLY', found Micro",
    ),
    Broken("hidden rows", "casme2", workbook(CODING, hidden_rows), ""),
    Broken("a sheet that says it has one cell", "casme2", lambda root: wrong_dimension(root / CODING), ""),
    Broken("blanks around names", "casme2", every(CODING, "Filename", lambda old: f" {old}\xa0"), ""),
    Broken("numbers as text", "casme2", every(CODING, "OnsetFrame", lambda old: f"{old}.0 "), ""),
    Broken("subjects as sub1", "casme2", every(CODING, "Subject", lambda old: f"Sub{int(old)}"), ""),
    Broken("subjects as numbers", "casme2", every(CODING, "Subject", int), ""),
    Broken(
        "a subject that is none", "casme2", cell(CODING, 1, "Subject", "s1x"),
        rf"Subject must be a number like 01 or sub01, not 's1x' {ROW}",
    ),
    Broken(
        "subjects in merged cells", "casme2", workbook(CODING, merged_subjects),
        rf"Subject must not be empty \({CODING}, row 3\); a merged cell counts for its first row only",
    ),
    Broken(
        "a formula without its value", "casme2", cell(CODING, 1, "ApexFrame", "=D2+10"),
        rf"ApexFrame must have a value, not only the formula =D2\+10 {ROW}\); open and save",
    ),
    Broken(
        "a number made a date", "casme2",
        workbook(CODING, lambda book: setattr(book.worksheets[0]["D2"], "number_format", "yyyy-mm-dd")),
        rf"OnsetFrame must be text or a number, not the date \d+-\d+-\d+ {ROW}",
    ),
    Broken(
        "a word for a number", "casme2", cell(CODING, 1, "ApexFrame", "n/a"),
        rf"ApexFrame must be a whole number, not 'n/a' {ROW}",
    ),
    Broken(
        "a row twice", "casme2", workbook(CODING, row_again),
        rf"clip casme2/sub01/EP\w+ has two rows, this is the second \({CODING}, row \d+\)",
    ),
    Broken(
        "a row is missing", "casme2", workbook(CODING, without_a_row),
        r"note: .*: has no row in the annotation; passed over",
    ),
    Broken(
        "the same frames under two people", "casme2", under_another,
        r"clip casme2/sub02/EP\w+x must have frames of its own, not those of casme2/sub01/EP\w+ "
        rf"\(data/raw/casme2/{RAW}/sub02/EP\w+x and {PLACE}\)", "",
    ),
    Broken(
        "onset 0", "casme2", cell(CODING, 1, "OnsetFrame", 0),
        rf"OnsetFrame must lie in the frames \d+\.\.\d+, not 0 {ROW}, clip EP",
    ),
    Broken(
        "onset after apex", "casme2", swapped, rf"OnsetFrame must be <= ApexFrame, not \d+ > \d+ {ROW}, clip EP",
        command=True,
    ),
    Broken(
        "offset beyond the last frame", "casme2", cell(CODING, 1, "OffsetFrame", 9999),
        rf"OffsetFrame must lie in the frames \d+\.\.\d+, not 9999 {ROW}, clip EP",
    ),
    Broken(
        "apex beyond the last frame", "casme2", cell(CODING, 1, "ApexFrame", 9999),
        rf"ApexFrame must lie in the frames \d+\.\.\d+, not 9999 {ROW}, clip EP",
    ),
    Broken(
        "offset before apex", "casme2", cell(CODING, 1, "OffsetFrame", 1),
        rf"note: OffsetFrame 1 lies before the apex; taken as the last frame \d+ {ROW}, clip EP",
    ),
    Broken(
        "apex after offset", "samm", cell(FACS, 1, "Offset Frame", 1),
        rf"onset <= apex <= offset must hold, not \d+, \d+, 1 \({FACS}, row 15, clip 006",
    ),
    Broken(
        "apex is a stroke", "casme2", cell(CODING, 1, "ApexFrame", "/"),
        rf"note: no apex after the onset: not among MEGC2019's 145 clips {ROW}, clip EP",
    ),
    Broken(
        "apex is empty", "casme2", cell(CODING, 1, "ApexFrame", None),
        rf"note: the apex is not annotated: it will be spotted {ROW}, clip EP",
    ),
    Broken(
        "an emotion is misspelt", "casme2", cell(CODING, 1, "Estimated Emotion", "hapiness"),
        rf"Estimated Emotion must be one of disgust, .*, not 'hapiness' \(did you mean 'happiness'\?\) {ROW}",
    ),
    Broken(
        "action units that nobody codes", "casme2", cell(CODING, 1, "Action Units", "smile"),
        r"data/raw/casme2: action units must be coded like .*, not 'smile' .*\(clip casme2/sub01/EP\w+\)",
        r"note: data/raw/casme2: action units must be .*, not 'smile' .*\(clip casme2/sub01/EP\w+\)",
    ),
    Broken(
        "an AU-based class that is none", "casme2", cell(CLASSES, 1, "Objective Class", 9),
        rf"Objective Class must be one of 1\.\.7, not 9 \({CLASSES}, row 2\)",
    ),
    Broken(
        "AU-based classes are missing", "casme2", lambda root: (root / CLASSES).unlink(),
        r"note: data/raw/casme2: has no CASME2-ObjectiveClasses.xlsx: AU-based classes are not known",
    ),
    Broken(
        "an AU-based class of no clip", "casme2", cell(CLASSES, 1, "Filename", "EP99_99"),
        r"note: clip casme2/sub01/EP99_99 has an AU-based class, but no row in the annotation",
    ),
    *(
        Broken(
            f"a name that leads elsewhere: {name}", "casme2", cell(CODING, 1, "Filename", name),
            rf"a folder name must be plain letters, digits, _ and -, not .* {ROW}",
        )
        for name in ("../../../etc", "/etc/passwd", "../sub02/EP01", "C:\\data", "EP01/..", "\u200bEP01")
    ),
    Broken(
        "a name in other letters", "casme2", cell(CODING, 1, "Filename", "EP02_０１"),
        rf"data/raw/casme2/{RAW}/sub01/EP02_０１: is not there; the annotation names it",
    ),
]  # fmt: skip

SESSION = r"data/raw/mmi/page-S001/Sessions/\d+/S001-\d+"
OTHERS = [
    Broken(
        "a video with more frames than its header says", "mmi", video(partial(video_header, length=5)),
        SESSION + ".avi: must hold 5 frames, as its header says, but more follow",
    ),
    Broken(
        "a video with fewer frames than its header says", "mmi", video(partial(video_header, length=500)),
        SESSION + r".avi: must hold 500 frames, but frame \d+ does not decode",
    ),
    Broken(
        "a video is cut short", "mmi", video(truncate),
        SESSION + r".avi: must hold \d+ frames, but frame \d+ does not",
    ),
    Broken(
        "a video without frames", "mmi", video(partial(video_header, length=0)),
        SESSION + r".avi: must hold 1 to \d+ frames at 1 to \d+ a second, not 0 at 25",
    ),
    Broken(
        "a video of another rate", "mmi", video(partial(video_header, rate=60)),
        f"note: {SESSION}.avi: has 60 frames a second, where MMI has 24 or 25",
    ),
    Broken(
        "a video of no rate a camera has", "mmi", video(partial(video_header, rate=10**6)),
        SESSION + r".avi: must hold 1 to \d+ frames at 1 to \d+ a second, not \d+ at 1e\+06",
    ),
    Broken(
        "a video is empty", "mmi", video(lambda path: path.write_bytes(b"")),
        SESSION + ".avi: is not a readable video",
    ),
    Broken("a video's suffix in upper case", "mmi", video(lambda path: renamed(path, f"{path.stem}.AVI")), ""),
    Broken(
        "a video of another kind", "mmi", video(lambda path: renamed(path, f"{path.stem}.mp4")),
        SESSION + r".avi: the video is missing; found .*S001-\d+.mp4",
    ),
    Broken(
        "a list with semicolons", "affectnet",
        lambda root: (root / "training.csv").write_text((root / "training.csv").read_text().replace(",", ";")),
        "data/raw/affectnet/training.csv: columns must be separated by commas, not by semicolons",
    ),
    Broken(
        "a list that is not UTF-8", "affectnet",
        lambda root: (root / "training.csv").write_bytes("subDirectory_filePath,expression\né,9".encode("latin-1")),
        r"data/raw/affectnet/training.csv: must be a CSV file in UTF-8 \(",
    ),
    Broken(
        "an emotion of another kind", "oulu_casia",
        lambda root: renamed(clips(root, "B_OriginalImg/VL/Strong/P001/*")[0], "Contempt"),
        r"note: .*/P001/Contempt: is none of Anger, Disgust, Fear, Happiness, Sadness, Surprise; passed over",
    ),
]  # fmt: skip
BROKEN = [*FOLDERS, *FRAMES, *ANNOTATIONS, *OTHERS]


def repaint(change: Callable[[Image.Image], Image.Image], *positions: int) -> Spoil:
    """Changes pixels of these frames of the first clip; of all if none is named."""
    return lambda root: [
        repainted(path, change, quality=95)
        for position, path in enumerate(frames(root))
        if not positions or position in positions
    ]


FACELESS = r"a face must be found in at least 90% of the frames, not in {} of \d+ \(casme2/sub01/EP\w+\)"
FACES = [  # `run` here is the clip's `left_out` in results/index/casme2.csv; "" where it stays
    Broken("no face in a frame", "casme2", repaint(black, 5), rf"note: {PLACE}: 1 of \d+ frames are black", ""),
    Broken(
        "no face in most frames", "casme2", repaint(black, *range(3, 99)), r"note: .*frames are black",
        FACELESS.format(3),
    ),
    Broken(
        "all frames are black", "casme2", repaint(black), rf"note: {PLACE}: (\d+) of \1 frames are black",
        FACELESS.format(0),
    ),
    Broken(
        "lying on its side", "casme2", repaint(lambda image: image.transpose(Image.Transpose.ROTATE_90)), "",
        FACELESS.format(0),
    ),
    Broken("a tiny face", "casme2", repaint(tiny), "", FACELESS.format(0)),
    Broken("half a face", "casme2", repaint(at_the_border), "", FACELESS.format(r"\d+")),
    Broken("two faces", "casme2", repaint(doubled), "", ""),  # noted in `other_faces`
]  # fmt: skip


def openface_but(old: str, new: str) -> Spoil:
    """OpenFace's tables of every clip, chosen as reader; something replaced in the first of SAMM's."""

    def make(root: Path) -> None:
        replace("params.yaml", "aus: {}", "aus: {backend: openface}")(root)
        units = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
        for index in sorted((root / "results/index").glob("*.csv")):
            for row in csv.DictReader(index.read_text(encoding="utf-8").splitlines()):
                table = root / "data/raw/openface" / row["dataset"] / row["subject"] / f"{row['name']}.csv"
                table.parent.mkdir(parents=True, exist_ok=True)
                lines = [", ".join(["frame", "face_id", "success", *(f"AU{unit:02d}_r" for unit in units)])]
                lines += [", ".join([str(n + 1), "0", "1", *["0.50"] * 17]) for n in range(int(row["frames"]))]
                table.write_text("\n".join(lines) + "\n", encoding="utf-8")
        spoilt = min((root / "data/raw/openface/samm/006").glob("*.csv"))
        replace(str(spoilt.relative_to(root)), old, new)(root)

    return make


def licensed(root: Path) -> None:
    """Plays the owner of a licence: the generated corpora, under data/raw."""
    for dataset in ("smic", "casme2", "samm"):
        shutil.copytree(root / "data/rendered" / dataset, root / "data/raw" / dataset)


def _through(case: Broken) -> Project:
    def make(root: Path) -> None:
        licensed(root)
        case.spoil(root / "data/raw" / case.dataset)

    message = f"error: {case.check if case.run is None else case.run}"
    if case.job:
        return Project(case.kind, make, message, touched=case.job, target=f"results/{case.job}")
    return Project(case.kind, make, message)


PROJECT = [
    Project(
        "no OpenFace tables",
        replace("params.yaml", "aus: {}", "aus: {backend: openface}"),
        r"error: data/raw/openface/smic/s01/s01_\w+.csv: is not there, nor are \d+ more of \d+; docs/au-b",
    ),
    Project(
        "an OpenFace table with NaN",
        openface_but("\n2, 0, 1, 0.50", "\n2, 0, 1, nan"),
        r"error: data/raw/openface/samm/006/006_\w+.csv, row 3: AU01_r must be a number 0..5, not 'nan'",
        touched="results/aus/",
        target="results/aus/samm/006.h5",
    ),
    Project(
        "py-feat without its environment",
        replace("params.yaml", "aus: {}", "aus: {backend: pyfeat_geometry}"),
        r"error: aus.backend pyfeat_geometry needs envs/pyfeat/.venv: run `make pyfeat`",
    ),
    Project(
        "unknown key of a method",
        replace("params.yaml", "ststnet: {epochs: 2, ", "ststnet: {epochs: 2, batchh: 3, "),
        r"error: params.yaml: methods.ststnet.batchh is no known key \(did you mean 'batch'\?\)",
    ),
    Project(
        "unknown key of a stage",
        replace("params.yaml", "min_frames: 5", "min_frame: 5"),
        r"error: params.yaml: index.min_frame is no known key \(did you mean 'min_frames'\?\)",
    ),
    Project(
        "value out of range",
        replace("params.yaml", "seeds: 1", "seeds: 0"),
        r"error: params.yaml: train.seeds: input should be greater than or equal to 1, not 0",
    ),
    Project(
        "value of another type",
        replace("params.yaml", "max_frames: 20", "max_frames: many"),
        r"error: params.yaml: render.max_frames: input should be a valid integer.*not 'many'",
    ),
    Project(
        "missing section",
        replace("params.yaml", "index:\n  min_frames: 5\n", ""),
        r"error: params.yaml: index is missing",
    ),
    Project(
        "unknown method",
        replace("params.yaml", "majority: {}", "majorety: {}"),
        r"error: params.yaml: method must be one of .*, not majorety \(did you mean 'majority'\?\)",
    ),
    Project(
        "unknown data set",
        replace("params.yaml", "[smic, casme2, samm]", "[smic, casme4, samm]"),
        r"error: params.yaml: datasets.1: .*'casme4'",
    ),
    Project(
        "more shards than people",
        replace("params.yaml", "shards: 1", "shards: 99"),
        r"error: params.yaml: train.shards must be between 1 and the 6 folds, not 99",
    ),
    Project(
        "an empty folder of a data set with a file in it",
        lambda root: [
            (root / "data/raw/casme2").mkdir(),
            (root / "data/raw/casme2/readme.txt").write_text("no data"),
        ],
        r"error: data/raw/casme2: must hold a folder CASME2_RAW_selected.*found readme.txt",
    ),
    Project(
        "a link to a disk that is not there",
        lambda root: (root / "data/raw/smic").symlink_to("/nowhere/smic"),
        r"error: data/raw/smic: leads nowhere; mount the disk, or remove it to run on generated faces",
    ),
    Project(
        "a data set under another name",
        lambda root: shutil.copytree(root / "data/rendered/casme2", root / "data/raw/CASME II"),
        r"error: data/raw/CASME II: must be a folder named casme2; rename or unpack it, or take it away",
    ),
    Project(
        "no precomputed flow",
        lambda root: None,
        r"error: data/raw/flow_folders: is not there; it must hold <subject>/u_train and u_test/<class>/<name>.png, or",
        target="results/flow_folders_table.csv",
    ),
    Project(
        "precomputed flow of 441 clips",
        lambda root: write_list(root / "data/raw/flow_folders", composite()[1:]),
        r"error: data/raw/flow_folders/STSNet_\w+: casme2 must be 145 clips .* \(88 .*, not 144 clips .* \(87 ",
        target="results/flow_folders_table.csv",
    ),
]
CASES = [*PROJECT, *(_through(case) for case in BROKEN if case.command)]
