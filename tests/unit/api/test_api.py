"""The API against closed forms, the commands and ground truth; what it refuses; what importing it loads."""

import subprocess
import sys
import zlib
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score, recall_score
from torch import nn

import microexpr
from facs_faces.face import Face
from microexpr.api import stages
from microexpr.cli.main import main
from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, MicroexprError, OutputError, StoreError
from microexpr.evaluation import metrics
from microexpr.evaluation.metrics import intervals
from microexpr.signals.aus import ACTION_UNITS

RNG = np.random.default_rng(5)
SUBJECTS = np.repeat(["s1", "s2", "s3", "s4"], 6)
LABELS = np.tile([0, 1, 2], 8)
INPUTS = RNG.normal(LABELS[:, None], 1.0, (24, 5))


def test_importing_the_package_loads_nothing_else():
    code = "import sys, microexpr; print(*(name for name in sys.modules if name.startswith(('microexpr.', 'numpy'))))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "\n"


def test_every_public_name_is_there_and_no_other():
    assert {*microexpr.MODULES, "__version__"} == {*microexpr.__all__} <= {*dir(microexpr)}
    for name in microexpr.MODULES:
        assert getattr(microexpr, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'spotting'"):
        microexpr.spotting  # noqa: B018


def test_an_array_a_folder_and_a_file_are_the_same_video(path, tmp_path):
    video = microexpr.read_video(path)
    for i, frame in enumerate(video.frames[:20]):
        Image.fromarray(frame).save(tmp_path / f"img{i + 1}.png")
    folder, array = microexpr.read_video(tmp_path, fps=60), microexpr.read_video(video.frames[:20], fps=60)
    assert len(folder) == len(array) == 20 and np.array_equal(folder.frames, array.frames)
    grey = microexpr.read_video(video.frames[:20, ..., 0], fps=60)
    assert grey.frames.shape == array.frames.shape and grey.grey and not array.grey


def test_an_example_is_rendered_once_and_never_over_a_file_of_others(path, tmp_path):
    before = path.stat().st_mtime_ns
    assert microexpr.example_video(path.parent) == path and path.stat().st_mtime_ns == before
    (tmp_path / "example.avi").write_text("mine")
    with pytest.raises(OutputError, match=r"example.avi"):
        microexpr.example_video(tmp_path)


def test_the_apex_lies_near_the_rendered_one(path, tracked):
    (truth,) = pd.read_csv(path.with_suffix(".csv")).to_dict("records")
    events = microexpr.find_apex(tracked)
    assert abs(events.apex - truth["apex"]) <= 4 and events.onset < events.apex < events.offset
    assert events.score.shape == (120,) and {*events.methods.values()} == {"flow"}


def test_a_clip_without_movement_has_no_apex(tracked):
    names = ("crop", "landmarks_crop", "detected")
    still = replace(tracked, **{name: getattr(tracked, name)[[0] * 9] for name in names})
    with pytest.warns(UserWarning, match="no frame of the clip differs from another: its apex is none"):
        microexpr.find_apex(still)


def test_flow_is_of_the_movement_and_its_strain_is_the_third_channel(tracked):
    field = microexpr.flow(tracked.crop[47], tracked.crop[55])
    assert field.dtype == np.float32 and field.shape == (3, 128, 128)
    assert np.allclose(microexpr.strain(field, 288 / 128), field[2], atol=1e-6)
    back = microexpr.flow(tracked.crop[55], tracked.crop[47])
    assert np.corrcoef(field[:2].ravel(), back[:2].ravel())[0, 1] < -0.8


def test_action_units_of_a_picture_are_those_of_its_faces(tmp_path):
    image = Face(3).render({"AU12L": 4.0, "AU12R": 4.0, "AU6L": 3.0, "AU6R": 3.0}).image
    Image.fromarray(image).save(tmp_path / "smile.png")
    table = microexpr.action_units(tmp_path / "smile.png")
    assert table.index.name == "face" and len(table) == 1 and table.loc[0, ("AU12", "both")] > 2
    pd.testing.assert_frame_equal(table, microexpr.action_units(image))
    assert not len(microexpr.action_units(np.zeros_like(image)))


def test_action_units_have_the_columns_and_the_reference_that_they_say(tracked):
    relative = microexpr.action_units(tracked, fps=60, onset=47, curve="relative")
    raw = microexpr.action_units(tracked, fps=60, onset=47, curve="raw")
    assert [*raw.columns.get_level_values("unit").unique()] == [*ACTION_UNITS]
    assert not relative.loc[47].to_numpy().any() and raw.to_numpy().min() >= 0
    assert raw.index.get_level_values("seconds")[60] == pytest.approx(1.0)
    both = relative.xs("both", axis=1, level="side").iloc[55]
    assert both.drop("AU45").idxmax() in ("AU1", "AU15")  # sadness, as it was rendered
    assert relative.attrs["onset"] == 47 and "-5..5" in relative.attrs["scale"]
    with pytest.raises(DataError, match=r"onset must be one of the frames 0..119, not 120"):
        microexpr.action_units(tracked, fps=60, onset=120)


def test_a_prediction_is_that_of_the_command(path, tmp_path, capsys):
    assert main(["predict", str(path), "--out", str(tmp_path / "command")]) == 0
    prediction = microexpr.predict(path, tmp_path / "python")
    for name in ("intervals.csv", "intervals.json", "action_units.csv", "prediction.html"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "command" / name).read_bytes()
    table = pd.read_csv(tmp_path / "command/intervals.csv")
    assert table["class"].to_list() == prediction.intervals["class"].to_list() == ["negative"]
    chances = prediction.intervals[["negative", "positive", "surprise"]].sum(axis=1)
    assert chances.to_list() == pytest.approx([1], abs=1e-3)
    assert {file.name for file in prediction.files} == {*(file.name for file in (tmp_path / "python").glob("[!.]*"))}
    spotted = microexpr.spot(microexpr.read_video(path).frames, fps=60).drop(columns="action_units")
    assert spotted.equals(prediction.intervals[spotted.columns])
    (tmp_path / "python/intervals.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"intervals.csv"):
        microexpr.predict(path, tmp_path / "python")


def test_a_reenactment_has_the_strengths_that_are_asked_and_no_other_driving_clip(path, tmp_path):
    Image.fromarray(next(iter(microexpr.read_video(path)))).save(tmp_path / "face.png")
    with pytest.raises(DataError, match="strength must be 0 to 10, not 11"):
        microexpr.reenact(tmp_path / "face.png", strength=11)
    with pytest.raises(DataError, match="face_number must be a whole number from 1, not 'some'"):
        microexpr.reenact(tmp_path / "face.png", face_number="some")
    result = microexpr.reenact(tmp_path / "face.png", strength=(0, 2))
    still, moving = result.frames(0), result.frames(2)
    assert np.ptp(still, axis=0).max() == 0 and np.ptp(moving, axis=0).max() > 10
    asked = result.curves.loc[2.0, "asked"]
    assert np.allclose(asked.to_numpy().reshape(len(asked), 17, 2), result.result.driving.target_aus(2))
    with pytest.raises(DataError, match="strength must be one of 0, 2, not 1"):
        result.frames()
    every_face = microexpr.reenact(tmp_path / "face.png", strength=2, face_number="all")
    assert every_face.metrics.index.to_list() == [(2, 1)]
    pd.testing.assert_frame_equal(every_face.metrics.droplevel("face"), result.metrics.loc[[2.0]], check_like=True)
    pd.testing.assert_frame_equal(every_face.curves.droplevel("face"), result.curves.loc[[2.0]])
    assert np.array_equal(every_face.frames(2), moving)


def test_figures_are_those_of_scikit_learn_and_intervals_those_of_the_evaluation():
    predicted = np.where(RNG.random(24) < 0.6, LABELS, RNG.integers(0, 3, 24))
    names = np.array(["negative", "positive", "surprise"])
    result = microexpr.evaluate(names[LABELS], names[predicted], SUBJECTS, seed=3)
    assert result.uf1 == pytest.approx(f1_score(LABELS, predicted, average="macro"))
    assert result.uar == pytest.approx(recall_score(LABELS, predicted, average="macro"))
    assert result.by_class.f1.to_list() == pytest.approx(f1_score(LABELS, predicted, average=None))
    assert result.confusion.loc["negative", "surprise"] == ((LABELS == 0) & (predicted == 2)).sum()
    assert result.subjects == 4 and result.confusion.to_numpy().sum() == 24
    by_index = microexpr.evaluate(LABELS, predicted, SUBJECTS, classes=[*names], seed=3)
    assert by_index.figures.equals(result.figures)
    rng = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(zlib.crc32(b"evaluate"),)))
    expected = intervals.interval(metrics.by_subject(LABELS, predicted, SUBJECTS, 3), metrics.uf1, 1000, rng)
    assert tuple(result.figures.loc["uf1", ["low", "high"]]) == pytest.approx(expected)


