"""The table of action units: published next to reproduced figures, in all of its forms."""

import numpy as np
import pytest
from rich.console import Console

from microexpr.cli.main import main
from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.evaluation import published
from microexpr.evaluation.rows import COLUMNS as EVALUATION_COLUMNS
from microexpr.protocols import CODED
from microexpr.protocols.classes import UNITS as NAMES
from microexpr.tasks.units import UNITS, UNITS_LOSO
from microexpr.tasks.units import table as units_table

METHODS = {"prevalence": 0.2, "ststnet": 0.5, "au_reader": 0.8}


def evaluation(method: str, value: float, protocol: str = UNITS) -> list[dict]:
    """Rows of the evaluate stage in which all figures of the last epoch are `value`."""
    metrics = ["macro_f1", "macro_f1_of_both", "mean_ap"]
    metrics += [f"{figure}_{name}" for figure in ("f1", "ap", "prevalence") for name in NAMES]
    rows_here = {"initialisation": "population clips=9 subjects=3"} if method == "au_reader" else {}
    return [
        dict.fromkeys(EVALUATION_COLUMNS, "")
        | {"method": method, "protocol": protocol, "selection": selection, "scope": scope, "metric": metric}
        | {"value": value + more, "low": value - 0.1, "high": value + 0.1, "origin": "generated", "parameters": 0}
        | {"clips": 316, "subjects": 40, **rows_here}
        for selection, more in (("last", 0.0), ("oracle_threshold", 0.05))
        for scope in ("full", *CODED)
        for metric in metrics
    ]


def pair(first: str, second: str) -> dict:
    shared = {"metric": "macro_f1", "low": -0.4, "high": -0.2, "p": 0.001, "p_holm": 0.002, "subjects": 40}
    return {"first": first, "second": second, "difference": METHODS[first] - METHODS[second], **shared}


@pytest.fixture
def rows():
    pairs = [pair("prevalence", "ststnet"), pair("prevalence", "au_reader"), pair("ststnet", "au_reader")]
    return units_table.table_rows([evaluation(*item) for item in METHODS.items()], pairs, 4, UNITS)


def test_published_means_are_those_of_the_printed_units_and_data_sets():
    """Notebooks print means of five trainings to one decimal, so that a mean of these is off by up to 0.1."""
    lines = published.read(published.UNITS)
    for line in lines:
        for columns, mean in ((NAMES, "mean"), (CODED, "mean_of_datasets")):
            assert np.mean([float(line[name]) for name in columns]) == pytest.approx(float(line[mean]), abs=0.1)
    assert len(lines) == 30 and len({line["row"] for line in lines}) == 15


def test_each_method_has_its_figures_its_test_and_what_is_published_of_it(rows):
    by_method = {row["method"]: row for row in rows if row["method"]}
    assert [*by_method] == [*METHODS] and {*rows[0]} == {*units_table.COLUMNS}
    reader, network = by_method["au_reader"], by_method["ststnet"]
    assert (reader["macro_f1"], reader["macro_f1_low"], reader["f1_AU17"]) == ("0.8000", "0.7000", "0.8000")
    assert (reader["oracle_threshold"], reader["learnt_from"], reader["published_row"]) == ("0.8500", "population", "")
    cells = [network[name] for name in ("published_macro_f1", "published_f1_AU1", "learnt_from")]
    assert cells == ["0.318", "0.742", "corpus"]
    assert float(network["above_floor"]) == pytest.approx(0.3) and network["p"] == "0.001"
    assert by_method["prevalence"]["published_row"] == "Constant" and not by_method["prevalence"]["p"]
    assert network["casme3_macro_f1"] == "0.5000" and network["published_casme3_macro_f1"] == "0.292"


def test_published_rows_that_nothing_reproduces_come_last_and_only_leaving_one_data_set_out(rows):
    others = [row["published_row"] for row in rows if not row["method"]]
    assert "SSSNet" in others and "STSTNet" not in others and len(others) == 13
    loso = units_table.table_rows([evaluation("ststnet", 0.5, UNITS_LOSO)], [], 0, UNITS_LOSO)
    assert len(loso) == 1 and loso[0]["published_row"] == ""


def test_a_caution_stands_over_rendered_figures_and_sentences_below(rows):
    first, *_ = (text := units_table.TABLE.markdown(rows)).splitlines()
    title = "Action units, leaving one data set out; 316 clips of 40 subjects, 4 without a code left out"
    assert first.startswith(title) and "not comparable with published figures" in first
    assert "Above prevalence (macro F1, p < 0.05, corrected for 2 methods): ststnet, au_reader." in text
    assert "higher by: prevalence +0.050, ststnet +0.050, au_reader +0.050." in text
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert lines[2].startswith("| au_reader | generated | 0.8000 |") and "published" in lines[4]


def test_rows_of_other_clips_and_two_of_one_method_are_refused(tmp_path):
    few = [row | {"clips": 48, "subjects": 8} for row in evaluation("ststnet", 0.5)]
    message = r"must be of the same clips .* of 316 generated clips of 40 .* of 48 generated clips of 8 sub"
    with pytest.raises(StoreError, match=message):
        units_table.table_rows([evaluation("prevalence", 0.2), few], [], 4, UNITS)
    with pytest.raises(StoreError, match="a table must have one row of ststnet of units_cross_dataset, not 2"):
        units_table.table_rows([evaluation("ststnet", 0.2)] * 2, [], 4, UNITS)


def test_the_terminal_and_the_command_show_it(rows, tmp_path, capsys):
    with (console := Console(width=130)).capture() as captured:
        console.print(units_table.TABLE.terminal(rows, 130))
    text = captured.get()
    assert text.index("au_reader") < text.index("ststnet") < text.index("SSSNet") and "0.318" in text
    path = tmp_path / "units_table.csv"
    store.write_csv(path, units_table.COLUMNS, rows)
    assert units_table.TABLE.read(path) == rows
    for form, part in (("--markdown", "| au_reader |"), ("--csv", "macro_f1,"), ("--json", '"macro_f1": "0.8000"')):
        assert main(["table", str(path), form]) == 0
        assert part in capsys.readouterr().out
    assert main(["table", str(path)]) == 0 and "Above prevalence" in capsys.readouterr().out
