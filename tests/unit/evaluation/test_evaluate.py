"""From the scores of all folds to pooled figures: right ones, and refusals that name what is wrong."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from composites import STSTNET, clip, composite, scores, shard
from sklearn.metrics import f1_score, recall_score
from trainings import flow_files, job, trained

from microexpr import evaluation
from microexpr.core.errors import LeakError, StoreError
from microexpr.evaluation import (
    LEAKY,
    Params,
    confusion_rows,
    megc_log,
    metrics,
    official_log,
    pool_predictions,
)
from microexpr.evaluation.predictions import FoldScores, describe_learning, last, oracle_best_test
from microexpr.evaluation.rows import COLUMNS, FIGURES
from microexpr.protocols import PROTOCOLS, shards

MEGC = PROTOCOLS["megc2019"]
PARAMS = Params(resamples=20)
LEAKS = ("", "held_out_clips")


def evaluate(paths, method, protocol, clips, params, seed):
    return evaluation.evaluate(pool_predictions(paths, method, protocol, clips), params, seed)


def truths(folds, clips):
    labels_by_id = {clip.id: clip.label for clip in clips}
    return {fold.name: np.array([labels_by_id[name] for name in fold.test]) for fold in folds}


@pytest.fixture
def clips():
    return composite(subjects=2, clips=6)


@pytest.fixture
def training(tmp_path, clips):
    """Two seeds, three epochs: all right in the second epoch only; at the last, seed 1 calls everything negative."""
    folds = MEGC.folds(clips)
    predicted = {name: np.stack([[t * 0, t, t], [t * 0, t, t * 0]]) for name, t in truths(folds, clips).items()}
    return [shard(tmp_path / f"{n}of2.h5", part, clips, predicted) for n, part in enumerate(shards(folds, 2), 1)]


def figure(rows, selection, scope, metric):
    (row,) = found(rows, "pooled", selection, scope, metric)
    return row


def found(rows, pooling, *names):
    return [r for r in rows if (r["pooling"], r["selection"], r["scope"], r["metric"]) == (pooling, *names)]


def test_figures_are_the_mean_over_seeds(training, clips):
    rows = evaluate(training, "ststnet", MEGC, clips, PARAMS, seed=1)
    one_class = 0.5 / 3  # a third of the clips, all called class 0: F1 of 0 is 2 * 1/3 / (1/3 + 1)
    for scope in ("full", "smic", "casme2", "samm"):
        assert figure(rows, "last", scope, "uf1")["value"] == pytest.approx((1 + one_class) / 2)
        assert figure(rows, "last", scope, "uar")["value"] == pytest.approx((1 + 1 / 3) / 2)
        assert figure(rows, "oracle_best_test", scope, "accuracy")["value"] == 1
    assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(COLUMNS))}
    assert len(rows) == 2 * 4 * (2 * len(metrics.METRICS) + 2 * 3)  # both poolings, and two figures of each class


def test_figures_of_classes_and_of_subjects_are_scikit_learns(training, clips):
    rows = evaluate(training, "ststnet", MEGC, clips, PARAMS, seed=1)
    truth = np.array([clip.label for clip in clips])
    predictions = [truth, truth * 0]  # of the two seeds, at the last epoch
    for number, name in enumerate(MEGC.classes):
        options = {"labels": [number], "average": None, "zero_division": 0}
        for metric, reference in (("f1", f1_score), ("recall", recall_score)):
            values = [float(reference(truth, labels, **options)[0]) for labels in predictions]
            row = figure(rows, "last", "full", f"{metric}_{name}")
            assert row["value"] == pytest.approx(np.mean(values))
            assert row["deviation"] == pytest.approx(np.std(values, ddof=1))
    (row,) = found(rows, "per_subject_mean", "last", "full", "uf1")
    assert row["value"] == pytest.approx((1 + 0.5 / 3) / 2)  # everyone has the same six clips
    assert [row["subject_seen"] for row in rows] == ["no"] * len(rows)


def test_confusions_are_summed_over_seeds(training, clips):
    rows = confusion_rows(pool_predictions(training, "ststnet", MEGC, clips))
    cells = {(r["truth"], r["predicted"]): r["clips"] for r in rows if (r["selection"], r["scope"]) == ("last", "full")}
    right, wrong = {(name, name): 12 for name in MEGC.classes}, {(name, "negative"): 12 for name in MEGC.classes[1:]}
    assert {pair: count for pair, count in cells.items() if count} == right | wrong | {("negative", "negative"): 24}
    assert len(rows) == 2 * 4 * 9 and tuple(rows[0]) == evaluation.CONFUSION_COLUMNS


def test_counts_and_origin_stand_on_each_row(training, clips):
    rows = evaluate(training, "ststnet", MEGC, clips, PARAMS, seed=1)
    whole, part = figure(rows, "last", "full", "uf1"), figure(rows, "last", "samm", "uf1")
    assert [whole[k] for k in ("seeds", "folds", "clips", "parameters", "origin")] == [2, 6, 36, 12345, "generated"]
    assert [part[k] for k in ("seeds", "folds", "clips")] == [2, 2, 12]


def test_published_predictions_give_the_published_figures(tmp_path):
    """One subject for each clip of STSTNet's counts, pooled to its UF1 and to the UAR that it should have printed."""
    cells = [(d, t, p) for d, m in STSTNET.items() for t in range(3) for p in range(3) for _ in range(m[t][p])]
    clips = [clip(d, f"{n // 7:03}", f"{n:03}", t) for n, (d, t, _) in enumerate(cells)]
    labels = {clip.id: p for clip, (_, _, p) in zip(clips, cells, strict=True)}
    folds = MEGC.folds(clips)
    predicted = {fold.name: np.array([[[labels[name] for name in fold.test]]]) for fold in folds}
    few = {fold.name: ["generated/other/person/*"] for fold in folds}
    rows = evaluate([shard(tmp_path / "1of1.h5", folds, clips, predicted, few)], "ststnet", MEGC, clips, PARAMS, seed=1)
    printed = [("full", "uf1"), ("full", "uar"), ("smic", "uf1")]
    assert {k: round(figure(rows, "last", *k)["value"], 4) for k in printed} == {
        ("full", "uf1"): 0.7353,
        ("full", "uar"): 0.7186,
        ("smic", "uf1"): 0.6801,
    }
    interval = figure(rows, "last", "full", "uf1")
    assert 0.55 < interval["low"] < 0.7353 < interval["high"] < 0.85
    classes = [round(figure(rows, "last", "full", f"recall_{name}")["value"], 4) for name in MEGC.classes]
    assert classes == [0.8760, 0.5688, 0.7108]


