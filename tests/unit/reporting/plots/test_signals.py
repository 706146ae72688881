"""Pictures of a clip's landmarks, of its spotting and of its action units: what is drawn is what the files hold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from composites import clip
from matplotlib.axes import Axes
from skimage.data import astronaut

from microexpr.core import store
from microexpr.reporting.plots import drawing, signals
from microexpr.signals import apex, faces
from microexpr.signals.aus import ACTION_UNITS

CLIP = replace(clip(), apex=None)
FRAMES = np.arange(CLIP.first, CLIP.last + 1)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a photograph that is shifted to and fro; onset and offset annotated, the apex spotted; AU12 rises on the
    left, AU4 falls on the right."""
    root, photograph = tmp_path_factory.mktemp("results"), astronaut()[:320, :420]
    frames = [np.roll(photograph, round(4 * np.sin(i)), axis=1) for i in range(len(FRAMES))]
    face = {"frame": FRAMES, **faces.track(lambda: frames, faces.Params(), CLIP.id, 200).arrays()}
    events = apex.locate(CLIP, face, apex.Params(smooth=0.5))
    relative = np.zeros((len(FRAMES), len(ACTION_UNITS), 3))
    relative[20, ACTION_UNITS.index("AU12")] = [2, 0, 1]
    relative[20, ACTION_UNITS.index("AU4")] = [0, -1, -0.5]
    units = {"frame": FRAMES, "raw": relative + 1, "smoothed": relative + 2, "relative": relative}
    for stage, values, params in (("faces", face, {}), ("apex", events.arrays(), {"smooth": 0.5}), ("aus", units, {})):
        with store.subject_file(root / stage / CLIP.dataset / f"{CLIP.subject}.h5", stage, [CLIP], apex=params) as file:
            if stage == "aus":
                file.put("fitted_on", ["generated/au_model/0/*"])
            methods = {"method": "flow", "onset_method": "annotated", "offset_method": "annotated"}
            file.group(CLIP.name, **methods).put_all(**values)
    return root


def test_score_and_landmarks_that_are_drawn_are_the_files(results) -> None:
    figure = drawing.plot(signals.draw, "apex", CLIP, results)
    with drawing.clip_groups(CLIP, results, "apex") as (events,):
        score, top = events["score"][()], int(events["apex"][()])
    curve, dot = figure.axes[1].lines[:2]
    assert np.array_equal(curve.get_ydata(), score) and list(dot.get_xdata()) == [top]
    assert "rendered face" in figure.get_suptitle()
    figure = drawing.plot(signals.draw, "landmarks", CLIP, results)
    with drawing.clip_groups(CLIP, results, "faces") as (group,):
        course = group["landmarks_crop"][:, 21, 1]
    ours = figure.axes[1].lines[1].get_ydata()  # the first point's, after the predictor's
    assert ours == pytest.approx(np.median(course) - course)
    low, high = figure.axes[1].get_ylim()
    assert all(low < np.median(line.get_ydata()) < high for line in figure.axes[1].lines if len(line.get_ydata()))


def test_curves_of_units_are_the_files_and_halves_are_made_whole_by_their_mirror_image(results) -> None:
    *pictures, sizes, intensity, change = drawing.plot(signals.draw, "aus", CLIP, results).axes
    assert [text.get_text() for axes in pictures for text in axes.texts] == ["generated"] * 3
    with drawing.clip_groups(CLIP, results, "aus") as (group,):
        names, unit = ("raw", "smoothed", "relative"), ACTION_UNITS.index("AU12")
        raw, smoothed, relative = (group[name][:, unit] for name in names)
    for axes, expected in ((intensity, [raw[:, 2], smoothed[:, 2]]), (change, [relative[:, 0], relative[:, 1]])):
        assert np.array_equal(curves(axes)[:2], expected)
    single, mean = curves(sizes)
    assert mean.mean() < single.mean()  # readings of noise at two sizes are independent
    left, right = drawing.mirror_halves(np.array([[1, 2, 3, 4]]))
    assert left.tolist() == [[4, 3, 3, 4]]  # the subject's left is at the right of the picture
    assert right.tolist() == [[1, 2, 2, 1]]


def curves(axes: Axes) -> list[np.ndarray]:
    return [np.asarray(line.get_ydata()) for line in axes.lines if len(line.get_ydata()) == len(FRAMES)]
