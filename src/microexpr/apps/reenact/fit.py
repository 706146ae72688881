"""Trains the shipped FAMGAN generator: `python -m microexpr.apps.reenact.fit`. It sees rendered people of no corpus.

A rendered face can be shown at rest and, in the very same picture, with units added, so the generator is fitted to the
exact answer and needs no critic. What is asked is the change: nothing asked is the face itself.

Only the command that makes `model.safetensors` comes here; no stage imports this file.
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from skimage.metrics import structural_similarity
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import Tensor

from microexpr.apps.reenact.pairs import SEED, SIDE, Pairs, Scene, pairs, scenes, small, together
from microexpr.core.grayscale import luma
from microexpr.core.seeds import generator
from microexpr.models.generators.famgan import Famgan
from microexpr.models.layers.mover import WarpGenerator, paint_over, warp
from microexpr.signals.aus import ACTION_UNITS, LARGEST, regressor
from microexpr.signals.faces import CROP
from microexpr.training import generator_file

MODEL = Path(__file__).with_name("model.safetensors")
TRAINING, TEST = 240, 12  # people
SCENES = 2  # of each of them
SHIPPED = {"image_size": SIDE, "width": 16, "blocks": 4, "moves": True}
STEPS, BATCH = 2500, 16
RATE, WARM = 2e-3, 50  # Adam's, which rises over the first steps and falls to 0 on half a cosine
SLIGHT = 0.5 / 127.5  # a change beside which errors of smaller ones are seen: half a grey level
POINTS = 1.0  # weight of the movement of 68 points
ASKED = {"micro": 1.0, "macro": 3.0}  # FACS intensity of each unit alone, of people that are held out
SEEN = 1.0  # grey level by which a picture must differ for a pixel to count as changed


def main() -> None:
    """Renders, trains, measures on people it was not trained on, and writes model and measurements."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    method = Famgan(Famgan.Params.model_validate(SHIPPED))
    with threadpool_limits(1):
        people = rendered()
        network = trained(method, people)
        errors = measured(network, [one for name in held_out() for one in scenes(name, 1, alone)])
    write(method, network, errors)
    for row in errors:
        print(" ".join(f"{value:7.3f}" if isinstance(value, float) else f"{value:>6}" for value in row.values()))


def held_out() -> list[str]:
    return [f"famgan/held-out/{number}" for number in range(TEST)]


def rendered() -> Pairs:
    """Of all training people."""
    found = []
    for number in range(TRAINING):
        found += [pairs(one) for one in scenes(f"famgan/person/{number}", SCENES, together)]
        if not (number + 1) % 40:
            print(f"{number + 1} of {TRAINING} people rendered", flush=True)
    return Pairs(*(np.stack([getattr(one, field) for one in found]) for field in Pairs.__slots__))


