"""Figures of spotting: counts by hand, the published ones from their counts, chance, classes of hits."""

from dataclasses import replace

import numpy as np
import pytest
from composites import clip

from microexpr.core.clip import Expression, LongVideo
from microexpr.datasets import LONG
from microexpr.evaluation import published, spotting
from microexpr.evaluation.metrics import label_f1
from microexpr.evaluation.metrics.intervals import holm
from microexpr.evaluation.spotting import Spotted

LINES = published.read(published.LONG_VIDEOS)


def video(subject: str, *expressions: Expression, frames: int = 300) -> LongVideo:
    whole = replace(clip("casme_sq", subject, f"{subject}_1", None), last=frames, frames=frames, fps=30)
    return LongVideo(replace(whole, onset=None, apex=None, offset=None), expressions)


def micro(onset: int, offset: int, label: int | None = 0) -> Expression:
    return Expression("micro", onset, (onset + offset) // 2, offset, "", label, "")


def spotted(kind: str, onset: int, offset: int, emotion: str = "negative", confidence: float = 1.0) -> Spotted:
    return Spotted(kind, onset, (onset + offset) // 2, offset, confidence, emotion)


VIDEOS = [video("s1", micro(11, 20), Expression("macro", 51, 70, 90, "", None, "")), video("s2", micro(101, 110, 1))]
FOUND = {
    VIDEOS[0].clip.id: [
        spotted("micro", 11, 20), spotted("micro", 12, 21), spotted("macro", 11, 20), spotted("macro", 55, 95),
    ],
    VIDEOS[1].clip.id: [spotted("micro", 106, 120, "positive")],
}  # fmt: skip


def test_each_true_expression_is_hit_once_by_its_own_kind():
    counts = [[[[0, 1], [0, 1]], [[0, 1], [0, 1]]], [[[0, 1], [1, 0]], [[0, 0], [0, 0]]]]
    assert spotting.counts(VIDEOS, FOUND).tolist() == counts
    rows = {row["kind"]: row for row in spotting.rows("ours", VIDEOS, FOUND, 50, 1)}
    assert (rows["micro"]["hits"], rows["micro"]["false"], rows["micro"]["missed"]) == (1, 2, 1)
    assert rows["micro"]["f1"] == pytest.approx(2 / 5) and rows["both"]["f1"] == pytest.approx(4 / 8)
    assert rows["micro"]["false_a_minute"] == pytest.approx(2 / (600 / 30 / 60))
    assert rows["macro"]["onset_ms"] == pytest.approx(4 / 30 * 1000) and rows["micro"]["onset_ms"] == 0


def test_chance_is_of_the_same_intervals_elsewhere():
    videos = [video(f"s{i}", micro(40 * i + 11, 40 * i + 20)) for i in range(6)]
    right = {v.clip.id: [spotted("micro", *v.spans("micro")[0])] for v in videos}
    row = next(iter(spotting.rows("ours", videos, right, 50, 1)))
    assert row["f1"] == 1 and row["chance_f1"] < 0.2 and row["p_chance"] < 0.01
    moved = spotting.shifted(videos[0], right[videos[0].clip.id], 0.99)
    assert moved[0].offset - moved[0].onset == 9 and moved[0].onset == 1 + (10 + 297) % 300


def test_figures_of_classes_are_of_hits_alone():
    videos = [video("s1", micro(11, 20, 0)), video("s2", micro(11, 20, 1)), video("s3", micro(11, 20, None))]
    intervals = {
        videos[0].clip.id: [spotted("micro", 11, 20, "negative"), spotted("micro", 90, 99, "surprise")],
        videos[1].clip.id: [spotted("micro", 11, 20, "negative")],
        videos[2].clip.id: [spotted("micro", 11, 20, "surprise")],
    }
    row = next(iter(spotting.rows("ours", videos, intervals, 50, 1)))
    assert row["recognised"] == 2
    precision, recall = (0.5 + 0) / 2, (1 + 0) / 2  # of negative and positive
    assert row["analysis_f1"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert row["strs"] == pytest.approx(row["f1"] * row["analysis_f1"])
    # rows of data sets, one without hits
    other = replace(VIDEOS[1], clip=replace(VIDEOS[1].clip, dataset="samm_long"))
    rows = list(spotting.rows("ours", [VIDEOS[0], other], FOUND | {other.clip.id: []}, 50, 1))
    scopes = ("full", "casme_sq", "samm_long")
    assert [(row["scope"], row["kind"]) for row in rows][::3] == [(scope, "micro") for scope in scopes]
    assert [rows[6][name] for name in ("f1", "onset_ms", "strs", "recognised")] == [0, None, None, 0]


def test_differences_are_paired_by_subjects():
    videos = [video(f"s{i}", micro(11 + i, 20 + i)) for i in range(12)]
    right = {v.clip.id: [spotted("micro", *v.spans("micro")[0])] for v in videos}
    wrong = {v.clip.id: [spotted("micro", 200, 209)] for v in videos}
    methods = {"right": right, "wrong": wrong, "again": right}
    rows = spotting.differences(methods, videos, "micro", 200, 1)
    assert [(row["first"], row["second"], row["difference"]) for row in rows] == [
        ("right", "wrong", 1), ("right", "again", 0), ("wrong", "again", -1)
    ]  # fmt: skip
    assert rows[0]["p"] < 0.05 and [row["p_holm"] for row in rows] == holm([row["p"] for row in rows]).tolist()
    assert all({*spotting.PAIRED_COLUMNS} < {*row} for row in rows)


def test_published_f1_follow_from_counts_scores_from_figures_and_data_sets_and_kinds_are_known():
    counted, scored = ([line for line in LINES if line["hits"]], [line for line in LINES if len(line["strs"]) > 3])
    assert (len(counted), len(scored)) == (11, 6)
    for line in counted:
        hits, false, missed = (int(line[name]) for name in ("hits", "false", "missed"))
        assert float(label_f1(np.array([[0, false], [missed, hits]]))) == pytest.approx(float(line["f1"]), abs=6e-5)
        assert hits + missed == int(line["true"])
    for line in scored:
        assert float(line["f1"]) * float(line["analysis_f1"]) == pytest.approx(float(line["strs"]), abs=1.1e-4)
    for line in LINES:
        assert line["kind"] in ("micro", "macro", "both")
        assert line["dataset"] in LONG or line["dataset"].startswith("unseen ")
