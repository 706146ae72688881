"""Build the landmark network, train it on portraits and export it: rule `fit_landmarks`."""

import json
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from microexpr.core import onnx
from microexpr.core.clip import subject_provenance
from microexpr.core.seeds import generator
from microexpr.signals.face_regions import LANDMARKS, eye_distance
from microexpr.signals.landmarks import ERROR_UNIT, FACE, POINTS, SIZE, cut
from microexpr.training import onnx_export
from reader_fits import learning, portrait_images
from reader_fits.learning import Execution, Residual, Schedule, convolution
from reader_fits.portrait_images import SCENE, SIDE, Portraits

logger = logging.getLogger(__name__)

SEED = 0
STEPS, PAIRS = 20000, 24  # updates, and pairs of images in each
RATE, DECAY = 2e-3, 1e-4  # learning rate, weight decay
SCALE, TURN, SHIFT = 0.08, 8.0, 0.05  # standard deviations of a face's place: log scale, degrees, sides of the image
AT_REST = 0.6  # share of pairs that begin with the image at rest; in the others it is any image of the scene
# The counterpart of each point in a mirror image; the iBUG markup numbers jaw, brows, eyes and lips in order.
MIRROR = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
    + [69, 68]
)
JAW, JAW_WEIGHT = slice(0, 17), 0.5  # the contour is less certain than other points
CHANGE_WEIGHT = 3.0  # of the loss of movements
CHANGE_UNIT = 0.01  # of the outer eye distance: larger errors of a movement count by their size, smaller by its square
RIGID = (27, 28, 29, 30, 36, 39, 42, 45)  # landmarks that expressions hardly move
WIDTH = 16  # channels of the first layer


class LandmarkNetwork(nn.Module):
    """A feature pyramid from images to positions of points and the logarithms of their variances.

    Features go down from 56 to 7 pixels a side and up again to 28, where each point has a map; its mean is the point's
    position. The features of 7 pixels a side, as one vector of the whole face, correct positions and give variances."""

    def __init__(self) -> None:
        super().__init__()
        w, side = WIDTH, SIZE // 16
        self.stem = convolution(1, w, 5, 2)
        self.down1, self.down2 = Residual(w, 2 * w, 2), Residual(2 * w, 4 * w, 2)
        self.down3 = nn.Sequential(Residual(4 * w, 6 * w, 2), Residual(6 * w, 6 * w))
        self.whole = nn.Sequential(
            nn.Conv2d(6 * w, 2 * w, 1), nn.ReLU(), nn.Flatten(), nn.Linear(2 * w * side * side, 160), nn.ReLU()
        )
        self.spread = nn.Linear(160, 4 * w)
        self.side2, self.side1 = nn.Conv2d(6 * w, 4 * w, 1), nn.Conv2d(4 * w, 2 * w, 1)
        self.up2, self.up1 = convolution(4 * w, 4 * w, 3), convolution(2 * w, 3 * w, 3)
        self.maps = nn.Conv2d(3 * w, POINTS, 1)
        self.shift, self.variance = nn.Linear(160, 2 * POINTS), nn.Linear(160, POINTS)
        nn.init.zeros_(self.shift.weight)
        nn.init.zeros_(self.shift.bias)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return positions [B, 70, 2], x and y in -0.5..0.5 from edge to edge, and log variances [B, 70].

        `images` are grey, [B, 1, 112, 112] in 0..1."""
        mean, deviation = images.mean((1, 2, 3), keepdim=True), images.std((1, 2, 3), keepdim=True)
        double = partial(functional.interpolate, scale_factor=2, mode="nearest")
        fine = self.down1(self.stem((images - mean) / (deviation + 0.02)))
        middle = self.down2(fine)
        coarse = self.down3(middle)
        whole = self.whole(coarse)
        middle = torch.relu(middle + double(self.side2(coarse)) + self.spread(whole)[:, :, None, None])
        fine = torch.relu(fine + double(self.side1(self.up2(middle))))
        maps = self.maps(self.up1(fine))
        side = maps.shape[-1]
        probability = maps.flatten(2).softmax(-1).reshape(maps.shape)
        centres = (torch.arange(side) + 0.5) / side - 0.5  # of the map's columns, and of its rows
        positions = torch.stack([(probability.sum(2) * centres).sum(-1), (probability.sum(3) * centres).sum(-1)], -1)
        return positions + 0.1 * self.shift(whole).reshape(-1, POINTS, 2), self.variance(whole)


class Points(nn.Module):
    """The network as it is exported: images uint8[N, 112, 112] to points [N, 70, 2] and errors [N, 70] in pixels."""

    def __init__(self, network: LandmarkNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        positions, variance = self.network(image[:, None].float() / 255)
        return (positions + 0.5) * SIZE - 0.5, ERROR_UNIT * SIZE * torch.exp(0.5 * variance)


def graph(network: LandmarkNetwork) -> bytes:
    """Return a trained network as an ONNX graph, from `image` to `points` and `error`."""
    image = torch.arange(2 * SIZE * SIZE).reshape(2, SIZE, SIZE).to(torch.uint8)
    return onnx_export.graph(Points(network), {"image": image}, ["points", "error"])


def run(training: Sequence[str | Path], held_out: Sequence[str | Path], path: str | Path, execution: Execution) -> None:
    """Train on portraits of training subjects, measure errors on those of held-out ones; write and log the result."""
    network = train(portrait_images.read(training), execution)
    errors = measure_errors(portrait_images.read(held_out), network)
    fitted_on = tuple(subject_provenance(Path(file).stem) for file in training)
    metadata = {"errors": json.dumps(errors, sort_keys=True), "held_out": f"{len(held_out)} subjects"}
    onnx.write(path, graph(network), fitted_on, **metadata)
    logger.info("held-out subjects: %s", errors)


def train(data: Portraits, execution: Execution) -> LandmarkNetwork:
    """Return a network trained on pairs of images of one scene.

    The loss has three parts: the negative log likelihood of true positions given the predicted variances, the distance
    of predicted from true positions, and the error of the movement between both images, as expressions move little."""
    torch.manual_seed(SEED)
    network = LandmarkNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    weight = torch.ones(POINTS)
    weight[JAW] = JAW_WEIGHT

    def losses(step: int) -> dict[str, Tensor]:
        rng = generator(SEED, "landmarks", step)
        pairs = [sample_pair(data, rng) for _ in range(PAIRS)]
        images, points = (torch.from_numpy(np.stack(arrays)) for arrays in zip(*pairs, strict=True))
        images = (images.float() / 255).reshape(-1, 1, SIZE, SIZE)
        positions, variance = network(images.contiguous(memory_format=torch.channels_last))
        positions, variance = positions.reshape(points.shape), variance.reshape(points.shape[:-1]).clamp(-8, 8)
        squares = ((positions - points) ** 2).sum(-1) / ERROR_UNIT**2
        likelihood = 0.5 * squares * torch.exp(-variance) + variance
        distance = torch.sqrt(1 + squares) - 1
        eyes = (points[:, 0, 36] - points[:, 0, 45]).norm(dim=-1)[:, None, None]
        misses = ((positions[:, 1] - positions[:, 0]) - (points[:, 1] - points[:, 0])) / (CHANGE_UNIT * eyes)
        parts = {  # of each point, [B, 70]
            "likelihood": likelihood.mean(1),
            "distance": distance.mean(1),
            "change": CHANGE_WEIGHT * (torch.sqrt(1 + (misses**2).sum(-1)) - 1),
        }
        return {name: (weight * part).mean() for name, part in parts.items()}

    learning.train(network, losses, Schedule(STEPS, RATE, DECAY), execution)
    return network.eval()


def sample_pair(data: Portraits, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sample two images uint8[2, 112, 112] of one scene, and their points float32[2, 70, 2] in -0.5..0.5."""
    scene = int(rng.integers(data.scenes))
    first = 0 if rng.random() < AT_REST else int(rng.integers(SCENE))
    second = (first + int(rng.integers(1, SCENE))) % SCENE
    matrix, mirrored = sample_matrix(rng), rng.random() < 0.5
    camera = portrait_images.sample(rng, is_close=False)
    images, points = [], []
    for i in (first, second):
        image = portrait_images.record(cut(data.image[scene * SCENE + i], matrix), camera, rng)
        position = (data.points[scene * SCENE + i] @ matrix[:, :2].T + matrix[:, 2] + 0.5) / SIZE - 0.5
        images.append(image[:, ::-1] if mirrored else image)
        points.append(position[MIRROR] * [-1, 1] if mirrored else position)
    return np.stack(images), np.stack(points).astype(np.float32)