def trained(method: Famgan, people: Pairs) -> WarpGenerator:
    """The generator that has seen these people."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = method.build({})["generator"]
    assert isinstance(network, WarpGenerator)
    network.train()
    adam = torch.optim.Adam(network.parameters(), RATE)
    rng, said = generator(SEED, "famgan", "training"), []
    for step in range(STEPS):
        for group in adam.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / WARM) * (1 + math.cos(math.pi * step / STEPS)) / 2
        parts = losses(network, *drawn(people, rng))
        adam.zero_grad()
        torch.stack(list(parts.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        adam.step()
        said.append([part.item() for part in parts.values()])
        if not (step + 1) % 50:
            means = zip(parts, np.mean(said[-50:], axis=0), strict=True)
            print(f"step {step + 1} of {STEPS}:", *(f"{name} {value:.3f}" for name, value in means), flush=True)
    return network.eval()


def losses(
    network: WarpGenerator, looked_at: Tensor, rest: Tensor, true: Tensor, asked: Tensor, points: Tensor
) -> dict[str, Tensor]:
    """Weighted, by name. The network looks at a noisy picture and is judged on the clean one, so that it keeps noise.

    Errors are relative to how much of the picture changes: a micro-expression counts as much as a grimace."""
    with torch.autocast("cpu", torch.bfloat16):
        flow, mask, paint = network.parts(looked_at, asked)
    made = paint_over(warp(rest, flow), mask, paint)
    wrong, change = made - true, (true - rest).abs().mean(1, keepdim=True)
    size = change.mean((2, 3), keepdim=True) + SLIGHT
    spread = (true - rest).square().mean((1, 2, 3)) + SLIGHT**2
    start, end = points.unbind(1)  # [n, 68, 2]
    found = F.grid_sample(flow, ((2 * end + 1) / SIDE - 1)[:, :, None], align_corners=False)[..., 0].movedim(1, 2)
    missed = (found * SIDE / 2 - (start - end)).abs().mean((1, 2))
    return {
        "absolute": (wrong.abs() / size).mean(),
        "squared": (wrong.square().mean((1, 2, 3)) / spread).mean(),
        "points": POINTS * (missed / ((start - end).abs().mean((1, 2)) + 0.05)).mean(),
    }


def drawn(people: Pairs, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """A batch by chance: what is looked at, the same without noise, what is to be made of it, the intensities asked in
    0..1, and where 68 points are before and after [B, 2, 68, 2]. Half of it is mirrored; under any light and camera."""
    scene, place = rng.integers(len(people.faces), size=BATCH), rng.integers(people.faces.shape[1], size=BATCH)
    both = people.faces[scene[:, None], np.stack([np.zeros_like(place), place], 1)].astype(np.float32) / 255
    points = people.points[scene[:, None], np.stack([np.zeros_like(place), place], 1)].copy()
    mirrored = rng.random(BATCH) < 0.5
    both[mirrored] = both[mirrored, ..., ::-1]
    points[mirrored, ..., 0] = SIDE - 1 - points[mirrored, ..., 0]
    asked = people.added[scene, place] / LARGEST
    rest, true = torch.from_numpy(recoloured(both, rng)).unbind(1)
    grain = rng.uniform(0, 2.5 / 127.5, (BATCH, 1, 1, 1)).astype(np.float32)
    noisy = coded(rest + torch.from_numpy(grain * rng.standard_normal(rest.shape, np.float32)), rng)
    return noisy, rest, true, torch.from_numpy(asked), torch.from_numpy(points.astype(np.float32))


def recoloured(both: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """float32[B, 2, 3, H, H] in 0..1, as under any camera, in -1..1: alike for both of a pair."""
    many = (BATCH, 1, 1, 1, 1)

    def by(spread: float, shape: tuple[int, ...] = many) -> np.ndarray:
        return rng.normal(0, spread, shape).astype(np.float32)

    both = both ** np.exp(by(0.2))
    grey = both.mean(2, keepdims=True)
    both = grey + rng.choice(np.array([0, 0.5, 1], np.float32), many, p=[0.15, 0.15, 0.7]) * (both - grey)
    both = both * np.exp(by(0.1, (BATCH, 1, 3, 1, 1)))
    middle = both[:, :1].mean((2, 3, 4), keepdims=True)
    both = middle + np.exp(by(0.2)) * (both - middle) + by(0.05)
    return np.asarray(2 * both.clip(0, 1) - 1)


def coded(faces: Tensor, rng: np.random.Generator) -> Tensor:
    """Every fourth of the faces, by chance, as JPEG."""
    for one in np.flatnonzero(rng.random(len(faces)) < 0.25):
        picture = ((faces[one].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))])[1]
        faces[one] = torch.from_numpy(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))).permute(2, 0, 1) / 127.5 - 1
    return faces


def alone(rng: np.random.Generator) -> np.ndarray:
    """FACS intensities [1 + 2 * 17, 17]: none, then each unit alone, as large as `ASKED` says in turn."""
    units = np.eye(len(ACTION_UNITS))
    return np.concatenate([np.zeros((1, len(units))), *(size * units for size in ASKED.values())])


@torch.no_grad()
def measured(network: WarpGenerator, held_out: Iterable[Scene]) -> list[dict[str, str | float]]:
    """Rows by size and action unit ("mean" for all, "none" where nothing is asked), means over scenes.

    The face is as a camera takes it; the exact answer is that picture with what the units alone change. `slope` and `r`
    are of the change made on the exact one where that is more than `SEEN`, `error` is the mean difference there and
    `beside` the mean change made elsewhere, in grey levels. `ssim` and `psnr` are against the exact answer,
    `..._face` those of the face as it was. `read` is what the shipped regressor reads of the unit, by FACS intensity
    asked; `read_exact` what it reads of the exact answer."""
    model, found = regressor.load(), []
    for one in held_out:
        face, clean = small(one.photographed[None]).astype(np.float32), small(one.crops).astype(np.float32)
        exact = (face + clean - clean[:1]).clip(0, 255)
        tensor = torch.from_numpy(face / 127.5 - 1).expand(len(exact), -1, -1, -1)
        made = (network(tensor, torch.from_numpy(one.added / LARGEST))[0].numpy() + 1) * 127.5
        read, read_exact = (said(np.concatenate([face, faces[1:]]), one, model) for faces in (made, exact))
        rows = [figures(face[0], *pair) for pair in zip(made, exact, strict=True)]
        for place, units in enumerate(one.added):
            unit = int(units.argmax())
            for name, values in (("read", read), ("read_exact", read_exact)):
                rows[place][name] = float(values[place, unit] / units[unit]) if place else 0.0
        found.append(rows)
    names = [("none", "none"), *((size, unit) for size in ASKED for unit in ACTION_UNITS)]
    rows = [mean(same) for same in zip(*found, strict=True)]
    table = list(zip(names, rows, strict=True))
    table += [((size, "mean"), mean([row for (kind, _), row in table if kind == size])) for size in ASKED]
    return [{"size": size, "action_unit": unit} | row for (size, unit), row in table]


def mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def said(faces: np.ndarray, scene: Scene, model: regressor.Model) -> np.ndarray:
    """What the regressor reads of faces [n, 3, 128, 128] since the first, [n, 17], at the landmarks of the first."""
    whole = faces.round().clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
    crops = np.stack([cv2.resize(one, (CROP, CROP), interpolation=cv2.INTER_CUBIC) for one in whole])
    points = np.repeat(scene.landmarks_crop[:1], len(crops), 0)
    read = regressor.regress(luma(crops), points, 0, model)[..., 2]
    return np.asarray(read - read[0])


def figures(face: np.ndarray, made: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    """Of one picture [3, H, H] in grey levels, as `measured` says; 0 for what no change has."""
    done, wanted = made - face, exact - face
    where = np.broadcast_to(np.abs(wanted).max(0) > SEEN, wanted.shape)
    some = bool(where.any())
    similar = [structural_similarity(one, exact, channel_axis=0, data_range=255) for one in (made, face)]
    near = [10 * np.log10(255**2 / max(np.square(one - exact).mean(), 1e-4)) for one in (made, face)]
    spread = some and done[where].std() > 0
    return {
        "slope": float((done * wanted)[where].sum() / np.square(wanted[where]).sum()) if some else 0.0,
        "r": float(np.corrcoef(done[where], wanted[where])[0, 1]) if spread else 0.0,
        "error": float(np.abs(made - exact)[where].mean()) if some else 0.0,
        "beside": float(np.abs(done)[~where].mean()),
        "ssim": float(similar[0]),
        "ssim_face": float(similar[1]),
        "psnr": float(near[0]),
        "psnr_face": float(near[1]),
    }


def write(method: Famgan, network: WarpGenerator, errors: list[dict[str, str | float]]) -> None:
    generator_file.save(
        MODEL,
        method,
        {f"generator.{name}": value.numpy() for name, value in network.state_dict().items()},
        [f"generated/famgan_model/{number}/*" for number in range(TRAINING)],
        errors=json.dumps(errors, sort_keys=True),
        held_out=f"{TEST} people",
    )


if __name__ == "__main__":
    main()
