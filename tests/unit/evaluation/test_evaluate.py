"""From the scores of all folds to pooled figures: right ones, and refusals that name what is wrong."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from composites import clip, composite, scores, shard

from microexpr import evaluation
from microexpr.core.errors import LeakError, StoreError
from microexpr.evaluation import LEAKY, Params, Predictions, confusion_rows, megc_log, metrics, pool_predictions
from microexpr.evaluation.predictions import FoldScores, describe_learning
from microexpr.evaluation.rows import COLUMNS, FIGURES
from microexpr.protocols import PROTOCOLS
from microexpr.protocols import shard as folds_of

MEGC = PROTOCOLS["megc2019"]
PARAMS = Params(resamples=20)
CLIPS = composite(subjects=2, clips=6)
FOLDS = MEGC.folds(CLIPS)


def evaluate(paths, clips=CLIPS, method="ststnet", seed=1):
    return evaluation.evaluate(pool_predictions(paths, method, MEGC, clips), PARAMS, seed)


def truths(folds, clips=CLIPS):
    labels_by_id = {clip.id: clip.label for clip in clips}
    return {fold.name: np.array([labels_by_id[name] for name in fold.test]) for fold in folds}


def right(folds):
    """One seed and epoch, all right."""
    return {name: labels[None, None] for name, labels in truths(folds).items()}


# Two seeds, three epochs: all right in the second epoch only; at the last, seed 1 calls everything negative.
TWO_SEEDS = {name: np.stack([[t * 0, t, t], [t * 0, t, t * 0]]) for name, t in truths(FOLDS).items()}


@pytest.fixture
def training(tmp_path):
    return [shard(tmp_path / f"{n}of2.h5", folds_of(FOLDS, f"{n}of2"), CLIPS, TWO_SEEDS) for n in (1, 2)]


def figure(rows, selection, scope, metric, pooling="pooled"):
    names = (selection, scope, metric, pooling)
    (row,) = (r for r in rows if (r["selection"], r["scope"], r["metric"], r["pooling"]) == names)
    return row


def test_rows_have_mean_and_deviation_over_seeds_and_the_counts_of_their_scope_and_come_back(tmp_path, training):
    rows = evaluate(training)
    one_class = 0.5 / 3  # a third of the clips, all called class 0: F1 of 0 is 2 * 1/3 / (1/3 + 1)
    for scope in ("full", "smic", "casme2", "samm"):
        assert figure(rows, "last", scope, "uf1")["value"] == pytest.approx((1 + one_class) / 2)
        assert figure(rows, "last", scope, "uar")["value"] == pytest.approx((1 + 1 / 3) / 2)
        assert figure(rows, "oracle_best_test", scope, "accuracy")["value"] == 1
    positive = figure(rows, "last", "full", "f1_positive")
    assert (positive["value"], positive["deviation"]) == pytest.approx((0.5, np.std([1, 0], ddof=1)))
    by_subject = figure(rows, "last", "full", "uf1", "per_subject_mean")  # everyone has the same six clips
    assert by_subject["value"] == pytest.approx((1 + one_class) / 2)
    assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(COLUMNS))}
    assert len(rows) == 2 * 4 * (2 * len(metrics.METRICS) + 2 * 3)  # both poolings, and two figures of each class
    whole, part = figure(rows, "last", "full", "uf1"), figure(rows, "last", "samm", "uf1")
    assert [whole[k] for k in ("seeds", "folds", "clips", "parameters", "origin")] == [2, 6, 36, 12345, "generated"]
    assert [part[k] for k in ("seeds", "folds", "clips", "subject_seen")] == [2, 2, 12, "no"]
    evaluation.write(tmp_path / "a.csv", rows)
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()
    rounded = [{k: round(v, 6) if k in FIGURES else v for k, v in row.items()} for row in rows]
    assert evaluation.read(tmp_path / "a.csv") == rounded
    confusions = confusion_rows(pool_predictions(training, "ststnet", MEGC, CLIPS))  # summed over seeds
    of_last = [row for row in confusions if (row["selection"], row["scope"]) == ("last", "full")]
    cells = {(row["truth"], row["predicted"]): row["clips"] for row in of_last if row["clips"]}
    wrong = {(name, "negative"): 12 for name in MEGC.classes[1:]}
    assert cells == {(name, name): 12 for name in MEGC.classes} | wrong | {("negative", "negative"): 24}
    assert len(confusions) == 2 * 4 * 9 and tuple(confusions[0]) == evaluation.CONFUSION_COLUMNS


def test_how_folds_are_split_into_shards_changes_nothing_and_resamples_are_those_of_every_method(tmp_path, training):
    assert evaluate([shard(tmp_path / "a.h5", FOLDS, CLIPS, TWO_SEEDS)]) == evaluate(training[::-1], CLIPS[::-1])
    labels = truths(FOLDS).items()
    predicted = {name: np.where(np.arange(6) < i, t, 0)[None, None] for i, (name, t) in enumerate(labels)}
    path = shard(tmp_path / "b.h5", FOLDS, CLIPS, predicted)
    lows, other_lows = ([row["low"] for row in evaluate([path], method=name)] for name in ("ststnet", "icegan"))
    assert lows == other_lows != [row["low"] for row in evaluate([path], seed=2)]


def test_selections_are_each_seeds_first_best_epoch_and_first_weights_and_inner_epochs_of_every_fold(training):
    """Folds began with class 0 everywhere; inner subjects chose the second epoch of seed 0 and the first of seed 1."""
    truth = np.array([0, 1, 2, 0])
    epochs = [[[0, 0, 0, 1], [0, 1, 0, 0], [0, 1, 2, 1]], [[1, 1, 1, 1], [2, 2, 2, 2], [0, 1, 2, 0]]]
    fold = FoldScores("file", "fold", ("a", "b", "c", "d"), truth, scores(epochs), (), None)
    chosen = {name: values.argmax(-1).tolist() for name, values in fold.selections().items()}
    assert chosen == {"last": [epochs[0][2], epochs[1][2]], "oracle_best_test": [epochs[0][1], epochs[1][2]]}
    assert {*pool_predictions(training, "ststnet", MEGC, CLIPS).predicted} == {"last", "oracle_best_test"}
    for i, path in enumerate(training, 1):
        with h5py.File(path, "a") as file:
            for fold in folds_of(FOLDS, f"{i}of2"):
                file[fold.name]["start"] = scores(np.zeros((2, len(fold.test)), int))
                file[fold.name]["inner_epoch"] = [1, 0]
    pooled = pool_predictions(training, "ststnet", MEGC, CLIPS)
    assert not pooled.predicted["start"].any()
    assert pooled.predicted["inner_validation"].tolist() == [pooled.truth.tolist(), [0] * len(CLIPS)]


FIRST, OTHERS = CLIPS[12], CLIPS[:12] + CLIPS[13:]
TWICE = [replace(FOLDS[0], test=(*FOLDS[0].test, FIRST.id)), *FOLDS[1:]]


@pytest.mark.parametrize(
    ("folds", "clips", "message"),
    [
        (FOLDS[:-1], CLIPS, r"clip smic/s02/c00 must be predicted once, not 0 times \(.*1of1.h5\)"),
        (TWICE, CLIPS, "clip casme2/s01/c00 must be predicted once, not 2 times"),
        (FOLDS, [replace(FIRST, label=2), *OTHERS], r"truth of clip casme2/s01/c00 must be 2, not 0 \(.*, fold casme2"),
        (FOLDS, OTHERS, "clip casme2/s01/c00 must be one of protocol megc2019"),
        (FOLDS, [replace(clip, origin="licensed") for clip in CLIPS], "is licensed, but training was on generated$"),
    ],
)
def test_predictions_of_other_clips_are_refused(tmp_path, folds, clips, message):
    path = shard(tmp_path / "1of1.h5", folds, CLIPS, right(folds))
    with pytest.raises(StoreError, match=message):
        evaluate([path], clips)


def test_scores_that_are_no_numbers_and_shards_of_different_trainings_are_refused(training):
    with h5py.File(training[0], "a") as file:
        file["casme2/s02/scores"][...] = np.nan
    with pytest.raises(StoreError, match=r"scores must be finite numbers \(.*1of2.h5, fold casme2/s02\)"):
        evaluate(training)
    first = folds_of(FOLDS, "1of2")
    shard(training[0], first, CLIPS, right(first))
    with pytest.raises(StoreError, match=r"1of2\.h5, .*2of2\.h5: must agree on origin"):
        evaluate(training)


def test_macro_data_of_another_origin_are_said_and_a_declared_leak_has_one_selection_of_its_own(tmp_path):
    """It is let through where it is just what was declared."""
    clips = [replace(clip, origin="licensed") for clip in CLIPS]
    fitted = {fold.name: ["generated/ckplus/S005/*", "licensed/mmi/S001/*"] for fold in FOLDS}
    path = shard(tmp_path / "1of1.h5", FOLDS, clips, right(FOLDS), fitted)
    assert {row["origin"] for row in evaluate([path], clips)} == {"licensed+generated"}
    everything = {fold.name: [f"generated/{name}" for name in fold.train + fold.test] for fold in FOLDS}
    honest = shard(tmp_path / "honest.h5", FOLDS, CLIPS, right(FOLDS))
    leaky = shard(tmp_path / "leaky.h5", FOLDS, CLIPS, right(FOLDS), everything)
    assert {*pool_predictions([leaky], "ststnet", MEGC, CLIPS, FOLDS, "held_out_clips").predicted} == {LEAKY}
    with pytest.raises(LeakError, match="was fitted on generated/casme2/s01/c00, a clip of its held-out subject"):
        evaluate([leaky])
    with pytest.raises(LeakError, match="must have the declared leak held_out_clips, but lacks"):
        pool_predictions([honest], "ststnet", MEGC, CLIPS, FOLDS, "held_out_clips")


def test_the_official_log_of_seven_classes_scores_to_the_same_figures():
    """Six subjects with a clip of each emotion."""
    protocol = PROTOCOLS["loso_casme2_7"]
    names = [(f"sub{subject:02}", emotion) for subject in range(6) for emotion in protocol.classes]
    clips = [replace(clip("casme2", subject, emotion), emotion=emotion) for subject, emotion in names]
    truth, predicted = np.arange(42) % 7, np.random.default_rng(0).integers(7, size=(1, 42))
    about = {"parameters": 0, "origin": "generated"}
    predictions = Predictions("ststnet", protocol, clips, truth, {"last": predicted}, {}, protocol.folds(clips), about)
    rows = evaluation.evaluate(predictions, PARAMS, 1)
    scored = megc_log.scores(megc_log.read(evaluation.official_log(predictions), "log", classes=7), classes=7)
    for metric in ("uf1", "uar", "accuracy"):
        assert scored["full"][metric] == pytest.approx(figure(rows, "last", "full", metric)["value"])
    assert scored["full"]["clips"] == 42 and {r["metric"] for r in rows} >= {"f1_repression", "recall_fear"}


def test_few_folds_ask_only_for_their_clips_and_each_seed_of_a_drawn_split_for_those_of_its_own_draw(tmp_path):
    protocol, split, clips = PROTOCOLS["lovo_casme2_3"], PROTOCOLS["split70"], composite(subjects=4, clips=4)
    few = protocol.folds(CLIPS, limit=3)
    path = shard(tmp_path / "1of1.h5", few, CLIPS, right(few))
    rows = evaluation.evaluate(pool_predictions([path], "ststnet", protocol, CLIPS, few), PARAMS, 1)
    row = figure(rows, "last", "full", "accuracy")
    assert (row["folds"], row["clips"], row["subject_seen"]) == (3, 3, "yes")
    assert {r["pooling"] for r in rows} == {"pooled"}
    for folds, message in ((None, "must be predicted once, not 0 times"), (few[:2], "must be one of the 2 expected")):
        with pytest.raises(StoreError, match=message):
            pool_predictions([path], "ststnet", protocol, CLIPS, folds)
    draws, rng = split.folds(clips, seeds=3), np.random.default_rng(0)
    predicted = {fold.name: rng.integers(3, size=(1, 1, len(fold.test))) for fold in draws}
    path = shard(tmp_path / "draws.h5", draws, clips, predicted)
    pooled = pool_predictions([path], "ststnet", split, clips, draws)
    row = figure(evaluation.evaluate(pooled, PARAMS, 1), "last", "full", "accuracy")
    accuracies = [np.mean(predicted[name] == labels) for name, labels in truths(draws, clips).items()]
    assert (row["value"], row["deviation"]) == pytest.approx((np.mean(accuracies), np.std(accuracies, ddof=1)))
    tested = {name for fold in draws for name in fold.test}
    assert (row["seeds"], row["folds"], row["clips"]) == (3, 3, len(tested))


def test_learning_is_said_in_words():
    """By hand: mean over two folds of first and last scored epochs; an update that is never made is left out."""
    losses = np.array([[[1.0, np.nan], [0.4, np.nan], [0.2, np.nan]]], np.float32)
    moved = {"network": np.array([0.5], np.float32), "frozen": np.array([0.0], np.float32)}
    of_fold = np.zeros((1, 3, 1, 2), np.float32)
    fold = FoldScores("file", "a", ("x",), np.zeros(1, int), of_fold, (), None, None, losses, moved)
    folds = [fold, replace(fold, loss=losses * 3)]
    assert describe_learning(folds) == "loss 2 to 0.4; weights moved by network 0.5, frozen 0 of their length"
    assert describe_learning([replace(fold, loss=None, moved={})]) == ""
