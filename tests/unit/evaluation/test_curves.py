"""Curves of trainings against what is known of their last epoch, and their picture."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from composites import composite
from sklearn.metrics import f1_score
from trainings import EPOCHS, flow_files, job, trained

from microexpr.cli.main import main
from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.evaluation import curves
from microexpr.reporting.plots import drawing, methods

CLIPS = composite(subjects=2, clips=3)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Two of one training, with two seeds."""
    root = tmp_path_factory.mktemp("curves")
    whole, files = job(CLIPS, seeds=2), flow_files(root, CLIPS)
    halves = [replace(whole, folds=whole.folds[:3]), replace(whole, folds=whole.folds[3:])]
    return [trained(root / str(number), half, files) for number, half in enumerate(halves)]


def test_uf1_is_that_of_all_test_clips_pooled_and_loss_the_mean_over_seeds_of_every_fold(shards):
    folds = []
    for path in shards:
        with store.open_file(path) as file:
            groups = [group for data_set in file.values() for group in data_set.values()]
            folds += [(group["truth"][()], group["scores"][()].argmax(-1)) for group in groups]
    truth, predicted = (np.concatenate(parts, -1) for parts in zip(*folds, strict=True))  # [N], [S, E, N]
    assert len(truth) == len(CLIPS)
    expected = [np.mean([f1_score(truth, y[epoch], average="macro") for y in predicted]) for epoch in range(EPOCHS)]
    pooled = curves.read(shards)
    np.testing.assert_allclose(pooled.uf1, expected)
    assert (pooled.method, pooled.protocol, pooled.origin) == ("ststnet", "megc2019", "generated")
    assert pooled.loss.shape == (6, EPOCHS, 1)
    with h5py.File(shards[0]) as file:
        np.testing.assert_allclose(pooled.loss[0], file["casme2/s01/loss"][()].mean(0), rtol=1e-6)


def made(loss, uf1):
    return curves.Curves("icegan", "megc2019", "generated", np.array(loss, float), np.array(uf1))


TWO_PHASES = made([[[1, 3], [2, np.nan]], [[3, 5], [4, np.nan]]], [0.25])


def test_draws_of_the_same_clips_are_not_pooled_and_shards_of_two_trainings_are_refused(shards, tmp_path):
    path = trained(tmp_path, job(CLIPS, "split70", seeds=2), flow_files(tmp_path, CLIPS))
    with store.open_file(path) as file:
        folds = [(fold["truth"][()], fold["scores"][0, -1].argmax(-1)) for fold in file.values()]
    expected = np.mean([f1_score(*fold, average="macro", labels=range(3), zero_division=0) for fold in folds])
    assert curves.read([path]).uf1[-1] == pytest.approx(expected)
    with pytest.raises(StoreError, match="shards must be of one training, not of 2"):
        curves.read([*shards, path])


def test_rows_and_picture_add_up_the_updates_and_score_the_last_phase_alone():
    assert curves.rows(TWO_PHASES) == [
        {"epoch": 1, "loss": "6.000000", "uf1": ""},
        {"epoch": 2, "loss": "3.000000", "uf1": "0.250000"},
    ]
    assert curves.rows(made(np.empty((4, 1, 0)), [0.5])) == [{"epoch": 1, "loss": "", "uf1": "0.500000"}]
    figure = drawing.plot(methods.draw_training, TWO_PHASES)
    losses, uf1 = figure.axes
    assert losses.lines[0].get_ydata().tolist() == [2, 3] and losses.lines[1].get_ydata()[0] == 4
    assert (list(uf1.lines[0].get_xdata()), list(uf1.lines[0].get_ydata())) == ([2], [0.25])
    assert "not used to choose anything" in uf1.get_title(loc="left") + uf1.get_title()
    assert "generated faces" in [text.get_text() for text in figure.texts]


def test_the_command_draws_shards_and_a_file_that_lacks_curves_is_an_error_of_one_line(shards, tmp_path, capsys):
    out, empty = tmp_path / "training.png", str(tmp_path / "a.h5")
    assert main(["plot", "training", *shards, str(out)]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    with store.create(empty, "train", {}, method="m", protocol="p", origin="generated", classes="a, b"):
        pass
    assert main(["plot", "training", empty, str(tmp_path / "a.png")]) == 1
    assert "a.h5: must have attributes, datasets and axes as a stage" in capsys.readouterr().err
