"""Recognise a file by its first bytes, read a picture as pixels, and note how they were altered. Knows no data set.

Harmless variants are read with a note. A picture with pixels to guess is refused, and so is a truncated file."""

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from microexpr.core.errors import DataError
from microexpr.core.files import regular

if TYPE_CHECKING:
    from PIL.Image import Image

NO_PICTURES = {"BUFR", "EPS", "FITS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF", "XBM", "XPM"}  # stubs, programs, data
WIDE = ("I;16", "I;16L", "I;16B")  # Pillow's modes of 16 bits a grey level
GREY, COLOUR = ("L", "LA"), ("RGB", "RGBA", "RGBX", "P", "PA", "YCbCr")
LONGEST = 8192  # pixels of a side of a clip's frame: a frame takes a second to decode, and a clip has a hundred
ORIENTATION = 0x0112  # of EXIF; 1 is upright
SUBFILE, RAW = 0x00FE, 0xC612  # of TIFF: kind of picture, 1 for a smaller copy; version of Adobe's raw format
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # by orientation, Pillow's numbers of transpositions
EXAMINED = 9  # pictures of one camera that tell how many bits it uses
DEPTHS = (10, 12, 14, 16)  # bits of cameras' levels that are stored in 16
SCAN, END = b"\xff\xda", b"\xff\xd9"  # markers of JPEG; neither occurs inside the data of a scan

SIGNATURES = {  # first bytes, in lower case -> description
    b"<!doctype html": "a web page: was its download refused?",
    b"<html": "a web page: was its download refused?",
    b"version https://git-lfs": "a git-lfs pointer: run `git lfs pull`",
    b"pk\x03\x04": "a zip archive",
    b"rar!": "a rar archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls): save it as .xlsx in a spreadsheet program",
    b"%pdf": "a PDF",
    b"riff": "a video, sound or WebP file",
    b"\x00\x05\x16\x07": "metadata that a Mac writes next to a file",
    **dict.fromkeys((b"ffconcat ", b"#extm3u"), "a playlist of other files"),
    **dict.fromkeys((b"v=0\r\n", b"v=0\n"), "a description of a session (SDP)"),
}
HEIF = tuple(b"ftyp" + brand for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
AVIF = b"ftypavif"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # in a file that begins like an old Excel file


class Alterations(defaultdict[str, set[str]]):
    """The ways in which pictures were altered, each with the names of the files."""

    def __init__(self) -> None:
        super().__init__(set)

    def notes(self, where: Path, frames: int) -> Iterator[str]:
        """Yield a line for each alteration, of the `frames` files of a clip."""
        for alteration, names in sorted(self.items()):
            yield f"{where}: {alteration} in {len(names)} of {frames} frames, {min(names)} for one"


def read(
    path: Path, alterations: Alterations | None = None, longest: int | None = None, bits: int | None = None
) -> np.ndarray:
    """Return a picture as uint8[H, W] if grey, else RGB uint8[H, W, 3], turned upright as its EXIF data say.

    The upper 8 of `bits` are kept where a channel has 16: those that `depth` finds in this picture by default. An alpha
    channel is dropped and a palette is looked up; `alterations` records it. Raises DataError for a picture with a side
    of more than `longest` pixels, for one that does not decode completely and for other pixels, such as CMYK."""
    from PIL import Image

    alterations = Alterations() if alterations is None else alterations
    with _opened(path) as (data, image):
        if longest and max(image.size) > longest:
            size = "x".join(map(str, image.size))
            raise DataError(f"{path}: must have at most {longest} pixels a side, not {size}; reduce the frames first")
        form = "JPEG" if image.format == "MPO" else image.format or "unknown"  # MPO: a JPEG followed by a preview
        # a truncated JPEG would decode, partly to grey
        if form == "JPEG" and data.endswith(bytes(2)) and data.rfind(END) < data.rfind(SCAN):
            raise DataError(f"{path}: is not a readable picture (its end is missing)")
        if form == "TIFF" and (image.tag_v2.get(SUBFILE, 0) & 1 or RAW in image.tag_v2):  # type: ignore[attr-defined]
            raise DataError(f"{path}: is a camera's raw photograph: export it as JPEG")
        if form != "JPEG" and getattr(image, "n_frames", 1) > 1:
            raise DataError(f"{path}: must hold one picture, not {image.n_frames}")  # type: ignore[attr-defined]
        if image.mode not in (*GREY, *COLOUR, *WIDE):
            mode = "black and white" if image.mode == "1" else image.mode
            raise DataError(f"{path}: must be grey, RGB or of a palette, with 8 or 16 bits a channel, not {mode}")
        if Image.registered_extensions().get(path.suffix.lower()) != form:
            alterations[f"{form} under the name of {path.suffix}, read all the same,"].add(path.name)
        levels = _levels(image, data)  # before EXIF data are looked for, which may decode the picture
        has_alpha, orientation = image.has_transparency_data, image.getexif().get(ORIENTATION, 1)
        if levels is not None:
            bits = bits or _bits(levels)
            alterations[f"16 bits a channel, of which {bits} are used and the upper 8 of these kept,"].add(path.name)
            image = Image.fromarray(np.minimum(levels >> (bits - 8), 255).astype(np.uint8))
        if image.mode in ("P", "PA"):
            alterations["a palette, read as RGB,"].add(path.name)
        if has_alpha:
            alterations["an alpha channel, dropped,"].add(path.name)
        if orientation in TURNS:
            alterations["turned upright, as EXIF says,"].add(path.name)
            image = image.transpose(Image.Transpose(TURNS[orientation]))
        return np.asarray(image.convert("L" if image.mode in GREY else "RGB"))


def describe_size(picture: np.ndarray) -> str:
    """Return the size of a picture for a message, "640x480 grey"."""
    return f"{picture.shape[1]}x{picture.shape[0]} {'grey' if picture.ndim == 2 else 'colour'}"


def _levels(image: "Image", data: bytes) -> np.ndarray | None:
    """Return the levels of a picture of 16 bits a channel, uint16[H, W] or RGB uint16[H, W, 3]; None for others."""
    import cv2

    if image.mode in WIDE:
        return np.asarray(image).astype(np.uint16)
    tiles = getattr(image, "tile", None)  # only of images from files
    arguments = tiles[0][3] if tiles else ""
    if "16" not in str(arguments[0] if isinstance(arguments, tuple) else arguments):  # Pillow's name, "RGB;16B"
        return None
    levels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)  # Pillow reduces them
    return np.asarray(levels[..., ::-1]) if levels is not None and levels.dtype == np.uint16 else None


