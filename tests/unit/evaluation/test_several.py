"""Figures of several labels: scikit-learn's and meb's counts, unknown labels, intervals, and the stage's rows."""

from dataclasses import replace

import numpy as np
import pytest
from composites import coded
from sklearn.metrics import average_precision_score, f1_score
from trainings import flow_files, job, trained

from microexpr import evaluation
from microexpr.core import store
from microexpr.evaluation import curves, metrics, pairs, pool_predictions
from microexpr.evaluation.metrics import intervals
from microexpr.evaluation.rows import COLUMNS, format_labels, parse_labels
from microexpr.protocols.classes import UNITS as NAMES
from microexpr.tasks import PROTOCOLS
from microexpr.tasks.units import UNITS, UNITS_LOSO

CLIPS = coded(subjects=3, clips=7)
PARAMS = evaluation.Params(resamples=50)


@pytest.fixture(scope="module")
def answers():
    """Truth [40, 5] with unknown labels and one that no clip has, predictions and scores of two seeds, subjects."""
    rng = np.random.default_rng(0)
    truth = rng.integers(-1, 2, (40, 5))
    truth[:, 4] = 0
    scores = rng.normal(size=(2, 40, 5)).round(1) + 0.8 * (truth == 1)
    return truth, (scores > 0).astype(int), scores, np.repeat(np.arange(8), 5)


def test_f1_is_scikit_learns_of_what_is_known_and_other_labels_are_refused(answers):
    truth, predicted, _, subjects = answers
    with pytest.raises(ValueError, match=r"labels must be 0, 1 or -1, not 0\.\.2"):
        metrics.by_subject(np.array([[0, 2]]), np.array([[0, 1]]), [0])
    matrices = metrics.by_subject(truth, predicted, subjects)
    assert matrices.shape == (8, 2, 5, 2, 2) and matrices.sum() == 2 * (truth >= 0).sum()
    low, high = intervals.interval(matrices, metrics.macro_f1, 200, np.random.default_rng(0))
    assert 0 < low < metrics.macro_f1(matrices.sum(0)).mean() < high < 1
    assert intervals.share_interval(0.5, np.array([0.4, 0.6]), np.array([0.5])) == (0, 1)  # single subjects give none
    for seed in range(2):
        labelled = [np.flatnonzero(column >= 0) for column in truth.T]
        columns = [(truth[rows, i], predicted[seed, rows, i]) for i, rows in enumerate(labelled)]
        binary, both = ([f1_score(*c, average=kind, zero_division=0) for c in columns] for kind in ("binary", "macro"))
        pooled = matrices[:, seed].sum(0)
        assert metrics.macro_f1(pooled) == pytest.approx(np.mean(binary))
        # scikit-learn leaves out an answer that occurs nowhere; here the last label is never said to be there
        assert metrics.label_f1(pooled) == pytest.approx(binary)
        assert metrics.macro_f1_of_both(pooled[:4]) == pytest.approx(np.mean(both[:4]))


def test_average_precision_is_scikit_learns_with_ties_weights_and_a_label_of_no_clip(answers):
    truth, _, scores, _ = answers
    times = np.concatenate([np.ones((1, 40), int), np.random.default_rng(1).integers(0, 3, (3, 40))])
    precisions = metrics.average_precision(truth, scores[0], times)
    assert metrics.average_precision(truth, scores[0]) == pytest.approx(precisions[:1])
    for counts, actual in zip(times, precisions, strict=True):
        for i in range(4):
            rows = np.repeat(np.arange(40), counts)
            rows = rows[truth[rows, i] >= 0]
            assert actual[i] == pytest.approx(average_precision_score(truth[rows, i], scores[0, rows, i]))
        assert actual[4] == 0


@pytest.fixture(scope="module", params=[UNITS, UNITS_LOSO])
def predictions(tmp_path_factory, request):
    root = tmp_path_factory.mktemp("units")
    training = job(CLIPS, request.param, threshold="training")
    shard = trained(root, training, flow_files(root, CLIPS))
    return pool_predictions([shard], "ststnet", training.protocol, CLIPS), shard


def test_rows_have_each_unit_each_data_set_and_what_a_guess_would_have(predictions):
    rows = evaluation.evaluate(predictions[0], PARAMS, 1)
    assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(COLUMNS))}
    cells = {(row["selection"], row["scope"], row["metric"]): row for row in rows}
    assert {row["selection"] for row in rows} == {"last", "oracle_best_test", "oracle_threshold"}
    assert {row["scope"] for row in rows} == {"full", "casme", "casme2", "samm"}
    shares = [cells["last", "full", f"prevalence_{name}"]["value"] for name in NAMES]
    truth = predictions[0].truth
    assert shares == pytest.approx([(truth[:, i] == 1).sum() / (truth[:, i] >= 0).sum() for i in range(12)])
    for selection in ("last", "oracle_threshold"):
        f1 = [cells[selection, "full", f"f1_{name}"]["value"] for name in NAMES]
        assert cells[selection, "full", "macro_f1"]["value"] == pytest.approx(np.mean(f1))
    oracle, honest = (cells[name, "full", "macro_f1"]["value"] for name in ("oracle_threshold", "last"))
    assert oracle > honest and cells["last", "full", "macro_f1"]["clips"] == len(CLIPS)


def test_files_say_what_was_predicted_and_pairs_compare_it(predictions, tmp_path):
    pooled, shard = predictions
    protocol = pooled.protocol
    store.write_csv(tmp_path / "a.csv", evaluation.PREDICTION_COLUMNS, evaluation.prediction_rows(pooled))
    answers = pairs.read_predictions(tmp_path / "a.csv", protocol.classes, several=True)
    assert answers.truth.tolist() == pooled.truth.tolist()
    assert answers.predicted.tolist() == pooled.predicted["last"].tolist()
    (row,) = pairs.compare_methods({"a": tmp_path / "a.csv", "b": tmp_path / "a.csv"}, protocol, 20, 1)
    assert (row["metric"], row["difference"], row["p"], row["subjects"]) == ("macro_f1", 0, 1, 9)
    confusion = evaluation.confusion_rows(pooled)
    of_last = [line for line in confusion if (line["selection"], line["scope"]) == ("last", "full")]
    assert sum(line["clips"] for line in of_last) == (pooled.truth >= 0).sum()
    curve = curves.rows(curves.read([shard]))
    macro_f1 = metrics.macro_f1(metrics.by_subject(pooled.truth, pooled.predicted["last"], np.zeros(len(CLIPS)))[0, 0])
    assert float(curve[-1]["uf1"]) == pytest.approx(macro_f1, abs=1e-6) and len(curve) == 5


def test_labels_are_written_with_what_is_not_known_and_clips_without_a_known_unit_are_no_clips_of_the_protocol():
    text = format_labels(("AU1", "AU12", "AU2"), np.array([1, -1, 0]))
    assert text == "AU1 AU12?" and parse_labels(("AU1", "AU12", "AU2"), text) == [1, -1, 0]
    protocol = PROTOCOLS[UNITS]
    codes = {"1+2": [1, 1, *[0] * 10], "R12 or R14": [0] * 8 + [-1, -1, 0, 0], "": None, "?": None}
    for code, labels in codes.items():
        clip = replace(CLIPS[0], action_units=code)
        assert (protocol.label(clip) is None) == (labels is None)
        assert labels is None or list(protocol.truth(clip)) == labels
