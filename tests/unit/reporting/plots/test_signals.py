"""Pictures of a clip's landmarks and of its spotting: what is drawn is what the files hold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from composites import clip
from figure_texts import drawn
from skimage.data import astronaut

from microexpr.core import store
from microexpr.reporting.plots import apex as apex_picture
from microexpr.reporting.plots import landmarks as landmarks_picture
from microexpr.reporting.plots.drawing import clip_groups
from microexpr.signals import apex, faces

CLIP = replace(clip(), apex=None)
FRAMES = np.arange(CLIP.first, CLIP.last + 1)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faces and events of a photograph that is shifted to and fro; onset and offset annotated, the apex spotted."""
    root, photograph = tmp_path_factory.mktemp("results"), astronaut()[:320, :420]
    frames = [np.roll(photograph, round(4 * np.sin(i)), axis=1) for i in range(len(FRAMES))]
    face = {"frame": FRAMES, **faces.track(lambda: frames, faces.Params(), CLIP.id, 200).arrays()}
    events = apex.locate(CLIP, face, apex.Params(smooth=0.5))
    for stage, values, params in (("faces", face, {}), ("apex", events.arrays(), {"smooth": 0.5})):
        with store.subject_file(root / stage / CLIP.dataset / f"{CLIP.subject}.h5", stage, [CLIP], apex=params) as file:
            methods = {"method": "flow", "onset_method": "annotated", "offset_method": "annotated"}
            file.group(CLIP.name, **methods).put_all(**values)
    return root


def test_the_score_that_is_drawn_is_the_files(results, monkeypatch) -> None:
    figure = drawn(apex_picture, CLIP, results, monkeypatch)
    with clip_groups(CLIP, results, "apex") as (events,):
        score, top = events["score"][()], int(events["apex"][()])
    curve, dot = figure.axes[1].lines[:2]
    assert np.array_equal(curve.get_ydata(), score) and list(dot.get_xdata()) == [top]
    assert "rendered face" in figure.get_suptitle()


def test_landmarks_are_drawn_beside_the_predictors_own(results, monkeypatch) -> None:
    figure = drawn(landmarks_picture, CLIP, results, monkeypatch)
    with clip_groups(CLIP, results, "faces") as (group,):
        course = group["landmarks_crop"][:, 21, 1]
    ours = figure.axes[1].lines[1].get_ydata()  # the first point's, after the predictor's
    assert ours == pytest.approx(np.median(course) - course)
