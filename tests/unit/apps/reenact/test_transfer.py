"""The target AUs of a face, how the generated face comes back into its image, and figures of a reenactment."""

from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
from performed import APEX, BROWS, FRAMES, SMILE, Brightener, painter, rise, source, target, woman

from microexpr.apps.reenact import Components, changed_frames, evaluation, generator_input, onto, paste_change
from microexpr.apps.reenact.onto import RenderedFace
from microexpr.signals.aus import regressor

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


def smile(left=1.0, right=1.0):
    """float32[FRAMES, 17, 2]"""
    changes = np.zeros((FRAMES, 17, 2), np.float32)
    changes[:, SMILE] = rise()[:, None] * np.array([left, right], np.float32)
    return changes


def test_the_truth_is_without_error_and_its_opposite_correlates_as_badly_as_can_be():
    values = evaluation.curves(smile(), smile())
    errors = [value for (_, metric), value in values.items() if metric in ("au_error", "asymmetry_error")]
    assert errors == [0, 0, 0, 0]
    assert values["face", "au_r"] == values["lower", "au_r"] == pytest.approx(1)
    assert ("upper", "au_r") not in values  # where nothing moves
    assert evaluation.curves(-smile(), smile())["face", "au_r"] == pytest.approx(-1)


def test_an_error_is_told_where_it_is():
    wrong = smile()
    wrong[:, BROWS] += 1.7
    values = evaluation.curves(wrong, smile())
    assert values["upper", "au_error"] == pytest.approx(1.7 / 7) and values["lower", "au_error"] == 0
    assert values["face", "au_error"] == pytest.approx(0.1) and values["lower", "au_r"] == pytest.approx(1)
    assert values["face", "asymmetry_error"] == 0


def test_one_side_alone_is_lopsided_and_a_film_that_stays_follows_nothing_and_has_no_roughness():
    values = evaluation.curves(smile(left=1, right=0), smile())
    assert values["face", "asymmetry_error"] == pytest.approx(rise().mean() / 17, rel=1e-5)
    assert evaluation.curves(smile(0.5, 0.5), smile())["face", "asymmetry_error"] == 0
    values = evaluation.curves(0 * smile(), smile())
    assert {metric for _, metric in values} == {"au_error", "asymmetry_error", "au_r"}
    assert values["face", "au_r"] == 0
    assert values["face", "au_error"] == pytest.approx(rise().mean() / 17, rel=1e-5)


@pytest.mark.parametrize("sigma", [1.0, 4.0])
def test_noise_of_a_known_strength(sigma):
    rows, columns = np.mgrid[:200, :200]
    slope = 60 + 0.2 * rows + 0.3 * columns
    assert evaluation.noise(slope) == pytest.approx(0, abs=1e-4)
    noisy = slope + np.random.default_rng(0).normal(0, sigma, slope.shape)
    assert evaluation.noise(noisy) == pytest.approx(sigma, rel=0.03)


def test_likeness_by_hand_and_by_rows():
    answer = np.repeat(target().crop[None].clip(2, 250), 2, 0)
    other = answer.copy()
    other[:, 16:130] += 2  # above the nose
    other[:, :16], other[:, :, :16] = 0, 0  # outside of the face
    values = evaluation.likeness(other, answer)
    assert values["upper", "psnr"] == pytest.approx(20 * np.log10(255 / 2))
    assert values["face", "psnr"] == pytest.approx(20 * np.log10(255 / 2) + 10 * np.log10(256 / 114))
    assert values["lower", "ssim"] == 1 > values["face", "ssim"] > values["upper", "ssim"] > 0.9
    assert ("lower", "psnr") not in values  # of what does not differ


def pulled(right, down):
    """uint8[3, 288, 288, 1]: the face, and its mouth ever more away from where it was."""
    y, x = np.mgrid[:288, :288].astype(np.float32)
    near = np.exp(-((x - 144) ** 2 + (y - 190) ** 2) / (2 * 25**2))
    still = target().crop.mean(-1).astype(np.uint8)
    moves = [(step * right * near, step * down * near) for step in (0, 1, 2)]
    return np.stack([cv2.remap(still, x - dx, y - dy, cv2.INTER_CUBIC) for dx, dy in moves])[..., None]


def test_the_same_movement_is_alike_and_the_opposite_one_is_not():
    def cosine(first, second):
        return evaluation.flow_similarity(pulled(*first), pulled(*second), 2)

    assert cosine((1.5, 0), (1.5, 0)) == pytest.approx(1, abs=1e-5)
    assert cosine((1.5, 0), (0.9, 0)) > 0.9
    assert abs(cosine((1.5, 0), (0, 1.5))) < 0.4
    assert cosine((1.5, 0), (-1.5, 0)) < -0.8
    assert cosine((1.5, 0), (0, 0)) == 0


def test_looks_of_the_face_itself_and_of_another():
    looks = partial(evaluation.appearance, face=target())
    same = looks(target().crop)
    assert same["identity_cosine"] == pytest.approx(1)
    grain = np.random.default_rng(0).normal(0, 5, target().crop.shape[:2])[..., None]
    assert looks(np.clip(target().crop + grain, 0, 255).astype(np.uint8))["noise"] > same["noise"] + 3
    man = target().align(RenderedFace("man", 1, woman().size).image)
    assert looks(man)["identity_cosine"] < 0.98


def reenact(driving):
    return onto.reenact(driving, target(), NOTHING, woman(), painter(Brightener()), "lanczos", most=3)


def test_every_film_has_its_figures():
    reenactment = reenact(source())
    assert not evaluation.changes(reenactment.ground_truth, target(), regressor.load())[0].any()
    values = evaluation.figures(reenactment, regressor.load())
    assert list(values) == ["asked", "made", "unchanged", "answer"]
    assert values["asked"]["face", "au_error"] < 0.2 and values["asked"]["face", "au_r"] > 0.9
    assert {metric for _, metric in values["unchanged"]} == {"identity_cosine", "noise", "ssim", "psnr"}
    assert values["unchanged"]["face", "identity_cosine"] == pytest.approx(1)
    answer, result = values["answer"], values["made"]
    assert not {("face", "ssim"), ("face", "psnr")} & set(answer)
    assert answer["face", "au_r"] > 0.7 and answer["face", "au_error"] < result["face", "au_error"]
    assert {"flow_cosine", "au_error", "ssim"} <= {metric for _, metric in result}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("frames", [1, 2])
def test_a_movement_of_hardly_any_frames_has_figures_too(frames):
    whole = source()
    parts = {"crops": whole.crops[:frames], "rendered_changes": whole.rendered_changes[:frames]}
    values = evaluation.figures(reenact(replace(whole, apex=frames - 1, **parts)), regressor.load())
    assert all(np.isfinite(list(figures.values())).all() for figures in values.values())
    assert {*values} == {"asked", "made", "unchanged", "answer"}