def test_how_folds_are_split_into_shards_changes_nothing(tmp_path, training, clips):
    folds = MEGC.folds(clips)
    predicted = {name: np.stack([[t * 0, t, t], [t * 0, t, t * 0]]) for name, t in truths(folds, clips).items()}
    whole = shard(tmp_path / "1of1.h5", folds, clips, predicted)
    assert evaluate([whole], "m", MEGC, clips, PARAMS, 1) == evaluate(training[::-1], "m", MEGC, clips[::-1], PARAMS, 1)


def test_resamples_are_the_same_for_every_method(tmp_path):
    clips = composite(subjects=4, clips=6)
    folds = MEGC.folds(clips)
    predicted = {
        n: np.where(np.arange(6) < i % 7, t, 0)[None, None] for i, (n, t) in enumerate(truths(folds, clips).items())
    }
    path = shard(tmp_path / "1of1.h5", folds, clips, predicted)
    lows = [[row["low"] for row in evaluate([path], name, MEGC, clips, PARAMS, 1)] for name in ("ststnet", "icegan")]
    assert lows[0] == lows[1]
    assert lows[0] != [row["low"] for row in evaluate([path], "ststnet", MEGC, clips, PARAMS, 2)]


def test_the_oracle_takes_each_seeds_first_best_epoch():
    truth = np.array([0, 1, 2, 0])
    epochs = [[[0, 0, 0, 1], [0, 1, 0, 0], [0, 1, 2, 1]], [[1, 1, 1, 1], [2, 2, 2, 2], [0, 1, 2, 0]]]
    fold = FoldScores("file", "fold", ("a", "b", "c", "d"), truth, scores(epochs), (), None)
    assert oracle_best_test(fold).argmax(-1).tolist() == [epochs[0][1], epochs[1][2]]
    assert last(fold).argmax(-1).tolist() == [epochs[0][2], epochs[1][2]]


