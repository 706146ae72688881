"""Licences for two data sets of three, and a clip in which no face is found: what is left out, what goes on, and what a
replaced frame reruns."""

import shutil

from bad_input import frames
from broken import black, repainted

TABLE = "results/megc2019_table.csv"


def test_two_licences_of_three_and_a_clip_without_a_face(project):
    """The composite is that of the licensed data sets alone, and this is said. The clip ends at its faces, stands in
    the index with the reason, and all others go on."""
    raw = project.root / "data/raw"
    for dataset in ("casme2", "samm"):
        shutil.copytree(project.root / "data/rendered" / dataset, raw / dataset)
    first = min(path for path in (raw / "samm/SAMM/006").iterdir() if path.is_dir())
    for frame in first.iterdir():
        repainted(frame, black)
    output = project.snakemake("--", TABLE).stderr
    assert "note: smic left out, since casme2, samm is licensed" in output

    reason = f"a face must be found in at least 90% of the frames, not in 0 of {len(list(first.iterdir()))}"
    rows = {row["name"]: row for row in project.rows("results/index/samm.csv")}
    assert rows[first.name]["left_out"] == f"{reason} (samm/006/{first.name})"
    assert rows[first.name]["detected"] == "0.000"
    assert [name for name, row in rows.items() if row["left_out"]] == [first.name]
    clips = {(row["scope"], row["clips"]) for row in project.rows("results/evaluate/megc2019/ststnet.csv")}
    assert clips == {("full", "11"), ("casme2", "6"), ("samm", "5")}
    table = project.rows(TABLE)
    about = {(row["origin"], row["folds"], row["clips"], row["smic_uf1"]) for row in table}
    assert about == {("licensed+generated", "4", "11", "")}  # landmarks by a network that learnt from rendered faces
    assert all(row["casme2_uf1"] for row in table)
    printed = project.run("microexpr", "table").stdout
    assert printed.splitlines()[-1] == f"left out: {reason} (samm/006/{first.name})"

    # the same name, another picture: that subject's jobs run again
    frame_path, another, *_ = frames(raw / "casme2")
    frame_path.write_bytes(another.read_bytes())
    expected = dict.fromkeys(("faces", "index", "apex", "flow", "megc2019_table"), 1) | {"train": 3, "evaluate": 3}
    assert project.planned(TABLE) == expected
    # what was generated is no more, and licensed results are not passed for generated ones
    project.edit("params.yaml", "origin: auto", "origin: generated")
    planned = project.planned()
    assert (planned["render_smic"], planned["render_casme2"], planned["faces"], planned["train"]) == (2, 2, 6, 3)
