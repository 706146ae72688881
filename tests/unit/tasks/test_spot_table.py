"""The table of long videos: rows of methods, published lines, sentences, the command."""

from microexpr.cli.main import main
from microexpr.core import store
from microexpr.evaluation import spotting
from microexpr.tasks.spot import table as spot_table

CLASSES = {"recognised": 5, "uf1": 0.5, "uar": 0.5, "analysis_f1": 0.5}


def figures(method: str, value: float, scope: str = "full") -> list[spotting.Row]:
    return [
        {
            "method": method, "scope": scope, "kind": kind, "origin": "generated", "videos": 4, "subjects": 2,
            "minutes": 1.5, "true": 10, "hits": 5, "false": 5, "missed": 5, "precision": value, "recall": value,
            "f1": value, "f1_low": value / 2, "f1_high": 1.0, "chance_f1": 0.1,
            "p_chance": 0.5 if value < 0.2 else 0.01,
            "false_a_minute": 3.0, "onset_ms": 20.0, "apex_ms": None, "offset_ms": 20.0,
            **(CLASSES | {"strs": value / 2} if kind == "micro" else {}),
        }
        for kind in ("micro", "macro", "both")
    ]  # fmt: skip


ROWS = [*figures("predict", 0.9), *figures("predict", 0.8, "casme_sq"), *figures("mdmd", 0.1)]
PAIRS = [{"first": "predict", "second": "mdmd", "metric": "micro_f1", "difference": 0.8, "low": 0.6, "high": 0.9,
          "p": 0.001}]  # fmt: skip


def test_rows_have_reproduced_and_published_figures():
    table = spot_table.rows(ROWS, PAIRS)
    ours, mdmd, *others = table
    names = ("method", "micro_f1", "casme_sq_micro_f1", "samm_long_micro_f1", "above_mdmd", "p_holm", "published_row")
    assert [ours[name] for name in names] == ["predict", "0.9000", "0.8000", "", "0.8000", "0.001", ""]
    names = ("published_row", "published_casme_sq_micro_f1", "published_samm_long_both_f1")
    assert [mdmd[name] for name in names] == ["MDMD", "0.0082", "0.0445"]
    assert [row["published_row"] for row in others][:2] == ["SOFTNet", "MEAN"]
    assert others[1]["published_strs"].startswith("CAS(ME)^2 0.0809")


def test_a_written_table_is_read_and_printed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = "results/megc2025_table.csv"
    store.write_csv(path, spot_table.COLUMNS, spot_table.rows(ROWS, PAIRS))
    assert main(["table", path]) == 0
    out = capsys.readouterr().out
    assert "4 of 2 subjects, 1.5 min, 10 micro- and 10 macro-expressions" in out
    assert "Above mdmd (F1 of micro-expressions, p < 0.05): predict." in out and "Not above chance: mdmd." in out
    monkeypatch.setenv("COLUMNS", "130")
    assert main(["table", path]) == 0
    by_name = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "(0.01)" in by_name["mdmd"] and "0.80" in by_name["predict"] and "(" not in by_name["predict"]
    assert by_name["OF-FD"].split()[1:] == ["(0.20)", "(0.22)"] and "BoostingVRME" not in by_name
    assert main(["table", path, "--markdown"]) == 0
    out = capsys.readouterr().out
    assert "| MDMD, published |" in out and "rendered faces, not comparable with published figures" in out
