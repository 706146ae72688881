"""One person written: frames under their native names, marked as generated, and truth that fits them."""

import numpy as np
import pytest
from PIL import Image
from small_corpora import render_person

from facs_faces.display import ACTION_UNITS
from microexpr.core import store
from microexpr.rendering import corpus, recording
from microexpr.videos.picture import read
from reader_fits.population import Params
from reader_fits.population.identities import identities, identity


@pytest.fixture(scope="module", params=["casme2", "samm"])
def person(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("corpus") / "person"
    return root, render_person(root, request.param, clips=3)


def test_every_frame_says_that_it_is_generated_and_truth_whose_face_it_is_and_where_it_peaks(person):
    root, planned = person
    for item in planned:
        for number in range(item.clip.first, item.clip.last + 1):
            with Image.open(root / item.path(number)) as picture:
                assert picture.info["comment"] == recording.MARK
            pixels = read(root / item.path(number))
            assert pixels.shape == ((240, 320) if item.clip.dataset == "samm" else (240, 320, 3))
            assert pixels.std() > 20
    with store.open_file(root.with_suffix(".h5"), "truth") as file:
        assert file.attrs["identity"].decode() == identity(corpus.performer_of(planned[0].clip, 5))
        assert file.attrs["identity"].decode() not in identities(Params()).values()
        for item in planned:
            truth = file[item.clip.name]
            assert truth["frame"][()].tolist() == list(range(item.clip.first, item.clip.last + 1))
            unit = max(item.weights, key=lambda name: item.weights[name])
            curve = truth["au_intensity"][:, ACTION_UNITS.index(unit[:-1]), "LR".index(unit[-1])]
            assert abs(item.clip.first + int(np.argmax(curve)) - item.apex) <= 2  # at the plateau, with any habit
            assert np.allclose(truth["au_intensity"][..., 2], truth["au_intensity"][..., :2].mean(-1), atol=1e-6)
        points = file[planned[0].clip.name]["landmarks"][0]
    assert ((points > [60, 20]) & (points < [260, 220])).all()
    assert points[45, 0] - points[36, 0] == pytest.approx(60, abs=15)  # outer eye corners: a quarter of the height
