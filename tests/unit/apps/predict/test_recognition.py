"""A recogniser of the shipped kind reads the flow of a spotted expression as a precomputed picture."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from microexpr.apps.predict import recognition
from microexpr.apps.predict.domain import Calibration
from microexpr.core.seeds import generator
from microexpr.signals import flow
from microexpr.signals.flow import pictures
from reader_fits import predict as fit

ONSET, APEX = 1, 4


def excerpt() -> recognition.Excerpt:
    """Return a texture that is stretched from frame to frame."""
    texture = cv2.GaussianBlur(generator(0, "recognition").uniform(0, 255, (288, 288)), (0, 0), 3)
    frames = [cv2.resize(texture, (288, 288 + 2 * i))[:288].astype(np.uint8) for i in range(6)]
    return recognition.Excerpt(
        crop=np.stack(frames)[..., None],
        landmarks_crop=np.zeros((6, 68, 2), np.float32),
        tracked_landmarks=np.zeros((6, 68, 2)),
        pose=np.zeros((6, 3)),
        onset=ONSET,
        apex=APEX,
        offset=5,
        fps=100,
    )


class Recogniser(SimpleNamespace):
    """A network of how much moves."""

    inputs, classes = {"flow": (3, 28, 28)}, ("much", "little", "none")

    def __call__(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        vars(self).setdefault("first", inputs["flow"])  # of the whole face; regions that keep still come later
        return np.array([[np.abs(inputs["flow"]).mean(), 0.0, 0.0]])


@pytest.mark.parametrize("as_picture", [True, False])
def test_flow_is_read_as_the_weights_say(as_picture: bool) -> None:
    model = Recogniser(metadata={"pictures": fit.PICTURES.model_dump_json()} if as_picture else {})
    recognition.classify(model, Calibration(), excerpt(), None)
    vectors = flow.clip_flow(excerpt().crop[..., 0], ONSET, APEX, flow.Params())
    if as_picture:
        picture = pictures.flow_as_picture(vectors, pictures.USUAL, fit.PICTURES.normalise)
        assert np.array_equal(model.first[0], picture)
        assert model.first.std((2, 3)) == pytest.approx(1)
    else:
        assert model.first.mean((2, 3))[0] == pytest.approx(vectors.mean((1, 2)), abs=1e-4)


def test_nothing_is_measured_outside_the_frame() -> None:
    """The head of a tight video reaches beyond it: the crop's lower part repeats the frame's edge."""
    in_frame = np.ones((288, 288), bool)
    in_frame[200:] = False
    groups = recognition.stage_groups(replace(excerpt(), in_frame=in_frame), {"flow"}, None)  # type: ignore[arg-type]
    vectors = groups["flow"]["onset_apex"]
    edge = vectors.shape[-1] * 200 // 288
    assert not vectors[:, edge:].any() and vectors[:, : edge - 8].any()
    assert groups["faces"]["in_frame"] is in_frame


def test_reasons_and_regions_come_with_the_class() -> None:
    """The class hangs on every region that moves."""
    points = np.array([[30 + 13 * (i % 17), 60 + 40 * (i // 17)] for i in range(68)], np.float32)
    seen = replace(excerpt(), landmarks_crop=np.repeat(points[None], 6, axis=0))
    plain = recognition.classify(Recogniser(metadata={}), Calibration(), seen, None)
    assert plain.reasons == () and max(plain.probabilities, key=lambda name: plain.probabilities[name]) == "much"
    assert plain.regions["cheeks"] > 0 and {*plain.regions} == {"brows", "eyes", "nose", "mouth", "cheeks"}
    outside = recognition.classify(Recogniser(metadata={}), Calibration(1.0, {"flow": (0.0, 0.01)}), seen, None)
    assert "mean movement of the skin" in outside.reasons[0] and outside.certainty != "sure"
    assert outside.probabilities["much"] < plain.probabilities["much"]


def test_a_view_that_is_as_usual_is_the_picture_of_the_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = np.random.default_rng(2).normal(size=(3, 128, 128)).astype(np.float32)
    for name in ("SHIFT", "SCALE", "BLUR", "NOISE"):
        monkeypatch.setattr(fit, name, 0.0)
    usual = fit.as_picture(flow, pictures.USUAL)
    assert np.abs(fit.vary(flow, np.random.default_rng(1)) - usual).max() < 0.05  # two grey levels
    monkeypatch.undo()
    views = [fit.vary(flow, np.random.default_rng(i)) for i in range(2)]
    assert np.abs(views[0] - views[1]).mean() > 0.1