def test_a_comparison_is_antisymmetric_and_of_a_method_with_itself_nothing():
    better, worse = np.where(np.arange(24) % 5, LABELS, 0), np.zeros(24, int)
    forward, reverse = (microexpr.compare(LABELS, *pair, SUBJECTS) for pair in ((better, worse), (worse, better)))
    assert np.allclose(forward.difference, -reverse.difference) and np.allclose(forward.low, -reverse.high)
    gain = f1_score(LABELS, better, average="macro") - f1_score(LABELS, worse, average="macro")
    assert forward.loc["uf1", "difference"] == pytest.approx(gain) and forward.p.min() >= 2**-3
    assert not microexpr.compare(LABELS, better, better, SUBJECTS).difference.any()


def test_an_estimator_predicts_what_a_plain_loop_does():
    estimator = LinearDiscriminantAnalysis()
    table = microexpr.loso(estimator, INPUTS, LABELS, SUBJECTS)
    assert [*table.subject] == [*table.fold] == [*SUBJECTS] and not hasattr(estimator, "n_features_in_")
    for subject in np.unique(SUBJECTS):
        test = subject == SUBJECTS
        expected = LinearDiscriminantAnalysis().fit(INPUTS[~test], LABELS[~test]).predict(INPUTS[test])
        assert table[table.subject == subject].predicted.to_list() == expected.tolist()


