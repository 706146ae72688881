"""What a run leaves behind for the report, made by hand: two methods, four clips of two people, one of them shown."""

from pathlib import Path
from typing import Any

from composites_of_truth import clip as measured
from test_journey import results

from microexpr import store, tables
from microexpr.clip import LABELS
from microexpr.evaluation import CONFUSION, FULL, PREDICTIONS, curves, pairs
from microexpr.evaluation.rows import FACES, write_faces
from microexpr.report import Asked
from microexpr.truth import pool

METHODS = ("majority", "icegan")
SAID = {"majority": ("negative", "negative"), "icegan": ("positive", "surprise")}  # last, oracle; of every clip
EPOCHS = 3


def run(
    root: Path, origin: str = "generated", name: str = "a", emotion: str = "happiness", show: bool = False
) -> Asked:
    """Files below root/results and root/work/times, and what a page of them is asked to show: clip `name`."""
    clips = results(root, origin, (name, "b"), emotion)
    folder, base = root / "results", root / "results/evaluate/megc2019"
    text = {"origin": origin, "selection": "last", "protocol": "megc2019", "seeds": "1", "folds": "2", "clips": "4"}
    rows = [
        dict.fromkeys(tables.COLUMNS, "")
        | text
        | {cell: "0.5000" for cell in tables.CELLS + tables.INTERVALS}
        | {f"oracle_{cell}": "0.6000" for cell in tables.CELLS}
        | {"method": method, "published_full_uf1": "0.8450" if method == "icegan" else ""}
        for method in METHODS
    ]
    store.write_text(folder / "megc2019_table.csv", tables.to_csv(rows))
    figures = {"difference": 0.1, "low": -0.1, "high": 0.3, "p": 0.5, "p_holm": 0.5}
    pair = {"first": "majority", "second": "icegan", "metric": "uf1", "clips": 4, "subjects": 2, "origin": origin}
    pairs.write(folder / "megc2019_paired.csv", [pair | figures | {"selection": "last", "seeds": 1}])
    ids = [clip.id for clip in clips] + ["smic/s01/c", "smic/s01/d"]
    for method, said in SAID.items():
        kinds = dict(zip(("last", "oracle_best_test"), said, strict=True))
        given: list[dict[str, Any]] = [
            {"selection": kind, "origin": origin, "seed": 0, "clip": one, "truth": "positive", "predicted": word}
            for kind, word in kinds.items()
            for one in ids
        ]
        store.write_csv(base / f"{method}_predictions.csv", PREDICTIONS, given)
        counted = [
            {"selection": kind, "scope": scope, "truth": true, "predicted": guess,
             "clips": clips_of * (true == "positive" and guess == word)}
            for kind, word in kinds.items()
            for scope, clips_of in ((FULL, 4), ("casme2", 2), ("smic", 2))
            for true in LABELS
            for guess in LABELS
        ]  # fmt: skip
        store.write_csv(base / f"{method}_confusion.csv", CONFUSION, counted)
        course = [{"epoch": epoch, "loss": f"{1 / epoch:.6f}", "uf1": "0.500000"} for epoch in range(1, EPOCHS + 1)]
        store.write_csv(base / "curves" / f"{method}.csv", curves.COLUMNS, course)
        about = {"method": method, "protocol": "megc2019", "origin": origin}
        with store.create(folder / f"train/{method}/megc2019/1of1.h5", "train", {}, **about) as file:
            file.group("casme2/sub01").put("fitted_on", [f"{origin}/smic/s01/*"])
    blank = dict.fromkeys(FACES, "") | {"made": 3, "true": 2, "folds": 2, "low": None, "high": None}
    face = blank | {"method": "icegan", "origin": origin, "scope": FULL, "metric": "ssim"}
    write_faces(base / "icegan_faces.csv", [face | {"faces": kind, "value": 0.5} for kind in ("made", "neutral")])
    store.write_text(root / "work/times/train/icegan/1of1.tsv", "s\tmax_rss\tcpu_time\n12.5\t300\t7.5\n")
    store.write_text(root / "work/times/flow/casme2/sub01.tsv", "s\tmax_rss\tcpu_time\n2\t-\tNA\n")
    for stage, lines in pool.tables([measured("casme2", "easy")]).items():
        store.write_text(folder / f"signal_benchmark/{stage}.csv", pool.to_csv(lines))
    return Asked(
        protocol="megc2019",
        methods=METHODS,
        shards={method: [str(folder / f"train/{method}/megc2019/1of1.h5")] for method in METHODS},
        synthesising={"icegan": [str(folder / "synthesise/icegan/megc2019/1of1.h5")]},
        clips=[clips[0].id],
        show_licensed_faces=show,
        params={"seed": 1, "report": {"clips": [], "show_licensed_faces": show}},
        truth={stage: str(folder / f"signal_benchmark/{stage}.csv") for stage in ("landmarks", "apex", "aus", "flow")},
    )
