"""Results of a run: the table, files that explain themselves, and the same bytes on every CPU, stage by stage."""

import hashlib
import re
from itertools import combinations
from pathlib import Path

import committed
import h5py
import pytest
from stages import STAGES, folders

from microexpr.core import store
from microexpr.evaluation import pairs, read
from microexpr.reporting import main_table

FIRST = "method,origin,selection,seeds,full_uf1,full_uar,smic_uf1,smic_uar,casme2_uf1,casme2_uar,samm_uf1,samm_uar"


def test_table(finished):
    rows = finished.rows("results/megc2019_table.csv")
    assert ",".join(list(rows[0])[:12]) == FIRST
    assert [row["method"] for row in rows] == ["majority", "ststnet", "ststnet.plain"]
    for row in rows:
        assert (row["origin"], row["selection"], row["folds"], row["clips"]) == ("generated", "last", "6", "18")
        assert all(0 <= float(row[cell]) <= 1 for cell in main_table.CELLS)
    # six people with one clip of each class: whoever always says one class is right in a third
    assert float(rows[0]["full_uar"]) == 0.3333


LISTED = """
import sys
sys.path.insert(0, "workflow")
from stage import planned_run
from stages import Outputs
from microexpr.core import records
listed = {path for paths in Outputs(planned_run()).of_table.values() for path in paths}
made = {str(path.relative_to(records.RECORDS).with_suffix("")) for path in records.RECORDS.rglob("*.json")}
print(sorted(made ^ listed))
"""


def test_the_stages_of_dvc_make_what_the_table_needs_and_nothing_else(finished):
    assert finished.run("python", "-c", LISTED).stdout.strip() == "[]"


def test_the_log_of_a_run_has_a_line_for_each_job(finished):
    text = (finished.root.parent / "run.log").read_text(encoding="utf-8")
    rows = re.findall(r"^ *(\d+) of (\d+)  (\w+) +(\S+)? +\d.*s(?:   about \d.* left)?$", text, re.MULTILINE)
    numbers, totals, *_ = zip(*rows, strict=True)
    assert [*map(int, numbers)] == [*range(1, len(rows) + 1)] and set(totals) == {str(len(rows))}
    labels = {(stage, name) for _, _, stage, name in rows}
    assert {("faces", "casme2/sub01"), ("train", "ststnet/megc2019/1of1"), ("evaluate", "megc2019/ststnet")} <= labels
    first, *others, last = text.splitlines()[1:]
    assert first == f"{len(rows)} jobs" and last.startswith(f"done: {len(rows)} of {len(rows)} jobs in ")
    assert len(others) == len(rows) and "\x1b" not in text and "\r" not in text


def test_pairs_of_the_table(finished):
    table = {row["method"]: row for row in main_table.TABLE.read(finished.root / "results/megc2019_table.csv")}
    rows = read(finished.root / "results/megc2019_paired.csv", pairs.COLUMNS)
    assert [(row["metric"], row["first"], row["second"]) for row in rows] == [
        (metric, *pair) for metric in ("uf1", "uar") for pair in combinations(table, 2)
    ]
    for row in rows:
        first, second = (float(table[row[which]][f"full_{row['metric']}"]) for which in ("first", "second"))
        assert row["difference"] == pytest.approx(first - second, abs=1e-4)
        assert row["low"] <= row["difference"] <= row["high"] and 2**-5 <= row["p"] <= row["p_holm"] <= 1
        assert (row["clips"], row["subjects"], row["origin"]) == (18, 6, "generated")
    printed = " ".join(finished.run("microexpr", "table").stdout.split())
    assert (
        "6 subjects are too few to distinguish any of 3 pairs of methods: p, corrected for their number, is at least "
        "0.094. Compared with ststnet (UF1, p < 0.05, corrected for 2 tests), better: none; worse: none. Of all 3 "
        "pairs 0 differ. Smallest difference that four of five such corpora show: "
    ) in printed


def test_curves(finished):
    """A network has a row for each epoch; a method fitted in one step has one row, without a loss."""
    curves = finished.root / "results/evaluate/megc2019/curves"
    rows = {path.stem: finished.rows(path) for path in curves.iterdir()}
    assert {method: [row["epoch"] for row in curve] for method, curve in rows.items()} == {
        "majority": ["1"], "ststnet": ["1", "2"], "ststnet.plain": ["1", "2"],
    }  # fmt: skip
    assert rows["majority"][0]["loss"] == "" and float(rows["ststnet"][1]["loss"]) > 0
    key = {"selection": "last", "scope": "full", "metric": "uf1", "pooling": "pooled"}
    (last,) = (row for row in finished.rows("results/evaluate/megc2019/ststnet.csv") if key.items() <= row.items())
    assert rows["ststnet"][1]["uf1"] == last["value"]


