"""Read one picture file as pixels, and note how they were altered. Knows no data set.

Harmless variants are read with a note. A picture whose pixels would have to be guessed is refused, and so is a
truncated file.
"""

from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.datasets.content import describe_content

if TYPE_CHECKING:
    from PIL.Image import Image

NAMED = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",), "BMP": (".bmp",), "TIFF": (".tif", ".tiff")}
WIDE = ("I;16", "I;16L", "I;16B")  # Pillow's modes of 16 bits a grey level
GREY, COLOUR = ("L", "LA"), ("RGB", "RGBA", "RGBX", "P", "PA", "YCbCr")
LONGEST = 8192  # pixels of a side of a clip's frame: a frame takes a second to decode, and a clip has a hundred
ORIENTATION = 0x0112  # of EXIF; 1 is upright
SCAN, END = b"\xff\xda", b"\xff\xd9"  # markers of JPEG; neither occurs inside the data of a scan


class Alterations(defaultdict[str, set[str]]):
    """The ways in which pictures were altered, each with the names of the files."""

    def __init__(self) -> None:
        super().__init__(set)

    def notes(self, where: Path, frames: int) -> Iterator[str]:
        """Yield a line for each alteration, of the `frames` files of a clip."""
        for alteration, names in sorted(self.items()):
            yield f"{where}: {alteration} in {len(names)} of {frames} frames, {min(names)} for one"


def read(path: Path, alterations: Alterations | None = None, longest: int | None = None) -> np.ndarray:
    """Return a picture as uint8[H, W] if grey, else RGB uint8[H, W, 3], turned upright as its EXIF data say.

    The upper 8 of 16 bits a channel are kept, an alpha channel is dropped and a palette is looked up; `alterations`
    records it. Raises DataError for a picture with a side of more than `longest` pixels, for one that does not decode
    completely and for other pixels, such as CMYK."""
    from PIL import Image, ImageFile, UnidentifiedImageError

    ImageFile.LOAD_TRUNCATED_IMAGES = (
        False  # the package face_recognition sets it for the whole process, and lost pixels become grey
    )
    try:
        data = regular(path).read_bytes()
        with Image.open(BytesIO(data)) as image:
            if longest and max(image.size) > longest:
                width, height = image.size
                raise DataError(
                    f"{path}: must have at most {longest} pixels a side, not {width}x{height}; reduce the frames first"
                )
            return _pixels(path, data, image, Alterations() if alterations is None else alterations)
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


def describe_size(picture: np.ndarray) -> str:
    """Return the size of a picture for a message, "640x480 grey"."""
    return f"{picture.shape[1]}x{picture.shape[0]} {'grey' if picture.ndim == 2 else 'colour'}"


def _pixels(path: Path, data: bytes, image: "Image", alterations: Alterations) -> np.ndarray:
    from PIL import ImageOps

    form = "JPEG" if image.format == "MPO" else image.format or "unknown"  # MPO: a JPEG followed by a preview
    # a truncated JPEG would decode, partly to grey
    if form == "JPEG" and data.endswith(bytes(2)) and data.rfind(END) < data.rfind(SCAN):
        raise DataError(f"{path}: is not a readable picture (its end is missing)")
    if form != "JPEG" and getattr(image, "n_frames", 1) > 1:
        raise DataError(f"{path}: must hold one picture, not {image.n_frames}")  # type: ignore[attr-defined]
    if image.mode not in (*GREY, *COLOUR, *WIDE):
        mode = "black and white" if image.mode == "1" else image.mode
        raise DataError(f"{path}: must be grey, RGB or of a palette, with 8 or 16 bits a channel, not {mode}")
    if path.suffix.lower() not in NAMED.get(form, ()):
        alterations[f"{form} under the name of {path.suffix}, read all the same,"].add(path.name)
    if image.mode in WIDE or "16" in _raw_mode(image):
        alterations["16 bits a channel, of which the upper 8 are kept,"].add(path.name)
    if image.mode in ("P", "PA"):
        alterations["a palette, read as RGB,"].add(path.name)
    if image.has_transparency_data:
        alterations["an alpha channel, dropped,"].add(path.name)
    if image.getexif().get(ORIENTATION, 1) != 1:
        alterations["turned upright, as EXIF says,"].add(path.name)
        image = ImageOps.exif_transpose(image)
    if image.mode in WIDE:
        return (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
    return np.asarray(image.convert("L" if image.mode in GREY else "RGB"))


def _raw_mode(image: "Image") -> str:
    """Return Pillow's name for the pixel format of the file, "RGB;16B", without decoding it."""
    tiles = getattr(image, "tile", None)  # only of images from files
    if not tiles:
        return ""
    arguments = tiles[0][3]
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)
