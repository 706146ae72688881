"""Ways to break a copy of a data set, its pictures and its workbook. No assertions here, no data set is known."""

import os
import re
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from openpyxl import load_workbook
from PIL import Image

Spoil = Callable[[Path], object]  # of a data set's own folder


def clips(root: Path, pattern: str) -> list[Path]:
    """Folders of frames by where they lie, sorted."""
    return sorted(path for path in root.glob(pattern) if path.is_dir())


def numbered(folder: Path) -> list[Path]:
    """Frames of a folder in order of the last number in their names."""
    return sorted(folder.iterdir(), key=lambda path: int(re.findall(r"\d+", path.stem)[-1]))


def all_of(*changes: Spoil) -> Spoil:
    return lambda root: [change(root) for change in changes]


# files


def truncate(path: Path, share: float = 0.5) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def hollow(path: Path) -> None:
    """A download that was given its whole size and lost its second half."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))


def renamed(path: Path, name: str) -> Path:
    return path.rename(path.with_name(name))


def moved(old: str, new: str) -> Spoil:
    """A file or folder to another place in the data set's folder."""

    def change(root: Path) -> None:
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / old).rename(root / "moved away")  # it may go into itself
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / "moved away").rename(root / new)

    return change


def copied(old: str, new: str) -> Spoil:
    return lambda root: shutil.copytree(root / old, root / new)


def packed(folder: str) -> Spoil:
    """A folder as the archive that it came in."""

    def change(root: Path) -> None:
        with zipfile.ZipFile(root / f"{folder}.zip", "w") as archive:
            archive.write(root / folder, folder)
        shutil.rmtree(root / folder)

    return change


def locked(path: Path) -> None:
    """Nobody may read it, as long as the reader is not root."""
    path.chmod(0)


def looped(folder: Path) -> None:
    """A link that leads to itself in place of a folder."""
    shutil.rmtree(folder)
    folder.symlink_to(folder.absolute())


