"""Which frames stand for a clip, and the picture of its movements."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from microexpr.core.clip import Clip
from microexpr.core.seeds import generator
from microexpr.reporting.plots import motion as drawing
from microexpr.signals.motion import around_apex


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((10, 15, 20), [13, 14, 15, 16, 17]),
        ((10, 11, 20), [10, 11, 12, 13, 14]),
        ((10, 20, 20), [16, 17, 18, 19, 20]),
        ((10, 12, 14), [10, 11, 12, 13, 14]),
        ((10, 11, 12), [10, 10, 11, 12, 12]),
        ((10, 10, 10), [10] * 5),
    ],
)
def test_the_window_around_an_apex_shifts_inside_of_the_clip(events: tuple[int, int, int], expected: list[int]) -> None:
    assert around_apex(*events).tolist() == expected


def test_the_picture_shows_five_frames_twice_and_four_lines_each_said_to_be_generated() -> None:
    crop = np.clip(generator(0, "plot").normal(128, 30, (9, 288, 288, 1)), 0, 255).astype(np.uint8)
    landmarks = generator(0, "points").uniform(60, 220, (9, 68, 2))
    faces = {"frame": np.arange(7, 16), "crop": crop, "landmarks_crop": landmarks}
    events = {event: np.array(number) for event, number in (("onset", 8), ("apex", 11), ("offset", 14))}
    clip = Clip("casme2", "sub01", "a", "generated", "-", 7, 15, 9, 8, 11, 14, 200, "happiness", 1, 1, "12")
    figure = Figure((10, 4.3))
    drawing.draw(figure, clip, faces, events)
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert texts.count("generated") == 10 and texts.count("magnified") == 6
    assert [f"frame {number}" for number in range(9, 14)] == [text for text in texts if text.startswith("frame")]
