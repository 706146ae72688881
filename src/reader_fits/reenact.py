"""Fit the shipped FAMGAN generator to the scenes of the population: rule `fit_reenact`.

A rendered face can be rendered again with AUs added and nothing else changed, so the generator is fitted to exact
ground truth and needs no critic. The target AUs are changes: if all are 0, the face itself is the ground truth.
"""

import json
import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from skimage.metrics import structural_similarity
from torch import Tensor

from microexpr.core import store
from microexpr.core.arrays import luma
from microexpr.core.clip import POPULATION, subject_provenance
from microexpr.core.seeds import generator
from microexpr.models.generators.famgan import Famgan
from microexpr.models.layers.mover import WarpGenerator, by_column, paint_over, warp
from microexpr.signals.aus import ACTION_UNITS, LARGEST, regressor
from microexpr.signals.faces import CROP
from microexpr.training import generator_file
from microexpr.training.group import lay_out_weights
from reader_fits import learning
from reader_fits.learning import Execution, Schedule

logger = logging.getLogger(__name__)

SEED = 0
SIDE = 128  # pixels of the faces that the generator makes
SHIPPED = {"image_size": SIDE, "width": 16, "blocks": 4, "moves": True}
STEPS, BATCH = 5000, 16
RATE, WARM_UP = 2e-3, 50  # Adam's learning rate, and steps over which it rises; see `HalfCosine`
SLIGHT = 0.5 / 127.5  # half a grey level: keeps the weight of the smallest changes finite
POINTS_WEIGHT = 1.0  # of the displacement of 68 landmarks
SIZES = {"micro": 1.0, "macro": 3.0}  # FACS intensity of each single AU in scenes of held-out subjects
VISIBLE = 1.0  # grey levels by which a pixel must differ to count as changed


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One subject in one pose and light: n images that differ in AUs alone. Many are stacked on a first axis."""

    faces: np.ndarray  # uint8[n, 3, 128, 128]
    points: np.ndarray  # float32[n, 68, 2]: true landmarks, pixels of `faces`
    added: np.ndarray  # float32[n, 17, 2]: changes of FACS intensity since the first, left and right
    photographed: np.ndarray  # uint8[3, 128, 128]: the first as a camera records it


def run(
    training: Sequence[str | Path],
    held_out: Sequence[str | Path],
    paths: tuple[str | Path, str | Path],
    execution: Execution,
) -> None:
    """Fit to the scenes of training subjects, measure on those of held-out subjects; write both and log the measures.

    `paths` are those of the weights, from which a run's generators start, and of the ONNX graph, which reenacts."""
    method = Famgan(Famgan.Params.model_validate(SHIPPED))
    fitted_on = [subject_provenance(Path(file).stem) for file in training]
    scenes = [scene for file in training for scene in read_scenes(file)]
    stacked = Scene(*(np.stack([getattr(scene, field) for scene in scenes]) for field in Scene.__slots__))
    network = train(method, stacked, execution)
    measured = [read_scenes(file) for file in held_out]
    errors = measure(network, [scenes[0] for scenes in measured], "rest")
    errors += measure(network, [scenes[-1] for scenes in measured], "expression")
    tensors = {f"generator.{name}": value.numpy() for name, value in network.state_dict().items()}
    metadata = {"errors": json.dumps(errors, sort_keys=True), "held_out": f"{len(held_out)} subjects"}
    generator_file.save(paths[0], method, tensors, fitted_on, **metadata)
    generator_file.export(paths[1], generator_file.load(paths[0]))
    for row in errors:
        line = (f"{value:7.3f}" if isinstance(value, float) else f"{value:>6}" for value in row.values())
        logger.info(" ".join(line))


def read_scenes(path: str | Path) -> list[Scene]:
    """Return the scenes in the file of a subject of the population."""
    with store.open_file(path, POPULATION) as file:
        return [
            Scene(
                np.moveaxis(group["face"][()], -1, 1),
                group["landmarks"][()],
                group["change"][()],
                np.moveaxis(group["photographed"][()], -1, 0),
            )
            for group in file["scenes"].values()
        ]


class HalfCosine(Schedule):
    """A learning rate that rises over the first steps, then falls to 0 on half a cosine."""

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step."""
        return self.rate * min(1, (step + 1) / self.rise) * (1 + math.cos(math.pi * step / self.steps)) / 2


def train(method: Famgan, scenes: Scene, execution: Execution) -> WarpGenerator:
    """Return the generator fitted to the scenes; an interrupted training resumes, to the same bytes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = method.build({})["generator"]
    assert isinstance(network, WarpGenerator)
    lay_out_weights(network)

    def parts(step: int) -> dict[str, Tensor]:
        return losses(network, *sample_batch(scenes, generator(SEED, "famgan", "training", step)))

    learning.train(network.train(), parts, HalfCosine(STEPS, RATE, decay=0, rise=WARM_UP), execution)
    return network.eval()


