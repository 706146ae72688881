"""One picture file as pixels, and what was altered to make it so. Knows no data set.

Harmless variants are read and said; what would have to be guessed is refused, and so is a file that lost its end.
"""

from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from microexpr.core.errors import DataError
from microexpr.datasets.content import kind

if TYPE_CHECKING:
    from PIL.Image import Image

NAMED = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",), "BMP": (".bmp",), "TIFF": (".tif", ".tiff")}
WIDE = ("I;16", "I;16L", "I;16B")  # Pillow's modes of 16 bits a grey level
GREY, COLOUR = ("L", "LA"), ("RGB", "RGBA", "RGBX", "P", "PA", "YCbCr")
ORIENTATION = 0x0112  # of EXIF; 1 is upright
SCAN, END = b"\xff\xda", b"\xff\xd9"  # of JPEG; neither stands inside the data of a scan


class Altered(defaultdict[str, set[str]]):
    """What was done to pictures before they were given out -> names of the files."""

    def __init__(self) -> None:
        super().__init__(set)

    def said(self, where: Path, frames: int) -> Iterator[str]:
        """A line for each, of a clip's `frames` files at a place."""
        for what, names in sorted(self.items()):
            yield f"{where}: {what} in {len(names)} of {frames} frames, {min(names)} for one"


def read(path: Path, altered: Altered | None = None) -> np.ndarray:
    """A picture as uint8[H, W] if grey, else RGB uint8[H, W, 3], upright as its EXIF data say.

    Of 16 bits a channel the upper 8 are kept, an alpha channel is dropped, a palette is looked up; `altered` is told.
    Raises DataError for what does not decode whole and for other kinds of pixels, such as CMYK."""
    from PIL import Image, ImageFile, UnidentifiedImageError

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # face_recognition sets it for the whole process: grey for what is lost
    try:
        data = path.read_bytes()
        with Image.open(BytesIO(data)) as image:
            return _pixels(path, data, image, Altered() if altered is None else altered)
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: the frame is missing") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: is not a readable picture (it holds {kind(data)})") from None
    except OSError as error:  # Pillow's own have no number
        raise DataError(f"{path}: is not a readable picture ({error.strerror or error})") from error
    except Exception as error:  # Pillow lets errors of many kinds through: struct, zlib, its own
        raise DataError(f"{path}: is not a readable picture ({error})") from error


def described(picture: np.ndarray) -> str:
    """Its size for a message, "640x480 grey"."""
    return f"{picture.shape[1]}x{picture.shape[0]} {'grey' if picture.ndim == 2 else 'colour'}"


def _pixels(path: Path, data: bytes, image: "Image", altered: Altered) -> np.ndarray:
    from PIL import ImageOps

    form = "JPEG" if image.format == "MPO" else image.format or "unknown"  # MPO: a JPEG with a preview behind it
    if form == "JPEG" and data.endswith(bytes(2)) and data.rfind(END) < data.rfind(SCAN):  # decodes, in part to grey
        raise DataError(f"{path}: is not a readable picture (its end is missing)")
    if form != "JPEG" and getattr(image, "n_frames", 1) > 1:
        raise DataError(f"{path}: must hold one picture, not {image.n_frames}")  # type: ignore[attr-defined]
    if image.mode not in (*GREY, *COLOUR, *WIDE):
        found = "black and white" if image.mode == "1" else image.mode
        raise DataError(f"{path}: must be grey, RGB or of a palette, with 8 or 16 bits a channel, not {found}")
    if path.suffix.lower() not in NAMED.get(form, ()):
        altered[f"{form} under the name of {path.suffix}, read all the same,"].add(path.name)
    if image.mode in WIDE or "16" in _raw(image):
        altered["16 bits a channel, of which the upper 8 are kept,"].add(path.name)
    if image.mode in ("P", "PA"):
        altered["a palette, read as RGB,"].add(path.name)
    if image.has_transparency_data:
        altered["an alpha channel, dropped,"].add(path.name)
    if image.getexif().get(ORIENTATION, 1) != 1:
        altered["turned upright, as EXIF says,"].add(path.name)
        image = ImageOps.exif_transpose(image)
    if image.mode in WIDE:
        return (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
    return np.asarray(image.convert("L" if image.mode in GREY else "RGB"))


def _raw(image: "Image") -> str:
    """How pixels lie in the file, "RGB;16B"; known before they are decoded."""
    tiles = getattr(image, "tile", None)  # only of images from files
    if not tiles:
        return ""
    arguments = tiles[0][3]
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)
