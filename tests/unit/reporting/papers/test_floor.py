"""The lines below a table's figures: subjects tested, chance, majority, and choices of ours."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from paper_runs import by_cell, clip, run, words
from scratch import ROOT

from microexpr.cli import config
from microexpr.core.clip import LABELS
from microexpr.evaluation import metrics
from microexpr.models.recognisers.majority import Majority
from microexpr.protocols import PROTOCOLS
from microexpr.reporting import papers
from microexpr.reporting.papers import floor

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
    guesses, tested = Majority(Majority.Params()), list[tuple[int, int, int]]()
    for fold in folds:
        train, test = ([item for item in chosen if item.id in ids] for ids in (fold.train, fold.test))
        labels = {"label": np.array([item.label for item in train])}
        score = guesses.fit(np.empty((len(train), 0)), labels, np.random.default_rng(0))
        predicted = score(guesses.features({"flow": torch.empty(len(test), 3, 28, 28)})).argmax(1)
        tested += [(fold.draw or 0, item.label, int(x)) for item, x in zip(test, predicted, strict=True)]
    actual = floor.measure(protocol, chosen, folds)
    each = [np.array([row[1:3] for row in tested if row[0] == draw]) for draw in {row[0] for row in tested}]
    for metric, function in (("uf1", metrics.uf1), ("uar", metrics.uar), ("accuracy", metrics.accuracy)):
        expected = np.mean([function(metrics.confusion(*pairs.T, 3)) for pairs in each])
        assert actual.figures["majority", "full", metric] == pytest.approx(expected)
    assert [actual.figures["chance", "full", metric] for metric in ("uar", "accuracy")] == pytest.approx([1 / 3] * 2)
    if len(each) == 1:
        rng, truth = np.random.default_rng(0), each[0][:, 0]
        random = [metrics.confusion(truth, rng.integers(3, size=len(truth)), 3) for _ in range(400)]
        assert actual.figures["chance", "full", "uf1"] == pytest.approx(np.mean([*map(metrics.uf1, random)]), abs=0.03)
    assert set(actual.subjects) == {"full", *protocol.datasets}
    assert actual.subjects["full"] == sum(actual.subjects[dataset] for dataset in protocol.datasets)
    if name != "split70":
        assert actual.subjects["full"] == 4 * len(protocol.datasets)


def floored(*pairs: tuple[str, str], **changed: Any) -> papers.PaperRun:
    return replace(run(*pairs), clips=CLIPS, **changed)


def test_a_table_says_first_how_many_subjects_were_tested_and_last_what_guessing_gives():
    rows = papers.rows("icegan", "table1", floored(("lbp_top", "megc2019"), ("majority", "megc2019")))
    text = papers.markdown("icegan", "table1", rows).splitlines()
    assert text[0].endswith("4 to 12 subjects tested.")
    chance, majority = (words(line) for line in text if "(ours)" in line)
    assert chance[:2] == ["chance (ours)", "generated, counted"] and majority[0] == "majority (ours)"
    by_column = {row["column"]: row["reproduced"] for row in rows if row["row"] == "majority (ours)"}
    assert majority[2:] == list(by_column.values()) and by_column["SAMM / UAR"] == "0.3333"
    assert chance[3] == "0.3333" != chance[2]
    assert "8 of 48 cells reproduced, 0 planned, 0 published only. Rendered faces, not" in "\n".join(text)
    mine = floored(("mtmnet.mmi", "megc2019"), study_methods=["mtmnet.mmi"])
    text = papers.markdown("mtmnet", "table3", papers.rows("mtmnet", "table3", mine))
    assert text.splitlines()[0].endswith("4 subjects tested.")


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("table6", {("Accuracy", "chance (ours)"), ("UF1", "majority (ours)")}),
        ("table10", {("SMIC part", "UF1, chance (ours)"), ("FULL", "UAR, majority (ours)")}),
    ],
)
def test_guesses_are_columns_where_methods_are(table, expected):
    cells = by_cell("localregions", table, floored(("localregions", "megc2019")))
    ours = {cell: row for cell, row in cells.items() if row["status"] == papers.COMPUTED}
    assert expected < set(ours) and all(row["reproduced"] and not row["published"] for row in ours.values())
    assert {column for _, column in cells.keys() - ours.keys()}.isdisjoint(column for _, column in ours)


def test_a_row_that_is_not_the_papers_method_says_so():
    methods = config.check_cached(config.load(ROOT / "params.yaml")).methods
    names = ("majority", "icegan", "mtmnet", "localregions", "augacn")
    choices = {name: methods[name].other_choices for name in names}
    assert choices["majority"] == [] and "generator_output motion for face" in choices["icegan"]
    assert not [choice for choice in choices["icegan"] if choice.startswith("epochs") or "lr" in choice]
    # a loss that is left out on the population; one that is added; a phase left out; layers added
    assert "population.adversarial_weight 0 for 0.1" in choices["icegan"]
    assert "difference_weight 1 for 0" in choices["mtmnet"] and "spatial_epochs 0 for 50" in choices["localregions"]
    assert "node_embedding 16 for 0" in choices["augacn"]
    mine = floored(("icegan", "megc2019"), ("lbp_top", "megc2019"), other_choices={"icegan": choices["icegan"]})
    rows = papers.rows("icegan", "table1", mine)
    assert all("not the paper's method" in row["note"] for row in rows if row["row"] == "ICE-GAN")
    text = papers.markdown("icegan", "table1", rows)
    lines = [words(line)[1] for line in text.splitlines() if "last epoch" in line]
    assert lines == ["generated, last epoch, 12 folds", "generated, last epoch, 12 folds, not the paper's method"]
    assert f"ICE-GAN: not the paper's method: {', '.join(choices['icegan'])}." in text
