"""Every kind of bad input: how it is made, and the one line that must be said."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flow_pictures import composite, write_list
from openpyxl import load_workbook


@dataclass(frozen=True)
class Case:
    kind: str
    make: Callable[[Path], None]  # given the root of a finished project
    message: str  # a regular expression, found in what is printed
    touched: str = "nothing else"  # files of results that may go or change: those made of the bad one
    target: str = "all"


def replace(file: str, old: str, new: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        text = (root / file).read_text(encoding="utf-8")
        assert old in text, f"{file} lacks {old!r}"
        (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return make


def licensed(root: Path) -> None:
    """Plays the owner of a licence: the generated corpora, under data/raw."""
    for dataset in ("smic", "casme2", "samm"):
        shutil.copytree(root / "data/generated" / dataset, root / "data/raw" / dataset)


def licensed_but(change: Callable[[Path], None]) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        licensed(root)
        change(root / "data/raw")

    return make


def frames(raw: Path) -> list[Path]:
    """Of the first CASME II clip, in order."""
    clip = min(p for p in raw.glob("casme2/CASME2_RAW_selected/sub01/*") if p.is_dir())
    return sorted(clip.glob("*.jpg"), key=lambda p: int(p.stem.removeprefix("img")))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def column(dataset_book: str, sheet: int, old: str, new: str | None) -> Callable[[Path], None]:
    """Renames a column of a workbook."""

    def change(raw: Path) -> None:
        book = load_workbook(raw / dataset_book)
        for row in book.worksheets[sheet].iter_rows():
            for cell in row:
                if cell.value == old:
                    cell.value = new
        book.save(raw / dataset_book)

    return change


def onset_after_apex(raw: Path) -> None:
    file = raw / "casme2/CASME2-coding-20140508.xlsx"
    book = load_workbook(file)
    page = book.worksheets[0]
    page["D2"], page["E2"] = page["E2"].value, page["D2"].value
    book.save(file)


CASME2, SAMM = "casme2/CASME2-coding-20140508.xlsx", "samm/SAMM_Micro_FACS_Codes_v2.xlsx"
CASES = [
    Case(
        "unknown key of a method",
        replace("params.yaml", "ststnet: {epochs: 2, ", "ststnet: {epochs: 2, batchh: 3, "),
        r"error: params.yaml: methods.ststnet.batchh is no known key \(did you mean 'batch'\?\)",
    ),
    Case(
        "unknown key of a stage",
        replace("params.yaml", "flow: {}", "flow: {widow: 3}"),
        r"error: params.yaml: flow.widow is no known key \(did you mean 'window'\?\)",
    ),
    Case(
        "value out of range",
        replace("params.yaml", "seeds: 1", "seeds: 0"),
        r"error: params.yaml: train.seeds: input should be greater than or equal to 1, not 0",
    ),
    Case(
        "value of another type",
        replace("params.yaml", "max_frames: 20", "max_frames: many"),
        r"error: params.yaml: generate.max_frames: input should be a valid integer.*not 'many'",
    ),
    Case(
        "missing section",
        replace("params.yaml", "index:\n  min_frames: 5\n", ""),
        r"error: params.yaml: index is missing",
    ),
    Case(
        "unknown method",
        replace("params.yaml", "majority: {}", "majorety: {}"),
        r"error: params.yaml: method must be one of .*, not majorety \(did you mean 'majority'\?\)",
    ),
    Case(
        "unknown data set",
        replace("params.yaml", "[smic, casme2, samm]", "[smic, casme, samm]"),
        r"error: params.yaml: datasets.1: .*'casme'",
    ),
    Case(
        "more shards than people",
        replace("params.yaml", "shards: 1", "shards: 99"),
        r"error: train.shards must be between 1 and the 6 folds, not 99",
    ),
    Case(
        "an empty folder of a data set with a file in it",
        lambda root: [
            (root / "data/raw/casme2").mkdir(),
            (root / "data/raw/casme2/readme.txt").write_text("no data"),
        ],
        r"error: data/raw/casme2: must hold a folder CASME2_RAW_selected.*found readme.txt",
    ),
    Case(
        "a link to a disk that is not there",
        lambda root: (root / "data/raw/smic").symlink_to("/nowhere/smic"),
        r"error: data/raw/smic: leads nowhere; mount the disk, or remove it to run on generated faces",
    ),
    Case(
        "two annotations",
        licensed_but(lambda raw: shutil.copy(raw / CASME2, raw / "casme2/CASME2-coding-20190701.xlsx")),
        r"error: data/raw/casme2: must hold one annotation .*, found CASME2-coding-20140508.xlsx, CASME2-coding-2019",
    ),
    Case(
        "annotation is missing",
        licensed_but(lambda raw: (raw / CASME2).unlink()),
        r"error: data/raw/casme2: must hold the annotation CASME2-coding-\*.xlsx",
    ),
    Case(
        "annotation is no workbook",
        licensed_but(lambda raw: (raw / SAMM).write_text("Subject,Filename\n")),
        r"error: data/raw/samm/SAMM_Micro_FACS_Codes_v2.xlsx: is not a readable workbook",
    ),
    Case(
        "annotation lacks a column",
        licensed_but(column(CASME2, 0, "ApexFrame", "Apex Fame")),
        r"error: data/raw/casme2/CASME2-coding-20140508.xlsx: column 'ApexFrame' is missing in row 1 "
        r"\(did you mean 'apexfame'\?\)",
    ),
    Case(
        "annotation names a frame that cannot be",
        licensed_but(onset_after_apex),
        r"error: OnsetFrame must be <= ApexFrame, not \d+ > \d+ \(CASME2-coding-20140508.xlsx, row 2, clip EP",
    ),
    Case(
        "a frame is missing",
        licensed_but(lambda raw: frames(raw)[7].unlink()),
        r"error: data/raw/casme2/CASME2_RAW_selected/sub01/EP\w+: frame \d+ is missing between \d+ and \d+",
    ),
    Case(
        "a clip's folder is missing",
        licensed_but(lambda raw: shutil.rmtree(frames(raw)[0].parent)),
        r"error: data/raw/casme2/CASME2_RAW_selected/sub01/EP\w+: is not there; the annotation names it",
    ),
    Case(
        "a frame is truncated",
        licensed_but(lambda raw: truncate(frames(raw)[5])),
        r"error: data/raw/casme2/CASME2_RAW_selected/sub01/EP\w+/img\d+.jpg: is not a readable picture",
        touched=".h5",  # all are made anew, from the licensed frames
    ),
    Case(
        "a frame is no picture",
        licensed_but(lambda raw: frames(raw)[5].write_text("not a picture")),
        r"error: data/raw/casme2/CASME2_RAW_selected/sub01/EP\w+/img\d+.jpg: is not a readable picture",
        touched=".h5",  # all are made anew, from the licensed frames
    ),
    Case(
        "a stage file is damaged inside",
        lambda root: flip(root / "results/faces/samm/006.h5"),
        r"error: results/faces/samm/006.h5: is damaged \(.*\); delete it and run again",
        touched="samm/006.h5",
    ),
    Case(
        "a stage file is truncated",
        lambda root: truncate(root / "results/faces/samm/006.h5"),
        r"error: results/faces/samm/006.h5: is not a readable HDF5 file \(truncated or damaged\?\); delete it and run",
        touched="samm/006.h5",
    ),
    Case(
        "a stage file of another version",
        lambda root: older(root / "results/apex/samm/006.h5"),
        r"error: results/apex/samm/006.h5: must hold apex/\d+, not apex/0 \(made by microexpr .*\); rerun stage apex",
        touched="samm/006.h5",
    ),
    Case(
        "no precomputed flow",
        lambda root: None,
        r"error: data/raw/flow_folders: is not there; it must hold <subject>/u_train and u_test/<class>/<name>.png, or",
        target="results/flow_folders_table.csv",
    ),
    Case(
        "precomputed flow of 441 clips",
        lambda root: write_list(root / "data/raw/flow_folders", composite()[1:]),
        r"error: data/raw/flow_folders/STSNet_\w+: casme2 must be 145 clips .* \(88 .*, not 144 clips .* \(87 ",
        target="results/flow_folders_table.csv",
    ),
]


def flip(path: Path) -> None:
    """One byte in the middle: in a crop."""
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)


def older(path: Path) -> None:
    import h5py

    with h5py.File(path, "r+") as file:
        file.attrs["schema"] = b"apex/0"
