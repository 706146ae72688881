"""Clips and long videos of the report: which are chosen, and what charts show of the latter."""

from dataclasses import replace

import numpy as np
import pytest
from composites import clip as composite

from microexpr.core import store
from microexpr.core.clip import Expression, LongVideo
from microexpr.core.errors import LeakError, ParamsError, StoreError
from microexpr.reporting.html import charts, choose_clips, choose_videos, results


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


def test_clips_are_one_of_each_data_set_classes_in_turn_or_those_named():
    assert [(clip.dataset, clip.label, clip.name) for clip in choose_clips(CLIPS, ())] == [
        ("smic", 0, "smic0"), ("casme2", 1, "casme21"), ("samm", 2, "samm2"),
    ]  # fmt: skip
    assert [clip.name for clip in choose_clips([replace(clip, label=None) for clip in CLIPS[:2]], ())] == ["smic2"]
    names = [CLIPS[5].id, CLIPS[0].id]
    assert [clip.id for clip in choose_clips(CLIPS, names)] == names
    with pytest.raises(ParamsError, match=r"must name clips of this run, not samm/sub01/samm9 \(did you mean 'samm/"):
        choose_clips(CLIPS, ["samm/sub01/samm9"])


def test_of_each_data_set_the_video_with_most_expressions():
    assert choose_videos([FEW, MANY, OTHER]) == [MANY, OTHER]
    assert choose_videos([]) == []


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
