"""dlib finds people of every kind: in glasses, under long hair and fringes, with beards, turned aside."""

import face_recognition
import numpy as np
import pytest

from facs_faces import motion
from facs_faces.camera import expose
from facs_faces.face import Face
from facs_faces.performance import Performer
from facs_faces.raster import FRAME
from microexpr.core.seeds import generator

PEOPLE = (1, 3, 4, 5, 7, 9, 10, 11, 17, 32, 34, 43)
REST = np.zeros((24, 2), np.float32)


@pytest.fixture(scope="module")
def people():
    return {seed: Face(seed) for seed in PEOPLE}


@pytest.mark.slow  # the other tests detect the same faces
def test_people_differ_in_what_could_hide_a_face(people):
    styles = [face.style for face in people.values()]
    in_glasses = [(motion.trace(face, REST).material == FRAME).sum() for face in people.values()]
    assert sum(pixels > 300 for pixels in in_glasses) == 4 and min(in_glasses) == 0
    assert {style.flow for style in styles} == {"back", "part", "down", "coils"}
    assert sum(style.ends is not None for style in styles) >= 3 and sum(style.fringe > 0.1 for style in styles) >= 2


@pytest.mark.parametrize("yaw", [0.0, 15.0])
def test_dlib_finds_everyone_near_the_true_landmarks(people, yaw):
    errors = []
    for seed, face in people.items():
        light = Performer.sample(generator(seed, "performer")).light
        rendered = face.render({"AU12L": 0.5, "AU12R": 0.5}, pose=(yaw, 2.0, -1.0), light=light)
        picture = expose(rendered.image, generator(seed), 3.0)
        boxes = face_recognition.face_locations(picture, number_of_times_to_upsample=0)
        assert len(boxes) == 1, seed
        points = face_recognition.face_landmarks(picture, boxes)[0]
        inner = [*points["nose_bridge"], *points["nose_tip"], *points["left_eye"], *points["right_eye"]]
        eyes = np.linalg.norm(rendered.landmarks[36] - rendered.landmarks[45])
        errors.append(np.linalg.norm(np.array(inner) - rendered.landmarks[27:48], axis=1).mean() / eyes)
    assert np.mean(errors) < 0.03 and max(errors) < 0.06