def losses(
    network: WarpGenerator, noisy: Tensor, rest: Tensor, true: Tensor, target_aus: Tensor, points: Tensor
) -> dict[str, Tensor]:
    """Return the weighted losses by name. The network reads noisy images; what it predicts changes the clean ones.

    Errors are relative to the size of the change, so that a micro-expression weighs as much as a macro-expression."""
    flow, mask, paint = network.parts(noisy, target_aus)
    generated = paint_over(warp(rest, flow), mask, paint)
    difference, change = generated - true, (true - rest).abs().mean(1, keepdim=True)
    size = change.mean((2, 3), keepdim=True) + SLIGHT
    spread = (true - rest).square().mean((1, 2, 3)) + SLIGHT**2
    start, end = points.unbind(1)  # [n, 68, 2]
    at_points = F.grid_sample(flow, ((2 * end + 1) / SIDE - 1)[:, :, None], align_corners=False)
    displacement = at_points[..., 0].movedim(1, 2)
    error = (displacement * SIDE / 2 - (start - end)).abs().mean((1, 2))
    return {
        "absolute": (difference.abs() / size).mean(),
        "squared": (difference.square().mean((1, 2, 3)) / spread).mean(),
        "points": POINTS_WEIGHT * (error / ((start - end).abs().mean((1, 2)) + 0.05)).mean(),
    }


