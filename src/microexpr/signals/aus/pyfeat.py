"""py-feat as a reader of action units: its environment, its weight files, its units turned into ours. Never imports it.

py-feat itself runs in an environment of its own (`make pyfeat`); `envs/pyfeat/detectors.py` calls it there.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.signals.aus import ACTION_UNITS, LARGEST
from microexpr.signals.aus.gaps import filled, said

ENVIRONMENT = Path("envs/pyfeat/.venv")
PACKAGE = ENVIRONMENT / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/feat"
# Its 20 action units, in its order (py-feat 2.1.5, AU_LANDMARK_MAP["Feat"]).
UNITS = tuple(f"AU{number:02d}" for number in (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43))
# Where ours are among them. It reads closed eyes (AU43) and not the blink (AU45): the same movement, but shorter.
READ = [UNITS.index("AU43" if unit == "AU45" else f"AU{int(unit[2:]):02d}") for unit in ACTION_UNITS]
BORDER = 72  # pixels around a crop, of its outermost colour: detectors want to see more than the face
# Files its detectors load, by the name of their folder on its hub.
WEIGHTS = {
    "retinaface_r34": "model.safetensors",
    "mobilefacenet": "mobilefacenet_model_best.pth.tar",
    "xgb_au": "xgb_au_classifier_v2.skops",
}
# What the models saw, by its own register (LICENSES/PYFEAT-V1.md and -V2.md in its wheel). They name no people.
_AU_DATASETS = ("aff_wild2", "bp4d", "bp4d_plus", "ckplus", "disfa", "emotionet", "unbc_mcmaster")
FITTED_ON = {
    "pyfeat": tuple(f"licensed/{dataset}/*/*" for dataset in _AU_DATASETS),
    # the mesh was fitted on videos of CelebV-HQ with what its second detector said of them, and so on what that saw
    "pyfeat_geometry": tuple(f"licensed/{dataset}/*/*" for dataset in sorted((*_AU_DATASETS, "am_fed", "celebv_hq"))),
}

# 0..1 of UNITS [N, 20] and whether a face was found [N], of pictures uint8[N, H, W, C]
Detect = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
Said = tuple[np.ndarray, dict[str, str]]  # values of a clip, attributes of its group


def reader(detect: Detect, least: float) -> Callable[[Clip, Mapping[str, Any], int], Said]:
    """`read` for a clip's group of a faces file, and what is to be said of it in the aus file."""

    def one(clip: Clip, face: Mapping[str, Any], onset: int) -> Said:
        values, found = read(face["crop"][()], detect, least, clip.id)
        return values, {"interpolated": said(found, face["frame"][()])}

    return one


def read(crops: np.ndarray, detect: Detect, least: float, name: str) -> tuple[np.ndarray, np.ndarray]:
    """float32[T, 17, 3] in 0..5 by ACTION_UNITS and SIDES, and bool[T]: where a face was found on every side.

    `crops` are uint8[T, H, W, C]. A one-sided value is that of the face which a half and its mirror image make (as
    FAMGAN reads sides). Where no face is found values are interpolated in time.

    Raises DataError where it is found in less than the share `least` of the frames.
    """
    answers = [
        detect(np.pad(face, ((0, 0), (BORDER,) * 2, (BORDER,) * 2, (0, 0)), mode="edge")) for face in sides(crops)
    ]
    found = np.all([seen for _, seen in answers], axis=0)
    return filled(np.stack([intensities(values) for values, _ in answers], axis=-1), found, least, name), found


def sides(crops: np.ndarray) -> list[np.ndarray]:
    """Faces made of the subject's left half, of the right one, and as they are. Left is at the right of a picture."""
    half = crops.shape[2] // 2
    right, left = crops[:, :, :half], crops[:, :, half:]
    pairs = ((left[:, :, ::-1], left), (right, right[:, :, ::-1]))
    return [*(np.concatenate(pair, axis=2) for pair in pairs), crops]


def intensities(probabilities: np.ndarray) -> np.ndarray:
    """float32[..., 17]: its 0..1 of 20 action units as 0..5 of ours.

    It gives the probability that a unit is there; five times that has the range of an intensity, not its meaning.
    """
    return (LARGEST * np.asarray(probabilities)[..., READ]).astype(np.float32)


def missing(package: Path = PACKAGE) -> list[str]:
    """Weight files that its detectors would not find, as paths below the package."""
    return [str(path.relative_to(package)) for path in weights(package) if not path.is_file()]


def weights(package: Path = PACKAGE) -> list[Path]:
    """Where its detectors look for their weight files.

    Its hub's cache is models--py-feat--NAME/snapshots/REVISION/FILE, where refs/main holds REVISION.
    """
    found = []
    for name, file in WEIGHTS.items():
        folder = package / "resources" / f"models--py-feat--{name}"
        pointer = folder / "refs/main"
        revision = pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else "main"
        found.append(folder / "snapshots" / revision / file)
    return found


def check(backend: str, environment: Path = ENVIRONMENT) -> None:
    """Raises DataError where its environment is missing, or for its detectors their weights."""
    if not (environment / "bin/python").exists():
        raise DataError(f"aus.backend {backend} needs {environment}: run `make pyfeat`")
    package = environment / PACKAGE.relative_to(ENVIRONMENT)
    if backend == "pyfeat" and (absent := missing(package)):
        raise DataError(
            f"aus.backend pyfeat needs weight files that are not here: {', '.join(absent)} below {package} "
            "(docs/au-backends.md says how to get them); pyfeat_geometry needs none"
        )