def test_the_threads_of_the_caller_stay(path):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        microexpr.spot(path)
        microexpr.loso(DummyClassifier(), INPUTS, LABELS, SUBJECTS)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


class TwoInputs(nn.Linear):
    def forward(self, near, far):
        return super().forward(torch.cat([near, far], 1))


def test_a_test_clip_has_no_part_in_its_fold_and_inputs_come_by_name():
    inputs = {"near": INPUTS, "far": RNG.normal(size=(24, 2)).astype(np.float32)}
    two_inputs = partial(TwoInputs, 7, 3)
    before = microexpr.loso(two_inputs, inputs, LABELS, SUBJECTS, epochs=3)
    labels = np.where(SUBJECTS == "s2", 2 - LABELS, LABELS)  # only the fold of s2 does not train on these
    after = microexpr.loso(two_inputs, inputs, labels, SUBJECTS, epochs=3)
    same = (before.filter(like="score") == after.filter(like="score")).all(axis=1)
    assert {*before.subject[same]} == {"s2"}


@pytest.fixture
def stage_file(tmp_path):
    path = tmp_path / "results/aus/casme2/sub01.h5"
    clip = Clip("casme2", "sub01", "EP1", "generated", "a", 1, 2, 2, 1, 2, 2, 100, "happiness", 1, 3, "12")
    with store.subject_file(path, "aus", [clip], aus={}) as file:
        file.put_all(action_unit=ACTION_UNITS, fitted_on=["generated/population/0/*"])
        values = np.arange(2 * 17 * 3, dtype=float).reshape(2, 17, 3) / 100
        file.group("EP1").put_all(frame=[7, 8], raw=values, smoothed=values)
        file.group("EP2", left_out="no face")
    return path


def test_datasets_have_the_axes_units_and_labels_of_the_file(stage_file):
    with store.open_file(stage_file) as file:
        values = stages.variables(file["EP1"])
    axes, array, attributes = values["raw"]
    assert axes == ("frame", "action_unit", "side") and array[1, 16, 2] == pytest.approx(1.01)
    assert attributes["units"] == "FACS 0..5" and [*values["action_unit"][1]] == [*ACTION_UNITS]
    assert [*values["side"][1]] == ["left", "right", "both"] and values["frame"][1].tolist() == [7, 8]


def test_axes_of_the_same_name_and_another_length_are_two(tmp_path):
    with store.create(tmp_path / "a.h5", "population", {}) as file:
        group = file.group("EP1")
        group.put_all(crop=np.zeros((1, 4, 4, 1)), onset_apex=np.zeros((3, 2, 2)), landmarks_crop=np.zeros((1, 68, 2)))
    with store.open_file(tmp_path / "a.h5") as file:
        values = stages.variables(file["EP1"])
    assert values["onset_apex"][0] == ("u_v_strain", "row_onset_apex", "column_onset_apex")
    assert values["crop"][0] == ("frame", "row", "column", "channel") and [*values["x_y"][1]] == ["x", "y"]
    assert "row" not in values and "landmark" not in values


