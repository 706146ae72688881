"""AU-GACN's Figures 3 and 5: whose clips are drawn, what is said of them, and that licensed faces stay hidden."""

import numpy as np
from composites import clip
from PIL import Image

from microexpr.evaluation.read_back import SynthesisedClip
from microexpr.reporting.plots import auicgan
from microexpr.reporting.plots.drawing import amplify_change


def synthetic_clips(origin="generated"):
    """Three emotions of each of two people: AU2 goes up by 2, AU1 by 1."""
    target_aus = np.zeros((3, 17), np.float32)
    target_aus[:, 1], target_aus[:, 0] = (0, 2, 1), (0, 1, 0)
    film = np.broadcast_to(np.array([200, 100, 40], np.uint8), (3, 16, 16, 3)).copy()
    film[1] += 5
    return [
        SynthesisedClip(clip("casme2", subject, f"c{subject}", 0, origin), emotion, film, target_aus, 288)
        for subject in ("s1", "s2")
        for emotion in ("disgust", "fear", "happiness")
    ]


def test_one_of_each_emotion_of_one_person_after_another():
    chosen = auicgan.choose_clips(synthetic_clips()[::-1])
    keys = [(synthetic.emotion, synthetic.source.subject) for synthetic in chosen]
    assert keys == [("disgust", "s1"), ("fear", "s2"), ("happiness", "s1")]
    without_fear = [clip for clip in synthetic_clips() if (clip.emotion, clip.source.subject) != ("fear", "s2")]
    assert [synthetic.source.subject for synthetic in auicgan.choose_clips(without_fear)] == ["s1", "s1", "s1"]


def test_what_moves_most_and_by_how_much():
    synthetic = synthetic_clips()[0]
    assert auicgan.dominant(synthetic) == [1, 0]
    film = amplify_change(synthetic.frames, synthetic.frames[:1], auicgan.ENLARGED)
    assert film[0].max() == 128 == film[2].min() and film[1].min() == 128 + 8 * 5


def test_the_same_animation_is_the_same_bytes(tmp_path):
    for name in ("a.gif", "b.gif"):
        auicgan.write_animation(tmp_path / name, synthetic_clips(), False)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


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
