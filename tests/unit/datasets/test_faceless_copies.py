"""Copies in which only the faces stage sees what is wrong: frames as rendered, each clip through its two steps."""

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from bad_input import FACES, Broken

from microexpr import datasets
from microexpr.core.arrays import luma
from microexpr.rendering import corpus, plan
from microexpr.rendering.layouts import NATIVES
from microexpr.signals import apex, faces, flow
from microexpr.signals.aus import regressor

PARAMS = plan.Params(max_frames=17, casme2=plan.Corpus(subjects=1, clips=3))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    root = tmp_path_factory.mktemp("rendered")
    planned = plan.plan_clips("casme2", PARAMS, seed=5)[:1]
    corpus.write_person(planned, corpus.Scene("standard", 320, 240), 5, root / "casme2", root / "truth.h5")
    for file, write in NATIVES["casme2"].annotations.items():
        write(root / "casme2" / file, [item.clip for item in planned])
    return root


@pytest.mark.parametrize("case", FACES, ids=lambda case: case.kind)
def test_clip_stays_or_ends_with_its_reason(case: Broken, rendered, tmp_path, monkeypatch):
    shutil.copytree(rendered / "casme2", tmp_path / "data/raw/casme2")
    monkeypatch.chdir(tmp_path)
    root = Path("data/raw/casme2")
    case.spoil(root)
    (clip,) = datasets.layout("casme2").read(root, "licensed")[0]
    track = partial(faces.track, datasets.frame_reader(clip)[1], faces.Params(), clip.id, clip.fps)
    if case.run:
        with pytest.raises(faces.Faceless, match=case.run):
            track()
    else:
        face = track()
        assert bool(face.other_faces) == (case.kind == "two faces")
        assert face.detected.all() == (case.kind != "no face in a frame")
        read_on(clip, face)


def read_on(clip, face) -> None:
    """A frame that was marked does no harm after: everything is finite, and the marked one is no peak of anything."""
    numbers, grey = np.arange(clip.first, clip.last + 1), luma(face.crop)
    events = apex.locate(replace(clip, apex=None), {"frame": numbers, **face.arrays()}, apex.Params())
    onset, top = (int(np.searchsorted(numbers, number)) for number in (events.onset, events.apex))
    values = regressor.regress(grey, onset, regressor.load())
    moved = flow.clip_flow(grey, onset, top, flow.Params())
    assert all(np.isfinite(array).all() for array in (events.score, values, moved))
    for i in np.flatnonzero(~face.detected):
        assert np.abs(values[i] - values[[i - 1, i + 1]]).max(axis=(1, 2)).min() < 0.2
        assert events.score[i] <= events.score[[i - 1, i + 1]].max()
