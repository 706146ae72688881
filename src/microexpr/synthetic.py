"""A generator's faces as further training clips: for each fold those of the generator that never saw what it holds out.

Only `train/` of a fold is read: faces made of held-out people are for figures. What may not come in: a generator.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from microexpr import inputs, provenance, store
from microexpr.errors import ParamsError, StoreError
from microexpr.method import Clips, Shapes

ONSET, APEX = np.int64(0), np.int64(1)  # frames of a pair of a neutral and a made face


@dataclass(frozen=True, eq=False)
class Made:
    """Faces of some folds, one fold after the other: P of them."""

    inputs: dict[str, np.ndarray]  # as a method reads them, each [P, ...]
    label: np.ndarray  # int64[P], the class asked for
    sources: Sequence[str]  # P times origin/dataset/subject/clip of the neutral face
    folds: Sequence[str]  # P names


def check(shapes: Shapes) -> None:
    """Raises ParamsError for an input that a pair of a neutral and a made face does not give."""
    for name in shapes:
        if {"aus", "flow"} & set(inputs.SOURCES[name]) or name in inputs.LANDMARKED:
            raise ParamsError(f"synthetic must be for a method that reads pictures alone, not the input {name}")


def read(paths: Iterable[str], about: Mapping[str, str], folds: Sequence[str], shapes: Shapes) -> Made:
    """The faces that these folds may train on. `about` is the generator's `method` and the `protocol`.

    Raises LeakError for shards of another method or protocol, StoreError for a fold without faces."""
    values: dict[str, list[np.ndarray]] = {name: [] for name in shapes}
    label, sources, names = [], [], []
    for path in sorted(map(str, paths)):
        with store.opened(path, "synth") as file:
            provenance.identify(path, {key: file.attrs[key].decode() for key in about}, about)
            for fold in (fold for fold in folds if f"{fold}/train" in file):
                for _, group in sorted(file[fold]["train"].items()):
                    pair = inputs.Source({"faces": group, "apex": {"onset": ONSET, "apex": APEX, "offset": APEX}})
                    for name, shape in shapes.items():
                        values[name].append(inputs.INPUTS[name][2](pair, shape))
                    label.append(int(group["label"][()]))
                    sources += store.strings(group["source"])
                    names.append(fold)
    if missing := sorted(set(folds) - set(names)):
        raise StoreError(f"{about['method']} must have made faces to train fold {missing[0]} on; rerun stage train")
    return Made({name: np.stack(found) for name, found in values.items()}, np.array(label), sources, names)


def joined(data: Clips, clips: Sequence[str], made: Made) -> tuple[Clips, dict[str, np.ndarray]]:
    """Resident clips followed by made ones, and the positions of each fold's own made ones.

    `clips` are the `provenance` of the resident ones. A made clip has subject and data set of the one it was made
    from, and no action units that anybody knows."""
    place = {name: number for number, name in enumerate(clips)}
    source = torch.tensor([place[name] for name in made.sources])
    targets = {name: value[source] for name, value in data.targets.items()}
    targets |= {"label": torch.from_numpy(made.label), "synthetic": torch.ones(len(source), dtype=torch.int64)}
    targets["aus"] = torch.full_like(targets["aus"], -1)
    both = Clips(
        {name: torch.cat([value, torch.from_numpy(made.inputs[name])]) for name, value in data.inputs.items()},
        {name: torch.cat([value, targets[name]]) for name, value in data.targets.items()},
    )
    names = np.array(made.folds)
    return both, {fold: len(clips) + np.flatnonzero(names == fold) for fold in sorted(set(made.folds))}
