"""The study of what methods learn from: its runs and its tables, without a run."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from scratch import ROOT

import training_sets as study
from microexpr import evaluation
from microexpr.cli import config
from microexpr.core import store
from microexpr.reporting import main_table


def row(method, protocol="megc2019", uf1="0.5", **more):
    about = {"method": method, "protocol": protocol, "full_uf1": uf1, "full_uar": uf1, "training_subjects": "18"}
    return dict.fromkeys(main_table.COLUMNS, "") | {"training": "corpus"} | about | more


def write_predictions(folder, name, truth, answer):
    """Write a row's predictions on clips of which `truth` has the class."""
    answers = [("last", "generated", 0, clip, label, answer(label)) for clip, label in truth.items()]
    table = [dict(zip(evaluation.PREDICTION_COLUMNS, row, strict=True)) for row in answers]
    path = folder / f"evaluate/megc2019/{name}_predictions.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    store.write_csv(path, evaluation.PREDICTION_COLUMNS, table)


def test_a_run_has_rendered_faces_of_its_seed_and_no_variant_of_the_papers():
    values = study.configure(config.load(ROOT / "params.yaml"), 7, "null")
    assert (values["seed"], values["origin"], values["render"]["difficulty"]) == (7, "generated", "null")
    assert all(about.in_table or about.appendix for about in config.check_cached(values).methods.values())


def test_means_ranges_and_gains_are_those_of_the_seeds():
    tables = [
        [row("ststnet", uf1="0.5000", start_full_uf1="0.4500"), row("au_change", uf1="0.9000")],
        [row("ststnet", uf1="0.7000", start_full_uf1="0.6500"), row("au_change", uf1="0.8000")],
    ]
    first, second = study.summary(tables).lines[2:]
    assert first == "| `au_change` | 0.850 | 0.800 to 0.900 | 0.850 | - |"
    assert second == "| `ststnet` | 0.600 | 0.500 to 0.700 | 0.600 | +0.050 |"


def test_training_data_of_most_rows_are_named_once_and_exceptions_by_name():
    both = {"training": "both", "population_subjects": "240"}
    table = [row("ststnet", **both), row("hoof", **both), row("majority")]
    expected = "Learnt from 18 subjects, 240 other subjects; `majority` from 18 subjects."
    assert study.training_data(table) == expected


def test_an_interval_is_that_of_students_t():
    values = [0.61, 0.64, 0.72, 0.69]
    low, high = ttest_1samp(values, 0).confidence_interval(0.95)
    assert study.interval(values) == f"{np.mean(values):.3f} ({low:.3f} to {high:.3f})"


def test_each_method_has_a_cell_for_each_set_that_it_learnt_from():
    population = {"training": "population", "training_subjects": "0", "population_subjects": "240"}
    table = [
        row("majority", "megc2019_corpus", "0.19"),
        row("hoof", "megc2019_corpus", "0.60"),
        row("hoof", "megc2019_population", "0.70", **population),
        row("hoof", "megc2019_both", "0.71", **population | {"training": "both", "training_subjects": "18"}),
    ]
    title, _, first, second = study.wide_table([table]).lines
    assert title == ("| method | corpus: 18 subjects | population: 240 subjects | both: 18 subjects and 240 subjects |")
    assert (first, second) == ("| `hoof` | 0.600 | 0.700 | 0.710 |", "| `majority` | 0.190 | - | - |")


def test_pairs_that_differ_are_counted_for_each_seed():
    pair = dict.fromkeys(("difference", "low", "high"), 0.1) | {"metric": "uf1", "subjects": 24}
    compared = [
        pair | {"first": "ststnet", "second": "hoof", "p": 0.001, "p_holm": 0.003},
        pair | {"first": "ststnet", "second": "majority", "p": 0.04, "p_holm": 0.06},
        pair | {"first": "hoof", "second": "majority", "p": 0.03, "p_holm": 0.06},
    ]
    assert study.power(["5"], [compared]).lines[2:] == ["| 5 | 24 | 1 of 3 | 2 of 2: none; `hoof`, `majority` |"]


def test_subjects_of_all_corpora_are_tested_as_other_people(tmp_path):
    """By hand: right in every clip against a guess of one class; twice the subjects and clips of one corpus."""
    classes = study.PROTOCOL.classes
    truth = {f"smic/s{i:02}/{j}": classes[j % 3] for i in range(4) for j in range(6)}
    folders = {seed: tmp_path / str(seed) for seed in (1, 2)}
    for folder in folders.values():
        write_predictions(folder, "right", truth, lambda label: label)
        write_predictions(folder, "one", truth, lambda label: classes[0])
    pair, _ = study.pooled_pairs(folders, ["right", "one"], 100)
    assert (pair["subjects"], pair["clips"]) == (8, 48)
    assert pair["difference"] == pytest.approx(1 - 1 / 6)


def test_a_row_that_tells_the_class_of_faces_without_expression_is_named(tmp_path):
    classes = study.PROTOCOL.classes
    truth = {f"casme2/sub{i:02}/{j}": classes[j % 3] for i in range(6) for j in range(6)}
    write_predictions(tmp_path, "honest", truth, lambda label: classes[0])
    write_predictions(tmp_path, "leaky", truth, lambda label: label)
    store.write_csv(tmp_path / "megc2019_table.csv", main_table.COLUMNS, [row("honest"), row("leaky")])
    table, biased = study.null_table([tmp_path])
    honest, leaky = table.lines[2:]
    assert biased == ["leaky"] and honest.endswith("| yes |") and "1.000" in leaky