def test_first_weights_are_a_selection_where_every_fold_has_their_scores(tmp_path, clips):
    """Folds end with the true classes and began with class 0 everywhere."""
    folds = MEGC.folds(clips)
    truth = truths(folds, clips)
    path = shard(tmp_path / "1of1.h5", folds, clips, {name: labels[None, None] for name, labels in truth.items()})
    assert "start" not in pool_predictions([path], "ststnet", MEGC, clips).predicted
    with h5py.File(path, "a") as file:
        for name, labels in truth.items():
            file[name]["start"] = scores(np.zeros((1, len(labels)), int))
    predicted = pool_predictions([path], "ststnet", MEGC, clips).predicted
    assert not predicted["start"].any() and predicted["last"].any()


def test_a_leak_is_refused_by_name(tmp_path, clips):
    folds = MEGC.folds(clips)
    predicted = {name: t[None, None] for name, t in truths(folds, clips).items()}
    leak = {folds[0].name: ["generated/smic/s01/c00", "generated/casme2/s01/c03"]}
    path = shard(tmp_path / "1of1.h5", folds, clips, predicted, leak)
    words = f"{path} fold casme2/s01 was fitted on generated/casme2/s01/c03, a clip of its held-out subject"
    with pytest.raises(LeakError, match=words):
        evaluate([path], "ststnet", MEGC, clips, PARAMS, 1)


def test_macro_data_of_another_origin_are_said(tmp_path):
    clips = [replace(clip, origin="licensed") for clip in composite(2, 3)]
    folds = MEGC.folds(clips)
    predicted = {name: t[None, None] for name, t in truths(folds, clips).items()}
    fitted = {fold.name: ["generated/ckplus/S005/*", "licensed/mmi/S001/*"] for fold in folds}
    path = shard(tmp_path / "1of1.h5", folds, clips, predicted, fitted)
    assert {row["origin"] for row in evaluate([path], "m", MEGC, clips, PARAMS, 1)} == {"licensed+generated"}


def broken(kind, folds, clips, predicted):
    if kind == "missing fold":
        return folds[:-1], clips, predicted
    if kind == "truth":
        return folds, [replace(clip, label=2) if clip.id == "casme2/s01/c00" else clip for clip in clips], predicted
    if kind == "nan":
        return folds, clips, predicted | {"casme2/s02": predicted["casme2/s02"] * 0 + 3}
    first = replace(folds[0], test=(*folds[0].test, folds[0].test[0]))
    return [first, *folds[1:]], clips, predicted | {first.name: np.array([[[0] * len(first.test)]])}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing fold", r"clip smic/s02/c00 must be predicted once, not 0 times \(.*1of1.h5\)"),
        ("twice", r"clip casme2/s01/c00 must be predicted once, not 2 times"),
        ("truth", r"truth of clip casme2/s01/c00 must be 0, not 2 \(.*1of1.h5, fold casme2/s01\)"),
        ("nan", r"scores must be finite numbers \(.*1of1.h5, fold casme2/s02\)"),
    ],
)
def test_refusals(tmp_path, clips, kind, message, monkeypatch):
    folds = MEGC.folds(clips)
    predicted = {name: t[None, None] for name, t in truths(folds, clips).items()}
    with_nan = np.vstack([np.eye(3, dtype=np.float32), np.full((1, 3), np.nan, np.float32)])
    monkeypatch.setattr("composites.scores", lambda classes: with_nan[np.asarray(classes)])
    path = shard(tmp_path / "1of1.h5", *broken(kind, folds, clips, predicted))
    with pytest.raises(StoreError, match=message):
        evaluate([path], "m", MEGC, clips, PARAMS, 1)


