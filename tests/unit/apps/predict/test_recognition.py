"""How a recogniser reads the flow of an expression; measures of made views, limits, temperature, calibration."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from onnx import ModelProto

from microexpr.apps.predict import Models, domain, recognition
from microexpr.apps.predict.domain import WIDENING, Calibration, calibration_error, fit_temperature
from microexpr.apps.predict.recognition import SHIPPED
from microexpr.core import onnx
from microexpr.core.errors import StoreError
from microexpr.core.seeds import generator
from microexpr.signals import flow
from microexpr.signals.faces import CROP
from microexpr.signals.faces.pose import HEAD, POSE_POINTS
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


def view():
    """A textured face without movement or noise."""
    texture = cv2.GaussianBlur(generator(0, "domain").uniform(0, 255, (domain.SIZE, domain.SIZE)), (0, 0), 1)
    points = np.full((68, 2), 70.0) + generator(1, "domain").uniform(-20, 20, (68, 2))
    points[list(POSE_POINTS)] = HEAD[:, :2] / 2 + [72, 40]
    return domain.View(
        crop=np.repeat(texture.astype(np.uint8)[None], 5, axis=0),
        landmarks=np.repeat(points[None], 5, axis=0),
        pose=np.tile([3.0, -2.0, 1.0], (5, 1)),
        flow=np.ones((3, domain.FLOW_SIZE, domain.FLOW_SIZE), np.float32),
        onset=1,
        apex=3,
    )


def test_each_change_is_measured_and_a_still_face_has_none():
    still, names = view(), ("head_turn", "head_shift", "brightening", "noise")
    values = domain.measure(still)
    assert {name: values[name] for name in names} == dict.fromkeys(names, 0)
    assert values["flow"] == pytest.approx(np.sqrt(2))
    apex = np.arange(5) == still.apex
    turned = replace(still, pose=still.pose + 7.0 * apex[:, None])
    assert domain.measure(turned)["head_turn"] == pytest.approx(7)
    shifted = replace(still, landmarks=still.landmarks + np.array([3.0, 4.0]) * apex[:, None, None])
    assert domain.measure(shifted)["head_shift"] == pytest.approx(5 * CROP / domain.SIZE)
    darker = replace(still, crop=np.where(apex[:, None, None], still.crop // 2, still.crop))
    assert domain.measure(darker)["brightening"] == pytest.approx(np.log(2), abs=0.02)
    grain = generator(2, "domain").normal(0, 8, still.crop.shape)
    noisy = replace(still, crop=np.clip(still.crop // 2 + 60 + grain, 0, 255).astype(np.uint8))
    assert domain.measure(noisy)["noise"] == pytest.approx(8 * np.sqrt(2), rel=0.05)
    assert domain.skin_detail(cv2.GaussianBlur(still.crop[0], (0, 0), 4)) < domain.skin_detail(still.crop[0]) / 5


def test_limits_are_quantiles_with_a_margin_and_reasons_name_what_is_outside():
    rows = [dict.fromkeys(domain.MEASURES, float(value)) for value in range(101)]
    limits = domain.fit_limits([row | {"flow": row["flow"] - 50} for row in rows])
    assert limits["noise"] == (0, pytest.approx(99 + 49))  # no noise is negative
    assert limits["flow"] == (pytest.approx(-49 - 49), pytest.approx(49 + 49))
    inside = dict.fromkeys(domain.MEASURES, 10.0)
    assert domain.reasons(inside, limits) == () and domain.distance(inside, limits) == 0
    assert domain.distance(inside | {"flow": -98 - 49.0}, limits) == pytest.approx(0.25)
    assert domain.distance(inside | {"flow": 1e6, "noise": 1e6}, limits) == 2 * domain.FARTHEST
    reasons = domain.reasons(inside | {"flow": -120.0, "noise": 200.0}, limits)
    assert reasons == (
        "mean movement of the skin -120 pixels, not -98 to 98",
        "noise of the camera 200 grey levels, not 0 to 148",
    )


def test_the_temperature_of_sampled_labels_is_found_again():
    rng = generator(0, "temperature")
    scores = rng.normal(0, 4, (4000, 3))
    for temperature in (0.5, 3.0):
        probabilities = Calibration(temperature).probabilities(scores)
        labels = (rng.random((4000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
        assert fit_temperature(scores, labels) == pytest.approx(temperature, rel=0.06)
        assert calibration_error(probabilities, labels) < 0.02
        assert calibration_error(Calibration().probabilities(scores), labels) > 0.05


def test_the_calibration_error_is_the_mean_gap_of_the_bins():
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.45, 0.55], [0.45, 0.55]])
    labels = np.array([0, 1, 1, 1])  # accuracy 0.5 in the bin of 0.95, 1 in that of 0.55
    assert calibration_error(probabilities, labels) == pytest.approx((0.45 + 0.45) / 2)
    assert calibration_error(np.eye(2), np.array([0, 1])) == 0


def test_a_calibration_is_read_as_it_was_written_and_probabilities_are_more_alike_the_farther_from_the_limits():
    calibration = Calibration(1.5, {"yaw": (-1.0, 2.0)})
    assert Calibration.read({"calibration": calibration.to_json()}) == calibration
    assert Calibration.read({}) is None
    scores, calibration = np.array([[2.0, 0.0, 0.0]] * 3), Calibration(0.5)
    highest = calibration.probabilities(scores, np.array([0.0, 0.5, 1.0]))[:, 0]
    temperatures = 0.5 * (1 + WIDENING * np.array([0.0, 0.5, 1.0]))
    assert highest == pytest.approx(1 / (1 + 2 * np.exp(-2 / temperatures))) and WIDENING > 0
    assert calibration.probabilities(scores)[:, 0] == pytest.approx(highest[0])


@pytest.mark.parametrize("text", ["[]", "{", '{"temperature": "hot"}', '{"temperature": 1, "limits": {"yaw": 1}}'])
def test_a_network_file_with_another_calibration_is_refused_by_name(tmp_path, text, monkeypatch):
    metadata = onnx.read_metadata(SHIPPED)
    model, path = ModelProto.FromString(SHIPPED.read_bytes()), tmp_path / "predict.onnx"
    model.ClearField("metadata_props")
    fitted_on = metadata.pop("fitted_on").split("\n")
    onnx.write(path, model.SerializeToString(), fitted_on, **(metadata | {"calibration": text}))
    monkeypatch.setattr(recognition, "SHIPPED", path)
    with pytest.raises(StoreError, match=r"predict.onnx: metadata must be as `microexpr` writes them"):
        Models.load(None, tmp_path)
