"""What is asked of a face, and how it comes back into its picture."""

from dataclasses import replace

import numpy as np
import pytest
from performed import APEX, BROWS, FRAMES, SMILE, Brightener, movement, painter, rise, source, target, woman

from microexpr.apps.reenact import Devices, Target, given, onto, pasted
from microexpr.apps.reenact.targets import Person
from microexpr.core.errors import DataError

NOTHING = np.zeros((17, 2), np.float32)


def test_a_change_is_asked_and_a_little_of_the_targets_own():
    own = np.full((17, 2), 2.0, np.float32)
    asked = movement().asked(own, 0.1, Devices(filter=False))
    assert asked.shape == (FRAMES, 17, 2)
    np.testing.assert_allclose(asked[:, SMILE], 0.2 + rise()[:, None].repeat(2, 1), atol=1e-6)
    np.testing.assert_allclose(asked[:, BROWS], 0.2, atol=1e-6)


def test_without_relative_change_the_sources_own_face_is_asked_for():
    asked = movement().asked(NOTHING, 0.1, Devices(filter=False, relative=False))
    np.testing.assert_allclose(asked[:, BROWS], 0.5, atol=1e-6)


def test_without_sides_both_are_asked_for_their_mean():
    one = movement(left_alone=True)
    asked = one.asked(NOTHING, 0.1, Devices(filter=False))
    assert asked[APEX, SMILE, 0] == pytest.approx(2) and asked[APEX, SMILE, 1] == 0
    both = one.asked(NOTHING, 0.1, Devices(filter=False, sides=False))
    np.testing.assert_allclose(both[APEX, SMILE], [1, 1], atol=1e-6)
    lopsided = np.tile(np.array([0, 4], np.float32), (17, 1))
    both = one.asked(lopsided, 0.1, Devices(filter=False, sides=False))
    np.testing.assert_allclose(both[0], 0.2, atol=1e-6)


def test_filter_and_sizes_take_noise_away():
    noisy = movement(noise=0.05)

    def jitter(devices: Devices) -> float:
        asked = noisy.asked(np.full((17, 2), 5.0, np.float32), 0.2, devices)  # far from 0, where it would be cut
        return float(np.abs(np.diff(asked[:, BROWS], axis=0)).mean())

    assert jitter(Devices()) < jitter(Devices(filter=False)) < jitter(Devices(filter=False, sizes=False))


def test_a_reader_of_one_size_has_no_second_one():
    with pytest.raises(ValueError, match="one size"):
        replace(movement(), at_one_size=None).asked(NOTHING, 0.1, Devices(sizes=False))


def test_a_target_is_aligned_as_the_faces_stage_aligns():
    one = target()
    assert one.crop.shape == (288, 288, 3)
    outer = one.landmarks_crop[[36, 45]]
    assert abs(np.hypot(*(outer[1] - outer[0])) - 120) < 12 and abs(outer.mean(0) - [143.5, 80]).max() < 6


def test_a_picture_without_a_face_says_so():
    with pytest.raises(DataError, match="wall"):
        Target.of(np.full((200, 200, 3), 120, np.uint8), "wall")


def test_no_change_leaves_every_pixel():
    assert np.array_equal(pasted(target(), np.zeros((120, 120, 3), np.float32)), woman().picture)
    still = given(painter(Brightener()), target(), np.zeros((2, 17, 2), np.float32))
    assert np.array_equal(still.frames, np.stack([woman().picture] * 2))


def test_a_change_is_pasted_where_the_face_is():
    change = np.zeros((288, 288, 3), np.float32)
    mouth = target().landmarks_crop[48:68].mean(0)
    x, y = np.rint(mouth).astype(int)
    change[y - 6 : y + 7, x - 6 : x + 7] = 40
    moved = pasted(target(), change).astype(int) - target().picture
    place = target().landmarks[48:68].mean(0)
    rows, columns = np.nonzero(moved[..., 0] > 10)
    assert abs(columns.mean() - place[0]) < 1.5 and abs(rows.mean() - place[1]) < 1.5


def test_what_is_asked_of_the_left_is_painted_at_the_right_of_the_picture():
    asked = np.zeros((1, 17, 2), np.float32)
    asked[0, SMILE, 0] = 5
    found = given(painter(Brightener()), target(), asked)
    moved = found.crops[0].astype(int) - target().crop
    assert moved[100:200, 170:250].mean() > 10 > 1 > abs(moved[100:200, 30:110]).mean()


def test_a_transfer_knows_its_answer():
    one = onto.transferred(source(left_alone=True), target(), NOTHING, woman(), painter(Brightener()), "lanczos")
    assert one.person == "woman" and one.asked.shape == one.true.shape == (FRAMES, 17, 2)
    assert np.array_equal(one.answer[0], target().crop) and not np.array_equal(one.answer[APEX], target().crop)
    np.testing.assert_allclose(one.true[:, SMILE, 0], rise(), atol=1e-6)
    moved = np.abs(one.answer[APEX].astype(int) - target().crop).mean(-1)
    assert moved[150:, 144:].mean() > 3 * moved[150:, :144].mean()  # of the subject's left half


def test_the_apex_is_among_the_frames_that_are_looked_at():
    assert np.array_equal(onto.places(source(), 100), np.arange(FRAMES))
    for apex in range(FRAMES):
        for most in range(2, FRAMES + 2):
            places = onto.places(replace(source(), apex=apex), most)
            assert {0, apex} <= {*places} <= {*range(FRAMES)} and 1 <= len(places) <= most
            assert len(places) == min(most, FRAMES) and (np.diff(places) > 0).all()


def test_who_is_not_rendered_has_no_answer():
    recorded = replace(source(), performed=None)
    one = onto.transferred(recorded, target(), NOTHING, "somebody", painter(Brightener()), "lanczos")
    assert one.answer is None and one.person == "somebody"
    np.testing.assert_allclose(one.true[:, SMILE, 0], rise(), atol=1e-6)


def test_a_person_is_always_the_same_and_the_other_another():
    again = Person("woman", 1, (320, 240))
    assert np.array_equal(again.picture, woman().picture)
    assert not np.array_equal(Person("man", 1, (320, 240)).picture, woman().picture)
    nothing = np.zeros((1, 24, 2), np.float32)
    assert np.array_equal(again.doing(nothing)[0], again.picture)
