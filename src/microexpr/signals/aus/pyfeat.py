"""Convert between py-feat's action units and ours, and locate its environment and weight files. Never imports py-feat.

py-feat runs in a separate environment (`make pyfeat`), where `envs/pyfeat/detectors.py` calls it."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from microexpr.core.errors import DataError
from microexpr.signals.aus import ACTION_UNITS, LARGEST
from microexpr.signals.aus.filters import fill_gaps

ENVIRONMENT = Path("envs/pyfeat/.venv")
PACKAGE = ENVIRONMENT / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/feat"
# Its 20 action units, in its order (py-feat 2.1.5, AU_LANDMARK_MAP["Feat"]).
UNITS = tuple(f"AU{number:02d}" for number in (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43))
# Positions of our units among them. Its closed eyes (AU43) stand for the blink (AU45), a shorter movement.
READ_UNITS = [UNITS.index("AU43" if unit == "AU45" else f"AU{int(unit[2:]):02d}") for unit in ACTION_UNITS]
BORDER = 72  # pixels added around a crop, of its outermost colour: detectors need more than the face
# Files its detectors load, by the name of their folder on its hub.
WEIGHTS = {
    "retinaface_r34": "model.safetensors",
    "mobilefacenet": "mobilefacenet_model_best.pth.tar",
    "xgb_au": "xgb_au_classifier_v2.skops",
}
# Training data of its models, by its register (LICENSES/PYFEAT-V1.md and -V2.md in its wheel), which names no subjects.
FITTED_ON = tuple(
    f"licensed/{dataset}/*/*"
    for dataset in ("aff_wild2", "bp4d", "bp4d_plus", "ckplus", "disfa", "emotionet", "unbc_mcmaster")
)

# from images uint8[N, H, W, C] to 0..1 of UNITS [N, 20] and whether a face was detected [N]
Detect = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def read(crops: np.ndarray, detect: Detect, min_share: float, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return intensities float32[T, 17, 3] in 0..5 by ACTION_UNITS and SIDES, and bool[T]: face detected on every side.

    `crops` are uint8[T, H, W, C]. A one-sided value is that of the face which a half and its mirror image make (as
    FAMGAN reads sides). Values are interpolated in time where no face is detected.

    Raises DataError where it is detected in less than the share `min_share` of the frames."""
    border = (0, 0), (BORDER, BORDER), (BORDER, BORDER), (0, 0)
    detections = [detect(np.pad(face, border, mode="edge")) for face in sides(crops)]
    detected = np.all([flags for _, flags in detections], axis=0)
    values = np.stack([intensities(probabilities) for probabilities, _ in detections], axis=-1)
    return fill_gaps(values, detected, min_share, name), detected


def sides(crops: np.ndarray) -> list[np.ndarray]:
    """Return faces of the subject's left half, the right half and both. Left is at the right of an image."""
    half = crops.shape[2] // 2
    right, left = crops[:, :, :half], crops[:, :, half:]
    pairs = ((left[:, :, ::-1], left), (right, right[:, :, ::-1]))
    return [*(np.concatenate(pair, axis=2) for pair in pairs), crops]


def intensities(probabilities: np.ndarray) -> np.ndarray:
    """Convert py-feat's probabilities 0..1 of 20 action units to 0..5 of our 17, float32[..., 17]. Five times the
    probability that a unit is present has the range of an intensity, but not its meaning."""
    return (LARGEST * np.asarray(probabilities)[..., READ_UNITS]).astype(np.float32)


def weight_files(package: Path = PACKAGE) -> list[Path]:
    """Return the paths where its detectors look for their weight files. Its hub's cache is
    models--py-feat--NAME/snapshots/REVISION/FILE, where refs/main holds REVISION."""
    files = []
    for name, file in WEIGHTS.items():
        folder = package / "resources" / f"models--py-feat--{name}"
        pointer = folder / "refs/main"
        revision = pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else "main"
        files.append(folder / "snapshots" / revision / file)
    return files


def check(environment: Path = ENVIRONMENT) -> None:
    """Raise DataError if its environment or its detectors' weights are missing."""
    if not (environment / "bin/python").exists():
        raise DataError(f"aus.backend pyfeat needs {environment}: run `make pyfeat`")
    package = environment / PACKAGE.relative_to(ENVIRONMENT)
    if absent := [str(path.relative_to(package)) for path in weight_files(package) if not path.is_file()]:
        raise DataError(
            f"aus.backend pyfeat needs weight files that are not here: {', '.join(absent)} below {package} "
            "(docs/aus.md says how to get them)"
        )