def replace(file: str, old: str, new: str) -> Spoil:
    def change(root: Path) -> None:
        text = (root / file).read_text(encoding="utf-8")
        assert old in text, f"{file} lacks {old!r}"
        (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def video_header(path: Path, **values: int) -> None:
    """Sets fields of an AVI's stream header: scale, rate, length."""
    data = bytearray(path.read_bytes())
    start = data.index(b"strh") + 8
    for name, value in values.items():
        place = start + {"scale": 20, "rate": 24, "length": 32}[name]
        data[place : place + 4] = struct.pack("<I", value)
    path.write_bytes(data)


# pictures


def repainted(path: Path, change: Callable[[Image.Image], Image.Image], **how: Any) -> None:
    """The same file with other pixels; `how` as for Image.save, which goes by the suffix unless there is `format`."""
    with Image.open(path) as image:
        image.load()
    changed = change(image)
    changed.info.clear()
    changed.save(path, **{"format": {".jpg": "JPEG", ".png": "PNG"}[path.suffix.lower()]} | how)


def as_png(path: Path, change: Callable[[Image.Image], Image.Image]) -> None:
    """A PNG in place of it, under the same name but for the suffix."""
    with Image.open(path) as image:
        image.load()
    path.unlink()
    changed = change(image)
    changed.info.clear()
    changed.save(path.with_suffix(".png"))


def wide(image: Image.Image) -> Image.Image:
    """16 bits a grey level."""
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


def black(image: Image.Image) -> Image.Image:
    return Image.new(image.mode, image.size)


def noisy(image: Image.Image) -> Image.Image:
    """Pixels that no compression makes few bytes of."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, len(image.getbands())), np.uint8))


def larger(image: Image.Image) -> Image.Image:
    return image.resize((2 * image.width, 2 * image.height))


def huge(path: Path) -> None:
    """A bitmap whose header tells of more pixels than any camera has."""
    pixels = 10**5
    header = struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack(
        "<IiiHHIIiiII", 40, pixels, pixels, 1, 24, 0, 0, 0, 0, 0, 0
    )
    path.write_bytes(b"BM" + header)


def film(path: Path) -> None:
    """Two pictures in one file."""
    with Image.open(path) as image:
        image.load()
    image.save(path, format="GIF", save_all=True, append_images=[black(image)])


def doubled(image: Image.Image) -> Image.Image:
    """The same face twice, the right one smaller."""
    beside = Image.new(image.mode, (image.width + image.width * 2 // 3, image.height))
    beside.paste(image, (0, 0))
    beside.paste(image.resize((image.width * 2 // 3, image.height * 2 // 3)), (image.width, image.height // 6))
    return beside


def at_the_border(image: Image.Image) -> Image.Image:
    """The left half of the picture, and of the face."""
    return image.crop((0, 0, image.width // 2, image.height))


def tiny(image: Image.Image) -> Image.Image:
    """The whole picture at a tenth of its size, within its frame."""
    frame = Image.new(image.mode, image.size)
    frame.paste(image.resize((max(1, image.width // 10), max(1, image.height // 10))), (image.width // 2, 0))
    return frame


# workbooks


def workbook(file: str, change: Callable[[Any], object]) -> Spoil:
    """`change` is given the book, which is then saved."""

    def spoil(root: Path) -> None:
        book = load_workbook(root / file)
        change(book)
        book.save(root / file)

    return spoil


def page_of(book: Any, header: str = "Subject") -> tuple[Any, int, dict[str, int]]:
    """The sheet with this header, the header's row and its columns by name."""
    for page in book.worksheets:
        for row in page.iter_rows():
            if any(cell.value == header for cell in row):
                return page, row[0].row, {cell.value: cell.column for cell in row if cell.value}
    raise AssertionError(f"no sheet has {header!r}")


def cell(file: str, row: int, column: str, value: object) -> Spoil:
    """Sets a cell by the number of its row below the header, from 1; a function is given the old value."""

    def change(book: Any) -> None:
        page, top, columns = page_of(book)
        here = page.cell(top + row, columns[column])
        here.value = value(here.value) if callable(value) else value

    return workbook(file, change)


def every(file: str, column: str, value: Callable[[Any], object]) -> Spoil:
    """Changes all cells of a column."""

    def change(book: Any) -> None:
        page, top, columns = page_of(book)
        for row in range(top + 1, page.max_row + 1):
            here = page.cell(row, columns[column])
            here.value = value(here.value)

    return workbook(file, change)


def header(file: str, **names: object) -> Spoil:
    """Renames columns; blanks in their names are underscores here."""
    renaming = {old.replace("_", " "): new for old, new in names.items()}

    def change(book: Any) -> None:
        page, top, columns = page_of(book)
        for old, new in renaming.items():
            page.cell(top, columns[old]).value = new

    return workbook(file, change)


def row_again(book: Any) -> None:
    """The first row once more at the end."""
    page, top, _ = page_of(book)
    page.append([here.value for here in page[top + 1]])


def without_a_row(book: Any) -> None:
    """All but the third."""
    page, top, _ = page_of(book)
    page.delete_rows(top + 3)


def hidden_rows(book: Any) -> None:
    page, top, _ = page_of(book)
    for number in range(top + 2, page.max_row + 1):
        page.row_dimensions[number].hidden = True


def merged_subjects(book: Any) -> None:
    page, top, columns = page_of(book)
    column = columns["Subject"]
    page.merge_cells(start_row=top + 1, end_row=top + 2, start_column=column, end_column=column)


def title_above(book: Any) -> None:
    """A merged title and an empty line above the header."""
    page, _, _ = page_of(book)
    page.insert_rows(1, 2)
    page["A1"] = "Annotation of all clips"
    page.merge_cells("A1:F1")


def sheet_before(state: str, copied: bool) -> Callable[[Any], None]:
    """Another sheet in front, `visible` or `hidden`: notes, or a copy of the annotation with an older offset."""

    def change(book: Any) -> None:
        page, top, columns = page_of(book)
        front = book.copy_worksheet(page) if copied else book.create_sheet("Notes")
        if copied:
            front.cell(top + 1, columns["OffsetFrame"]).value = 10**6
        else:
            front["A1"] = "See the other sheet for each Subject"
        front.sheet_state = state
        book.move_sheet(front, -len(book.sheetnames) + 1)
        book.active = 1

    return change


def wrong_dimension(path: Path) -> None:
    """A sheet that says it has one cell, as some programs write it."""
    with zipfile.ZipFile(path) as old:
        files = {name: old.read(name) for name in old.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    files[sheet], changed = re.subn(rb'<dimension ref="[^"]+"', b'<dimension ref="A1"', files[sheet])
    assert changed == 1
    with zipfile.ZipFile(path, "w") as new:
        for name, data in files.items():
            new.writestr(name, data)


def as_nobody() -> Callable[[], None]:
    """Drops root's right to read everything; returns what takes it back."""
    if os.geteuid() != 0:
        return lambda: None
    os.seteuid(65534)
    return lambda: os.seteuid(0)
