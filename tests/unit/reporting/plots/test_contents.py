"""The plots of `inspect --png` for each kind of file: every clip, the label on rendered faces, no licensed face."""

import h5py
import pytest
from figure_contents import texts
from made_run import results
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.cli.main import main
from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.reporting.plots import contents, drawing

FILES = {stage: f"results/{stage}/casme2/sub01.h5" for stage in ("faces", "apex", "flow", "aus")}
FILES["synth"] = "results/train/icegan/megc2019/faces/1of1.h5"
PICTURES = {"faces": 2 * contents.FRAMES, "flow": 2 * 2, "synth": 9 * 2}  # of two clips; of nine made faces


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def drawn(path) -> Figure:
    return drawing.plot(contents.draw, path, True)


@pytest.mark.parametrize(
    ("stage", "named"),
    [
        ("faces", ("frames of 2 clips", "a, frame 1", "frame 45", "b, frame 1")),
        ("apex", ("the score by frame, of 2 clips", "a: onset, apex (annotated), offset")),
        ("flow", ("flow from onset to apex of 2 clips", "a, to 0.0 px", "strain, 0 to 1")),
        ("aus", ("left and - - right, of 2 clips", "AU12", "AU4")),
        ("synth", ("of 9 clips", "a_0", "b_2")),
    ],
)
def test_every_clip_is_drawn_with_what_it_is(stage, named, folder):
    results(folder)
    labels = texts(drawn(FILES[stage]))
    assert any(text.startswith(f"{FILES[stage]}: ") for text in labels)
    for part in named:
        assert any(part in text for text in labels), part
    assert sum("rendered faces, no person is shown" in text for text in labels) == 1
    assert labels.count("generated") == PICTURES.get(stage, 0)


def test_events_without_a_score_are_drawn_and_a_long_file_says_how_much_of_it_is_shown(folder, monkeypatch):
    clip, _ = results(folder)
    with store.subject_file("annotated.h5", "apex", [clip], apex={}) as file:
        file.group(clip.name, method="annotated").put_all(frame=range(1, 46), onset=5, apex=20, offset=40)
    (axes,) = drawn("annotated.h5").findobj(Axes)
    assert [line.get_xdata()[0] for line in axes.lines] == [5, 20, 40]
    monkeypatch.setattr(contents, "MOST", 1)
    assert any("of 1 of 2 clips" in text for text in texts(drawn(FILES["apex"])))


@pytest.mark.parametrize("stage", FILES)
def test_faces_of_a_licence_are_drawn_only_when_asked(stage, folder, capsys):
    results(folder, "licensed")
    refused = stage in PICTURES
    assert main(["inspect", FILES[stage], "--png", "a.png"]) == refused
    assert (folder / "a.png").exists() == (not refused)
    assert ("faces must be generated, not licensed" in capsys.readouterr().err) == refused
    assert main(["inspect", FILES[stage], "--png", "b.png", "--show-licensed-faces"]) == 0
    assert not any("generated" in text for text in texts(drawn(FILES[stage])))


@pytest.mark.parametrize("values", [{"crop": [1.0]}, {"crop": [[b"a"]], "frame": [1]}, {"onset_apex": [2]}])
def test_a_file_without_pictures_or_curves_says_what_has_some_and_other_axes_are_refused(values, folder, capsys):
    with store.create("1of1.h5", "train", {}, origin="generated") as file:
        file.group("casme2/sub01").put("truth", [0])
    assert main(["inspect", "1of1.h5", "--png", "a.png"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: 1of1.h5: must hold one of ") and "relative" in error and error.count("\n") == 1
    with h5py.File("b.h5", "w") as file:
        file.attrs["origin"] = "generated"
        for name, value in values.items():
            file[f"a/{name}"] = value
    message = r"b.h5: must have attributes, datasets and axes as a stage writes them, not others \("
    with pytest.raises(StoreError, match=message):
        drawing.plot(contents.draw, "b.h5")
