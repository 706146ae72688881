"""Tables of the papers: each printed cell beside the figure that an evaluation or an index holds of it."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from paper_runs import by_cell, clip, run, words
from scratch import ROOT

from microexpr.cli import config
from microexpr.core import store
from microexpr.core.clip import LABELS
from microexpr.evaluation.published import cells
from microexpr.protocols import ABLATION, PROTOCOLS
from microexpr.reporting import papers
from microexpr.reporting.papers import COLUMNS, TARGETS, PaperRun
from microexpr.reporting.papers.cells import SyntheticClips
from microexpr.tasks.described import expand_grids


def test_every_printed_table_is_a_target_and_every_protocol_that_a_paper_names_is_there():
    printed = {(cell.paper, cell.table) for cell in cells() if "fig" not in cell.table}
    targets = {(paper, table) for paper, tables in TARGETS.items() for table in tables}
    assert targets == {key for key in printed if key[0] not in ("ststnet", "htnet", "causalnet")}
    assert len(papers.files()) == 2 * len(targets) == 58
    assert {path for path in papers.files(["famgan"]) if "famgan" in path} >= {"results/papers/famgan/transfer.csv"}
    assert {cell.runs_under for cell in cells()} <= {"", *PROTOCOLS}
    assert papers.inputs("augacn", "table7", PaperRun(["augacn"], ["megc2019"], 4, ["smic"]))["index"] == []
    values = expand_grids(config.load(ROOT / "params.yaml"))
    variants = {f"mtmnet.{name}" for name in values["papers"]["variants"]["mtmnet"]}
    for table in ("table2", "table3"):
        assert {cell.method for cell in papers.target_cells("mtmnet", table)} == variants - {"mtmnet.eidnet"}


@pytest.mark.parametrize(
    ("paper", "table", "expected"),
    [
        ("icegan", "table1", [("icegan", "megc2019"), ("lbp_top", "megc2019")]),
        ("icegan", "table2", [("icegan", "split70")]),
        ("icegan", "table3", [("icegan", "split70")]),  # one training stands in both studies of its parts
        ("mtmnet", "table4", [("lbp_top", "loso_smic_3")]),
        ("localregions", "table3", []),
    ],
)
def test_a_target_needs_what_exists_and_no_more(paper, table, expected):
    mine = PaperRun(["lbp_top", "icegan", "majority"], ["megc2019", "loso_smic_3", "split70"], folds=4)
    assert papers.inputs(paper, table, mine)["evaluations"] == expected


def test_each_figure_is_next_to_the_cell_that_prints_it_and_a_generated_one_has_that_word():
    mine = run(("lbp_top", "megc2019"), ("ststnet", "megc2019"))
    cells = by_cell("icegan", "table1", mine)
    assert len(cells) == len(papers.rows("icegan", "table1", mine)) == 48
    cell = cells["LBP-TOP [29]", "SMIC / UAR"]
    assert (cell["published"], cell["reproduced"], cell["low"], cell["high"]) == ("0.528", "0.1400", "0.0900", "0.1900")
    assert (cell["origin"], cell["selection"], cell["status"]) == ("generated", "last", "built")
    assert (cell["seeds"], cell["folds"], cell["n"], cell["subject_seen"]) == ("3", "12", "100", "no")
    assert cell["note"].startswith("oracle 0.6400; erratum: impossible together")
    mine = run(("lbp_top", "megc2019"), ("icegan", "megc2019"))
    rows = papers.rows("icegan", "table1", mine)
    assert all(row["origin"] == "generated" for row in rows if row["reproduced"])
    lines = [line for line in papers.markdown("icegan", "table1", rows).splitlines() if "0.1000" in line]
    assert lines and all("generated" in line and "published" not in line for line in lines)
    for line in store.csv_text(COLUMNS, rows).splitlines()[1:]:
        assert ("generated" in line) == (",0.1" in line or ",0.2" in line)


@pytest.mark.parametrize(
    ("paper", "table", "row", "status"),
    [
        ("icegan", "table1", "Quang", "built"),
        ("icegan", "table3", "CNN-based Discriminator with", "planned"),
        ("icegan", "text", "UF1 over the winner", "built"),
        ("mtmnet", "table4", "HIGO", "published_only"),
        ("mtmnet", "table2", "L_EID / L_cls + L_tri", "planned"),
        ("localregions", "table2", "Mean Age", "published_only"),
        ("localregions", "table2", "# Sequences", "built"),
        ("augacn", "table1", "synthetic SAMM", "built"),
        ("augacn", "table2", "Ours", "planned"),
    ],
)
def test_status(paper, table, row, status):
    rows = papers.rows(paper, table, run(("lbp_top", "megc2019")))
    statuses = {cell["status"] for cell in rows if cell["row"].startswith(row) or cell["column"] == row}
    assert statuses == {status}


@pytest.mark.parametrize(
    ("paper", "table", "beside", "method", "row"),
    [
        ("mtmnet", "table2", "mtmnet.lcls_only", "mtmnet.alone", "L_EID / L_cls (ours)"),
        ("mtmnet", "table3", "mtmnet.lcls_only", "mtmnet.alone", "L_EID / L_cls (ours)"),
        ("augacn", "table2", "augacn.auicgan", "augacn", "AU-GACN alone (ours)"),
        ("augacn", "table3", "augacn.auicgan", "augacn", "AU-GACN alone (ours)"),
        ("augacn", "table4", "augacn", "augacn.auicgan", "AU-GACN + AU-ICGAN (ours)"),
    ],
)
def test_a_row_of_ours_has_the_cells_of_a_printed_one_without_its_figures(paper, table, beside, method, row):
    cells = papers.target_cells(paper, table)
    ours, printed = ([cell for cell in cells if cell.method == name] for name in (method, beside))
    assert {(cell.row, cell.published, cell.erratum) for cell in ours} == {(row, "", "")}
    figures = [(cell.column, cell.runs_under) for cell in printed if "gain" not in cell.metric]
    assert [(cell.column, cell.runs_under) for cell in ours] == figures and len(figures) >= 4


def test_a_method_or_a_data_set_that_a_run_lacks_leaves_a_cell_empty_and_says_so():
    cells = by_cell("mtmnet", "table4", run(("lbp_top", "loso_smic_3"), scopes=("full", "smic")))
    reproduced = {name: cells["LBP-TOP [13]", name]["reproduced"] for name in ("SMIC / Acc", "SMIC / F1")}
    assert reproduced == {"SMIC / Acc": "0.1200", "SMIC / F1": "0.1000"}
    samm = cells["LBP-TOP [13]", "SAMM / F1"]
    assert (samm["status"], samm["reproduced"], samm["origin"]) == ("built", "", "")
    assert samm["note"].startswith("a data set of loso_samm_7 is not here")
    cells = by_cell("icegan", "table1", run(("ststnet", "megc2019"), scopes=("full", "samm")))
    assert cells["ICE-GAN", "SMIC / UF1"]["note"].startswith("no icegan in this run")
    smic, samm = (cells["STSTNet [12]", f"{name} / UF1"] for name in ("SMIC", "SAMM"))
    assert (smic["reproduced"], smic["note"], samm["reproduced"]) == ("", "no clips of smic", "0.1300")


def test_fid_is_read_from_the_figures_of_made_faces():
    row = {"scope": "full", "faces": "made", "metric": "fid", "value": 51.25, "made": 88, "true": 88, "folds": 12,
           "origin": "generated", "subject_seen": "no", "note": ""}  # fmt: skip
    pair = ("icegan", "megc2019")
    lacking = run(pair)
    complete = replace(lacking, generators=["icegan"], faces={pair: [row | {"faces": "neutral", "value": 1.0}, row]})
    assert papers.inputs("icegan", "text", complete)["faces"] == [pair]
    assert papers.inputs("icegan", "text", lacking)["faces"] == []
    unknown = replace(complete, faces={pair: [row | {"value": None, "note": "needs weights"}]})
    figure, without_value, without_faces = (
        by_cell("icegan", "text", mine)["ICE-GAN", "FID"] for mine in (complete, unknown, lacking)
    )
    assert (figure["published"], figure["reproduced"], figure["status"]) == ("48.467", "51.2500", "built")
    assert (figure["origin"], figure["n"], figure["folds"], figure["low"]) == ("generated", "88", "12", "")
    assert figure["note"].startswith("88 made against 88 true; only equal numbers compare")
    assert (without_value["reproduced"], without_value["origin"]) == ("", "")
    assert without_value["note"].startswith("needs weights")
    assert without_faces["note"].startswith("icegan makes no faces")


def test_gains_and_few_folds_are_said_where_they_are():
    mine, alone = run(("icegan", "megc2019"), ("nmer", "megc2019")), run(("icegan", "megc2019"))
    assert papers.inputs("icegan", "text", mine)["evaluations"] == [("icegan", "megc2019"), ("nmer", "megc2019")]
    assert papers.inputs("icegan", "text", alone)["evaluations"] == []
    for row in mine.evaluations["icegan", "megc2019"]:
        row["value"] *= 1.25
    cells = by_cell("icegan", "text", mine)
    uf1, uar = (cells["ICE-GAN", f"{metric} over the winner"] for metric in ("UF1", "UAR"))
    assert (uf1["reproduced"], uar["reproduced"], uf1["origin"]) == ("25.0", "25.0", "generated")
    assert uf1["note"].startswith("0.1250 against 0.1000 of nmer")
    lacking = by_cell("icegan", "text", alone)["ICE-GAN", "UF1 over the winner"]
    assert lacking["note"].startswith("no nmer in this run")
    cell = ("LBP-TOP [13]", "CASME2 / F1")
    mine = run(("lbp_top", "loso_casme2_5"), ("lbp_top", "megc2019"), scopes=("full", "casme2"))
    note = by_cell("mtmnet", "table4", mine)[cell]["note"]
    assert note.startswith("oracle 0.6000; mean over subjects 0.3500; at most 4 folds (papers.folds); [13]")
    note = papers.rows("mtmnet", "table5", mine)[0]["note"]
    assert "folds" not in note and "mean over subjects" not in note
    mine = run(("lbp_top", "loso_casme2_5"), folds=0, scopes=("full",), deviation=0.02)
    note = by_cell("mtmnet", "table4", mine)[cell]["note"]
    assert note.startswith("oracle 0.6000; deviation over seeds 0.0200; mean over subjects 0.3500; [13]")


def test_the_best_macro_set_and_the_best_other_row_are_chosen_among_those_of_one_protocol():
    """The rows differ in nothing else, and have few folds under any protocol; the figure is that of mtmnet."""
    sources, under = ("mtmnet.ckplus", "mtmnet.mmi", "mtmnet.oulu_casia"), "loso_smic_3"
    mine = run(*((name, under) for name in ("mtmnet", *sources)), scopes=("full",))
    for table, protocol in (("table4", under), ("table5", "megc2019")):
        pairs = [(name, protocol) for name in ("mtmnet", *sources)]
        assert papers.inputs("mtmnet", table, mine)["evaluations"] == pairs
    better = {"mtmnet.ckplus": (0, 0), "mtmnet.mmi": (0.2, -0.1), "mtmnet.oulu_casia": (0.1, -0.2)}
    for name, (uf1, accuracy) in better.items():
        for row in mine.evaluations[name, under]:
            row["value"] += {"uf1": uf1, "accuracy": accuracy}.get(row["metric"], 0)
            row["folds"] = 4
    cells = by_cell("mtmnet", "table4", mine)
    uf1_cell = cells["ours", "SMIC / F1"]
    assert (uf1_cell["reproduced"], uf1_cell["selection"], uf1_cell["folds"]) == ("0.1000", "last", "12")
    assert "; oracle over 3 macro sets 0.3000 (mtmnet.mmi, 4 folds); " in uf1_cell["note"]
    assert "; oracle over 3 macro sets 0.1200 (mtmnet.ckplus, 4 folds); " in cells["ours", "SMIC / Acc"]["note"]
    without_sources = papers.rows("mtmnet", "table4", run(("mtmnet", under), scopes=("full",)))
    assert not [row for row in without_sources if "macro sets" in row["note"]]
    # Only rows that the paper prints, under the same protocol; AU-GACN alone is a row of ours.
    under = "loso_casme2_7"
    mine = run(*((name, under) for name in ("augacn.auicgan", "augacn", "elrcn", "capsulenet")), scopes=("full",))
    pairs = papers.inputs("augacn", "table2", mine)["evaluations"]
    assert [pair for pair in pairs if pair[1] == under] == sorted(mine.evaluations)
    for name, better in {"augacn.auicgan": 0.2, "elrcn": 0.05, "augacn": 0.4}.items():
        for row in mine.evaluations[name, under]:
            row["value"] += better
    cells = by_cell("augacn", "table2", mine)
    gain = cells["Ours", "CASME II / ACC gain"]
    assert (gain["reproduced"], gain["published"]) == ("+15.0", "+11.8")
    assert gain["note"].startswith(f"over {cells['ELRCN', 'CASME II / ACC']['reproduced']} of elrcn")
    assert cells["Ours", "SAMM / ACC gain"]["reproduced"] == ""


CLIPS = [
    clip("casme2", "sub01", "happiness", 1, 1),
    clip("casme2", "sub01", "others", None, 7),
    clip("casme2", "sub02", "disgust", 0, 4),
    clip("samm", "006", "other", None, 7),
    clip("samm", "006", "anger", 0, 3),
]


@pytest.mark.parametrize(
    ("paper", "table", "row", "column", "expected"),
    [
        ("mtmnet", "table1", "Emotions / Negative", "CASME2[37]", "1"),
        ("mtmnet", "table1", "Emotions / Total", "3DB-combined", "3"),
        ("mtmnet", "table1", "Subjects", "3DB-combined", "3"),
        ("mtmnet", "table1", "Emotions / Total", "SMIC[16]", ""),
        ("augacn", "table1", "SAMM", "Others", "1"),
        ("localregions", "table2", "Frame rate", "SMM", "200"),
        ("localregions", "table4", "VII", "Total", "2"),
        ("localregions", "table4", "III", "SAMM", "1"),
    ],
)
def test_counts_are_those_of_the_index(paper, table, row, column, expected):
    cell = by_cell(paper, table, PaperRun([], [], 0, clips=CLIPS))[row, column]
    assert (cell["reproduced"], cell["origin"]) == (expected, "generated" if expected else "")


def test_counts_and_marks_are_those_of_clips_as_published():
    """Local regions Table 3, from as many clips as MEGC2019 has."""
    counts = {"smic": (70, 51, 43), "casme2": (88, 32, 25), "samm": (92, 26, 15)}
    labels = [(name, label) for name, classes in counts.items() for label in np.repeat(range(3), classes)]
    clips = [clip(name, str(i), LABELS[label], label, 7) for i, (name, label) in enumerate(labels)]
    rows = papers.rows("localregions", "table3", PaperRun([], [], 0, clips=clips))
    assert [row["reproduced"] for row in rows] == [row["published"] for row in rows]
    # Read off where clips' labels come from; where the method is not run, there is none.
    rows = papers.rows("localregions", "table1", run(("localregions", "megc2019")))
    assert len(rows) == 24 and all(row["reproduced"] == row["published"] for row in rows)
    assert {row["origin"] for row in rows} == {""}
    text = papers.markdown("localregions", "table1", rows)
    assert "0 of 24 cells reproduced, 0 planned, 0 published only. 24 are so by construction" in text
    rows = papers.rows("localregions", "table1", run(("lbp_top", "megc2019")))
    assert {(row["reproduced"], row["status"]) for row in rows} == {("", "by_construction")}
    assert rows[1]["note"] == "no localregions in this run"


def test_markdown_is_in_the_papers_layout_with_what_was_reproduced():
    rows = papers.rows("localregions", "table5", run(("lbp_top", "megc2019")))
    lines = papers.markdown("localregions", "table5", rows).splitlines()
    assert lines[0] == "Local regions, Table 5. Sets of regions. No subject is tested."
    assert words(lines[2])[1:] == ["figures", "whole face", "no cheeks", "no nose", "all regions"]
    assert words(lines[4]) == ["Accuracy", "published", "0.85", "0.89", "0.91", "0.92"]
    assert "0 of 12 cells reproduced, 9 planned, 0 published only." in lines
    assert lines[-1] == "\\* UAR, all regions and UF1, all regions: Tables 8 and 10 print 0.90 for the same run."
    mine = run(("lbp_top", "loso_casme2_5"), scopes=("full", "casme2"), subject_seen="yes")
    text = papers.markdown("mtmnet", "table4", papers.rows("mtmnet", "table4", mine))
    (line,) = [line for line in text.splitlines() if "0.1200" in line]
    assert words(line)[:4] == ["", "generated, last epoch, 12 folds, subject seen in training", "0.1200", "0.1000"]
    assert "Rendered faces, not comparable with published figures." in text
    assert "Training saw other clips of the same subject" in text


def test_clips_of_a_generator_are_counted_by_data_set_and_emotion():
    counts = Counter({("casme2", "disgust"): 3, ("casme2", "others"): 4, ("samm", "others"): 9})
    clips = {"auicgan": SyntheticClips(counts, "generated")}
    mine = replace(run(), clip_generators=["auicgan", "famgan"], synthetic_clips=clips)
    generators = [papers.inputs("augacn", table, mine)["made"] for table in ("table1", "table2")]
    assert generators == [["auicgan"], []] and papers.inputs("augacn", "table1", run())["made"] == []
    cells = by_cell("augacn", "table1", mine)
    for column, count in {"Disgust": "3", "Others": "4", "Fear": "0", "Total": "7"}.items():
        assert cells["synthetic CASME II", column]["reproduced"] == count
    samm = cells["synthetic SAMM", "Total"]
    assert (samm["reproduced"], samm["origin"]) == ("9", "generated")
    lacking = by_cell("augacn", "table1", run())["synthetic SAMM", "Total"]
    assert lacking["note"].startswith("no auicgan in this run")


def test_a_run_that_ablates_trains_all_rows_of_a_table_of_parts_from_scratch():
    pairs = [("localregions", ABLATION), ("localregions.cross_entropy", ABLATION)]
    mine = run(*pairs, training_clips=480, training_subjects=40, learning="loss 2 to 0.4")
    choices = {"other_choices": {"localregions": ["of methods"]}, "ablation_choices": {"localregions": ["of scratch"]}}
    ablating = replace(mine, ablates=True, micro_sets=["smic"], **choices)
    assert papers.inputs("localregions", "table7", ablating)["evaluations"] == pairs
    assert papers.inputs("localregions", "table7", mine)["evaluations"] == [(name, "megc2019") for name, _ in pairs]
    assert papers.inputs("localregions", "table7", ablating)["index"] == ["smic", "population"]
    assert papers.inputs("localregions", "table8", ablating)["index"] == ["smic"]
    (row, *_) = (row for row in papers.rows("localregions", "table7", ablating) if row["reproduced"])
    assert row["protocol"] == ABLATION
    assert "from scratch on 480 clips of 40 rendered subjects of no corpus; loss 2 to 0.4" in row["note"]
    assert "at most" not in row["note"]
    assert "not the paper's method: of scratch" in row["note"]
