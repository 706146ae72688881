"""The main table: its columns, what is beside what, and the word on what is generated."""

import csv
import io
import re

import pytest
from paper_runs import rows

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.reporting.main_table import (
    COLUMNS,
    TABLE,
    gain,
    learnt_from,
    megc2019,
    notes,
    numbers,
    synthesis_summary,
    training_sets,
)


def test_each_figure_is_in_its_own_cell_and_what_is_not_known_is_empty():
    (row,) = megc2019([rows("ststnet")])
    figures = [row[cell] for cell in ("full_uf1", "full_uar", "smic_uf1", "samm_uar")]
    assert figures == ["0.1000", "0.1100", "0.1300", "0.2000"]
    assert (row["oracle_full_uf1"], row["oracle_samm_uar"]) == ("0.6000", "0.7000")
    assert (row["published_full_uf1"], row["published_casme2_uf1"]) == ("0.7353", "0.8382")
    assert (row["full_uf1_low"], row["full_uar_high"]) == ("0.0500", "0.1600")
    assert (row["selection"], row["seeds"], row["folds"], row["parameters"]) == ("last", "3", "12", "1663")
    (row,) = megc2019([rows("ststnet_icegan", scopes=("full", "casme2"))])
    assert {row[f"published_{cell}"] for cell in ("full_uf1", "samm_uar")} == {""}
    assert (row["smic_uf1"], row["oracle_smic_uf1"], row["casme2_uf1"]) == ("", "", "0.1300")


def test_params_other_than_the_papers_are_counted():
    changed = [row | {"differs_from_paper": "epochs, lr"} for row in rows("ststnet")]
    table = megc2019([changed, rows("icegan")])
    assert [row["differs_from_paper"] for row in table] == ["epochs, lr", ""]
    text = TABLE.markdown(table)
    assert "\nParams other than the paper's: ststnet 2; `microexpr methods METHOD` lists them.\n" in text
    assert "Params other" not in TABLE.markdown(megc2019([rows("icegan")]))


def test_a_row_says_what_its_folds_add_to_its_first_weights():
    """Full UF1 is 0.1; of first weights it is 0.02 or 0.005 lower, or above."""
    for difference, ends in ((0.02, "the folds add +0.020"), (0.005, "+0.005, so the row measures its first weights")):
        evaluation = rows("augacn") + [row | {"selection": "start"} for row in rows("augacn")[:1]]
        evaluation[-1]["value"] -= difference
        (row,) = table = megc2019([evaluation])
        assert row["start_full_uf1"] == f"{0.1 - difference:.4f}"
        (sentence,) = notes(row)
        assert sentence.endswith(f"{ends}.") and row["start_full_uf1"] in sentence
        assert f"augacn: {gain(row)}.\n" in TABLE.markdown(table)
    assert megc2019([rows("augacn")])[0]["start_full_uf1"] == ""


@pytest.mark.parametrize(
    ("initialisation", "expected"),
    [
        ("", "11 subjects"),
        ("absent file=vgg16.pth", "11 subjects"),
        ("population clips=2880 subjects=240; reader subjects=3", "11 subjects, 240 other subjects"),
        ("reader subjects=240", "11 subjects, 240 other subjects"),
    ],
)
def test_a_row_says_whose_clips_it_learnt_from(initialisation, expected):
    (row,) = megc2019([[row | {"initialisation": initialisation} for row in rows("augacn")]])
    assert learnt_from(row) == expected


def test_a_row_of_each_training_has_its_own_figures_and_what_it_learnt_from():
    """The population alone gives the scores before any step; `rows` has 0.1 for the last epoch's full UF1."""
    words = {"initialisation": "population clips=2880 subjects=240"}
    both = [row | words for row in rows("ststnet")]
    both += [row | words | {"selection": "start", "value": row["value"] + 0.3} for row in rows("ststnet")[:12]]
    table = training_sets(
        {"majority": {"corpus": rows("majority")}, "ststnet": {"corpus": rows("ststnet"), "both": both}}
    )
    keys = ("method", "protocol", "training", "full_uf1", "start_full_uf1", "training_clips", "population_clips")
    assert [tuple(row[key] for key in keys) for row in table] == [
        ("majority", "megc2019_corpus", "corpus", "0.1000", "", "92", ""),
        ("ststnet", "megc2019_corpus", "corpus", "0.1000", "", "92", ""),
        ("ststnet", "megc2019_population", "population", "0.4000", "", "0", "2880"),
        ("ststnet", "megc2019_both", "both", "0.1000", "0.4000", "92", "2880"),
    ]
    assert [bool(row["published_full_uf1"]) for row in table] == [False, True, False, True]
    assert not table[2]["oracle_full_uf1"]  # weights that no fold trained have no epoch to choose


