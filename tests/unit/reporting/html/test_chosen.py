"""Which clips are shown: by annotation alone, or by name."""

from dataclasses import replace

import pytest
from composites import clip

from microexpr.core.errors import ParamsError
from microexpr.reporting.html import chosen

CLIPS = [
    replace(clip(name=f"{dataset}{number}"), dataset=dataset, label=number)
    for dataset in ("smic", "casme2", "samm")
    for number in (2, 0, 1, 1)
]


def test_one_of_each_data_set_and_classes_in_turn():
    assert [(one.dataset, one.label, one.name) for one in chosen(CLIPS, ())] == [
        ("smic", 0, "smic0"), ("casme2", 1, "casme21"), ("samm", 2, "samm2"),
    ]  # fmt: skip
    assert [one.name for one in chosen([replace(one, label=None) for one in CLIPS[:2]], ())] == ["smic2"]


def test_those_named():
    names = [CLIPS[5].id, CLIPS[0].id]
    assert [one.id for one in chosen(CLIPS, names)] == names
    with pytest.raises(ParamsError, match=r"must name clips of this run, not samm/sub01/samm9 \(did you mean 'samm/"):
        chosen(CLIPS, ["samm/sub01/samm9"])
