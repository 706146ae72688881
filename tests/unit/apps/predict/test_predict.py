"""A short generated film through the command, and two frames in place of one; what is refused; what is warned of."""

import csv
import html
import json
import re
from base64 import b64decode

import cv2
import numpy as np
import pytest
from PIL import Image

import microexpr
from facs_faces import take
from facs_faces.face import Face
from microexpr.api import each_input
from microexpr.apps.predict import Expression, annotated, limits, truth, written
from microexpr.apps.predict.recognition import SHIPPED, Classes
from microexpr.cli import applications
from microexpr.cli.main import main
from microexpr.core.clip import LABELS
from microexpr.core.onnx import read_metadata
from microexpr.core.seeds import generator
from microexpr.rendering import film
from microexpr.rendering.recording import MARK
from microexpr.signals import spotting

TAKE = take.Params(seconds=6, fps=50, micro=1, macro=0, blinks=1, difficulty="easy", width=480, height=360)
SEED = 4


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "take.avi"
    film.write(path, TAKE, SEED)
    return path


@pytest.fixture(scope="module")
def predicted(video, tmp_path_factory):
    """The folder that the command wrote, and what it printed."""
    out = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patch:
        lines = []
        patch.setattr(applications, "say", lambda text, **how: lines.append(text))
        assert main(["predict", str(video), "--out", str(out), "--truth", str(video.with_suffix(".csv"))]) == 0
    return out, lines


def micro(document):
    return [interval for interval in json.loads(document)["intervals"] if interval["kind"] == "micro"]


def test_it_says_first_what_it_found_then_its_files_and_in_a_line_where_models_and_law_are(predicted):
    out, lines = predicted
    assert lines[0].startswith("micro-expression ") and "; probability " in lines[0]
    assert lines[-1] == f"note: {limits.SHORT_NOTICE}; models, their figures and the law: {out / 'prediction.html'}"
    assert not any("AI Act" in line or "fitted on" in line for line in lines)
    assert lines[-2] == "written: " + ", ".join(str(out / name) for name in each_input.PREDICTED)
    second = each_input.prediction(out, (), force=False)  # known again
    assert {path.name for path in out.iterdir()} == {*each_input.PREDICTED, second.manifest.name}


def test_notice_and_figures_on_recorded_faces_are_in_the_table_and_on_the_page_after_the_result(predicted):
    out, _ = predicted
    document = json.loads((out / "intervals.json").read_text())
    page = html.unescape((out / "prediction.html").read_text())
    assert document["recorded"]["clips"] == 442
    classes, recorded, *signals, spotter = document["models"]
    assert "fitted on 240 generated subjects (population); UF1" in classes
    assert recorded.startswith("on 442 recorded micro-expressions of 68 subjects, none seen in training")
    assert ["1000 generated subjects" in line for line in signals] == [True, True]  # landmarks and action units
    assert "spotted by the shipped network, fitted on 64 generated subjects (population)" in spotter
    for line in (*document["models"], *limits.NOTICE):
        assert page.index("Micro-expressions</h2>") < page.index(f"<li>{line}</li>")


def test_the_hidden_micro_expression_is_found_and_the_blink_is_not_counted(predicted, video):
    out, lines = predicted
    assert any(line.startswith("hits 1, false 0, missed 0 at IoU 0.5") for line in lines)
    rows = [*csv.DictReader((out / "intervals.csv").read_text().splitlines())]
    assert sorted(row["kind"] for row in rows if row["kind"] in ("micro", "macro", "blink")) == ["blink", "micro"]
    (row,) = [row for row in rows if row["kind"] == "micro"]
    (true,) = truth.micro(truth.read(video.with_suffix(".csv"), video)[0], np.arange(300) / TAKE.fps)
    assert true.onset <= int(row["apex"]) <= true.offset and true.emotion
    assert float(row["apex_seconds"]) == pytest.approx(int(row["apex"]) / TAKE.fps)
    assert sum(float(row[name]) for name in LABELS) == pytest.approx(1, abs=1e-3)
    assert row["class"] == max(LABELS, key=lambda name: float(row[name])) and row["action_units"]


def test_a_slow_video_is_read_without_micro_expressions(video, tmp_path, capsys):
    (folder := tmp_path / "slow").mkdir()
    for i, image in enumerate(microexpr.read_video(video).frames[::3]):
        cv2.imwrite(str(folder / f"img{i:03}.png"), image[..., ::-1])
    assert main(["predict", str(folder), "--fps", "16.67", "--out", str(tmp_path / "out"), "--json", "--quiet"]) == 0
    document = json.loads(capsys.readouterr().out)
    warning = "16.67 frames a second hide micro-expressions, which need 20; longer ones are spotted"
    assert warning in document["warnings"]
    assert {interval["kind"] for interval in document["intervals"]} == {"blink"}