def test_generated_stands_on_the_row_and_in_the_title_of_aligned_lines():
    text = TABLE.markdown([*megc2019([rows("ststnet")]), *megc2019([rows("icegan", "licensed")])])
    first, second = text[text.index("ststnet") :].split("icegan")
    figures = [line for line in first.splitlines() if "0.1000" in line or "0.6000" in line]
    assert figures and all("generated" in line for line in figures)
    assert "generated" not in second and "licensed" in second
    assert "rendered faces, not comparable with published figures" in text
    licensed = TABLE.markdown(megc2019([rows("icegan", "licensed")]))
    assert "generated" not in licensed and "rendered" not in licensed
    for figure in ("0.1000", "0.8450", "0.6000", "0.0500 to 0.1500"):
        assert figure in licensed
    lines = [line for line in licensed.splitlines() if line.startswith("|")]
    assert len(lines) == 5
    assert len({tuple(i for i, c in enumerate(line) if c == "|") for line in lines}) == 1


def test_synthesised_faces_are_compared_with_the_mean_flow_and_true_faces():
    shared = {"method": "icegan", "origin": "generated", "scope": "full", "low": None, "high": None}
    values = {
        "class_uar": {"made": 0.36, "made_twice": 0.41, "neutral": 1 / 3, "mean_flow": 0.5, "true": 0.7},
        "au_error": {"made": 0.1, "neutral": 0.09, "mean_flow": 0.08},
        "au_error_nearest": {"made": 0.07, "true": 0.06},
        "belief_auc": {"made": 0.6, "made_twice": 0.9, "neutral": 0.8, "mean_flow": 0.7, "true": 0.5},
        "ssim": {"made": 0.99, "neutral": 0.98},
    }
    rows = [
        shared | {"metric": metric, "faces": kind, "value": value}
        for metric, by_kind in values.items()
        for kind, value in by_kind.items()
    ]
    rows[0] |= {"low": 0.3, "high": 0.42}
    first, second = synthesis_summary(rows, "icegan_faces.csv").splitlines()
    assert first == "faces of held-out subjects by icegan, generated: SSIM 0.990 (0.980 unchanged)"
    assert second == (
        "what they show: target class recognised, UAR 0.360, 0.300 to 0.420 (change doubled 0.410, mean training flow "
        "0.500, true faces 0.700, unchanged 0.333); AU error 0.100 (mean training flow 0.080, unchanged 0.090); "
        "of the nearest display 0.070 (as many true ones of others 0.060); told from true faces, AUC 0.600 (change "
        "doubled 0.900, mean training flow 0.700, unchanged 0.800, true from true 0.500); see icegan_faces.csv"
    )


def test_notes_are_sentences_and_an_erratum_that_two_figures_share_is_stated_once():
    erratum = "smic_uf1: too low; 0.2 is near a guess; smic_uar: too low; 0.2 is near a guess; full_uf1: a misprint"
    row = dict.fromkeys(COLUMNS, "") | {"initialisation": "absent file=vgg16.pth", "differs_from_paper": "epochs, lr"}
    assert notes(row | {"published_erratum": erratum}) == [
        "It is trained from scratch: vgg16.pth is not here.",
        "It differs from the paper in 2 params.",
        "Erratum of the published UF1 of SMIC and UAR of SMIC: too low; 0.2 is near a guess.",
        "Erratum of the published UF1 of all clips: a misprint.",
    ]
    assert notes(dict.fromkeys(COLUMNS, "")) == []
    assert notes(row | {"reason": "one frame"})[0] == "It is not in the main table: one frame."
    (row,) = megc2019([rows("ststnet")])
    assert notes(row | {"published_erratum": "full_uf1: 1; figure: 2; x: 3", "initialisation": ""})[-1].endswith(": 3.")
    values = {"full_uf1": "1e-05", "published_full_uf1": "", "folds": "12", "method": "1", "initialisation": ""}
    converted = {"full_uf1": 1e-05, "published_full_uf1": None, "folds": 12, "method": "1", "initialisation": None}
    assert numbers(values) == converted