def sample_batch(scenes: Scene, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Sample a batch: noisy images, the same without noise, the ground truth of their change, target AUs, landmarks.

    Target AUs [B, 17, 128] are those of each column, in 0..1. Landmarks [B, 2, 68, 2] are those before and after the
    change. Half of the batch is mirrored; light and camera vary."""
    scene = rng.integers(len(scenes.faces), size=BATCH)
    moved_index = rng.integers(scenes.faces.shape[1], size=BATCH)
    pair = scene[:, None], np.stack([np.zeros_like(moved_index), moved_index], 1)
    images = scenes.faces[pair].astype(np.float32) / 255
    points = scenes.points[pair].copy()
    mirrored = rng.random(BATCH) < 0.5
    images[mirrored] = images[mirrored, ..., ::-1]
    points[mirrored, ..., 0] = SIDE - 1 - points[mirrored, ..., 0]
    target_aus = scenes.added[scene, moved_index] / LARGEST
    target_aus[mirrored] = target_aus[mirrored, :, ::-1]
    rest, true = torch.from_numpy(vary_colours(images, rng)).unbind(1)
    noise_level = rng.uniform(0, 2.5 / 127.5, (BATCH, 1, 1, 1)).astype(np.float32)
    noisy = rest + torch.from_numpy(noise_level * rng.standard_normal(rest.shape, np.float32))
    for i in np.flatnonzero(rng.random(len(noisy)) < 0.25):  # about a quarter is compressed as JPEG
        image = ((noisy[i].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))])[1]
        noisy[i] = torch.from_numpy(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))).permute(2, 0, 1) / 127.5 - 1
    columns = by_column(torch.from_numpy(target_aus), SIDE)
    return noisy, rest, true, columns, torch.from_numpy(points.astype(np.float32))


def vary_colours(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return pairs of images float32[B, 2, 3, H, H] in 0..1 as another camera would record both, in -1..1."""
    per_pair = (BATCH, 1, 1, 1, 1)

    def normal(deviation: float, shape: tuple[int, ...] = per_pair) -> np.ndarray:
        return rng.normal(0, deviation, shape).astype(np.float32)

    images = images ** np.exp(normal(0.2))
    grey = images.mean(2, keepdims=True)
    images = grey + rng.choice(np.array([0, 0.5, 1], np.float32), per_pair, p=[0.15, 0.15, 0.7]) * (images - grey)
    images = images * np.exp(normal(0.1, (BATCH, 1, 3, 1, 1)))
    middle = images[:, :1].mean((2, 3, 4), keepdims=True)
    images = middle + np.exp(normal(0.2)) * (images - middle) + normal(0.05)
    return np.asarray(2 * images.clip(0, 1) - 1)


@torch.no_grad()
def measure(network: WarpGenerator, test_scenes: Iterable[Scene], start: str) -> list[dict[str, str | float]]:
    """Return a row for each size and AU, a mean over scenes; AU "none" is the image without a change, "mean" all AUs.

    `start` names what the first image of each scene shows, "rest" or "expression". An AU that the image shows already,
    so that it rises by less than half of the size, is left out of that scene.

    The input is the face as a camera records it; its ground truth is that image plus what the AUs alone change.
    `slope` and `r` regress the generated change on the true one where that is more than `VISIBLE`, `error` is the mean
    difference there and `beside` the mean change generated elsewhere, in grey levels. `ssim` and `psnr` compare with
    the ground truth, `..._face` are those of the unchanged face. `read` is what the shipped regressor reads of the AU,
    as a share of the target; `read_exact` what it reads off the ground truth. `read_r` and `read_exact_r`, of "mean"
    alone, correlate them with the targets, over all units of all images."""
    model = regressor.load()
    names = [("none", "none"), *((size, unit) for size in SIZES for unit in ACTION_UNITS)]
    rows_of_names: dict[tuple[str, str], list[dict[str, float]]] = {name: [] for name in names}
    changes: list[np.ndarray] = []  # of each scene, [3, n, 17]: target, read, read off the ground truth
    for scene in test_scenes:
        face, clean = scene.photographed[None].astype(np.float32), scene.faces.astype(np.float32)
        exact = (face + clean - clean[:1]).clip(0, 255)
        tensor = torch.from_numpy(face / 127.5 - 1).expand(len(exact), -1, -1, -1)
        columns = by_column(torch.from_numpy(scene.added / LARGEST), SIDE)
        generated = (network(tensor, columns)[0].numpy() + 1) * 127.5
        read, read_exact = (read_aus(np.concatenate([face, faces[1:]]), model) for faces in (generated, exact))
        changes.append(np.stack([scene.added.mean(-1), read, read_exact]))
        for i, (size, unit) in enumerate(names):
            reading = {"read": 0.0, "read_exact": 0.0}
            if unit != "none":
                column = ACTION_UNITS.index(unit)
                rise = float(scene.added[i, column].mean())
                if rise < SIZES[size] / 2:
                    continue
                reading = {"read": float(read[i, column] / rise), "read_exact": float(read_exact[i, column] / rise)}
            rows_of_names[size, unit].append(figures(face[0], generated[i], exact[i]) | reading)
    table = [(name, mean(rows)) for name, rows in rows_of_names.items() if rows]
    for size in SIZES:
        of_size = [name[0] == size for name in names]
        targets, *readings = np.concatenate([change[:, of_size] for change in changes], 1).reshape(3, -1)
        read_r, read_exact_r = (float(np.corrcoef(targets, reading)[0, 1]) for reading in readings)
        row = mean([row for name, row in table if name[0] == size])
        table.append(((size, "mean"), row | {"read_r": read_r, "read_exact_r": read_exact_r}))
    return [{"start": start, "size": size, "action_unit": unit} | row for (size, unit), row in table]


def mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each column."""
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def read_aus(faces: np.ndarray, model: regressor.Model) -> np.ndarray:
    """Return the changes [n, 17] that the regressor reads in faces [n, 3, 128, 128] since the first."""
    images = faces.round().clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
    crops = np.stack([cv2.resize(image, (CROP, CROP), interpolation=cv2.INTER_CUBIC) for image in images])
    intensities = regressor.regress(luma(crops), 0, model)[..., 2]
    return np.asarray(intensities - intensities[0])


def figures(face: np.ndarray, generated: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    """Return the figures of one image [3, H, H] in grey levels that `measure` describes; 0 where nothing changes."""
    change, true_change = generated - face, exact - face
    changed = np.broadcast_to(np.abs(true_change).max(0) > VISIBLE, true_change.shape)
    slope = r = error = 0.0
    if changed.any():
        slope = float((change * true_change)[changed].sum() / np.square(true_change[changed]).sum())
        error = float(np.abs(generated - exact)[changed].mean())
        if change[changed].std() > 0:
            r = float(np.corrcoef(change[changed], true_change[changed])[0, 1])
    row = {
        "slope": slope, "r": r, "error": error,
        "beside": float(np.abs(change)[~changed].mean()),
    }  # fmt: skip
    for end, image in (("", generated), ("_face", face)):
        row[f"ssim{end}"] = float(structural_similarity(image, exact, channel_axis=0, data_range=255))
    for end, image in (("", generated), ("_face", face)):
        row[f"psnr{end}"] = float(10 * np.log10(255**2 / max(np.square(image - exact).mean(), 1e-4)))
    return row
