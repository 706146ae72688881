"""Which clips are shown: by annotation alone, or by name."""

from dataclasses import replace

import pytest
from composites import clip as composite

from microexpr.core.errors import ParamsError
from microexpr.reporting.html import choose_clips

CLIPS = [
    replace(composite(name=f"{dataset}{number}"), dataset=dataset, label=number)
    for dataset in ("smic", "casme2", "samm")
    for number in (2, 0, 1, 1)
]


def test_one_of_each_data_set_and_classes_in_turn():
    assert [(clip.dataset, clip.label, clip.name) for clip in choose_clips(CLIPS, ())] == [
        ("smic", 0, "smic0"), ("casme2", 1, "casme21"), ("samm", 2, "samm2"),
    ]  # fmt: skip
    assert [clip.name for clip in choose_clips([replace(clip, label=None) for clip in CLIPS[:2]], ())] == ["smic2"]


def test_those_named():
    names = [CLIPS[5].id, CLIPS[0].id]
    assert [clip.id for clip in choose_clips(CLIPS, names)] == names
    with pytest.raises(ParamsError, match=r"must name clips of this run, not samm/sub01/samm9 \(did you mean 'samm/"):
        choose_clips(CLIPS, ["samm/sub01/samm9"])
