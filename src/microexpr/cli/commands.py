"""What each subcommand of `microexpr` does with its arguments: calls the room that does it, and prints.

Rooms are imported inside the functions, so that a command loads no more than it needs.
"""

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from microexpr.core import outputs
from microexpr.core.errors import MicroexprError, nearest

if TYPE_CHECKING:
    from microexpr.core.clip import Clip

RESULTS = Path("results")  # from the project's folder
EVALUATIONS = RESULTS / "evaluate/megc2019"  # where the evaluate stage writes
TABLE = RESULTS / "megc2019_table.csv"
PAIRED = RESULTS / "megc2019_paired.csv"
SYNTHETIC = RESULTS / "synth/icegan/megc2019"  # whose faces a clip's picture shows
PREDICTED = ("intervals.csv", "intervals.json", "action_units.csv", "prediction.png", "annotated.avi")
TRANSFERRED = ("transfer.mp4", "transfer.gif", "curves.csv", "metrics.csv", "transfer.png")


def inspect(arguments: argparse.Namespace) -> int:
    if arguments.png:
        with _picture(arguments, [arguments.file]) as png:
            from microexpr.reporting.plots import contents

            contents.write(arguments.file, png, arguments.show_licensed_faces)
        return 0
    from rich.console import Console

    from microexpr.reporting import inspect as inspection

    Console().print((inspection.chain if arguments.chain else inspection.tree)(arguments.file))
    return 0


