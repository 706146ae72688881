"""Pictures of every form that is read, and what their pixels are by another program or by construction."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import pytest
from PIL import Image

from microexpr.core.errors import DataError
from microexpr.videos import picture
from microexpr.videos.picture import Alterations, describe_content

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # first bytes of Microsoft's compound files
COLOUR = Image.fromarray(np.kron([[[200, 0, 90], [9, 9, 9], [0, 255, 0]]], np.ones((4, 2, 1))).astype(np.uint8))
WIDE = np.arange(0, 65536, 1024, dtype=np.uint16).reshape(8, 8)
SIXTEEN = "16 bits a channel, of which {} are used and the upper 8 of these kept"
GREYS = np.arange(256, dtype=np.uint8).reshape(16, 16)
COLOURS = np.stack([GREYS, GREYS[::-1], GREYS.T], axis=-1)
ON_ITS_SIDE = Image.Exif()
ON_ITS_SIDE[0x0112] = 6
TURNED, BGR = COLOUR.transpose(Image.Transpose.ROTATE_90), np.full((6, 8, 3), (1, 129 * 256 + 7, 65535), np.uint16)
ALTERED: list[tuple[Callable[[str], object], object, str]] = [  # the writer, the pixels that are read, the note
    (partial(cv2.imwrite, img=WIDE), WIDE // 256, SIXTEEN.format(16)),
    (partial(cv2.imwrite, img=BGR), (255, 129, 0), SIXTEEN.format(16)),
    (COLOUR.convert("LA").save, COLOUR.convert("L"), "an alpha channel, dropped"),
    (COLOUR.quantize(8).save, COLOUR, "a palette, read as RGB"),
    (partial(COLOUR.save, format="WEBP", lossless=True), COLOUR, "WEBP under the name of .png, read all the same"),
    (partial(TURNED.save, exif=ON_ITS_SIDE), COLOUR, "turned upright, as EXIF says"),
]


@pytest.mark.parametrize(("write", "expected", "alteration"), ALTERED)
def test_pixels_of_other_forms_are_read_and_noted(write, expected, alteration, tmp_path):
    write(str(tmp_path / "a.png"))
    altered = Alterations()
    pixels = picture.read(tmp_path / "a.png", altered)
    assert pixels.dtype == np.uint8 and (pixels == np.asarray(expected)).all()
    assert list(altered) == [f"{alteration},"]


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("levels", [GREYS, COLOURS], ids=["grey", "colour"])
def test_a_cameras_levels_in_16_bits_are_as_bright_as_in_8(bits, levels, tmp_path):
    wide = levels.astype(np.uint16) << (bits - 8)
    cv2.imwrite(str(tmp_path / "a.png"), wide[..., ::-1] if wide.ndim == 3 else wide)
    altered = Alterations()
    assert np.array_equal(picture.read(tmp_path / "a.png", altered), levels)
    assert list(altered) == [SIXTEEN.format(bits) + ","]
    assert picture.depth([tmp_path / "a.png"]) == bits


@pytest.mark.parametrize("suffix", [".avif", ".jfif", ".tga", ".JPG", ".dat"])
def test_content_decides_what_is_a_picture(suffix, tmp_path):
    path, form = tmp_path / f"a{suffix}", {".avif": "AVIF", ".tga": "TGA", ".dat": "PNG"}.get(suffix, "JPEG")
    Image.fromarray(COLOURS).save(path, format=form)
    assert picture.is_picture(path) and picture.read(path).shape == (16, 16, 3)
    path.write_bytes(b"text under the name of a picture")
    assert not picture.is_picture(path)
    with pytest.raises(DataError, match=rf"a{suffix}: is not a readable picture"):
        picture.read(path)


@pytest.mark.parametrize("tags", [{0x00FE: 1}, {0xC612: b"\1\4\0\0"}], ids=["a preview", "DNG"])
def test_a_raw_photograph_is_not_read_as_its_preview(tags, tmp_path):
    COLOUR.save(tmp_path / "IMG_1.dng", format="TIFF", tiffinfo=tags)
    with pytest.raises(DataError, match=r"IMG_1.dng: is a camera's raw photograph: export it as JPEG"):
        picture.read(tmp_path / "IMG_1.dng")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 bytes"),
        (bytes(9), "9 bytes, all of them zero"),
        (b"\n<!DOCTYPE html><html>", "a web page: was its download refused?"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a git-lfs pointer: run `git lfs pull`"),
        (b"PK\x03\x04", "a zip archive"),
        (OLE, "an old Excel file (.xls): save it as .xlsx in a spreadsheet program"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a workbook with a password: save it as .xlsx without one"),
    ],
)
def test_content_of_another_kind_than_the_name_says_is_described(content, words):
    assert describe_content(content).startswith(words)
