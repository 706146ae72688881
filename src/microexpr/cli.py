"""The command `microexpr`: looks at files and figures. Parses arguments and prints; whatever it shows is made below.

Rooms are imported inside the subcommands, so that `--help` is at once there.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from microexpr import __version__
from microexpr.errors import MicroexprError, nearest

if TYPE_CHECKING:
    from microexpr.clip import Clip

RESULTS = Path("results")  # from the project's folder
EVALUATIONS = RESULTS / "evaluate/megc2019"  # where the evaluate stage writes
TABLE = RESULTS / "megc2019_table.csv"
PAIRED = RESULTS / "megc2019_paired.csv"
SYNTHETIC = RESULTS / "synth/icegan/megc2019"  # whose faces a clip's picture shows
SIGNALS = {  # pictures of one clip, each drawn by the module of plots of that name
    "landmarks": "a clip's landmarks before and after smoothing, its crop, and how far the head moves",
    "apex": "a clip's spotting scores and events by frame",
    "flow": "a clip's flow by either algorithm: direction, magnitude, strain, and what head motion was taken away",
    "motion": "a clip magnified, interpolated in time, and the frames around its apex",
    "aus": "a clip's action units: raw, smoothed, relative, and what a few pixels of image size change",
}


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 1 after one line `error: ...` about what a user can mend, or 2 for wrong arguments."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except MicroexprError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("microexpr", description="Micro-expression recognition: look at data and figures.")
    parser.add_argument("--version", action="version", version=f"microexpr {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = commands.add_parser("inspect", help="what is in an HDF5 file of ours, with axes and units")
    command.add_argument("file", metavar="FILE.h5", type=Path, help="any file under results/ or data/generated/truth/")
    instead = command.add_mutually_exclusive_group()
    instead.add_argument("--chain", action="store_true", help="instead, which people's clips it was fitted on")
    instead.add_argument(
        "--png", metavar="OUT.png", type=Path, help="instead, a picture of it: frames with landmarks, or curves"
    )
    _add_show_licensed_faces(command)
    command.set_defaults(run=_inspect)

    command = commands.add_parser("score", help="UF1 and UAR of an official MEGC2019 log, anyone's")
    command.add_argument(
        "log", metavar="LOG", type=Path, help="text: 'db sub' for each fold, then 'clip truth predicted'"
    )
    command.add_argument("--classes", metavar="K", type=int, default=3, help="in its protocol; default: %(default)s")
    command.set_defaults(run=_score)

    command = commands.add_parser(
        "check", help="whether a data set on disk is what its layout says, before hours of work"
    )
    command.add_argument(
        "directory", metavar="DIR", type=Path, help="the data set's own folder, such as data/raw/casme2"
    )
    command.set_defaults(run=_check)

    command = commands.add_parser("methods", help="every method: paper, inputs, size, protocols")
    command.set_defaults(run=_methods)

    command = commands.add_parser("table", help="the MEGC2019 table, or a paper's, reproduced beside published figures")
    either = command.add_mutually_exclusive_group()
    either.add_argument(
        "--methods",
        nargs="+",
        metavar="METHOD",
        help="only these, as evaluated (default: results/megc2019_table.csv)",
    )
    either.add_argument(
        "table",
        metavar="TABLE.csv",
        type=Path,
        nargs="?",
        default=TABLE,
        help="this, or results/papers/PAPER/TABLE.csv (default: %(default)s)",
    )
    command.set_defaults(run=_table)

    _add_transfer(
        commands.add_parser("transfer", help="a clip's movement on another face: frames, film, curves, figures")
    )

    _add_film(
        commands.add_parser("film", help="a video of somebody generated, with micro-expressions to be found in it")
    )

    _add_predict(
        commands.add_parser("predict", help="micro-expressions in a video or folder of frames: when, which, what moved")
    )

    command = commands.add_parser(
        "plot", help="the table, one clip's way through the stages, or everyone's face, as a PNG"
    )
    _add_plots(command.add_subparsers(title="pictures", required=True, metavar="PICTURE"))
    return parser


def _add_transfer(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--source", metavar="DATASET/SUBJECT/CLIP", required=True, help="whose movement: a clip of this run"
    )
    command.add_argument("--target", metavar="IMAGE", type=Path, required=True, help="whose face: a picture with one")
    command.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder that is written")
    command.add_argument(
        "--weights",
        metavar="FILE.safetensors",
        type=Path,
        help="a generator: results/final/famgan.safetensors, results/synth/famgan/groups/* (default: the shipped one)",
    )
    command.add_argument(
        "--super-resolution",
        choices=("lanczos", "realsr"),
        default="lanczos",
        help="how what is painted is brought to the picture's size (default: %(default)s)",
    )
    command.set_defaults(run=_transfer)


def _add_predict(command: argparse.ArgumentParser) -> None:
    command.add_argument("footage", metavar="VIDEO|FOLDER", type=Path, help="one person's face, seen from the front")
    command.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder that is written")
    command.add_argument(
        "--method",
        metavar="NAME",
        help="who names classes: results/final/NAME.safetensors (default: the shipped one)",
    )
    command.add_argument("--fps", type=float, help="frames a second, of a folder or where a video's header is wrong")
    command.add_argument(
        "--truth", metavar="FILE.csv", type=Path, help="what is there to be found, as `film` writes it: prints hits"
    )
    command.set_defaults(run=_predict)


def _add_film(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "video", metavar="OUT.avi", type=Path, help="is written, and OUT.csv, which says what is where"
    )
    command.add_argument("--seed", type=int, default=1, help="another one is somebody else (default: %(default)s)")
    command.add_argument("--seconds", type=float, default=60, help="length (default: %(default)s)")
    command.add_argument("--fps", type=int, default=100, help="frames a second (default: %(default)s)")
    command.add_argument("--micro", type=int, default=5, help="micro-expressions (default: %(default)s)")
    command.add_argument("--macro", type=int, default=3, help="macro-expressions (default: %(default)s)")
    command.add_argument("--blinks", type=int, default=10, help="blinks (default: %(default)s)")
    command.add_argument(
        "--difficulty", choices=("easy", "standard", "hard"), default="standard", help="(default: %(default)s)"
    )
    command.set_defaults(run=_film)


def _add_plots(pictures: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    picture = pictures.add_parser("table", help="results/megc2019_table.csv: UF1 with intervals, oracle, published")
    picture.add_argument("png", metavar="OUT.png", type=Path, help="is written")
    picture.set_defaults(run=_plot_table)

    picture = pictures.add_parser("clip", help="landmarks, apex, flow, action units and synthetic faces of a clip")
    picture.add_argument("clip", metavar="DATASET/SUBJECT/CLIP", help="such as casme2/sub01/EP05_06f")
    picture.add_argument("png", metavar="OUT.png", type=Path, help="is written")
    _add_show_licensed_faces(picture)
    picture.set_defaults(run=_plot_clip)

    for signal, what in SIGNALS.items():
        picture = pictures.add_parser(signal, help=what)
        picture.add_argument("clip", metavar="DATASET/SUBJECT/CLIP", help="such as casme2/sub01/EP05_06f")
        picture.add_argument("png", metavar="OUT.png", type=Path, help="is written")
        _add_show_licensed_faces(picture)
        picture.set_defaults(run=_plot_signal, signal=signal)

    picture = pictures.add_parser("training", help="a training's losses and test UF1 by epoch; these choose nothing")
    picture.add_argument(
        "shards",
        metavar="FILE.h5",
        type=Path,
        nargs="+",
        help="shards of one training: results/train/METHOD/PROTOCOL/*",
    )
    picture.add_argument("png", metavar="OUT.png", type=Path, help="is written")
    picture.set_defaults(run=_plot_training)

    picture = pictures.add_parser("faces", help="a contact sheet: each person's apex, and what moved, magnified")
    picture.add_argument("png", metavar="OUT.png", type=Path, help="is written")
    picture.add_argument(
        "--datasets", nargs="+", metavar="DATASET", help="only these (default: all of micro-expressions)"
    )
    _add_show_licensed_faces(picture)
    picture.set_defaults(run=_plot_faces)


def _add_show_licensed_faces(picture: argparse.ArgumentParser) -> None:
    picture.add_argument(
        "--show-licensed-faces", action="store_true", help="draw people too, where their licence allows it"
    )


def _inspect(arguments: argparse.Namespace) -> int:
    if arguments.png:
        from microexpr.plots import contents

        contents.write(arguments.file, arguments.png, arguments.show_licensed_faces)
        return 0
    from rich.console import Console

    from microexpr import inspection

    Console().print((inspection.chain if arguments.chain else inspection.tree)(arguments.file))
    return 0


def _score(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from microexpr import official

    if not arguments.log.is_file():
        raise MicroexprError(f"{arguments.log}: is not a file")
    table = Table("data set", *(column for column in ("clips", "UF1", "UAR", "accuracy")))
    text, classes = arguments.log.read_text(encoding="utf-8", errors="replace"), arguments.classes
    for scope, row in official.scores(official.read(text, str(arguments.log), classes), classes).items():
        figures = (f"{row[metric]:.4f}" for metric in ("uf1", "uar", "accuracy"))
        table.add_row(scope, f"{row['clips']:.0f}", *figures)
    Console().print(table)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from microexpr.datasets.check import check

    found = check(arguments.directory)
    for line in (*found.counts, *(f"note: {note}" for note in found.notes), *found.problems):
        print(line)
    good = "as published" if found.published else "readable; no counts are published to hold it to"
    number = len(found.problems)
    what = f"{number} problem{'s' * (number > 1)}" if number else good
    print(f"{arguments.directory}: {what}")
    return 1 if found.problems else 0


def _methods(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from microexpr import catalogue

    table = Table("method", "paper", "inputs of a clip", "parameters / M", "protocols")
    for row in catalogue.methods():
        table.add_row(*row)
    Console().print(table)
    return 0


def _table(arguments: argparse.Namespace) -> int:
    if not arguments.methods and arguments.table.parts[-3:-2] == ("papers",):
        return _paper_table(arguments.table)
    from microexpr import evaluation, index, tables
    from microexpr.datasets import MICRO
    from microexpr.evaluation import pairs
    from microexpr.evaluation.rows import read_faces

    if arguments.methods:
        rows = tables.megc2019({name: evaluation.read(EVALUATIONS / f"{name}.csv") for name in arguments.methods})
    else:
        rows = tables.read(arguments.table)
    print(tables.markdown(rows), end="")
    if not arguments.methods and arguments.table == TABLE and PAIRED.exists():
        print(tables.told_apart(rows, pairs.read(PAIRED)), end="")
    for faces in (EVALUATIONS / f"{row['method']}_faces.csv" for row in rows):
        if faces.exists():
            print(tables.made_faces(read_faces(faces), faces))
    if note := tables.look_alikes(RESULTS / "people/duplicates.csv"):
        print(f"note: {note}")
    for path in (RESULTS / "index" / f"{name}.csv" for name in MICRO):
        for reason in index.left_out(path).values() if path.exists() else ():
            print(f"left out: {reason}")
    return 0


def _paper_table(path: Path) -> int:
    from microexpr.papers import TARGETS, page

    paper, table = path.parent.name, path.stem
    if table in TARGETS.get(paper, {}):
        print(page.markdown(paper, table, page.read(path)), end="")
    elif (ours := path.with_suffix(".md")).is_file():  # which no paper prints
        print(ours.read_text(encoding="utf-8"), end="")
    else:
        raise MicroexprError(f"{path}: is not there; `snakemake --cores all {path}` makes what can be made")
    return 0


def _plot_table(arguments: argparse.Namespace) -> int:
    from microexpr import tables
    from microexpr.plots import table

    table.write(tables.read(TABLE), arguments.png)
    return 0


def _plot_clip(arguments: argparse.Namespace) -> int:
    from microexpr import journey
    from microexpr.plots import journey as picture

    clip = _indexed(arguments.clip)
    files = {stage: RESULTS / stage / clip.dataset / f"{clip.subject}.h5" for stage in journey.STAGES}
    walked = journey.read(clip, files, sorted(SYNTHETIC.glob("*.h5")))
    picture.write(walked, arguments.png, arguments.show_licensed_faces)
    return 0


def _plot_training(arguments: argparse.Namespace) -> int:
    from microexpr.evaluation import curves
    from microexpr.plots import training

    training.write(curves.read(map(str, arguments.shards)), arguments.png)
    return 0


def _plot_signal(arguments: argparse.Namespace) -> int:
    from importlib import import_module

    import cv2

    from microexpr.plots.drawing import refuse_licensed

    cv2.setNumThreads(1)  # as in a run

    clip = _indexed(arguments.clip)
    refuse_licensed([clip], arguments.show_licensed_faces)
    import_module(f"microexpr.plots.{arguments.signal}").write(clip, RESULTS, arguments.png)
    return 0


def _transfer(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from microexpr.evaluation import transfers
    from microexpr.plots import famgan
    from microexpr.transfer import alone, folder

    clip = _indexed(arguments.source)
    console = Console()
    with console.status("[1/3] reading the source's action units"):
        source = alone.source(clip, RESULTS)
    with console.status("[2/3] painting"):
        made = alone.transferred(source, arguments.target, arguments.weights, arguments.super_resolution)
    with console.status("[3/3] measuring"):
        rows, changed = transfers.of_one(made.transfer, made.reader)
        files = folder.write(arguments.out, made.transfer, changed, rows)
        famgan.alone(arguments.out / "transfer.png", made.transfer, changed)
    for line in (*made.said, *transfers.told(rows)):
        print(line)
    print("written: " + ", ".join(map(str, [*files, arguments.out / "transfer.png"])))
    return 0


def _film(arguments: argparse.Namespace) -> int:
    from rich.progress import Progress

    from microexpr import params
    from microexpr.generated import film, take

    own = {name: value for name, value in vars(arguments).items() if name in take.Params.model_fields}
    with Progress(transient=True) as bar:
        task = bar.add_task(str(arguments.video))
        truth = film.write(
            arguments.video,
            params.validated(take.Params, own, "film", "--"),
            arguments.seed,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    print(f"written: {arguments.video}, {truth}; generated, no person is shown")
    return 0


def _predict(arguments: argparse.Namespace) -> int:
    from rich.progress import Progress, TimeElapsedColumn

    from microexpr import prediction, spotting
    from microexpr.plots import prediction as picture
    from microexpr.prediction import annotated, domain, footage, written
    from microexpr.spotting import hits

    models = prediction.Models.loaded(arguments.method, RESULTS / "final")
    for line in (*models.told, *domain.NOTICE):
        print(line)
    shown = footage.opened(arguments.footage, arguments.fps)
    true = None if arguments.truth is None else written.true_spans(arguments.truth)
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, total: int) -> None:
            task = tasks[what] = tasks.get(what) or bar.add_task(what)
            bar.update(task, completed=done, total=total)

        made = prediction.predicted(shown, models, progress)
        files = written.write(arguments.out, made, models)
        picture.write(made, spotting.Params().height, arguments.out / "prediction.png")
        film = annotated.write(arguments.out / "annotated.avi", made, progress)
    for warning in made.warnings:
        print(f"warning: {warning}")
    for line in written.lines(made):
        print(line)
    if true is not None:
        print(hits.told(hits.count(made.spans, true)))
    print("written: " + ", ".join(map(str, [*files, arguments.out / "prediction.png", film])))
    return 0


def _indexed(name: str) -> "Clip":
    """The clip of this id, from its data set's index."""
    from microexpr import index

    if name.count("/") != 2:
        raise MicroexprError(f"a clip must be written DATASET/SUBJECT/CLIP, not {name}")
    table = RESULTS / "index" / f"{name.split('/')[0]}.csv"
    clips = {clip.id: clip for clip in index.read(table)}
    if reason := index.left_out(table).get(name):
        raise MicroexprError(f"{name} was left out: {reason}")
    if name not in clips:
        raise MicroexprError(f"clip must be one of {table}, not {name}{nearest(name, clips)}")
    return clips[name]


def _plot_faces(arguments: argparse.Namespace) -> int:
    from microexpr import index, sheet
    from microexpr.datasets import MICRO
    from microexpr.plots import sheet as picture

    tables = [RESULTS / "index" / f"{name}.csv" for name in arguments.datasets or MICRO]
    clips = [clip for table in tables if arguments.datasets or table.exists() for clip in index.read(table)]
    picture.write(sheet.entries(clips, RESULTS), arguments.png, arguments.show_licensed_faces)
    return 0