def test_a_clip_outside_of_the_protocol_is_named(training, clips):
    with pytest.raises(StoreError, match="clip casme2/s01/c00 must be one of protocol megc2019"):
        evaluate(training, "m", MEGC, clips[1:12] + clips[13:], PARAMS, 1)


def test_a_training_on_the_generated_set_does_not_count_for_a_licensed_one(training, clips):
    licensed = [replace(clip, origin="licensed") for clip in clips]
    with pytest.raises(StoreError, match=r"is licensed, but training was on generated$"):
        evaluate(training, "m", MEGC, licensed, PARAMS, 1)


def test_shards_of_different_trainings_are_refused(tmp_path, clips):
    first, second = shards(MEGC.folds(clips), 2)
    single_seed = {name: t[None, None] for name, t in truths(first, clips).items()}
    two_seeds = {name: np.stack([t[None], t[None]]) for name, t in truths(second, clips).items()}
    paths = [
        shard(tmp_path / "1of2.h5", first, clips, single_seed),
        shard(tmp_path / "2of2.h5", second, clips, two_seeds),
    ]
    with pytest.raises(StoreError, match=r"1of2\.h5, .*2of2\.h5: must agree on origin"):
        evaluate(paths, "m", MEGC, clips, PARAMS, 1)


def test_rows_come_back_from_their_file_and_bytes_do_not_change(tmp_path, training, clips):
    rows = evaluate(training, "ststnet", MEGC, clips, PARAMS, seed=1)
    for name in ("a.csv", "b.csv"):
        evaluation.write(tmp_path / name, rows)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()
    back = evaluation.read(tmp_path / "a.csv")
    assert [{k: round(v, 6) if k in FIGURES else v for k, v in row.items()} for row in rows] == back


def test_a_file_of_other_columns_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("method,uf1\nststnet,0.7\n")
    with pytest.raises(StoreError, match=r"a\.csv: column 2 must be protocol, not uf1$"):
        evaluation.read(tmp_path / "a.csv")


SEVEN = [  # six people of CASME II, seven clips each, of the seven emotions
    replace(plain, emotion=PROTOCOLS["loso_casme2_7"].classes[i % 7])
    for i, plain in enumerate(clip("casme2", f"sub{n // 7:02}", f"c{n % 7}", n % 3) for n in range(42))
]


def test_the_official_log_of_seven_classes_scores_to_the_same_figures(tmp_path):
    protocol = PROTOCOLS["loso_casme2_7"]
    shard = trained(tmp_path, job(SEVEN, protocol.name), flow_files(tmp_path, SEVEN))
    predictions = pool_predictions([shard], "ststnet", protocol, SEVEN)
    rows = evaluation.evaluate(predictions, PARAMS, 1)
    scored = megc_log.scores(megc_log.read(official_log(predictions), "log", classes=7), classes=7)
    for metric in ("uf1", "uar", "accuracy"):
        assert scored["full"][metric] == pytest.approx(figure(rows, "last", "full", metric)["value"])
    assert scored["full"]["clips"] == 42
    assert {r["metric"] for r in rows} >= {"f1_repression", "recall_fear"}


def test_few_folds_of_a_protocol(tmp_path):
    """Only the clips of the folds that were trained are asked for; a fold more or fewer is refused."""
    protocol, files = PROTOCOLS["lovo_casme2_7"], flow_files(tmp_path, SEVEN)
    shard = trained(tmp_path, job(SEVEN, protocol.name, folds=3), files)
    few = protocol.folds(SEVEN, limit=3)
    rows = evaluation.evaluate(pool_predictions([shard], "ststnet", protocol, SEVEN, few), PARAMS, 1)
    row = figure(rows, "last", "full", "accuracy")
    assert (row["folds"], row["clips"], row["subject_seen"]) == (3, 3, "yes")
    assert {r["pooling"] for r in rows} == {"pooled"}
    with pytest.raises(StoreError, match="must be predicted once, not 0 times"):
        pool_predictions([shard], "ststnet", protocol, SEVEN)
    with pytest.raises(StoreError, match="must be one of the 2 expected"):
        pool_predictions([shard], "ststnet", protocol, SEVEN, few[:2])


