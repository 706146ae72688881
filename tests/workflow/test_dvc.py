"""DVC beside Snakemake: the same edits."""

import csv
import re

import pytest

from microexpr import store

ALL = {"generate", "index", "faces", "apex", "flow", "aus", "pretrain", "evaluate", "people"}
ALL |= {"train@majority", "train@ststnet", "synth@auicgan", "synth@famgan"}
# edit: file, old, new -> stages behind the table that run; others are found current
CASES = {
    "one method's param": (("params.yaml", "lr: 0.0005", "lr: 0.0007"), {"pretrain", "train@ststnet", "evaluate"}),
    "code of flow, which apex reads too": (
        ("src/microexpr/flow/__init__.py", "second / np.float32(255)", "second / np.float32(254)"),
        ALL - {"generate", "faces", "index", "people"},
    ),
    "one data set fewer": (("params.yaml", "[smic, casme2, samm]", "[smic, casme2]"), ALL),
    "one more subject": (("params.yaml", "samm: {subjects: 2,", "samm: {subjects: 3,"), ALL),
}


def ran(said: str) -> set[str]:
    return set(re.findall(r"Running stage '([^']+)'", said))


def jobs(said: str) -> dict[str, int]:
    """Jobs by rule that Snakemake finished."""
    found: dict[str, int] = {}
    for rule in re.findall(r"Finished jobid: \d+ \(Rule: (\w+)\)", said):
        found[rule] = found.get(rule, 0) + 1
    return {rule: count for rule, count in found.items() if not re.match("all_|train_(?!synth)|synth_", rule)}


def test_first_repro_finds_everything_made(reproduced):
    """Results that Snakemake made are taken over, not made again."""
    assert reproduced.run("dvc", "status", "-q", check=False).returncode == 0
    assert reproduced.planned("all", "all_truth") == {}


@pytest.mark.parametrize("name", CASES)
def test_repro_runs_what_it_must(reproduced, tmp_path, name):
    edit, expected = CASES[name]
    project = reproduced.copy(tmp_path / "project")
    project.edit(*edit)
    done = project.run("dvc", "repro", "evaluate", "people")
    assert ran(done.stdout) == expected
    if name == "one more subject":  # DVC reruns whole stages, Snakemake in them only the new subject's jobs
        assert jobs(done.stdout + done.stderr) == {
            "generate_samm": 1, "annotation_samm": 1, "index": 1, "faces": 1, "apex": 1, "flow": 1, "aus": 1,
            "synth": 4, "train": 3, "evaluate": 3, "table": 1, "people": 1, "people_with_macro": 1,
        }  # fmt: skip
    if name == "one data set fewer":  # nothing of it is left, neither on disk nor in the figures
        assert not [path for path in project.root.glob("results/**/*") if "samm" in path.name]
        with (project.root / "results/megc2019_table.csv").open(encoding="utf-8") as table:
            assert {(row["folds"], row["clips"], row["samm_uf1"]) for row in csv.DictReader(table)} == {("4", "12", "")}
    assert project.run("dvc", "repro", "evaluate", "people").stdout.count("Running stage") == 0
    assert project.planned() == {}


METHODS = """  majority: {}
  capsulenet: {image_size: 32, width: 4, kernel: 2, epochs: 1}
  icegan: {epochs: 1, image_size: 32, width: 4, reconstruction: [8, 16], perceptual: trunk}
"""
VARIANT = "  ststnet: {plain: {mirror: 0.0}}"


def test_a_variant_that_learns_from_made_faces(reproduced, tmp_path):
    """Trained by DVC after the generator, by the faces of which each fold's own saw nobody whom the fold tests."""
    project = reproduced.copy(tmp_path / "project")
    project.edit("params.yaml", "  majority: {}\n", METHODS)
    project.edit("params.yaml", VARIANT, f"{VARIANT}\n  capsulenet: {{icegan: {{synthetic: icegan}}}}")
    done = project.run("dvc", "repro", "evaluate")
    assert ran(done.stdout) == {"pretrain", "train@capsulenet", "train@icegan", "evaluate"}
    assert project.planned() == {}
    with (project.root / "results/megc2019_table.csv").open(encoding="utf-8") as table:
        start = {row["method"]: row["start"] for row in csv.DictReader(table)}
    assert start["capsulenet.icegan"].endswith("on what icegan made of its training clips, beside these")
    assert "icegan" not in start["capsulenet"]
    shard = "results/{}/megc2019/1of1.h5"
    with (
        store.opened(project.root / shard.format("train/capsulenet.icegan"), "train") as augmented,
        store.opened(project.root / shard.format("train/capsulenet"), "train") as plain,
        store.opened(project.root / shard.format("synth/icegan"), "synth") as made,
    ):
        for dataset, subject in ((name, one) for name in augmented for one in augmented[name]):
            fold = f"{dataset}/{subject}"
            for seen in (store.fitted_on(augmented[fold]), store.fitted_on(made[fold])):
                assert len(seen) == 15 and not [entry for entry in seen if f"/{fold}/" in entry]
            assert (augmented[fold]["scores"][()] != plain[fold]["scores"][()]).any()
    assert project.run("python", "workflow/stage.py", "final").returncode == 0
    assert not (project.root / "results/final/capsulenet.icegan.safetensors").exists()
    project.edit("params.yaml", "  icegan: {epochs: 1", "  icegan: {epochs: 2")
    assert project.planned() == {"train_synth": 1, "train": 1, "evaluate": 2, "evaluate_faces": 1, "table": 1}