def sample_matrix(rng: np.random.Generator, spread: float = 1.0) -> np.ndarray:
    """Sample the matrix float64[2, 3] from a portrait to the network's image, as boxes of detected faces vary."""
    scale = np.exp(spread * rng.normal(0, SCALE)) * FACE * SIZE / SIDE
    angle = np.deg2rad(spread * rng.normal(0, TURN))
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.full(2, (portrait_images.SIZE - 1) / 2)
    moved = (SIZE - 1) / 2 + spread * rng.normal(0, SHIFT, 2) * SIZE
    return np.column_stack([linear, moved - linear @ middle])


def measure_errors(data: Portraits, network: LandmarkNetwork) -> dict[str, float]:
    """Return errors on portraits as a camera records them, in % of the outer eye distance, by part of the face.

    `change` is the root mean square error of the movements of inner points from one image of a scene to another, less
    that of `RIGID` points; `..._followed` is the slope of predicted movements on true ones."""
    images, points = [], []
    for k in range(2 * data.scenes):
        rng = generator(SEED, "landmarks", "errors", k)
        scene, second = k // 2, int(rng.integers(1, SCENE))
        matrix, camera = sample_matrix(rng, 0.3), portrait_images.sample(rng, is_close=True)
        for i in (scene * SCENE, scene * SCENE + second):
            images.append(portrait_images.record(cut(data.image[i], matrix), camera, rng))
            points.append((data.points[i] @ matrix[:, :2].T + matrix[:, 2] + 0.5) / SIZE - 0.5)
    with torch.inference_mode():
        positions = torch.cat(
            [network(torch.from_numpy(image)[None, None].float() / 255)[0] for image in images]
        ).numpy()
    true, positions = (np.reshape(array, (-1, 2, POINTS, 2)) for array in (np.stack(points), positions))
    eyes = eye_distance(true[:, 0])[:, None, None, None]
    error = 100 * np.linalg.norm((positions - true) / eyes, axis=-1)
    movement, estimate = ((array[:, 1] - array[:, 0]) / eyes[:, 0] for array in (true, positions))
    movement, estimate = (array - array[:, list(RIGID)].mean(axis=1, keepdims=True) for array in (movement, estimate))
    errors = {"all": float(error[..., :68].mean())}
    errors["change"] = float(100 * np.sqrt(((estimate - movement)[:, 17:68] ** 2).sum(-1).mean()))
    for part, select in {**LANDMARKS, "pupils": slice(68, 70)}.items():
        errors[part] = float(error[..., select].mean())
        errors[f"{part}_followed"] = float(
            (movement[:, select] * estimate[:, select]).sum() / (movement[:, select] ** 2).sum()
        )
    return {name: round(value, 4) for name, value in errors.items()}