def _bits(levels: np.ndarray) -> int:
    """Return how many bits of a channel a camera used: the fewest of `DEPTHS` that hold every level."""
    return next(bits for bits in DEPTHS if int(levels.max(initial=0)) < 1 << bits)


def depth(paths: Sequence[Path]) -> int | None:
    """Return how many bits a channel pictures of one camera use, for `read`, by some of them; None for those of 8."""
    bits = []
    for path in (paths[i] for i in sorted({*np.linspace(0, len(paths) - 1, EXAMINED).astype(int).tolist()})):
        with suppress(DataError), _opened(path) as (data, image):
            levels = _levels(image, data)
            if levels is None:
                return None
            bits.append(_bits(levels))
    return max(bits, default=None)


def is_picture(path: Path) -> bool:
    """Return whether a file is a picture, by its content: something that Pillow opens, and not an animation."""
    from PIL import Image

    Image.init()
    try:
        with regular(path).open("rb") as file, warnings.catch_warnings():  # not all of it: it may be an hour of video
            warnings.simplefilter("ignore")
            with Image.open(file, formats=_formats()) as image:
                return image.format in ("JPEG", "MPO", "TIFF") or getattr(image, "n_frames", 1) == 1
    except Image.DecompressionBombError:
        return True
    except Exception:  # Pillow raises errors of many kinds
        return False


def _formats() -> list[str]:
    from PIL import Image

    return sorted({*Image.ID} - NO_PICTURES)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[bytes, "Image"]]:
    """Yield the bytes of a picture, and the picture before it is decoded. Raises DataError if it is none."""
    from PIL import Image, ImageFile, UnidentifiedImageError

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # face_recognition sets it for the process, and lost pixels become grey
    Image.init()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large photographs are accepted; far larger files are refused
            data = regular(path).read_bytes()
            with Image.open(BytesIO(data), formats=_formats()) as image:
                yield data, image
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: {'is a link that leads nowhere' if path.is_symlink() else 'is not there'}") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: is not a readable picture (it holds {describe_content(data)})") from None
    except OSError as error:  # errors of Pillow's own have no strerror
        raise DataError(f"{path}: is not a readable picture ({error.strerror or error})") from error
    except Exception as error:  # Pillow raises errors of many kinds: struct, zlib, its own
        raise DataError(f"{path}: is not a readable picture ({error})") from error


def describe_content(data: bytes, size: int | None = None) -> str:
    """Describe the content of a file of `size` bytes by its first bytes; if it is unknown, by both."""
    size = len(data) if size is None else size
    if not data.strip(b"\0"):
        which = "all of them" if size == len(data) else "the first of them"
        return f"{size} bytes, {which} zero" if data else "0 bytes"
    if ENCRYPTED in data:
        return "a workbook with a password: save it as .xlsx without one in a spreadsheet program"
    if data[4:12] in HEIF:
        return "a HEIF photograph: export it as JPEG"
    start = data[:64].lstrip().lower()
    descriptions = (words for signature, words in SIGNATURES.items() if start.startswith(signature))
    return next(descriptions, f"{size} bytes that begin with {data[:12]!r}")
