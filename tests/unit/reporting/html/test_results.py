"""Standings, tiles and axes of the page's first screen; clips and long videos, chosen and in charts."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from composites import clip as composite

from microexpr.core import store
from microexpr.core.clip import Expression, LongVideo
from microexpr.core.errors import LeakError, ParamsError, StoreError
from microexpr.reporting import main_table
from microexpr.reporting.html import charts, choose_clips, results

UF1 = {"majority": 0.2, "a": 0.5, "b": 0.8, "c": 0.8}


def row(method: str) -> dict[str, str]:
    about = {"folds": "4", "subjects": "24", "clips": "88", "parameters": "0" if method in ("majority", "a") else "77"}
    figures = {key: f"{UF1[method]:.4f}" for key in ("full_uf1", "full_uf1_low", "full_uf1_high")}
    return dict.fromkeys(main_table.COLUMNS, "") | about | figures | {"method": method}


def pair(first: str, second: str, p: float, p_holm: float = 1.0) -> dict[str, Any]:
    difference = UF1[first] - UF1[second]
    figures = {"difference": difference, "low": difference - 0.1, "high": difference + 0.2, "p": p, "p_holm": p_holm}
    return {"first": first, "second": second, "metric": "uf1", **figures}


ROWS = [row(method) for method in UF1]
PAIRS = [
    pair("majority", "a", 0.04, 0.12), pair("majority", "b", 0.01, 0.05), pair("majority", "c", 0.02, 0.08),
    pair("a", "b", 0.001, 0.006), pair("a", "c", 0.5), pair("b", "c", 0.9),
    pair("majority", "a", 0.001) | {"metric": "uar"}, pair("majority", "b", 0.2) | {"metric": "uar"},
    pair("majority", "c", 0.004) | {"metric": "uar"},
]  # fmt: skip


def test_the_best_is_first_and_a_test_is_of_the_method_less_the_reference():
    standings = results.standings(ROWS, PAIRS)
    assert [(method.rank, method.name) for method in standings] == [(1, "b"), (2, "c"), (3, "a"), (4, "majority")]
    methods = {method.name: method for method in standings}
    test = methods["b"].against_floor
    assert test is not None and (test.difference, test.low, test.high) == pytest.approx((0.6, 0.4, 0.7))
    floor = {name: method.against_floor and method.against_floor.p_holm for name, method in methods.items()}
    assert floor == {"b": pytest.approx(0.03), "c": pytest.approx(0.04), "a": pytest.approx(0.04), "majority": None}
    best = {name: method.against_best and method.against_best.p_holm for name, method in methods.items()}
    assert best == {"a": 0.006, "majority": 0.05, "c": 1.0, "b": None}  # these clips chose the best: of all six pairs
    assert methods["a"].kinds == ["better", "classical"] and methods["c"].kinds == ["better", "alike", "network"]
    assert methods["b"].kinds == ["network"]  # better than chance is a test of UAR: UF1 of a guess is above the floor's
    assert list(results.kinds(standings)) == ["", "better", "alike", "network", "classical"]


def test_tiles_count_what_the_tests_distinguish_and_pairs_are_antisymmetric():
    tiles = results.tiles(results.standings(ROWS, PAIRS), 3)
    assert [(tile.figure, tile.method) for tile in tiles] == [
        ("0.8000", "b"), ("0.2000", "majority"), ("2 of 3", ""), ("2 of 3", ""), ("88", ""),
    ]  # fmt: skip
    assert tiles[2].below == "p < 0.05, corrected for 3 tests" and tiles[3].below == "p ≥ 0.05, corrected for 6 pairs"
    assert tiles[-1].below == "24 subjects, 4 folds of whole subjects, 3 data sets"
    alone = results.tiles(results.standings([row("a")], []), 1)
    assert [tile.title for tile in alone] == ["highest UF1", "clips"]
    heat = charts.pairs(["b", "c", "a", "majority"], PAIRS[:6], "generated")["data"][0]
    for i, line in enumerate(heat["z"]):
        assert line[i] is None
        assert all(cell == -heat["z"][j][i] for j, cell in enumerate(line) if j != i)
    assert heat["z"][0][3] == 0.6 and heat["text"][0] == ["", "·", "", ""]
    assert heat["customdata"][0][3] == ["majority", "+0.400 to +0.700, p 0.01, of all pairs 0.05"]


def test_axes_hold_all_intervals_and_curves_need_two_epochs():
    tests = [method.against_best for method in results.standings(ROWS, PAIRS)]
    assert results.span(tests) == (-0.7, 0.1)  # majority less b, and c less b
    assert results.span([None]) == (0.0, 0.1)  # where two methods agree on every clip
    assert results.ticks(-0.5, 0.5) == [-0.5, 0.0, 0.5] and results.ticks(-0.9, 0.1) == [-0.9, 0.0]
    assert results.percent(0.25, -0.5, 1) == "50.00%"
    rows = [{"epoch": str(epoch), "uf1": uf1} for epoch, uf1 in enumerate(("", "0.25", "0.5", "1"), 1)]
    assert charts.small_curve(rows) == [(0, 75), (50, 50), (100, 0)]
    assert charts.small_curve(rows[:2]) == []


def video(dataset: str, name: str, *expressions: Expression) -> LongVideo:
    whole = replace(composite(dataset, "s1", name, None), first=101, last=400, frames=300, fps=100)
    return LongVideo(replace(whole, onset=None, apex=None, offset=None), expressions)


MICRO = Expression("micro", 151, 160, 170, "surprise", 2, "")
MACRO = Expression("macro", 201, 250, 300, "", None, "")
FEW, MANY, OTHER = video("casme_sq", "few", MICRO), video("casme_sq", "many", MICRO, MACRO), video("samm_long", "other")


def write(folder, video, fitted_on=("generated/population/s0001/*",)):
    with store.subject_file(folder / f"spot/curves/{video.clip.id}.h5", "spot", [video.clip]) as file:
        file.group(video.clip.name).put_all(frame=np.arange(101, 401, 3), score=np.linspace(0, 9, 100))
    with store.create(folder / "spot/found/ours.h5", "spot", {}, spotter="ours") as file:
        interval = {"kind": "micro", "onset": 151, "apex": 155, "offset": 175, "confidence": 1.0, "class": "surprise"}
        columns = {name: [value] for name, value in interval.items()}
        file.group(video.clip.id, fold="one").put_all(**columns, fitted_on=list(fitted_on))


CLIPS = [
    composite(dataset, "sub01", f"{dataset}{number}", number)
    for dataset in ("smic", "casme2", "samm")
    for number in (2, 0, 1, 1)
]


def test_clips_are_one_of_each_data_set_classes_in_turn_or_those_named_and_videos_those_with_most_expressions():
    assert [(clip.dataset, clip.label, clip.name) for clip in choose_clips(CLIPS, ())] == [
        ("smic", 0, "smic0"), ("casme2", 1, "casme21"), ("samm", 2, "samm2"),
    ]  # fmt: skip
    assert [clip.name for clip in choose_clips([replace(clip, label=None) for clip in CLIPS[:2]], ())] == ["smic2"]
    names = [CLIPS[5].id, CLIPS[0].id]
    assert [clip.id for clip in choose_clips(CLIPS, names)] == names
    with pytest.raises(ParamsError, match=r"must name clips of this run, not samm/sub01/samm9 \(did you mean 'samm/"):
        choose_clips(CLIPS, ["samm/sub01/samm9"])


def test_what_is_true_and_what_was_spotted_over_time_unless_it_leaks_or_is_missing(tmp_path):
    from plotly import graph_objects as graphs

    write(tmp_path, MANY)
    (view,) = results.long_videos([MANY.row()], ["ours"], tmp_path)
    chart = charts.spotted(view)
    graphs.Figure(chart)  # raises ValueError for a property that plotly does not know
    score, micro, macro = chart["data"]
    assert score["x"][:2] == [0, 0.03] and score["y"][-1] == 9
    assert micro["y"] == ["true", "ours"] and micro["base"] == [0.5, 0.5] and micro["x"] == [0.2, 0.25]
    assert (macro["y"], macro["base"], macro["x"]) == (["true"], [1.0], [1.0])
    assert micro["text"] == ["surprise, frames 151 to 170", "surprise, frames 151 to 175"]
    assert [(shape["x0"], shape["x1"]) for shape in chart["layout"]["shapes"]] == [(0.5, 0.7), (1.0, 2.0)]
    assert [label["text"] for label in chart["layout"]["annotations"]] == ["generated faces"]
    write(tmp_path, MANY, [MANY.clip.provenance])
    with pytest.raises(LeakError):
        results.long_videos([MANY.row()], ["ours"], tmp_path)
    write(tmp_path, FEW)
    with pytest.raises(StoreError, match="many"):
        results.long_videos([MANY.row()], ["ours"], tmp_path)
