"""The table of answerers: their rows, published entries, sentences, the command."""

from asked import CLIPS, PREDICTED, exam, predictions

from microexpr.cli.main import main
from microexpr.core import store
from microexpr.tasks.questions import table as questions_table


def rows(tmp_path):
    answerers = exam()
    answerers.classes("good", "population", predictions(tmp_path / "good.csv", PREDICTED))
    return questions_table.rows(answerers.rows(50))


def test_answerers_stand_next_to_published_entries(tmp_path):
    table = rows(tmp_path)
    by_name = {row["method"] or row["published_row"]: row for row in table}
    assert [*by_name][:4] == ["majority", "questions_alone", "good", "MEGC 2025 first"]
    good = by_name["good"]
    assert (good["coarse_uf1"], good["clips"], good["subjects"], good["videos"]) == ("1.0000", "24", "8", "")
    assert float(good["coarse_uf1_p_majority"]) < 0.05 and good["times_f1"] == "" and good["bleu"]
    assert by_name["majority"]["videos"] == "3" and by_name["majority"]["times_f1"]
    first = by_name["MEGC 2025 first"]
    assert (first["published_coarse_uf1"], first["published_fine_uar"], first["coarse_uf1"]) == ("0.733", "0.408", "")


def test_the_table_is_read_and_printed(tmp_path, capsys, monkeypatch):
    path = "results/megc2026_table.csv"
    monkeypatch.chdir(tmp_path)
    store.write_csv(path, questions_table.COLUMNS, rows(tmp_path))
    assert main(["table", path]) == 0
    out = capsys.readouterr().out
    assert f"Questions on {len(CLIPS)} clips of 8 subjects, 3 long videos: rendered faces" in out
    assert "Above majority and questions_alone in coarse classes (p < 0.05, corrected for 1): " in out
    assert main(["table", path, "--markdown"]) == 0
    assert "| MEGC 2025 second, published | 0.594 |" in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "130")
    assert main(["table", path]) == 0
    assert "calibration" in capsys.readouterr().out
