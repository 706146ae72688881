"""Linear probes: what is there linearly is read, what is not there or not linear is not, and no group reads itself."""

import numpy as np
import pytest
from scipy.special import softmax

from microexpr.evaluation.metrics.probes import PENALTY, probe

PEOPLE, CLIPS = 6, 8


def arranged():
    """Person and number of each clip."""
    return np.repeat(np.arange(PEOPLE), CLIPS), np.tile(np.arange(CLIPS), PEOPLE)


def test_reads_what_lies_on_a_line_and_not_what_does_not():
    """One axis says who it is, another which class, a third neither: each is read off its own alone."""
    person, number = arranged()
    label, rng = number % 2, np.random.default_rng(0)
    who = np.eye(PEOPLE)[person] + 0.01 * rng.normal(size=(len(person), PEOPLE))
    what = (2 * label - 1)[:, None] * np.array([[1.0, -3.0]])
    assert (probe(who, person, number) == person).all() and (probe(what, label, person) == label).all()
    assert (probe(what, person, number) == person).mean() < 2 / PEOPLE
    corners = np.tile([[0.0, 0], [1, 1], [0, 1], [1, 0]], (4, 1))
    differ = (corners[:, 0] != corners[:, 1]).astype(int)
    assert (probe(corners, differ, np.repeat(np.arange(4), 4)) == differ).mean() <= 0.75  # no line parts them


def test_noise_is_read_as_often_as_by_guessing():
    person, number = arranged()
    hits = [
        (probe(np.random.default_rng(seed).normal(size=(len(person), 5)), person, number) == person).mean()
        for seed in range(8)
    ]
    assert np.mean(hits) == pytest.approx(1 / PEOPLE, abs=4 * np.sqrt(5 / 36 / (8 * len(person))))


def test_no_group_is_read_by_a_machine_that_saw_it():
    """Each person's only clue is opposite to everyone else's: whoever saw that person would be right."""
    group = np.repeat(np.arange(2), 20)
    label = np.tile([0, 1], 20)
    clue = np.where(group == 0, label, 1 - label)[:, None].astype(float)
    assert (probe(clue, label, group) != label).all()


def test_is_the_minimum_of_the_penalised_cross_entropy():
    """Against plain descent of it: 0.5 |w|^2 + PENALTY times the cross-entropy, classes weighing the same."""
    rng, (person, number) = np.random.default_rng(1), arranged()
    features = rng.normal(3, 7, size=(len(person), 4)) + person[:, None]
    fitted, held = number != 0, number == 0
    scaled = (features - features[fitted].mean(0)) / features[fitted].std(0)
    weight = len(person[fitted]) / PEOPLE / np.bincount(person[fitted])[person[fitted]]
    coefficients, offset = np.zeros((PEOPLE, 4)), np.zeros(PEOPLE)
    for _ in range(20_000):
        wrong = weight[:, None] * (
            softmax(scaled[fitted] @ coefficients.T + offset, 1) - np.eye(PEOPLE)[person[fitted]]
        )
        coefficients -= 0.01 * (coefficients + PENALTY * wrong.T @ scaled[fitted])
        offset -= 0.01 * PENALTY * wrong.sum(0)
    by_hand = (scaled[held] @ coefficients.T + offset).argmax(1)
    assert probe(features, person, number)[held].tolist() == by_hand.tolist()


def test_scale_and_place_of_a_feature_do_not_count():
    person, number = arranged()
    features = np.random.default_rng(2).normal(size=(len(person), 6)) + 0.3 * person[:, None]
    moved = features * np.array([1, 10, 1e-3, 5, 1e4, 2]) + np.arange(6)
    assert (probe(features, person, number) == probe(moved, person, number)).all()
    with pytest.raises(ValueError):
        probe(features, np.where(person == 0, 0, 1), np.where(person == 0, 0, 1))
