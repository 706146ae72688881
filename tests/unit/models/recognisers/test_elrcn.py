"""ELRCN: what its streams see, and how published weights are kept."""

import numpy as np
import torch
from trainings import finished

from microexpr.models.base import ClipTensors
from microexpr.models.layers.pretrained import vgg16_features
from microexpr.models.recognisers.elrcn import Elrcn
from microexpr.training.group import FoldIndices, FoldRun

TINY = {"image_size": 32, "width": 2, "memory": 6, "hidden": 5, "frames": 2, "batch": 4, "spatial_epochs": 1}


def clips(method: Elrcn, count: int = 6) -> ClipTensors:
    inputs = {name: torch.rand(count, *shape) for name, shape in method.inputs.items()}
    return ClipTensors(inputs, {name: torch.arange(count) % 3 for name in ("label", "subject", "dataset")})


def test_streams_see_normalised_flow_strain_and_grey():
    method = Elrcn(Elrcn.Params(inputs="TE", **TINY))
    data = clips(method)
    u, v, strain = data.inputs["flow_video"].numpy().transpose(1, 0, 2, 3, 4)
    grey = data.inputs["video"].numpy()[:, 0, 1:]
    expected = []
    for channels in ((u, v, np.hypot(u, v)), (strain,) * 3, (grey,) * 3):
        whole = [(channel - channel.mean()) / channel.std(ddof=1) for channel in channels]
        expected.append(np.stack(whole, 2).reshape(12, 3, 32, 32))  # one picture after the other, clip by clip
    seen = []

    class Modules:
        def __getattr__(self, name):
            return lambda x, rng=None: seen.append(x) or x if name.startswith("base") else (x, x)

    method._encode(Modules(), data.inputs, method.statistics(data))
    for features, picture in zip(seen, expected, strict=True):
        np.testing.assert_allclose(features.numpy(), picture, atol=2e-5)


def test_published_weights_start_the_network_and_only_its_last_layers_change():
    method = Elrcn(Elrcn.Params(epochs=1, lr=1e-2, **TINY))
    published = {f"features.{name}": value for name, value in vgg16_features(2).state_dict().items()}
    for name, shape in (("0", (128, 16)), ("3", (128, 128))):
        published |= {f"classifier.{name}.weight": torch.randn(shape), f"classifier.{name}.bias": torch.randn(128)}
    method.published_weights = published
    assert sorted(method.build({})) == ["spatial0", "temporal"]
    torch.testing.assert_close(method.build({})["spatial0"].hidden.weight, published["classifier.3.weight"])
    for stacked in (False, True):
        fold = FoldIndices("s", np.arange(4), np.arange(4, 6))
        group = finished(method, clips(method), [FoldRun(fold, 7)] * (1 + stacked), stacked)
        base = group.shared["base0"].state_dict()
        torch.testing.assert_close(dict(base), {name: published[name] for name in base})
        assert (group.parameters["spatial0"]["hidden.weight"] != published["classifier.3.weight"]).any()
