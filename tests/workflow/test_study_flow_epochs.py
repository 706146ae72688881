"""The study that chooses epochs and learning rates on flow pictures."""

from types import ModuleType

import pytest
from scratch import ROOT

from microexpr.cli import config


@pytest.fixture
def study(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "studies"))
    import flow_epochs

    return flow_epochs


def test_the_fewest_epochs_that_lose_little_are_chosen(study):
    """0.79 is the least of a mean that is good enough: 20 epochs lose too much, and of those of 30 one rate is best."""
    figures = {
        (60, 0.1): (0.82, 0.78), (60, 0.3): (0.9, 0.9), (30, 0.1): (0.80, 0.78), (30, 0.3): (0.79, 0.81),
        (20, 0.1): (0.7, 0.8), (20, 0.3): (0.789, 0.789),
    }  # fmt: skip
    rows = [
        study.Measured("ststnet", *setting, figures[setting][group], 1.0) for group in range(2) for setting in figures
    ]
    assert study.choose(rows) == {"ststnet": (30, 0.3)}
    chosen = [line for line in study.table(rows) if "chosen" in line]
    assert chosen == ["| `ststnet` | 30 (chosen) | 0.3 | 0.790, 0.810 | 2 |"]


def test_each_setting_is_trained_once_the_first_as_in_params(study, monkeypatch):
    monkeypatch.chdir(ROOT)
    settings = [(name, params["epochs"], params["lr"]) for name, params in study.settings()]
    described = config.check_cached(config.load("params.yaml"))["methods"]
    methods = {name: config.on_corpus(about) for name, about in described.items()}
    networks = ("htnet", "ststnet", "off_apexnet", "dual_inception")
    for network in networks:
        of_network = [setting for setting in settings if setting[0] == network]
        assert of_network[0] == (network, methods[network]["epochs"], methods[network]["lr"])
        assert len(of_network) == len(study.SHARES) * len(study.RATES)
    monkeypatch.setattr(study, "SHARES", (1.0, 0.001, 0.002))  # one epoch, twice
    assert len(study.settings()) == len({*map(str, study.settings())}) == len(networks) * 2 * len(study.RATES)
    assert {params["centres"] for name, params in study.settings() if name == "htnet"} == {"published"}


def test_the_committed_params_are_those_that_the_page_says_were_chosen(study):
    lines = [line.split(" | ") for line in study.pages.read(study.PAGE, study.MARK).splitlines() if "chosen" in line]
    chosen = {line[0].strip("| `"): {"epochs": int(line[1].split()[0]), "lr": float(line[2])} for line in lines}
    pictured = config.load(ROOT / "params.yaml")["flow_folders"]["methods"]
    networks = {name: params for name, params in pictured.items() if "epochs" in params}
    assert chosen == {name: {key: params[key] for key in ("epochs", "lr")} for name, params in networks.items()}
