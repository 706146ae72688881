"""Fitted weights are copied into the package under the names by which it reads them."""

from pathlib import Path
from types import SimpleNamespace

import ship

from microexpr.tasks.first_weights import Network


def test_weights_are_copied_where_they_differ_and_others_removed(tmp_path, monkeypatch, capsys):
    names = {
        Network("ststnet", "composite", "population"): "ststnet",
        Network("mtmnet.tri", "units", "population"): "mtmnet.tri.units",
        Network("mtmnet", "composite", "teacher_population"): "mtmnet.teacher",
    }
    sources = {network.path: f"initial/{name}.safetensors" for network, name in names.items()}
    sources["results/shipped/action_units.change.onnx"] = "action_units.change.onnx"
    assert {network.shipped for network in names} < {f"src/microexpr/weights/{name}" for name in sources.values()}
    monkeypatch.chdir(tmp_path)
    for path in (*sources, "src/microexpr/weights/initial/nmer.safetensors"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(path.encode())
    targets = {path: f"src/microexpr/weights/{name}" for path, name in sources.items()}
    first = SimpleNamespace(package_files=targets)
    monkeypatch.setattr(ship, "planned_run", lambda: SimpleNamespace(first=first))
    for lines in (5, 0):  # the second time nothing differs
        assert ship.main() == 0 and len(capsys.readouterr().out.splitlines()) == lines
    Path("src/microexpr/weights/action_units.change.onnx").unlink()
    assert ship.main("ststnet") == 0 and not Path("src/microexpr/weights/action_units.change.onnx").exists()
    assert ship.main() == 0
    weights = Path("src/microexpr/weights")
    copied = {str(path.relative_to(weights)): path.read_bytes() for path in weights.rglob("*.*")}
    assert copied == {name: path.encode() for path, name in sources.items()}
