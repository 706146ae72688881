"""Two frames of a rendered micro-expression in place of a video."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image

from facs_faces.face import Face
from microexpr.apps.predict import limits
from microexpr.cli.main import main


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
