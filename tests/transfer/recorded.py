"""A run of one clip for the tests of transfers: stage files of a rendered smile, and a generator of 16 pixels."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from composites import clip
from performed import FRAMES, rise, target, woman

from microexpr import aus, generator_file, generators, index, store
from microexpr.aus import ACTION_UNITS
from microexpr.clip import Clip
from microexpr.generated.display import ACTION_UNITS as SHOWN

BEFORE, AFTER, FIRST = 2, 1, 101  # frames around onset and offset; number of the first
ONSET, OFFSET = FIRST + BEFORE, FIRST + BEFORE + FRAMES - 1
APEX = ONSET + FRAMES // 2
REST = 0.25  # intensity of AU12 that the face always shows, as its truth says
RAW = 3.0  # what its file of action units has everywhere

CLIP = replace(clip("samm", "006", "006_1_5", 1), first=FIRST, last=OFFSET + AFTER, frames=BEFORE + FRAMES + AFTER)


@cache
def film() -> np.ndarray:
    """uint8[T, 288, 288, 3]: the woman smiles with the left half of her face."""
    change = np.zeros((CLIP.frames, len(SHOWN), 2), np.float32)
    change[BEFORE:-AFTER, SHOWN.index("AU12"), 0] = rise()
    return np.stack([target().aligned(one) for one in woman().doing(change)])


def stages(root: Path, one: Clip = CLIP, params: aus.Params | None = None) -> dict[str, Path]:
    """results/{faces,apex,aus}/<dataset>/<subject>.h5 and data/rendered/truth/... below a folder, and its index."""
    who, about = f"{one.dataset}/{one.subject}.h5", (params or aus.Params()).model_dump(mode="json")
    paths = {stage: root / "results" / stage / who for stage in ("faces", "apex", "aus")}
    paths["truth"] = root / "data/rendered/truth" / who
    frames = np.arange(one.first, one.last + 1)
    intensity = np.zeros((len(frames), len(SHOWN), 3), np.float32)
    intensity[:, SHOWN.index("AU12")] = REST
    intensity[BEFORE:-AFTER, SHOWN.index("AU12"), 0] += rise()
    events = {"onset": ONSET, "apex": APEX, "offset": OFFSET}
    points = np.repeat(target().landmarks_crop[None], len(frames), 0)
    contents = {
        "faces": {"frame": frames, "crop": film(), "landmarks_crop": points},
        "apex": {"frame": frames} | events,
        "aus": {"frame": frames, "raw": np.full((len(frames), 17, 3), RAW, np.float32)},
        "truth": {"frame": frames, "au_intensity": intensity},
    }
    for stage, values in contents.items():
        with store.subject_file(paths[stage], stage, [one], aus=about) as file:
            if stage == "aus":
                file.put_all(fitted_on=["generated/au_model/0/*"], au_names=ACTION_UNITS)
            file.group(one.name).put_all(**values)
    index.write(root / f"results/index/{one.dataset}.csv", [one])
    return paths


def weights(path: Path, name: str = "famgan", seen: str = "generated/samm/007/*") -> Path:
    """An untrained generator's file."""
    kind = generators.find(name)
    method = kind(kind.Params(image_size=16, width=2, blocks=1))
    torch.manual_seed(0)
    modules = method.build({}).items()
    tensors = {f"{own}.{key}": value.numpy() for own, one in modules for key, value in one.state_dict().items()}
    generator_file.save(path, method, tensors, [seen])
    return path
