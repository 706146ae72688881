"""The study of the smallest difference that the paired test finds: its pure functions, without a run."""

import numpy as np
import pytest
import simulated
from scipy.stats import norm
from scratch import ROOT

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.evaluation.metrics import METRICS, confusion
from microexpr.evaluation.rows import PREDICTION_COLUMNS
from microexpr.protocols import PROTOCOLS

SETS = tuple((number, (4, (12, 8, 8))) for number in (4, 4, 4))


@pytest.fixture
def study(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "studies"))
    import smallest_difference

    return smallest_difference


def test_the_crossing_of_a_probit_curve_is_its_quantile(study):
    differences, count = np.array([0.1, 0.15, 0.2, 0.25]), 100_000
    successes = np.round(count * norm.cdf(15 * differences - 2))
    crossing = study.crossing(differences, successes, count)
    assert crossing.value == pytest.approx((2 + norm.ppf(0.8)) / 15, abs=1e-4)


def test_its_standard_error_is_the_spread_of_repeated_experiments(study):
    rng, differences = np.random.default_rng(1), np.array([0.15, 0.18, 0.2, 0.22])
    chances = norm.cdf(15 * differences - 2)
    repeated = [study.crossing(differences, rng.binomial(200, chances), 200) for _ in range(400)]
    assert np.std([c.value for c in repeated]) == pytest.approx(np.mean([c.error for c in repeated]), rel=0.15)


def test_a_known_power_curve_is_searched_and_one_that_stays_below_has_no_crossing(study):
    rng = np.random.default_rng(2)
    searched = study.smallest(lambda difference: rng.random() < norm.cdf(15 * difference - 2), 0.6, 400)
    assert abs(searched.value - (2 + norm.ppf(0.8)) / 15) < 4 * searched.error < 0.05
    assert study.smallest(lambda difference: rng.random() < 0.5, 0.6, 400) is None


def test_common_clips_correlate_errors_and_change_no_figure(study):
    """Correlation 1 for equal methods of equal subjects; the matrices tend to those of `expected`."""
    method = simulated.Population(SETS, even=True, spread=0, leaning=0)
    rng = np.random.default_rng(3)
    for common in (0.0, 0.5, 1.0):
        truth, (first, second), subjects = simulated.predictions(rng, [method, method], common=common)
        many = [(4_000, like) for _, like in SETS]
        truth, both, _ = simulated.predictions(rng, [simulated.replace(method, sets=tuple(many))] * 2, common=common)
        assert study.error_correlations(truth, both)[0] == pytest.approx(common, abs=0.02)
        tends = simulated.expected(method, 2_000)
        for labels in both:
            matrix = confusion(truth, labels, 3)
            assert matrix / matrix.sum() == pytest.approx(tends / tends.sum(), abs=0.004)
        assert len(set(subjects)) == 12 and len(first) == len(second) == 84


def test_skills_give_the_figures_that_are_asked_for(study):
    skills = study.Skills.of(simulated.Population(SETS, even=True), "uf1")
    for value in (0.45, 0.75, 0.9):
        assert METRICS["uf1"](simulated.expected(skills.method(value), 20_000)) == pytest.approx(value, abs=0.01)
    assert 0.3 < skills.widest(0.75) < 0.5


def test_corpora_and_correlation_are_read_from_a_run(study, tmp_path):
    """Two methods that err on the same clips; a third one that recognises nothing is left out of the correlation."""
    classes = PROTOCOLS["megc2019"].classes
    clips = [(f"{name}/sub{i:02}/{j}", j % 3) for name in ("smic", "samm") for i in range(2) for j in range(6)]
    for name, shift in (("one", 0), ("other", 0), ("poor", 1)):
        rows = [
            ("last", "generated", 0, clip, classes[truth], classes[(truth + (shift or "/sub00/5" in clip)) % 3])
            for clip, truth in clips
        ]
        named = [dict(zip(PREDICTION_COLUMNS, row, strict=True)) for row in rows]
        store.write_csv(tmp_path / f"{name}_predictions.csv", PREDICTION_COLUMNS, named)
    run = study.read(tmp_path)
    assert run.error_correlation == pytest.approx(1) and len(run.figures["uar"]) == 3
    assert run.sets == ((2, (2, (4, 4, 4))),) * 2
    assert [number for number, _ in study.corpus(run, 24).sets] == [12, 12]
    with pytest.raises(StoreError, match="must hold the predictions of two methods"):
        study.read(tmp_path / "none")


def test_the_table_has_a_row_for_each_size_with_and_without_correction(study):
    smallest = study.Smallest(0.2, 0.004)
    cells = {(size, corrected): [smallest] * 4 for size in study.SUBJECTS for corrected in (False, True)}
    cells[24, True] = [None] * 4
    lines = study.table(cells, 25)
    assert len(lines) == 2 + 6 and "300 pairs" in lines[-1] and lines[-3].endswith("| none | none | none | none |")
    text = " ".join(study.sentences(cells))
    assert "below 0.20 between" in text and "after correction every difference" in text
    assert "PRESET=subjects36` brings it to 0.20, after correction 0.20" in text