def test_all_files_are_there_and_say_that_the_face_is_generated(predicted):
    out, _ = predicted
    document = json.loads((out / "intervals.json").read_text())
    assert (document["origin"], document["frames"], document["fps"]) == ("generated", 300, 50)
    curves = [*csv.DictReader((out / "action_units.csv").read_text().splitlines())]
    assert len(curves) == 300 and float(curves[-1]["seconds"]) == pytest.approx(299 / 50)
    (blink,) = [row for row in document["intervals"] if row["kind"] == "blink"]
    assert float(curves[blink["apex"]]["AU45L"]) > 1
    assert cv2.imread(str(out / "prediction.png")).shape[1] == 1100
    annotated = cv2.VideoCapture(str(out / "annotated.avi"))
    assert annotated.get(cv2.CAP_PROP_FPS) == 25 and annotated.get(cv2.CAP_PROP_FRAME_COUNT) > 150
    assert MARK in (out / "annotated.avi").read_bytes()


def test_the_page_has_all_and_loads_nothing(predicted):
    out, _ = predicted
    page, document = (out / "prediction.html").read_text(), json.loads((out / "intervals.json").read_text())
    assert not re.search(r"src=[\"'](?!data:)|url\(|@import|fetch\(", page)
    links = {link for link in re.findall(r"href=[\"']([^\"']*)", page) if not link.startswith(("data:", "#"))}
    assert links <= {path.name for path in out.iterdir()} and "intervals.csv" in links
    assert "rendered face, no person is shown" in page
    for row in document["intervals"]:
        assert f'data-frame="{row["onset"]}"' in page
    assert 'rect class="true"' in page
    player = json.loads(re.search(r'id="player">(.*?)</script>', page)[1])
    images = json.loads(re.search(r'id="images">(.*?)</script>', page)[1])
    (expression,) = [row for row in document["intervals"] if row["kind"] == "micro"]
    assert {*range(expression["onset"], expression["offset"] + 1)} <= {*player["numbers"]}
    assert len(images) == len(player["numbers"])
    image = cv2.imdecode(np.frombuffer(b64decode(images[-1].partition(",")[2]), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (TAKE.height, TAKE.width, 3)
    yellow = np.abs(image.astype(int) - np.array(annotated.FACE_COLOUR[::-1])).max(axis=2) < 70
    assert 100 < yellow.sum() < image[..., 0].size / 10  # landmarks and box


@pytest.mark.parametrize(
    ("highest", "reasons", "certainty"),
    [(0.85, (), "sure"), (0.85, ("noise",), "unsure"), (0.6, (), "unsure"), (0.45, (), "cannot tell")],
)
def test_a_class_is_always_given_with_how_far_it_can_be_relied_on(highest, reasons, certainty):
    classes = {"negative": (1 - highest) / 2, "positive": highest, "surprise": (1 - highest) / 2}
    expression = Expression(spotting.Interval("micro", 10, 15, 20, 0.9, {"AU12L": 1.0}), Classes(classes, reasons))
    row = written.to_dict(expression, np.arange(30) / 25)
    assert (row["class"], row["certainty"], row["reasons"]) == ("positive", certainty, [*reasons])


def noise(folder, frames):
    folder.mkdir()
    rng = generator(0, "noise")
    for number in range(frames):
        cv2.imwrite(str(folder / f"img{number}.png"), rng.integers(0, 256, (120, 160), dtype=np.uint8))
    return str(folder)


def test_what_cannot_be_is_refused_in_a_line(tmp_path, video, capsys):
    (tmp_path / "text.avi").write_text("no video")
    (tmp_path / "empty").mkdir()
    faceless, few = noise(tmp_path / "faceless", 30), noise(tmp_path / "few", 5)
    messages = {
        (str(tmp_path / "none.avi"),): "none.avi: is not there",
        (str(tmp_path / "text.avi"),): "text.avi: is not a readable video",
        (str(tmp_path / "empty"),): "empty: must be a video, a picture or a folder with any, not one without",
        (str(video), str(tmp_path / "text.avi"), "--json"): "--truth and --json are for one video, not for several",
        (f"{few}/img0.png",): "img0.png: is not a video, but a picture",
        (few,): "few: a folder does not say how many frames a second it has; fps (--fps) does",
        **{
            (where, f"--fps={rate}"): f"must have 10 to 1000 frames a second, not {rate};"
            for where in (few, str(video))
            for rate in ("5", "-20", "1001")
        },
        (faceless, "--fps", "25"): "faceless: must show a face, seen from the front, in 5% of its frames, not in 0%",
        (str(video), "--method", "nobody"): "method must be one of",
        (str(video), "--method", "majority"): "--method must name a network, not majority",
        (str(video), "--method", "ststnet"): "results/refit/ststnet.safetensors` makes it, or leave --method out",
        (str(video), "--truth", str(tmp_path / "none.csv")): "none.csv: is not there",
        (str(video), "--truth", str(tmp_path)): ": must be a file, not a folder",
    }
    for arguments, message in messages.items():
        assert main(["predict", *arguments, "--out", str(tmp_path / "out")]) == 1
        *progress, error = capsys.readouterr().err.splitlines()
        assert error.startswith("error: ") and message in error and not any("error" in line for line in progress)
    assert not (tmp_path / "out").exists()


def test_the_shipped_network_is_small_and_says_how_well_it_does():
    metadata = read_metadata(SHIPPED)
    assert SHIPPED.stat().st_size < 2e6
    assert json.loads(metadata["errors"])["uf1"] > 0.6
    errors = json.loads(metadata["calibration_errors"])
    assert errors["calibration_error"] <= min(0.1, errors["uncalibrated_error"]) and errors["unknown"] <= 0.1
    assert int(metadata["held_out"].split()[0]) >= 12 and len(metadata["fitted_on"].split("\n")) >= 40


def test_json_is_printed_alone_and_as_it_is_written_and_a_unit_of_another_class_takes_away_sure(
    predicted, video, tmp_path, monkeypatch, capsys
):
    (before,) = micro((predicted[0] / "intervals.json").read_text())
    by_class = {before["class"]: frozenset(), "another": frozenset(range(1, 46))}
    monkeypatch.setattr(limits, "units_by_class", lambda: by_class)
    (truth := tmp_path / "truth.csv").write_text("kind,onset,offset,mood\nmicro,1,9,low\n")
    assert (
        main(["predict", str(video), "--truth", str(truth), "--out", str(tmp_path / "out"), "--json", "--quiet"]) == 0
    )
    printed = capsys.readouterr()
    assert printed.out == (tmp_path / "out/intervals.json").read_text()
    assert printed.err.startswith(f"note: {truth}: columns passed over: mood; those read are")
    (after,) = micro(printed.out)
    (reason,) = set(after["reasons"]) - set(before["reasons"])
    assert reason.endswith(f" moves most, which {before['class']} faces do not show")
    assert after["certainty"] != "sure" and after["classes"] == before["classes"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> list[str]:
    """Return the files of a face at rest, as it frowns, and of a wall."""
    folder, face = tmp_path_factory.mktemp("pair"), Face(5)
    frown = face.render({"AU4L": 1.5, "AU4R": 1.5}).image
    images = {"rest": face.render({}).image, "frown": frown, "wall": np.full((480, 640, 3), 90, np.uint8)}
    for name, image in images.items():
        Image.fromarray(image).save(folder / f"{name}.png")
    return [str(folder / f"{name}.png") for name in images]


def test_a_frown_between_two_pictures_is_negative_and_hangs_on_the_brows(pictures, capsys, monkeypatch):
    rest, frown, _ = pictures

    def printed(onset, apex):
        assert main(["predict", "--onset", onset, "--apex", apex, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    document = printed(rest, frown)
    assert document["class"] == "negative" and sum(document["classes"].values()) == pytest.approx(1, abs=1e-3)
    assert max(document["regions"], key=document["regions"].get) == "brows"
    assert next(iter(document["action_units"])) in ("AU4L", "AU4R") and document["models"]
    turned = [path.replace(".png", ".turned.png") for path in (rest, frown)]
    for path, upside_down in zip((rest, frown), turned, strict=True):
        Image.open(path).rotate(180).save(upside_down)
    turned_document = printed(*turned)
    assert turned_document["classes"] == document["classes"] and not turned_document["warnings"]
    assert main(["predict", "--onset", rest, "--apex", frown]) == 0
    line, _ = capsys.readouterr().out.splitlines()
    assert line.startswith("negative, ") and "AU4 brow lowerer +" in line
    monkeypatch.setattr(limits, "units_by_class", lambda: {"positive": frozenset({4}), "negative": frozenset({12})})
    document = printed(rest, frown)  # a unit of another class takes away sure
    assert document["reasons"][0] == "AU4 moves most, which negative faces do not show"
    assert document["class"] == "negative" and document["certainty"] != "sure"


def test_two_faces_that_are_alike_tell_nothing(pictures, capsys):
    palette = pictures[0].replace("rest", "palette")
    Image.open(pictures[0]).quantize(200).save(palette)
    assert main(["predict", "--onset", palette, "--apex", palette]) == 0
    line, warning, _ = capsys.readouterr().out.splitlines()
    assert "cannot tell" in line and line.endswith("no action unit moves clearly")
    assert warning.startswith("warning: ") and "a palette, read as RGB, in 1 of 2 frames" in warning


def test_what_is_no_pair_is_refused_in_a_line(pictures, tmp_path, capsys):
    rest, frown, wall = pictures
    small = str(tmp_path / "small.png")
    cv2.imwrite(small, np.zeros((48, 64, 3), np.uint8))
    asked = {
        ("--onset", rest): "--onset and --apex are two pictures in place of a video",
        ("--onset", rest, "--apex", frown, "--out", "out"): "nothing is written, so no --out",
        ("--onset", rest, "--apex", wall): "must both show a face, seen from the front",
        ("--onset", rest, "--apex", small): "must be of one size, frames of the same camera, not 640x480 and 64x48",
        ("--onset", rest, "--apex", "none.png"): "none.png",
        ("--onset", rest, "--apex", frown, "--camera", "0"): "nothing is written, so no --out",
        (): "predict needs a video or a camera, and --out DIR",
    }
    for arguments, message in asked.items():
        assert main(["predict", *arguments]) == 1
        assert message in capsys.readouterr().err