def score(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from microexpr.evaluation import megc_log

    if not arguments.log.is_file():
        raise MicroexprError(f"{arguments.log}: is not a file")
    table = Table("data set", *(column for column in ("clips", "UF1", "UAR", "accuracy")))
    text, classes = arguments.log.read_text(encoding="utf-8", errors="replace"), arguments.classes
    for scope, row in megc_log.scores(megc_log.read(text, str(arguments.log), classes), classes).items():
        figures = (f"{row[metric]:.4f}" for metric in ("uf1", "uar", "accuracy"))
        table.add_row(scope, f"{row['clips']:.0f}", *figures)
    Console().print(table)
    return 0


def check(arguments: argparse.Namespace) -> int:
    from microexpr.datasets.check import check

    found = check(arguments.directory)
    for line in (*found.counts, *(f"note: {note}" for note in found.notes), *found.problems):
        print(line)
    good = "as published" if found.published else "readable; no counts are published to hold it to"
    number = len(found.problems)
    what = f"{number} problem{'s' * (number > 1)}" if number else good
    print(f"{arguments.directory}: {what}")
    return 1 if found.problems else 0


def methods(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from microexpr.reporting import method_list

    table = Table("method", "paper", "inputs of a clip", "parameters / M", "protocols")
    for row in method_list.methods():
        table.add_row(*row)
    Console().print(table)
    return 0


def table(arguments: argparse.Namespace) -> int:
    if not arguments.methods and arguments.table.parts[-3:-2] == ("papers",):
        return _paper_table(arguments.table)
    from microexpr import evaluation
    from microexpr.datasets import MICRO, index
    from microexpr.evaluation import pairs
    from microexpr.evaluation.rows import read_faces
    from microexpr.reporting import main_table

    if arguments.methods:
        rows = main_table.megc2019({name: evaluation.read(EVALUATIONS / f"{name}.csv") for name in arguments.methods})
    else:
        rows = main_table.read(arguments.table)
    print(main_table.markdown(rows), end="")
    if not arguments.methods and arguments.table == TABLE and PAIRED.exists():
        print(main_table.told_apart(rows, pairs.read(PAIRED)), end="")
    for faces in (EVALUATIONS / f"{row['method']}_faces.csv" for row in rows):
        if faces.exists():
            print(main_table.made_faces(read_faces(faces), faces))
    if note := main_table.look_alikes(RESULTS / "people/duplicates.csv"):
        print(f"note: {note}")
    for path in (RESULTS / "index" / f"{name}.csv" for name in MICRO):
        for reason in index.left_out(path).values() if path.exists() else ():
            print(f"left out: {reason}")
    return 0


def _paper_table(path: Path) -> int:
    from microexpr.reporting.papers import TARGETS, page

    paper, table = path.parent.name, path.stem
    if table in TARGETS.get(paper, {}):
        print(page.markdown(paper, table, page.read(path)), end="")
    elif (ours := path.with_suffix(".md")).is_file():  # which no paper prints
        print(ours.read_text(encoding="utf-8"), end="")
    else:
        raise MicroexprError(f"{path}: is not there; `snakemake --cores all {path}` makes what can be made")
    return 0


def plot_table(arguments: argparse.Namespace) -> int:
    with _picture(arguments, [TABLE]) as png:
        from microexpr.reporting import main_table
        from microexpr.reporting.plots import table

        table.write(main_table.read(TABLE), png)
    return 0


def plot_clip(arguments: argparse.Namespace) -> int:
    synthetic = sorted(SYNTHETIC.glob("*.h5"))
    with _picture(arguments, [*_files_of(arguments.clip), *synthetic]) as png:
        from microexpr.reporting import journey
        from microexpr.reporting.plots import journey as picture

        clip = _indexed(arguments.clip)
        files = {stage: RESULTS / stage / clip.dataset / f"{clip.subject}.h5" for stage in journey.STAGES}
        walked = journey.read(clip, files, synthetic)
        picture.write(walked, png, arguments.show_licensed_faces)
    return 0


def plot_training(arguments: argparse.Namespace) -> int:
    with _picture(arguments, arguments.shards) as png:
        from microexpr.evaluation import curves
        from microexpr.reporting.plots import training

        training.write(curves.read(map(str, arguments.shards)), png)
    return 0


def plot_signal(arguments: argparse.Namespace) -> int:
    with _picture(arguments, _files_of(arguments.clip)) as png:
        from importlib import import_module

        import cv2

        from microexpr.reporting.plots.drawing import refuse_licensed

        cv2.setNumThreads(1)  # as in a run

        clip = _indexed(arguments.clip)
        refuse_licensed([clip], arguments.show_licensed_faces)
        import_module(f"microexpr.reporting.plots.{arguments.signal}").write(clip, RESULTS, png)
    return 0


def transfer(arguments: argparse.Namespace) -> int:
    read = [arguments.target, *_files_of(arguments.source), *filter(None, [arguments.weights])]
    out = outputs.folder(arguments.out, "transfer", TRANSFERRED, read, arguments.force, "frames/[0-9]*.png")
    from rich.console import Console

    from microexpr.apps.reenact import alone, folder
    from microexpr.apps.reenact import evaluation as transfers
    from microexpr.reporting.plots import famgan

    clip = _indexed(arguments.source)
    console = Console()
    with console.status("[1/3] reading the source's action units"):
        source = alone.source(clip, RESULTS)
    with console.status("[2/3] painting"):
        made = alone.transferred(source, arguments.target, arguments.weights, arguments.super_resolution)
    with console.status("[3/3] measuring"), outputs.written(out) as part:
        rows, changed = transfers.result_rows(made.transfer, made.reader)
        folder.write(part, made.transfer, changed, rows)
        famgan.alone(part / "transfer.png", made.transfer, changed)
    for line in (*made.said, *transfers.summary_lines(rows)):
        print(line)
    print("written: " + ", ".join(map(str, out.paths)))
    return 0


def film(arguments: argparse.Namespace) -> int:
    out = outputs.film(arguments.video, arguments.force)
    from rich.progress import Progress

    from microexpr.cli import config
    from microexpr.rendering import film, take

    own = {name: value for name, value in vars(arguments).items() if name in take.Params.model_fields}
    with Progress(transient=True) as bar, outputs.written(out) as part:
        task = bar.add_task(str(arguments.video))
        film.write(
            part / out.names[0],
            config.validated(take.Params, own, "film", "--"),
            arguments.seed,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    print(f"written: {', '.join(map(str, out.paths))}; generated, no person is shown")
    return 0


def predict(arguments: argparse.Namespace) -> int:
    read = [arguments.footage, arguments.truth, arguments.method and RESULTS / f"final/{arguments.method}.safetensors"]
    out = outputs.folder(arguments.out, "predict", PREDICTED, filter(None, read), arguments.force)
    from rich.progress import Progress, TimeElapsedColumn

    from microexpr.apps import predict as prediction
    from microexpr.apps.predict import annotated, domain, footage, written
    from microexpr.reporting.plots import prediction as picture
    from microexpr.signals import spotting
    from microexpr.signals.spotting import hits

    shown = footage.opened(arguments.footage, arguments.fps)
    true = None if arguments.truth is None else written.true_spans(arguments.truth)
    models = prediction.Models.loaded(arguments.method, RESULTS / "final")
    for line in (*models.told, *domain.NOTICE):
        print(line)
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, total: int) -> None:
            task = tasks[what] = tasks.get(what) or bar.add_task(what)
            bar.update(task, completed=done, total=total)

        made = prediction.predicted(shown, models, progress)
        with outputs.written(out) as part:
            written.write(part, made, models)
            picture.write(made, spotting.Params().height, part / "prediction.png")
            annotated.write(part / "annotated.avi", made, progress)
    for warning in made.warnings:
        print(f"warning: {warning}")
    for line in written.lines(made):
        print(line)
    if true is not None:
        print(hits.summary(hits.count(made.spans, true)))
    print("written: " + ", ".join(map(str, out.paths)))
    return 0


def _indexed(name: str) -> "Clip":
    """The clip of this id, from its data set's index."""
    from microexpr.datasets import index

    if name.count("/") != 2:
        raise MicroexprError(f"a clip must be written DATASET/SUBJECT/CLIP, not {name}")
    table = RESULTS / "index" / f"{name.split('/')[0]}.csv"
    clips = {clip.id: clip for clip in index.read(table)}
    if reason := index.left_out(table).get(name):
        raise MicroexprError(f"{name} was left out: {reason}")
    if name not in clips:
        raise MicroexprError(f"clip must be one of {table}, not {name}{nearest(name, clips)}")
    return clips[name]


def plot_faces(arguments: argparse.Namespace) -> int:
    with _picture(arguments, [*RESULTS.glob("index/*.csv"), *RESULTS.glob("*/*/*.h5")]) as png:
        from microexpr.datasets import MICRO, index
        from microexpr.reporting import sheet
        from microexpr.reporting.plots import sheet as picture

        tables = [RESULTS / "index" / f"{name}.csv" for name in arguments.datasets or MICRO]
        clips = [clip for table in tables if arguments.datasets or table.exists() for clip in index.read(table)]
        picture.write(sheet.entries(clips, RESULTS), png, arguments.show_licensed_faces)
    return 0


@contextmanager
def _picture(arguments: argparse.Namespace, inputs: Iterable[Path]) -> Iterator[Path]:
    """Where to write the picture that the arguments name; it is moved to its name when the block ends."""
    out = outputs.png(arguments.png, inputs, arguments.force)
    with outputs.written(out) as part:
        yield part / out.names[0]


def _files_of(clip: str) -> list[Path]:
    """The files of a run that a command may read for a clip of this id."""
    dataset, subject, _ = clip.split("/") if clip.count("/") == 2 else ("", "", "")
    return [RESULTS / "index" / f"{dataset}.csv", *(folder / dataset / f"{subject}.h5" for folder in RESULTS.glob("*"))]
