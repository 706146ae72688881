"""Precomputed flow pictures, from the folder to the table, beside a finished run that must not notice them."""

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from flow_pictures import composite, write_folders
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from microexpr.evaluation import megc_log
from microexpr.protocols import FLOW_PROTOCOLS

TABLE = "results/flow_folders_table.csv"
FOLDER = "data/raw/flow_folders/three_norm_u_v_os"
STSTNET = "  ststnet: {epochs: 2, batch: 16, lr: 0.0005, cosine: true, mirror: 0.5}\n"
VARIANT = "  ststnet: {plain: {mirror: 0.0}}\n"
ON_PICTURES = "    ststnet: {epochs: 6, lr: 0.005}\n"
PENALTY = 0.05  # of the support vector machine on pictures, in place of 1: scores differ by 0.011


@pytest.mark.slow  # unit/datasets/test_flow_folders.py reads the pictures; test_bad_input.py plans them
def test_table_of_pictures_beside_a_finished_run(project):
    """Two methods that read flow and one of video; only the table of pictures and two rendered subjects are new."""
    write_folders(project.root / FOLDER, composite())
    assert project.planned() == {}
    before = {path: digest for path, digest in project.digests().items() if "ststnet" not in path}
    project.edit("params.yaml", VARIANT, "  majority: {}\n")
    project.edit("params.yaml", STSTNET, "  flow_svm: {}\n  lbp_top: {image_size: 64}\n")
    project.edit("params.yaml", ON_PICTURES, f"    flow_svm: {{penalty: {PENALTY}}}\n")
    refused = project.snakemake("--", TABLE, check=False)
    assert "pictures must move as rendered faces do somewhere in our crop" in refused.stdout + refused.stderr
    project.edit("params.yaml", "  region: auto ", "  region: [0.2, 0.8, 0.05, 0.85] ")
    project.snakemake("--", TABLE)
    after = project.digests()
    assert before.items() <= after.items()
    added = {path for path in after.keys() - before.keys() if "flow_folders" not in path}
    assert {path for path in added if not path.startswith("results/population/")} == set()

    by_protocol = {}
    for row in project.rows(TABLE):
        by_protocol.setdefault(row["protocol"], []).append(row)
    assert {name: [row["method"] for row in rows] for name, rows in by_protocol.items()} == {
        name: ["majority", "flow_svm"] for name in FLOW_PROTOCOLS
    }
    counts = {(row["folds"], row["clips"]) for rows in by_protocol.values() for row in rows}
    assert counts == {("68", "442"), ("1", "442")}
    origins = {name: {row["origin"] for row in rows} for name, rows in by_protocol.items()}
    assert origins == {name: {"licensed+generated"} for name in FLOW_PROTOCOLS} | {"flow_folders": {"licensed"}}
    (majority, machine) = by_protocol["flow_folders"]
    assert majority["full_uf1"] == f"{2 * 250 / (442 + 250) / 3:.4f}"  # all negative, in every fold
    assert float(machine["full_uf1"]) > 0.95
    log = (project.root / "results/flow_folders/evaluate/flow_folders/flow_svm.log").read_text(encoding="utf-8")
    assert [(line.clip, line.truth) for line in megc_log.read(log, "log")] == [
        (picture.name, picture.label) for picture in composite()
    ]
    assert "flow_svm" in project.run("microexpr", "table", TABLE).stdout

    with h5py.File(project.root / "results/flow_folders/train/flow_svm/flow_folders/1of1.h5") as file:
        fold = file["samm/006"]
        expected = scores_by_hand(project.root / FOLDER / "006")
        assert [name.decode() for name in fold["clip"]] == [f"samm/006/{name}" for name in expected]
        np.testing.assert_allclose(fold["scores"][0, -1], list(expected.values()), atol=2e-3)


def centred(pixels: np.ndarray) -> np.ndarray:
    """Each channel less its median, in standard deviations, as one row."""
    return ((pixels - np.median(pixels, (0, 1))) / pixels.std((0, 1))).ravel()


def scores_by_hand(subject: Path) -> dict[str, np.ndarray]:
    """By clip: what scikit-learn says after training on a subject's own u_train, of pictures as OpenCV reads them."""
    sides = [sorted((subject / side).glob("*/*.png")) for side in ("u_train", "u_test")]
    train, test = ([centred(cv2.imread(str(path))) for path in side] for side in sides)
    machine = make_pipeline(StandardScaler(), SVC(C=PENALTY, class_weight="balanced"))
    machine.fit(train, [int(path.parent.name) for path in sides[0]])
    scores = zip(sides[1], machine.decision_function(test), strict=True)
    return dict(sorted((path.stem.removeprefix(f"{subject.name}_"), score) for path, score in scores))
