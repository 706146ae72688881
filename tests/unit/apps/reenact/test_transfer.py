"""The target AUs of a face, and how the generated face comes back into its image."""

from dataclasses import replace

import numpy as np
import pytest
from performed import APEX, BROWS, FRAMES, SMILE, Brightener, painter, rise, source, target, woman

from microexpr.apps.reenact import Components, changed_frames, generator_input, onto, paste_change

NOTHING = np.zeros((17, 2), np.float32)


def test_a_change_is_asked_and_a_little_of_the_targets_own_and_without_it_the_sources_own_face():
    resting = np.full((17, 2), 2.0, np.float32)
    target_aus = source().target_aus(resting, 0.1, Components(filter=False))
    assert target_aus.shape == (FRAMES, 17, 2)
    np.testing.assert_allclose(target_aus[:, SMILE], 0.2 + rise()[:, None].repeat(2, 1), atol=1e-6)
    np.testing.assert_allclose(target_aus[:, BROWS], 0.2, atol=1e-6)
    asked = source().target_aus(NOTHING, 0.1, Components(filter=False, relative=False))
    np.testing.assert_allclose(asked[:, BROWS], 0.5, atol=1e-6)  # the source's own face


def test_without_sides_both_are_asked_for_their_mean():
    left_alone = source(left_alone=True)
    target_aus = left_alone.target_aus(NOTHING, 0.1, Components(filter=False))
    assert target_aus[APEX, SMILE, 0] == pytest.approx(2) and target_aus[APEX, SMILE, 1] == 0
    both = left_alone.target_aus(NOTHING, 0.1, Components(filter=False, sides=False))
    np.testing.assert_allclose(both[APEX, SMILE], [1, 1], atol=1e-6)
    lopsided = np.tile(np.array([0, 4], np.float32), (17, 1))
    both = left_alone.target_aus(lopsided, 0.1, Components(filter=False, sides=False))
    np.testing.assert_allclose(both[0], 0.2, atol=1e-6)


def test_filter_and_sizes_take_noise_away_where_there_is_more_than_one():
    noisy = source(noise=0.05)

    def jitter(devices: Components) -> float:
        asked = noisy.target_aus(np.full((17, 2), 5.0, np.float32), 0.2, devices)  # far from 0, where it would be cut
        return float(np.abs(np.diff(asked[:, BROWS], axis=0)).mean())

    assert jitter(Components()) < jitter(Components(filter=False)) < jitter(Components(filter=False, sizes=False))
    with pytest.raises(ValueError, match="one size"):
        replace(noisy, at_one_size=None).target_aus(NOTHING, 0.1, Components(sizes=False))


def test_no_change_leaves_every_pixel():
    assert np.array_equal(paste_change(target(), np.zeros((120, 120, 3), np.float32)), woman().image)
    model, still = painter(Brightener()), np.zeros((2, 17, 2), np.float32)
    frames = changed_frames(model, target(), still, "lanczos", generator_input(target(), model))
    assert np.array_equal([*frames], [woman().image] * 2)


def test_a_change_is_pasted_where_the_face_is():
    change = np.zeros((288, 288, 3), np.float32)
    mouth = target().landmarks_crop[48:68].mean(0)
    x, y = np.rint(mouth).astype(int)
    change[y - 6 : y + 7, x - 6 : x + 7] = 40
    moved = paste_change(target(), change).astype(int) - target().image
    mouth_centre = target().landmarks[48:68].mean(0)
    rows, columns = np.nonzero(moved[..., 0] > 10)
    assert abs(columns.mean() - mouth_centre[0]) < 1.5 and abs(rows.mean() - mouth_centre[1]) < 1.5


def test_a_transfer_knows_its_answer_unless_a_person_was_recorded():
    reenactment = onto.reenact(source(left_alone=True), target(), NOTHING, woman(), painter(Brightener()), "lanczos")
    assert reenactment.face_name == "woman"
    assert reenactment.target_aus.shape == reenactment.true_changes.shape == (FRAMES, 17, 2)
    assert np.array_equal(reenactment.ground_truth[0], target().crop)
    np.testing.assert_allclose(reenactment.true_changes[:, SMILE, 0], rise(), atol=1e-6)
    moved = np.abs(reenactment.ground_truth[APEX].astype(int) - target().crop).mean(-1)
    assert moved[150:, 144:].mean() > 3 * moved[150:, :144].mean()  # of the subject's left half
    recorded = replace(source(left_alone=True), rendered_changes=None)
    reenactment = onto.reenact(recorded, target(), NOTHING, "somebody", painter(Brightener()), "lanczos")
    assert reenactment.ground_truth is None and reenactment.face_name == "somebody"
    np.testing.assert_allclose(reenactment.true_changes[:, SMILE, 0], rise(), atol=1e-6)


def test_the_apex_is_among_the_frames_that_are_looked_at():
    assert np.array_equal(onto.sample_positions(source(), 100), np.arange(FRAMES))
    for apex in range(FRAMES):
        for most in range(2, FRAMES + 2):
            places = onto.sample_positions(replace(source(), apex=apex), most)
            assert {0, apex} <= {*places} <= {*range(FRAMES)} and 1 <= len(places) <= most
            assert len(places) == min(most, FRAMES) and (np.diff(places) > 0).all()
