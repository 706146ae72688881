"""The study of what weights of the population help: its runs and its tables, without a run."""

import pytest
from evaluated_rows import rows
from scratch import ROOT

from microexpr import evaluation
from microexpr.cli import config
from microexpr.core import store
from microexpr.evaluation.rows import FACE_COLUMNS, write_faces


@pytest.fixture
def study(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "studies"))
    import population

    return population


def test_a_row_from_scratch_differs_in_its_first_weights_alone(study):
    values = study.configure(config.load(ROOT / "params.yaml"), 7, "null")
    methods = config.check_cached(values)["methods"]
    names = list(study.pretrained_rows(config.load(ROOT / "params.yaml")))
    assert {"augacn", "icegan.change", "mtmnet"} <= set(names)
    for name in names:
        row_params, other = (methods[row]["params"] for row in (name, study.from_scratch(name)))
        assert {key for key in row_params if row_params[key] != other[key]} == {"initialisation", "population"}
        assert not methods[study.from_scratch(name)]["population"] and methods[name]["population"]


def test_the_tables_hold_the_figures_of_each_seed(study, tmp_path):
    folders = {seed: tmp_path / str(seed) for seed in (1, 2)}
    for seed, folder in folders.items():
        folder.mkdir()
        for name, more in (("augacn", 0.2), ("augacn.scratch", 0.0)):
            table = [row | {"value": row["value"] + more + seed / 10} for row in rows(name)]
            evaluation.write(folder / f"{name}.csv", table)
    *_, row, scratch = study.uf1_table(["augacn"], folders)
    assert row == "| `augacn` | population | 0.400 (0.050 to 0.150) | 0.500 (0.050 to 0.150) | 0.450 |"
    assert scratch.startswith("| `augacn` | scratch | 0.200") and scratch.endswith("| 0.250 |")


def test_a_row_that_tells_the_class_of_faces_without_expression_is_named(study, tmp_path):
    clips = [(f"casme2/sub{i:02}/{j}", study.PROTOCOL.classes[j % 3]) for i in range(6) for j in range(6)]
    for name, predict in (("honest", lambda truth: study.PROTOCOL.classes[0]), ("leaky", lambda truth: truth)):
        table = [
            dict(zip(evaluation.PREDICTION_COLUMNS, ("last", "generated", 0, clip, truth, predict(truth)), strict=True))
            for clip, truth in clips
        ]
        store.write_csv(tmp_path / f"{name}_predictions.csv", evaluation.PREDICTION_COLUMNS, table)
    lines, biased = study.null_table(["honest", "leaky"], [tmp_path])
    assert biased == ["leaky"] and lines[-2].endswith("| yes |") and "1.000" in lines[-1]


def test_the_table_of_faces_holds_each_kind_of_both_rows(study, tmp_path):
    for name in ("icegan", "icegan.scratch"):
        shared = dict.fromkeys(FACE_COLUMNS, "") | {
            "scope": "full",
            "metric": "class_uar",
            "made": 9,
            "true": 0,
            "folds": 2,
        }
        values = {"made": 0.5, "made_twice": 0.8, "neutral": 0.3, "mean_flow": 0.6, "true": 0.7}
        table = [shared | {"faces": kind, "value": v, "low": v, "high": v} for kind, v in values.items()]
        write_faces(tmp_path / f"{name}_faces.csv", table)
    cells = " | ".join(f"{value:.3f} ({value:.3f} to {value:.3f})" for value in (0.5, 0.8, 0.6, 0.7))
    assert study.faces_table(["icegan"], {3: tmp_path})[-2:] == [
        f"| `icegan` | {initialisation} | 3 | {cells} |" for initialisation in ("population", "scratch")
    ]
    assert study.faces_table([], {3: tmp_path}) == []