def test_a_table_that_a_spreadsheet_program_saved_is_read(tmp_path):
    """With semicolons, decimal commas, a mark before UTF-8, and without the empty cells at the end of a row."""
    table, text = megc2019([rows("ststnet"), rows("icegan")]), io.StringIO(newline="")
    for row in (dict(zip(COLUMNS, COLUMNS, strict=True)), *table):
        cells = [cell.replace(".", ",") if name.startswith("full") else cell for name, cell in row.items()]
        while not cells[-1]:
            cells.pop()
        csv.writer(text, delimiter=";").writerow(cells)
    (tmp_path / "table.csv").write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    assert TABLE.read(tmp_path / "table.csv") == table


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        ("protocol", "megc2091", ", row 2: protocol must be one of megc2019, .*, not 'megc2091'"),
        ("full_uf1", "", ", row 2: full_uf1 must be a number, not ''"),
        ("full_uf1", "nan", ", row 2: full_uf1 must be a number, not 'nan'"),
        ("start_full_uf1", "x", ", row 2: start_full_uf1 must be a number, not 'x'"),
        ("folds", "many", ", row 2: folds must be a number, not 'many'"),
        ("", "", ": must have a row below its header"),
    ],
)
def test_a_table_of_other_cells_is_refused(column, text, message, tmp_path):
    table = [row | {column: text} for row in megc2019([rows("ststnet")]) if column]
    store.write_csv(tmp_path / "table.csv", COLUMNS, table)
    with pytest.raises(StoreError, match=f"table.csv{message}"):
        TABLE.read(tmp_path / "table.csv")


@pytest.mark.parametrize("change", [{"metric": "f1"}, {"protocol": "megc2091"}, {"selection": "first"}])
def test_an_evaluation_without_its_figures_is_refused(change):
    message = "an evaluation must have UF1 and UAR of all clips, selection last, of a known"
    with pytest.raises(StoreError, match=message):
        megc2019([[row | change for row in rows("ststnet")]])


@pytest.mark.parametrize(
    ("change", "other"),
    [
        ({"clips": 120, "subjects": 8}, "120 generated clips of 8 subjects, 12 folds (smic, casme2, samm), 3 seeds"),
        ({"folds": 4}, "100 generated clips of 12 subjects, 4 folds (smic, casme2, samm), 3 seeds"),
        ({"origin": "licensed"}, "100 licensed clips of 12 subjects, 12 folds (smic, casme2, samm), 3 seeds"),
        ({"seeds": 1}, "100 generated clips of 12 subjects, 12 folds (smic, casme2, samm), 1 seed"),
        ({}, "100 generated clips of 12 subjects, 12 folds (smic, casme2), 3 seeds"),
    ],
)
def test_rows_of_other_clips_are_not_mixed_under_one_title(change, other, tmp_path):
    scopes = ("full", "smic", "casme2") if not change else ("full", "smic", "casme2", "samm")
    evaluations = [rows("ststnet"), [row | change for row in rows("flow_svm", scopes=scopes)]]
    expected = "ststnet of 100 generated clips of 12 subjects, 12 folds (smic, casme2, samm), 3 seeds"
    message = re.escape(f"must be of the same clips and seeds, not {expected} and flow_svm of {other}")
    with pytest.raises(StoreError, match=f"^rows of megc2019 {message}"):
        megc2019(evaluations)
    both = [row for evaluation in evaluations for row in megc2019([evaluation])]
    store.write_csv(tmp_path / "table.csv", COLUMNS, both)
    with pytest.raises(StoreError, match=message):
        TABLE.read(tmp_path / "table.csv")


def test_rows_of_one_protocol_are_of_the_same_clips_one_of_each_method_whatever_else_trained_them():
    origins = {"ststnet": "licensed", "flow_svm": "licensed+generated"}
    assert len(megc2019([[row | {"origin": origin} for row in rows(name)] for name, origin in origins.items()])) == 2
    other = [row | {"clips": 7, "protocol": "flow_folders"} for row in rows("ststnet")]
    assert [row["clips"] for row in megc2019([rows("ststnet"), other])] == ["100", "7"]
    with pytest.raises(StoreError, match=r"^a table must have one row of ststnet of megc2019, not 2$"):
        megc2019([rows("ststnet"), rows("ststnet")])