ALL_REFIT = ("ststnet", "ststnet.plain", "auicgan", "famgan")


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("results/refit/ststnet.safetensors", ["ststnet"]),
        pytest.param("all_refit", ALL_REFIT, marks=pytest.mark.slow),
    ],
)
def test_refit_runs_on_request(project, target, names):
    """The default target trains no network on all clips; a method without weights is refused in a line."""
    path = project.root / "results/refit/ststnet.safetensors"
    assert not path.parent.exists()
    project.snakemake("--", target)
    assert {file.name for file in path.parent.iterdir()} == {f"{name}.safetensors" for name in names}
    tensors, metadata = store.read_tensors(path)
    entries = metadata["fitted_on"].split("\n")
    assert sum("/population/" not in entry for entry in entries) == 18 and "network.classify.weight" in tensors
    refused = project.snakemake("--", "results/refit/majority.safetensors", check=False)
    assert "error: refit must be asked of a network, not of majority" in refused.stdout + refused.stderr
    assert not list((project.root / "work").glob("checkpoints/*/*/*"))  # nothing took long, and all is finished


def test_every_dataset_explains_itself(finished):
    files = [*finished.root.glob("results/**/*.h5"), *finished.root.glob("data/rendered/**/*.h5")]
    assert len(files) >= 6 * 5 + 2
    for path in files:
        with h5py.File(path) as file:
            assert {"schema", "created_by", "params", "origin"} <= set(file.attrs), path
            assert file.attrs["origin"] == b"generated"
            assert not list(unexplained(file)), path


def test_everyone_was_compared(finished):
    compared = (finished.root / "results/duplicate_subjects/compared.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert compared == [f"generated,{name},2,6,0.3" for name in ("casme2", "samm", "smic")]
    header = (finished.root / "results/duplicate_subjects/duplicates.csv").read_text(encoding="utf-8")
    assert header == "origin,dataset_a,subject_a,dataset_b,subject_b,distance\n"  # nobody is there twice


def test_faces_of_a_generator_are_measured(project):
    """One job more than its training; its rows are of every held-out clip. One more job has every figure."""
    target = "results/evaluate/loso_samm_3/icegan_faces.csv"
    section = "  icegan: {epochs: 1, image_size: 32, width: 8, reconstruction: [8, 16], perceptual: trunk}\n"
    project.edit("params.yaml", "  majority: {}\n", f"  majority: {{}}\n{section}")
    every = target.replace("_faces", "_all_faces")
    assert project.planned(target) == {"train_generator": 1, "evaluate_faces": 1}
    assert project.jobs(target, every) == {"train_generator": 1, "evaluate_faces": 2}
    rows = project.rows(target)
    assert {(row["method"], row["protocol"], row["origin"], row["side"], row["folds"]) for row in rows} == {
        ("icegan", "loso_samm_3", "generated", "held_out", "2")
    }
    figures = {(row["metric"], row["faces"]): row for row in rows if row["scope"] == "full"}
    measured = {"class_uar", "grey_change", "au_error", "belief_auc", "ssim", "identity_cosine"}
    assert measured <= {metric for metric, _ in figures}
    assert not {"face_frechet", "fid"} & {metric for metric, _ in figures}
    guess = figures["class_uar", "neutral"]
    assert (guess["value"], guess["low"], guess["made"]) == ("0.333333", "0.333333", "18")
    assert (figures["au_error", "made"]["made"], figures["au_error", "made"]["true"]) == ("6", "6")
    assert 0 < float(figures["grey_change", "true"]["value"]) < 128
    assert 0 < float(figures["au_error", "neutral"]["value"]) < 5
    assert 0.9 < float(figures["identity_cosine", "true"]["value"]) <= 1
    more = {(row["metric"], row["faces"]) for row in project.rows(every) if row["scope"] == "full"}
    assert {("face_frechet", "made"), ("fid", "made"), ("class_uar", "made_twice"), ("belief_auc", "true")} <= more
    assert figures.keys() < more


def unexplained(group):
    for item in group.values():
        if isinstance(item, h5py.Group):
            yield from unexplained(item)
        elif not all(item.attrs.get(key) for key in ("units", "axes", "description")):
            yield item.name


def test_methods_alone_leave_the_table(project):
    """The command of `make table METHODS=ststnet`."""
    table = project.root / "results/megc2019_table.csv"
    before, params = table.read_bytes(), (project.root / "params.yaml").read_bytes()
    project.edit("params.yaml", "lr: 0.0005, cosine", "lr: 0.0007, cosine")
    edited = (project.root / "params.yaml").read_bytes()
    project.snakemake("--", "results/evaluate/megc2019/ststnet.csv")
    output = project.run("microexpr", "table", "--methods", "ststnet").stdout
    assert "ststnet" in output and "majority" not in output and "generated" in output
    assert table.read_bytes() == before
    assert params != edited == (project.root / "params.yaml").read_bytes()


def by_stage(files: dict[str, str]) -> dict[str, str]:
    """The digest of each stage's files and of the table, in the order in which they are made."""
    places = {noun: tuple(f"{folder}/" for folder in folders(noun)) for noun in STAGES} | {
        "table": ("results/megc2019_table.csv",)
    }
    digests = {}
    for noun, starts in places.items():
        lines = [f"{path} {digest}\n" for path, digest in sorted(files.items()) if path.startswith(starts)]
        if lines:
            digests[noun] = hashlib.sha256("".join(lines).encode()).hexdigest()
    return digests


def test_every_stage_has_the_committed_bytes(finished, request):
    digests = by_stage(finished.digests())
    assert list(digests)[:6] == ["render", "faces", "index", "apex", "flow", "aus"]
    committed.check(Path(__file__).with_name("stage_digests.json"), digests, request.config)