def test_a_stage_is_a_mapping_of_its_clips(stage_file):
    xarray = pytest.importorskip("xarray")
    stage = microexpr.open_stage(stage_file)
    assert [*stage] == ["EP1", "EP2"] and stage.attributes["schema"] == "aus/2"
    dataset = microexpr.open_stage(stage_file, "EP1")
    assert isinstance(dataset, xarray.Dataset)
    assert float(dataset.raw.sel(frame=8, action_unit="AU45", side="both")) == pytest.approx(1.01)
    assert stage["EP2"].attrs == {"left_out": "no face"}
    with pytest.raises(StoreError, match="must hold one of EP1, EP2, not EP3"):
        stage["EP3"]


def test_names_in_tables_stay_text(tmp_path):
    path = tmp_path / "index.csv"
    path.write_text("subject,name,code,fps,score,action_units\n006,1,007,200,nan,12\n7,NA,8,100,0.5,\n")
    table = microexpr.open_stage(path)
    assert table.subject.to_list() == ["006", "7"] and table.name.to_list() == ["1", "NA"]
    assert table.code.to_list() == ["007", "8"]  # no number is written like that
    assert table.fps.to_list() == [200, 100] and table.fps.dtype.kind == "i"
    assert table.score.isna().to_list() == [True, False] and table.score.dtype.kind == "f"
    assert table.action_units[0] == "12" and table.action_units.isna().to_list() == [False, True]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.csv", " method ,uf1\nststnet,0.85,\n,\n", {"method": ["ststnet"], "uf1": [0.85]}),
        ("a.CSV", "method;uf1\nststnet;0,85\nhtnet;1\n", {"method": ["ststnet", "htnet"], "uf1": [0.85, 1.0]}),
        ("a.tsv", "method\tn\nststnet\t3\n", {"method": ["ststnet"], "n": [3]}),
        ("a.csv", ",n\n0,-inf\n", {"column 1": [0], "n": [-np.inf]}),
        ("a.csv", "uf1\n1e400\n", "a.csv, row 2: uf1 must be a number, not '1e400'"),
    ],
)
def test_a_table_is_read_as_any_program_writes_it(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text)
    if isinstance(expected, dict):
        assert repr(microexpr.open_stage(tmp_path / name).to_dict("list")) == repr(expected)  # 3 is no 3.0
    else:
        with pytest.raises(StoreError, match=expected):
            microexpr.open_stage(tmp_path / name)


@pytest.mark.parametrize(
    "call", ["read_video", "spot", "predict", "measure", "track_faces", "find_apex", "action_units"]
)
def test_another_rate_than_that_of_the_video_is_refused(call):
    video = microexpr.read_video(np.zeros((20, 32, 32, 3), np.uint8), 60)
    for rate in (30, np.nan, -60):
        with pytest.raises(
            DataError, match=rf"^fps must be 60, as the Video has, not {rate} \(array\); read it again$"
        ):
            getattr(microexpr, call)(video, fps=rate)
    assert microexpr.read_video(video, 60) is video and microexpr.read_video(video, 60.0) is video


def test_frames_in_memory_have_a_name_each(path):
    frames = microexpr.read_video(path).frames
    table = microexpr.measure([frames[:8], microexpr.read_video(frames[20:30], 60)], fps=60)
    assert table.groupby("input").size().to_dict() == {"source 0": 8, "source 1": 10}


def test_options_without_an_effect_are_refused(tmp_path):
    video = microexpr.read_video(np.zeros((20, 32, 32, 3), np.uint8), 60)
    photo, example = tmp_path / "face.png", microexpr.example_video("example")
    Image.fromarray(video.frames[0]).save(photo)
    for call, message in (
        (lambda: microexpr.measure([example, microexpr.read_video(example)]), "each video once, not .*example.avi"),
        (lambda: microexpr.measure([video, video]), "source must have each video once, not one twice"),
        (lambda: microexpr.measure(tmp_path, fps=30, pictures=True), "pictures must stand in place of fps"),
        (lambda: microexpr.measure(photo, format="parquet", force=True), "force and format must be of files, and"),
        (lambda: microexpr.predict(video, force=True), "force must be of files, and without out none is written"),
    ):
        with pytest.raises(MicroexprError, match=message):
            call()
