"""Shards of a generator's faces, and the stage files of those they were made from, for tests. No assertions here."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from microexpr import store
from microexpr.clip import Clip, Fold
from microexpr.seeds import generator

SIZE, CROP = 12, 24  # pixels: of the made faces, of the crops
ONSET, APEX = 1, 2  # positions among four frames, which are numbered from 10


def picture(*name: str | int) -> np.ndarray:
    """uint8[SIZE, SIZE, 1]: noise that is always the same for the same name."""
    return generator(0, *name).integers(256, size=(SIZE, SIZE, 1), dtype=np.uint8)


def synth_file(
    path: Path,
    folds: Sequence[Fold],
    clips: Sequence[Clip],
    fitted_on: Mapping[str, Sequence[str]] | None = None,
    method: str = "icegan",
) -> str:
    """Every class from every held-out clip, picture("made", clip, class, fold); `fitted_on` overrides by fold."""
    known = {clip.id: clip for clip in clips}
    with store.create(path, "synth", {}, origin="generated", method=method, protocol="megc2019") as file:
        for fold in folds:
            group = file.group(fold.name)
            own = sorted(known[name].provenance for name in fold.train)
            group.put("fitted_on", (fitted_on or {}).get(fold.name, own))
            for name in fold.test:
                for label in range(3):
                    pair = np.stack([picture("neutral", name), picture("made", name, label, fold.name)])
                    made = group.group(f"held_out/{name.replace('/', '_')}_{label}")
                    made.put_all(
                        frame=[0, 1], onset=0, apex=1, offset=1, crop=pair, label=label, source=known[name].provenance
                    )
    return str(path)


def stage_files(root: Path, clips: Sequence[Clip]) -> list[str]:
    """results/{faces,apex}/<dataset>/<subject>.h5: the apex is picture("true", clip) twice as large, landmarks count
    the frames."""
    paths = []
    for dataset, subject in sorted({(clip.dataset, clip.subject) for clip in clips}):
        own = [clip for clip in clips if (clip.dataset, clip.subject) == (dataset, subject)]
        for stage in ("faces", "apex"):
            paths.append(str(root / "results" / stage / dataset / f"{subject}.h5"))
            with store.subject_file(paths[-1], stage, own) as file:
                for clip in own:
                    group = file.group(clip.name)
                    if stage == "apex":
                        group.put_all(onset=10 + ONSET, apex=10 + APEX, offset=13)
                        continue
                    crop = np.zeros((4, CROP, CROP, 1), np.uint8)
                    crop[APEX] = np.kron(picture("true", clip.id), np.ones((2, 2, 1), np.uint8))
                    landmarks = np.broadcast_to(np.arange(4.0)[:, None, None], (4, 68, 2))
                    group.put_all(frame=np.arange(10, 14), crop=crop, landmarks_crop=landmarks)
    return paths
