"""The lines below a table's figures: subjects tested, chance, majority, and choices of ours."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from paper_runs import clip, run

from microexpr.cli import config
from microexpr.core.clip import LABELS
from microexpr.evaluation import metrics
from microexpr.models.recognisers.majority import Majority
from microexpr.protocols import PROTOCOLS
from microexpr.reporting import papers
from microexpr.reporting.papers import floor, page

COUNTS = {"smic": (3, 2, 1), "casme2": (4, 1, 0), "samm": (1, 2, 2)}  # clips of each class that subjects 1 to 4 show
CLIPS = [
    clip(name, f"s{subject}", LABELS[label], label, 100 * i + subject)
    for name, classes in COUNTS.items()
    for subject in range(1, 5)
    for label, count in enumerate(classes)
    for i in range((count * subject + 1) // 2)
]


@pytest.mark.parametrize("name", ["megc2019", "loso_samm_3", "split70", "cross_samm_to_smic"])
def test_majority_is_the_method_of_that_name_and_chance_guesses_every_class_alike(name):
    protocol = PROTOCOLS[name]
    folds = protocol.folds(CLIPS, seed=3, seeds=2)
    chosen = [item for item in CLIPS if item.dataset in protocol.sources]
    guesses, tested = Majority(Majority.Params()), list[tuple[int, int, int, str]]()
    for fold in folds:
        train, test = ([item for item in chosen if item.id in ids] for ids in (fold.train, fold.test))
        labels = {"label": np.array([item.label for item in train])}
        score = guesses.fit(np.empty((len(train), 0)), labels, np.random.default_rng(0))
        predicted = score(guesses.features({"flow": torch.empty(len(test), 3, 28, 28)})).argmax(1)
        tested += [(fold.draw or 0, item.label, int(x), item.subject) for item, x in zip(test, predicted, strict=True)]
    actual = floor.measure(protocol, chosen, folds)
    each = [np.array([row[1:3] for row in tested if row[0] == draw]) for draw in {row[0] for row in tested}]
    for metric, function in (("uf1", metrics.uf1), ("uar", metrics.uar), ("accuracy", metrics.accuracy)):
        expected = np.mean([function(metrics.confusion(*pairs.T, 3)) for pairs in each])
        assert actual.figures["majority", "full", metric] == pytest.approx(expected)
    for metric in ("uar", "accuracy"):
        assert actual.figures["chance", "full", metric] == pytest.approx(1 / 3)
    rng, truth = np.random.default_rng(0), each[0][:, 0]
    random = np.mean([metrics.uf1(metrics.confusion(truth, rng.integers(3, size=len(truth)), 3)) for _ in range(400)])
    if len(each) == 1:
        assert actual.figures["chance", "full", "uf1"] == pytest.approx(random, abs=0.03)
    assert set(actual.subjects) == {"full", *protocol.datasets}
    assert actual.subjects["full"] == sum(actual.subjects[dataset] for dataset in protocol.datasets)
    if name != "split70":
        assert actual.subjects["full"] == 4 * len(protocol.datasets)


def floored(*pairs: tuple[str, str], **changed: Any) -> papers.Run:
    return replace(run(*pairs, scopes=("full", "smic", "casme2", "samm")), clips=CLIPS, **changed)


def test_a_table_says_first_how_many_subjects_were_tested_and_last_what_guessing_gives():
    rows = papers.rows("icegan", "table1", floored(("lbp_top", "megc2019"), ("majority", "megc2019")))
    text = page.markdown("icegan", "table1", rows).splitlines()
    assert text[0].endswith("4 to 12 subjects tested.")
    (chance, majority) = ([cell.strip() for cell in line.split("|")[1:-1]] for line in text if "(ours)" in line)
    assert chance[:2] == ["chance (ours)", "generated, counted"] and majority[0] == "majority (ours)"
    by_column = {row["column"]: row["reproduced"] for row in rows if row["row"] == "majority (ours)"}
    assert majority[2:] == list(by_column.values()) and by_column["SAMM / UAR"] == "0.3333"
    assert chance[3] == "0.3333" != chance[2]
    assert "8 of 48 cells reproduced, 0 planned, 0 published only. Rendered faces, not" in "\n".join(text)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("table6", {("Accuracy", "chance (ours)"), ("UF1", "majority (ours)")}),
        ("table10", {("SMIC part", "UF1, chance (ours)"), ("FULL", "UAR, majority (ours)")}),
    ],
)
def test_guesses_are_columns_where_methods_are(table, expected):
    rows = papers.rows("localregions", table, floored(("localregions", "megc2019")))
    ours = {(row["row"], row["column"]): row for row in rows if row["status"] == papers.COMPUTED}
    assert expected < set(ours) and all(row["reproduced"] and not row["published"] for row in ours.values())
    assert {row["column"] for row in rows if row["status"] != papers.COMPUTED}.isdisjoint(c for _, c in ours)


def test_a_row_of_few_folds_is_of_their_subjects():
    mine = floored(("icegan.no_skips", "megc2019"), study_methods=["mtmnet.mmi"])
    mine = replace(mine, methods=["mtmnet.mmi"], evaluations={("mtmnet.mmi", "megc2019"): mine.evaluations[
        "icegan.no_skips", "megc2019"]})  # fmt: skip
    text = page.markdown("mtmnet", "table3", papers.rows("mtmnet", "table3", mine))
    assert text.splitlines()[0].endswith("4 subjects tested.")


@pytest.fixture
def choices() -> Callable[[str], list[str]]:
    values = config.load(config.PACKAGE.parents[1] / "params.yaml")
    return lambda name: config.check_cached(values)["methods"][name]["other_choices"]


def test_a_row_that_is_not_the_papers_method_says_so(choices):
    assert choices("majority") == [] and "generator_output display for face" in choices("icegan")
    assert "adv margin for bce" in choices("icegan") and not [x for x in choices("icegan") if x.startswith("epochs")]
    # losses that are left out here and on the population; one that is added; a phase left out; layers added
    assert "population.adversarial_weight 0 for 0.1" in choices("icegan")
    assert "difference_weight 1 for 0" in choices("mtmnet") and "spatial_epochs 0 for 50" in choices("localregions")
    assert "node_embedding 16 for 0" in choices("augacn") and not [x for x in choices("icegan") if "lr" in x]
    mine = floored(("icegan", "megc2019"), ("lbp_top", "megc2019"), other_choices={"icegan": choices("icegan")})
    rows = papers.rows("icegan", "table1", mine)
    assert {bool("not the paper's method" in row["note"]) for row in rows if row["row"] == "ICE-GAN"} == {True}
    text = page.markdown("icegan", "table1", rows)
    lines = [line.split("|")[2].strip() for line in text.splitlines() if "last epoch" in line]
    assert lines == ["generated, last epoch, 12 folds", "generated, last epoch, 12 folds, not the paper's method"]
    assert f"ICE-GAN: not the paper's method: {', '.join(choices('icegan'))}." in text


def test_labels_that_are_made_from_a_table_do_not_reproduce_it():
    rows = papers.rows("localregions", "table1", floored(("localregions", "megc2019")))
    text = page.markdown("localregions", "table1", rows)
    assert "0 of 24 cells reproduced, 0 planned, 0 published only. 24 are so by construction" in text


def test_both_readings_of_au_gacns_row_on_another_data_set():
    cells = [cell for cell in papers.target_cells("augacn", "table4") if cell.method.startswith("augacn")]
    assert [cell.row for cell in cells] == ["AU-GACN"] * 4 + ["AU-GACN + AU-ICGAN (ours)"] * 4
    assert {cell.published for cell in cells[4:]} == {""} and {cell.method for cell in cells[4:]} == {"augacn.auicgan"}
