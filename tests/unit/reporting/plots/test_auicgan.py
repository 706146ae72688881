"""AU-GACN's Figures 3 and 5: whose clips are drawn, what is said of them, and that licensed faces stay hidden."""

from dataclasses import replace

import numpy as np
import pytest
from composites import clip
from PIL import Image

from microexpr.evaluation.read_back import SynthesisedClip
from microexpr.reporting.plots import auicgan
from microexpr.reporting.plots.drawing import amplify_change


def synthetic_clips(origin="generated"):
    """Three emotions of each of two people: AU2 goes up by 2, AU1 by 1."""
    asked = np.zeros((3, 17), np.float32)
    asked[:, 1], asked[:, 0] = (0, 2, 1), (0, 1, 0)
    film = np.broadcast_to(np.array([200, 100, 40], np.uint8), (3, 16, 16, 3)).copy()
    film[1] += 5
    return [
        SynthesisedClip(clip("casme2", who, f"c{who}", 0, origin), emotion, film, asked, 288)
        for who in ("s1", "s2")
        for emotion in ("disgust", "fear", "happiness")
    ]


def test_one_of_each_emotion_of_one_person_after_another():
    chosen = auicgan.choose_clips(synthetic_clips()[::-1])
    assert [(synthetic.emotion, synthetic.source.subject) for synthetic in chosen] == [
        ("disgust", "s1"),
        ("fear", "s2"),
        ("happiness", "s1"),
    ]
    without_fear = [
        synthetic for synthetic in synthetic_clips() if (synthetic.emotion, synthetic.source.subject) != ("fear", "s2")
    ]
    assert [synthetic.source.subject for synthetic in auicgan.choose_clips(without_fear)] == ["s1", "s1", "s1"]


def test_what_moves_most_and_by_how_much():
    synthetic = synthetic_clips()[0]
    assert auicgan.dominant(synthetic) == [1, 0]
    film = amplify_change(synthetic.frames, synthetic.frames[:1], auicgan.ENLARGED)
    assert film[0].max() == 128 == film[2].min() and film[1].min() == 128 + 8 * 5


@pytest.mark.parametrize(
    "draw", [lambda path, clips, show: auicgan.plot_clips(path, clips, "Fig. 3", show), auicgan.write_animation]
)
def test_the_same_bytes_again_and_other_bytes_of_another_film(tmp_path, draw):
    brighter = [replace(synthetic, frames=synthetic.frames + 9) for synthetic in synthetic_clips()]
    contents = []
    for i, clips in enumerate((synthetic_clips(), synthetic_clips(), brighter)):
        draw(path := tmp_path / f"{i}.png", clips, False)
        contents.append(path.read_bytes())
    assert contents[0] == contents[1] != contents[2]


def skin(page) -> bool:
    """Whether some pixel has the colour of a film."""
    red, _, blue = np.moveaxis(np.array(page.convert("RGB")).astype(int), -1, 0)
    return bool((red - blue > 140).any())


def test_licensed_faces_stay_hidden_until_asked_for(tmp_path):
    for show in (False, True):
        auicgan.write_animation(path := tmp_path / f"{show}.gif", synthetic_clips("licensed"), show)
        with Image.open(path) as page:
            assert (page.n_frames, skin(page)) == ((3, True) if show else (1, False))
        auicgan.plot_clips(path := tmp_path / f"{show}.png", synthetic_clips("licensed"), "Fig. 3", show)
        with Image.open(path) as page:
            assert skin(page) == show
