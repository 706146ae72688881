"""Intervals of a prediction as other programs read them, and movement magnified in the annotated video."""

from pathlib import Path

import numpy as np
from simulated_prediction import prediction

from microexpr import coding
from microexpr.apps.predict import annotated, written
from microexpr.coding import elan

CUES = [
    ("00:00:00{}200", "00:00:00{}600", "micro-expression: negative 0.90, sure", "AU9 nose wrinkler, AU4 brow lowerer"),
    ("00:00:00{}600", "00:00:01{}200", "blink", "AU45 blink"),
    ("00:00:01{}200", "00:00:02{}000", "micro-expression: positive 0.60, unsure", "AU12 lip corner puller"),
]


def test_subtitles_name_class_and_units_and_stay_until_the_next_begins():
    cues = [f"{start} --> {end}\n{name}\n{units}\n" for start, end, name, units in CUES]
    numbered = "\n".join(f"{i}\n{cue}" for i, cue in enumerate(cues, 1))
    assert written.subtitles(prediction()) == numbered.replace("{}", ",")
    assert written.subtitles(prediction(), for_browsers=True) == "WEBVTT\n\n" + "\n".join(cues).replace("{}", ".")


def test_intervals_are_read_back_as_a_coder_may_correct_them(tmp_path):
    (tmp_path / "take.eaf").write_text(elan.text(written.marks(prediction()), "take.avi"), encoding="utf-8")
    events, _ = coding.read(tmp_path / "take.eaf")
    times = prediction().video.seconds
    assert [(e.kind, *e.frames(times), e.emotion, e.action_units) for e in events] == [
        ("micro", 40, 60, 79, "negative", "L4+9"), ("blink", 120, None, 139, "", ""),
        ("micro", 240, 260, 279, "positive", "L12"),
    ]  # fmt: skip
    remarks = written.marks(prediction())[2].remarks
    assert remarks == "positive 0.60, unsure; noise of the camera 9, not 0 to 2"


def test_the_document_of_elan_names_the_video_from_where_it_lies():
    assert written.media_path(prediction("videos/take.avi"), Path("out/part")) == "../../videos/take.avi"
    assert written.media_path(prediction("take.avi"), Path()) == "take.avi"


SIZE = 288


def pattern(shift: float) -> np.ndarray:
    """Return a grey face-sized pattern, of which a patch at the mouth moved down by `shift` pixels."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    patch = np.exp(-(((x - 144) / 30) ** 2 + ((y - 200) / 20) ** 2))
    return 128 + 50 * np.sin((y - shift * patch) / 8) * np.sin(x / 9)


def test_a_small_movement_goes_further_and_the_first_frame_stays():
    shifts = 0.5 * np.sin(np.pi * np.arange(12) / 11)
    crops = np.stack([np.rint(pattern(shift)).astype(np.uint8) for shift in shifts])[..., None].repeat(3, axis=-1)
    faces = annotated.magnify(crops)
    assert faces.shape == crops.shape and (np.abs(faces[0].astype(int) - crops[0]) <= 1).all()
    candidates = [np.abs(pattern(shift) - faces[6, ..., 0])[180:220, 110:180].mean() for shift in range(8)]
    assert 2 <= int(np.argmin(candidates)) <= annotated.TIMES * 0.5
