"""Weight files of py-feat's own form and random content: `python stand_in_weights.py PACKAGE`, in its environment.

PACKAGE is a copy of the folder `feat`, which they are written into, laid out as its hub's cache is. What detectors say
with them means nothing, but they are loaded and run as the real ones are.
"""

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, "envs/pyfeat")
import detectors

from microexpr.signals.aus import geometry_proxy, pyfeat

REVISION = "0" * 40


def main() -> None:
    detectors._stand_in_for_torchcodec()
    detectors.stand_in_for_torchvision_operators()
    torch.manual_seed(0)
    from feat.face_detectors.Retinaface.Retinaface_model import RETINAFACE_R34_CFG, RetinaFace
    from feat.landmark_detectors.mobilefacenet_test import MobileFaceNet
    from safetensors.torch import save_file
    from skops.io import dump

    net = RetinaFace(RETINAFACE_R34_CFG)
    for name, parameter in net.named_parameters():
        if "Head" in name:
            parameter.data.zero_()
        if name.startswith("ClassHead") and name.endswith("bias"):  # of two sizes: background, face; background, face
            face = 4.0 if "_convs.2" in name else -4.0
            parameter.data = torch.tensor([4.0, -4.0, -face, face])  # the largest boxes are faces, no others
    save_file(net.state_dict(), path("retinaface_r34"))
    net = MobileFaceNet([112, 112], 136, device="cpu")
    neutral = geometry_proxy.load(Path(sys.argv[1])).neutral  # landmarks nearly of a face, whatever is seen
    net.output_layer.bn.weight.data.fill_(0.01)
    net.output_layer.bn.bias.data = torch.tensor((neutral - neutral.min(0)) / np.ptp(neutral, axis=0)).float().ravel()
    torch.save({"state_dict": net.state_dict()}, path("mobilefacenet"))
    dump(classifiers(), path("xgb_au"))


def path(name: str) -> Path:
    folder = Path(sys.argv[1]) / f"resources/models--py-feat--{name}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs/main").write_text(REVISION)
    (folder / "snapshots" / REVISION).mkdir(parents=True)
    return folder / "snapshots" / REVISION / pyfeat.WEIGHTS[name]


def classifiers() -> object:
    """Its wrapper around scalers, principal components and a boosted classifier for each unit."""
    from feat.au_detectors.StatLearning.SL_test import XGBClassifier
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler
    from xgboost import XGBClassifier as Boosted

    rng = np.random.default_rng(0)
    hog = rng.random((12, 5408))
    wrapper, parts = XGBClassifier(), {}
    for name in ("upper", "lower", "full"):
        parts[f"scaler_{name}"] = StandardScaler().fit(hog)
        parts[f"pca_model_{name}"] = PCA(4).fit(hog)
    inputs = rng.random((12, 4 + 136))
    units = {f"AU{int(unit[2:])}": Boosted(n_estimators=2, n_jobs=1) for unit in pyfeat.UNITS}
    for unit in units.values():
        unit.fit(inputs, np.arange(12) % 2)
    wrapper.load_weights(classifiers=units, **parts)
    return wrapper


if __name__ == "__main__":
    main()