def test_each_seed_of_a_drawn_split_counts_the_clips_of_its_own_draw(tmp_path):
    clips = composite(subjects=4, clips=4)
    trained_job = job(clips, "split70", seeds=3)
    predictions = pool_predictions(
        [trained(tmp_path, trained_job, flow_files(tmp_path, clips))],
        "ststnet",
        trained_job.protocol,
        clips,
        trained_job.folds,
    )
    rows, lines = evaluation.evaluate(predictions, PARAMS, 1), evaluation.prediction_rows(predictions)
    labels_by_id = {clip.id: clip.label for clip in clips}
    accuracies = []
    for number, fold in enumerate(trained_job.folds):
        samples = [row for row in lines if (row["selection"], row["seed"]) == ("last", number)]
        assert sorted(row["clip"] for row in samples) == sorted(fold.test)
        assert all(row["truth"] == MEGC.classes[labels_by_id[row["clip"]]] for row in samples)
        accuracies.append(np.mean([row["truth"] == row["predicted"] for row in samples]))
    row = figure(rows, "last", "full", "accuracy")
    assert row["value"] == pytest.approx(np.mean(accuracies))
    assert row["deviation"] == pytest.approx(np.std(accuracies, ddof=1))
    assert (row["seeds"], row["folds"], row["clips"]) == (
        3,
        3,
        len({name for fold in trained_job.folds for name in fold.test}),
    )
    assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1


def test_figures_of_three_selections(tmp_path):
    clips = composite(subjects=3, clips=4)
    trained_job = job(clips, inner_subjects=2)
    rows = evaluate([trained(tmp_path, trained_job, flow_files(tmp_path, clips))], "ststnet", MEGC, clips, PARAMS, 1)
    assert list(dict.fromkeys(row["selection"] for row in rows)) == ["last", "oracle_best_test", "inner_validation"]


def test_a_declared_leak_has_one_selection_of_its_own(tmp_path):
    """It is let through where it is just what was declared, and every clip is then easy."""
    clips = composite(subjects=3, clips=4)
    files = flow_files(tmp_path, clips, contrast=0)
    options = {"folds": 3, "epochs": 30, "dropout": 0.0}
    honest, leaky = (job(clips, planted_leak=leak, **options) for leak in LEAKS)
    shards = [trained(tmp_path / name, job, files) for name, job in (("honest", honest), ("leaky", leaky))]
    pooled = [
        pool_predictions([path], "ststnet", MEGC, clips, honest.folds, leak)
        for path, leak in zip(shards, LEAKS, strict=True)
    ]
    without, rows = (evaluation.evaluate(predictions, PARAMS, 1) for predictions in pooled)
    assert {row["selection"] for row in rows} == {LEAKY}
    assert figure(rows, LEAKY, "full", "uf1")["value"] > figure(without, "last", "full", "uf1")["value"] + 0.3
    with pytest.raises(LeakError, match="was fitted on generated/casme2/s01/c00, a clip of its held-out subject"):
        pool_predictions([shards[1]], "ststnet", MEGC, clips, honest.folds)
    with pytest.raises(LeakError, match="must have the declared leak held_out_clips, but lacks"):
        pool_predictions([shards[0]], "ststnet", MEGC, clips, honest.folds, "held_out_clips")


def test_learning_is_said_in_words():
    """By hand: mean over two folds of first and last scored epochs; an update that is never made is left out."""
    losses = np.array([[[1.0, np.nan], [0.4, np.nan], [0.2, np.nan]]], np.float32)
    moved = {"network": np.array([0.5], np.float32), "frozen": np.array([0.0], np.float32)}
    scores = np.zeros((1, 3, 1, 2), np.float32)
    folds = [
        FoldScores("file", name, ("x",), np.zeros(1, int), scores, (), None, None, losses * factor, moved)
        for name, factor in (("a", 1), ("b", 3))
    ]
    assert describe_learning(folds) == "loss 2 to 0.4; weights moved by network 0.5, frozen 0 of their length"
    assert describe_learning([replace(folds[0], loss=None, moved={})]) == ""
