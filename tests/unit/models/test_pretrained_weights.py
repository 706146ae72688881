"""Published weights: where they must lie, and what is refused."""

import hashlib
from pathlib import Path

import pytest
import torch

from microexpr.core.errors import StoreError
from microexpr.models import pretrained_weights
from microexpr.models.layers.pretrained import ResNet18
from microexpr.models.pretrained_weights import INCEPTION, Weights
from microexpr.models.recognisers import find
from microexpr.models.recognisers.ststnet import Ststnet


def test_weights_are_not_there_until_they_are_the_published_file(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "hub/checkpoints/weights-inception-2015-12-05-6726825d.pth"
    assert INCEPTION.path() is None
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    begins = hashlib.sha256(b"something else").hexdigest()[:8]
    message = f"SHA-256 must begin with 6726825d, not {begins}; download it again from https://"
    with pytest.raises(StoreError, match=message):
        INCEPTION.path()


def test_the_folder_is_torchs_own(monkeypatch):
    for home, cache in (("", ""), ("", "/somewhere"), ("/elsewhere", "/somewhere")):
        monkeypatch.setenv("TORCH_HOME", home) if home else monkeypatch.delenv("TORCH_HOME", raising=False)
        monkeypatch.setenv("XDG_CACHE_HOME", cache) if cache else monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        assert pretrained_weights.cache_folder() == Path(torch.hub.get_dir()) / "checkpoints"


def test_only_tensors_are_read(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "good.pth")
    assert pretrained_weights.load_tensors(tmp_path / "good.pth")["a"].tolist() == [1, 1]
    torch.save({"a": Path("/")}, tmp_path / "objects.pth")
    (tmp_path / "text.pth").write_text("no weights")
    torch.save([torch.ones(2)], tmp_path / "list.pth")
    for name in ("objects", "text", "list"):
        with pytest.raises(StoreError, match=f"{name}.pth: must hold tensors by name"):
            pretrained_weights.load_tensors(tmp_path / f"{name}.pth")


def test_a_method_says_what_it_starts_from(monkeypatch, tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "net.pth")
    digest = hashlib.sha256((tmp_path / "net.pth").read_bytes()).hexdigest()

    class Starting(Ststnet):
        weights = Weights(("net.pth",), "https://example.org/net.pth", digest[:8])
        published_params = {"batch": 256}

    paper, other = (Starting(Ststnet.Params(initialisation="published", batch=batch)) for batch in (256, 8))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    assert [kind(Ststnet.Params()).load_published_weights() for kind in (Ststnet, Starting)] == ["", ""]
    assert paper.load_published_weights() == "absent file=net.pth" and paper.published_weights == {}
    path = tmp_path / "home/hub/checkpoints/net.pth"
    path.parent.mkdir(parents=True)
    (tmp_path / "net.pth").rename(path)
    assert other.load_published_weights() == "unsuited file=net.pth" and other.published_weights == {}
    assert paper.load_published_weights() == "published file=net.pth"
    assert paper.published_weights["a"].tolist() == [1, 1]


@pytest.mark.parametrize(
    "path", ["capsulenet.network.stem", "flow_resnet.network.trunk", "mtmnet.encoder.backbone", "nmer.trunk"]
)
def test_published_weights_initialise_a_resnet_of_their_width_alone(path):
    name, module, *attribute = path.split(".")
    kind = find(name)
    method = kind(kind.Params())
    assert method.weights_fit() and not kind(kind.Params(width=8)).weights_fit()
    assert not kind(kind.Params(initialisation="scratch")).uses_published_weights()
    method.published_weights = ResNet18().state_dict()
    torch.manual_seed(1)
    trunk = method.build({})[module].get_submodule(".".join(attribute)).state_dict()
    assert trunk and all(torch.equal(value, method.published_weights[name]) for name, value in trunk.items())
