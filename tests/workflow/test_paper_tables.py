"""Tables of papers, as Snakemake makes them: what a target runs, and that its figures are the evaluations'."""

import pytest

from microexpr.training import generator_file

TABLE, OTHER = "results/papers/icegan/table1.csv", "results/papers/mtmnet/table4.csv"
CENSUS = "results/papers/localregions/table3.csv"
GIVEN = "results/papers/famgan/transfer.csv"
STSTNET = "  ststnet: {epochs: 2, batch: 16, lr: 0.0005, cosine: true, mirror: 0.5}\n"


def cells_of(project, table) -> dict[tuple[str, str], dict[str, str]]:
    return {(row["row"], row["column"]): row for row in project.rows(table)}


def value(project, protocol, method, scope, metric) -> str:
    """Return a pooled figure of the last epoch, as tables print it."""
    rows = project.rows(f"results/evaluate/{protocol}/{method}.csv")
    key = ("last", "pooled", scope, metric)
    (row,) = [row for row in rows if (row["selection"], row["pooling"], row["scope"], row["metric"]) == key]
    return f"{float(row['value']):.4f}"


def test_three_tables(project):
    """One of the main table's protocol, which trains nothing; a census; one of protocols that nothing else trains."""
    assert project.jobs(TABLE, CENSUS) == {"papers": 2}
    counted = cells_of(project, CENSUS)
    totals = {column: counted["Total", column]["reproduced"] for column in ("SMIC", "CASME II", "SMM", "FULL")}
    assert totals == {"SMIC": "6", "CASME II": "6", "SMM": "6", "FULL": "18"}  # of the corpora that the run rendered
    assert {row["origin"] for row in counted.values()} == {"generated"}
    cells = cells_of(project, TABLE)
    assert len(cells) == 48 + 16  # and chance and majority of each of 8 columns
    first = (project.root / TABLE).with_suffix(".md").read_text(encoding="utf-8").partition("\n")[0]
    assert first.endswith("2 to 6 subjects tested.")
    for scope, title in (("full", "MEGC2019"), ("samm", "SAMM"), ("smic", "SMIC"), ("casme2", "CASME II")):
        for metric in ("uf1", "uar"):
            cell = cells["STSTNet [12]", f"{title} / {metric.upper()}"]
            assert cell["reproduced"] == value(project, "megc2019", "ststnet", scope, metric)
            assert (cell["origin"], cell["selection"], cell["status"]) == ("generated", "last", "built")
            assert (cell["folds"], cell["n"]) == (("6", "18") if scope == "full" else ("2", "6"))
    expected = value(project, "megc2019", "majority", "casme2", "uar")
    assert cells["majority (ours)", "CASME II / UAR"]["reproduced"] == expected
    planned = [row for (name, _), row in cells.items() if name != "STSTNet [12]" and "(ours)" not in name]
    assert {(row["reproduced"], row["origin"]) for row in planned} == {("", "")}
    assert cells["ICE-GAN", "SMIC / UF1"]["note"].startswith("no icegan in this run")

    before = project.digests()
    project.edit("params.yaml", STSTNET, f"{STSTNET}  lbp_top: {{image_size: 64}}\n")
    project.edit("params.yaml", "papers:\n  folds: 2", "papers:\n  folds: 1")
    assert project.jobs(OTHER) == {"train": 3, "evaluate": 3, "papers": 1}
    after = project.digests()
    assert {path: after[path] for path in before} == before
    new = {path.split("/")[3] for path in after if path not in before and "/train/" in path}
    assert new == {"loso_casme2_5", "loso_smic_3", "loso_samm_7"}
    cells = cells_of(project, OTHER)
    cell = cells["LBP-TOP [13]", "SMIC / Acc"]
    assert cell["reproduced"] == value(project, "loso_smic_3", "lbp_top", "full", "accuracy")
    assert (cell["published"], cell["origin"], cell["folds"], cell["n"]) == ("0.580", "generated", "1", "3")
    assert "at most 1 folds (papers.folds)" in cell["note"]
    assert cells["ours", "SMIC / Acc"]["note"].startswith("no mtmnet in this run")

    output = project.run("microexpr", "table", OTHER).stdout
    note = f"note: nothing here says with which params {OTHER} was made\n"
    assert output == (project.root / OTHER).with_suffix(".md").read_text(encoding="utf-8") + note
    assert all("generated" in line for line in output.splitlines() if cell["reproduced"] in line)


@pytest.mark.slow
def test_a_table_of_parts_trains_what_it_needs_alone(project):
    """Rows of MTMNet with and without its parts, each in a job of its own."""
    small = "image_size: 32, width: 2, features: 4, identities: 8, batch: 8, macro_source: mmi"
    epochs = "macro_epochs: 1, pretrain_epochs: 1, epochs: 1"
    rows = "{mmi: {}, tri_mmi: {adversarial_weight: 0}, lir_mmi: {triplet_weight: 0}}"
    project.edit("params.yaml", STSTNET, f"{STSTNET}  mtmnet: {{{small}, {epochs}}}\n")
    project.edit("params.yaml", "  variants: {} ", f"  variants: {{mtmnet: {rows}}} ")
    target = "results/papers/mtmnet/table3.csv"
    project.snakemake("--", target)
    cells = cells_of(project, target)
    cell = cells["L_EID / L_MTM", "MMI / UF1"]
    assert cell["reproduced"] == value(project, "megc2019", "mtmnet.mmi", "full", "uf1") and cell["folds"] == "2"
    assert "at most 2 folds (papers.folds)" in cell["note"] and "clips guided by mmi" in cell["note"]


@pytest.mark.slow
def test_movements_on_two_other_faces(project):
    """FAMGAN's task by the generator that saw none of whose movement is given, and one of its pages; then the generator
    that everyone trained, which has."""
    target, everyone = project.root / GIVEN, project.root / "results/refit/famgan.safetensors"
    project.snakemake("--", GIVEN, "results/refit/famgan.safetensors")
    rows = project.rows(GIVEN)
    sources, targets = ({row[column] for row in rows} for column in ("source", "target"))
    assert len(sources) == 9 and targets == {"woman", "man"}
    assert len({(row["source"].split("/")[0], row["class"]) for row in rows}) == 9  # of each data set and class one
    assert {(row["origin"], row["truth"]) for row in rows} == {("generated", "rendered")}
    assert {row["shown"] for row in rows} == {"asked", "made", "unchanged", "answer"}
    output = project.run("microexpr", "table", GIVEN).stdout
    page = target.with_suffix(".md").read_text(encoding="utf-8")
    assert output.startswith(page) and "Medians over 18 reenactments" in page and output.count("note: ") == 1
    for name in ("fig2", "fig3", "fig4", "fig5"):
        assert (target.parent / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    people = {source.rpartition("/")[0] for source in sources}
    first = project.root / "results/synthesise/famgan/groups/1of2.safetensors"
    for path, expected in ((first, set()), (everyone, people)):
        entries = generator_file.load(path).fitted_on
        assert {person for person in people if any(person in entry for entry in entries)} == expected
