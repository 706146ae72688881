"""Figures of a given movement: known answers of each, and of which films there are which."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from performed import APEX, BROWS, FRAMES, SMILE, Brightener, painter, rise, source, target, woman

from microexpr.apps.reenact import evaluation, onto
from microexpr.apps.reenact.targets import Person
from microexpr.signals.aus import ACTION_UNITS, regressor

NOTHING = np.zeros((17, 2), np.float32)


def smile(left=1.0, right=1.0):
    """float32[FRAMES, 17, 2]"""
    made = np.zeros((FRAMES, 17, 2), np.float32)
    made[:, SMILE] = rise()[:, None] * np.array([left, right], np.float32)
    return made


def figures(found, true):
    return {(one.region, one.metric): one.value for one in evaluation.curves(found, true)}


def test_the_truth_is_without_error():
    found = figures(smile(), smile())
    errors = [value for (_, metric), value in found.items() if metric in ("au_error", "asymmetry_error")]
    assert errors == [0, 0, 0, 0]
    assert found["face", "au_r"] == found["lower", "au_r"] == pytest.approx(1)
    assert ("upper", "au_r") not in found  # where nothing moves


def test_every_unit_is_in_one_half_of_the_face():
    assert sorted(evaluation.UPPER + evaluation.LOWER) == list(range(17)) == sorted(evaluation.REGIONS["face"])
    assert [ACTION_UNITS[unit] for unit in evaluation.UPPER] == ["AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU45"]


def test_an_error_is_told_where_it_is():
    wrong = smile()
    wrong[:, BROWS] += 1.7
    found = figures(wrong, smile())
    assert found["upper", "au_error"] == pytest.approx(1.7 / 7) and found["lower", "au_error"] == 0
    assert found["face", "au_error"] == pytest.approx(0.1) and found["lower", "au_r"] == pytest.approx(1)
    assert found["face", "asymmetry_error"] == 0


def test_a_movement_upside_down_correlates_as_badly_as_can_be():
    assert figures(-smile(), smile())["face", "au_r"] == pytest.approx(-1)


def test_one_side_alone_is_as_far_from_both_as_it_is_lopsided():
    found = figures(smile(left=1, right=0), smile())
    assert found["face", "asymmetry_error"] == pytest.approx(rise().mean() / 17, rel=1e-5)
    assert figures(smile(0.5, 0.5), smile())["face", "asymmetry_error"] == 0


def test_a_film_that_stays_follows_nothing_and_has_no_roughness():
    found = figures(0 * smile(), smile())
    assert {metric for _, metric in found} == {"au_error", "asymmetry_error", "au_r"}
    assert found["face", "au_r"] == 0
    assert found["face", "au_error"] == pytest.approx(rise().mean() / 17, rel=1e-5)
    steady = np.zeros((FRAMES, 17, 2), np.float32)
    steady[:, SMILE] = np.arange(FRAMES)[:, None] / 2
    jerky = steady * np.array([1, -1, 1, -1, 1, -1, 1], np.float32)[:, None, None]
    assert figures(steady, smile())["face", "au_roughness"] == 0 < figures(jerky, smile())["face", "au_roughness"]


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
    found = {(one.region, one.metric): one.value for one in evaluation.likeness(other, answer)}
    assert found["upper", "psnr"] == pytest.approx(20 * np.log10(255 / 2))
    assert found["face", "psnr"] == pytest.approx(20 * np.log10(255 / 2) + 10 * np.log10(256 / 114))
    assert found["lower", "ssim"] == 1 > found["face", "ssim"] > found["upper", "ssim"] > 0.9
    assert ("lower", "psnr") not in found  # of what does not differ
    outside = answer.copy()
    outside[:, :16], outside[:, :, :16] = 0, 0
    assert {one.metric: one.value for one in evaluation.likeness(outside, answer)} == {"ssim": 1}


def pulled(right, down):
    """uint8[3, 288, 288, 1]: the face, and its mouth ever more away from where it was."""
    y, x = np.mgrid[:288, :288].astype(np.float32)
    near = np.exp(-((x - 144) ** 2 + (y - 190) ** 2) / (2 * 25**2))
    still = target().crop.mean(-1).astype(np.uint8)
    moves = [(step * right * near, step * down * near) for step in (0, 1, 2)]
    return np.stack([cv2.remap(still, x - dx, y - dy, cv2.INTER_CUBIC) for dx, dy in moves])[..., None]


def test_the_same_movement_is_alike_and_the_opposite_one_is_not():
    def cosine(one, other):
        return evaluation.flow_similarity(pulled(*one), pulled(*other), 2).value

    assert cosine((1.5, 0), (1.5, 0)) == pytest.approx(1, abs=1e-5)
    assert cosine((1.5, 0), (0.9, 0)) > 0.9
    assert abs(cosine((1.5, 0), (0, 1.5))) < 0.4
    assert cosine((1.5, 0), (-1.5, 0)) < -0.8
    assert cosine((1.5, 0), (0, 0)) == 0


def test_looks_of_the_face_itself_and_of_another():
    own = {one.metric: one.value for one in evaluation.appearance(target().crop, target())}
    assert own["identity_cosine"] == pytest.approx(1)
    grain = np.random.default_rng(0).normal(0, 5, target().crop.shape[:2])[..., None]
    noisy = np.clip(target().crop + grain, 0, 255).astype(np.uint8)
    assert {one.metric: one.value for one in evaluation.appearance(noisy, target())}["noise"] > own["noise"] + 3
    man = target().aligned(Person("man", 1, woman().size).picture)
    assert {one.metric: one.value for one in evaluation.appearance(man, target())}["identity_cosine"] < 0.98


@pytest.fixture(scope="module")
def model():
    return regressor.load()


@pytest.fixture(scope="module")
def given():
    return onto.transferred(source(), target(), NOTHING, woman(), painter(Brightener()), "lanczos", most=3)


def test_every_film_has_its_figures(given, model):
    found = {}
    for shown, one in evaluation.figures(given, model):
        assert (one.region, one.metric) not in found.setdefault(shown, {})
        found[shown][one.region, one.metric] = one.value
    assert list(found) == ["asked", "made", "unchanged", "answer"]
    assert found["asked"]["face", "au_error"] < 0.2 and found["asked"]["face", "au_r"] > 0.9
    assert {metric for _, metric in found["unchanged"]} == {"identity_cosine", "noise", "ssim", "psnr"}
    assert found["unchanged"]["face", "identity_cosine"] == pytest.approx(1)
    answer, made = found["answer"], found["made"]
    assert not {("face", "ssim"), ("face", "psnr")} & set(answer)
    assert answer["face", "au_r"] > 0.7 and answer["face", "au_error"] < made["face", "au_error"]
    assert {"flow_cosine", "au_error", "ssim"} <= {metric for _, metric in made}


def test_of_who_is_recorded_nothing_is_held_against_an_answer(model):
    recorded = replace(source(), performed=None)
    one = onto.transferred(recorded, target(), NOTHING, "x", painter(Brightener()), "lanczos", most=3)
    found = list(evaluation.figures(one, model))
    assert {shown for shown, _ in found} == {"asked", "made", "unchanged"}
    assert not {figure.metric for _, figure in found} & {"ssim", "psnr"}


def test_changes_begin_at_nothing(given, model):
    found = evaluation.changes(given.answer, target(), model)
    assert found.shape == (len(given.places), 17, 2) and not found[0].any()
    assert found[given.apex, SMILE].min() > 0.5 * rise()[APEX]  # of a smile on a rendered face


def test_rows_and_what_is_told(given, model):
    rows, changed = evaluation.result_rows(given, model)
    assert np.array_equal(changed, evaluation.changes(given.result.crops, target(), model))
    keys = [(row["shown"], row["region"], row["metric"]) for row in rows]
    assert keys == [(shown, one.region, one.metric) for shown, one in evaluation.figures(given, model)]
    (noise,) = [row["value"] for row in rows if (row["shown"], row["metric"]) == ("made", "noise")]
    lines = list(evaluation.summary_lines(rows))
    assert f"noise of the result, grey levels: {noise}" in lines
    assert list(evaluation.summary_lines(row for row in rows if row["shown"] != "made")) == []


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("frames", [1, 2])
def test_a_movement_of_hardly_any_frames_has_figures_too(model, frames):
    one = source()
    short = replace(one.movement, last=one.movement.first + frames - 1)
    one = replace(one, movement=short, crops=one.crops[:frames], performed=one.performed[:frames], apex=frames - 1)
    made = onto.transferred(one, target(), NOTHING, woman(), painter(Brightener()), "lanczos")
    rows, changed = evaluation.result_rows(made, model)
    assert changed.shape == (frames, 17, 2) and all(np.isfinite(float(row["value"])) for row in rows)
    assert {row["shown"] for row in rows} == {"asked", "made", "unchanged", "answer"}
