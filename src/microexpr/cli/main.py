"""The command `microexpr`: its arguments, and errors as one line. What a subcommand does is in `commands`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from microexpr import __version__
from microexpr.cli import commands
from microexpr.core.errors import MicroexprError

SIGNALS = {  # pictures of one clip, each drawn by the module of plots of that name
    "landmarks": "a clip's landmarks before and after smoothing, its crop, and how far the head moves",
    "apex": "a clip's spotting scores and events by frame",
    "flow": "a clip's flow by either algorithm: direction, magnitude, strain, and what head motion was taken away",
    "motion": "a clip magnified, interpolated in time, and the frames around its apex",
    "aus": "a clip's action units: raw, smoothed, relative, and what a few pixels of image size change",
}
FOLDER = "folder to write into, new or not; files there that this command did not write are kept, or it refuses"


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 1 after one line `error: ...` about what a user can mend, or 2 for wrong arguments."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except MicroexprError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        if error.filename is None:
            raise
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)  # no permission, a name too long
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("microexpr", description="Micro-expression recognition: look at data and figures.")
    parser.add_argument("--version", action="version", version=f"microexpr {__version__}")
    known = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = known.add_parser("inspect", help="what is in an HDF5 file of ours, with axes and units")
    command.add_argument("file", metavar="FILE.h5", type=Path, help="any file under results/ or data/generated/truth/")
    instead = command.add_mutually_exclusive_group()
    instead.add_argument("--chain", action="store_true", help="instead, which people's clips it was fitted on")
    instead.add_argument(
        "--png", metavar="OUT.png", type=Path, help="instead, a picture of it: frames with landmarks, or curves"
    )
    _add_show_licensed_faces(command)
    _add_force(command)
    command.set_defaults(run=commands.inspect)

    command = known.add_parser("score", help="UF1 and UAR of an official MEGC2019 log, anyone's")
    command.add_argument(
        "log", metavar="LOG", type=Path, help="text: 'db sub' for each fold, then 'clip truth predicted'"
    )
    command.add_argument("--classes", metavar="K", type=int, default=3, help="in its protocol; default: %(default)s")
    command.set_defaults(run=commands.score)

    command = known.add_parser("check", help="whether a data set on disk is what its layout says, before hours of work")
    command.add_argument(
        "directory", metavar="DIR", type=Path, help="the data set's own folder, such as data/raw/casme2"
    )
    command.set_defaults(run=commands.check)

    command = known.add_parser("methods", help="every method: paper, inputs, size, protocols")
    command.set_defaults(run=commands.methods)

    command = known.add_parser("table", help="the MEGC2019 table, or a paper's, reproduced beside published figures")
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
        default=commands.TABLE,
        help="this, or results/papers/PAPER/TABLE.csv (default: %(default)s)",
    )
    command.set_defaults(run=commands.table)

    _add_transfer(known.add_parser("transfer", help="a clip's movement on another face: frames, film, curves, figures"))

    _add_film(known.add_parser("film", help="a video of somebody generated, with micro-expressions to be found in it"))

    _add_predict(
        known.add_parser("predict", help="micro-expressions in a video or folder of frames: when, which, what moved")
    )

    command = known.add_parser(
        "plot", help="the table, one clip's way through the stages, or everyone's face, as a PNG"
    )
    _add_plots(command.add_subparsers(title="pictures", required=True, metavar="PICTURE"))
    return parser


def _add_transfer(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--source", metavar="DATASET/SUBJECT/CLIP", required=True, help="whose movement: a clip of this run"
    )
    command.add_argument("--target", metavar="IMAGE", type=Path, required=True, help="whose face: a picture with one")
    command.add_argument("--out", metavar="DIR", type=Path, required=True, help=FOLDER)
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
    _add_force(command)
    command.set_defaults(run=commands.transfer)


def _add_predict(command: argparse.ArgumentParser) -> None:
    command.add_argument("footage", metavar="VIDEO|FOLDER", type=Path, help="one person's face, seen from the front")
    command.add_argument("--out", metavar="DIR", type=Path, required=True, help=FOLDER)
    command.add_argument(
        "--method",
        metavar="NAME",
        help="who names classes: results/final/NAME.safetensors (default: the shipped one)",
    )
    command.add_argument("--fps", type=float, help="frames a second, of a folder or where a video's header is wrong")
    command.add_argument(
        "--truth", metavar="FILE.csv", type=Path, help="what is there to be found, as `film` writes it: prints hits"
    )
    _add_force(command)
    command.set_defaults(run=commands.predict)


def _add_film(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "video", metavar="OUT.avi", type=Path, help="is written, and OUT.csv, which says what is where; see --force"
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
    _add_force(command)
    command.set_defaults(run=commands.film)


def _add_plots(pictures: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    picture = pictures.add_parser("table", help="results/megc2019_table.csv: UF1 with intervals, oracle, published")
    picture.add_argument("png", metavar="OUT.png", type=Path, help="is written; see --force")
    _add_force(picture)
    picture.set_defaults(run=commands.plot_table)

    picture = pictures.add_parser("clip", help="landmarks, apex, flow, action units and synthetic faces of a clip")
    picture.add_argument("clip", metavar="DATASET/SUBJECT/CLIP", help="such as casme2/sub01/EP05_06f")
    picture.add_argument("png", metavar="OUT.png", type=Path, help="is written; see --force")
    _add_show_licensed_faces(picture)
    _add_force(picture)
    picture.set_defaults(run=commands.plot_clip)

    for signal, what in SIGNALS.items():
        picture = pictures.add_parser(signal, help=what)
        picture.add_argument("clip", metavar="DATASET/SUBJECT/CLIP", help="such as casme2/sub01/EP05_06f")
        picture.add_argument("png", metavar="OUT.png", type=Path, help="is written; see --force")
        _add_show_licensed_faces(picture)
        _add_force(picture)
        picture.set_defaults(run=commands.plot_signal, signal=signal)

    picture = pictures.add_parser("training", help="a training's losses and test UF1 by epoch; these choose nothing")
    picture.add_argument(
        "shards",
        metavar="FILE.h5",
        type=Path,
        nargs="+",
        help="shards of one training: results/train/METHOD/PROTOCOL/*",
    )
    picture.add_argument("png", metavar="OUT.png", type=Path, help="is written; see --force")
    _add_force(picture)
    picture.set_defaults(run=commands.plot_training)

    picture = pictures.add_parser("faces", help="a contact sheet: each person's apex, and what moved, magnified")
    picture.add_argument("png", metavar="OUT.png", type=Path, help="is written; see --force")
    picture.add_argument(
        "--datasets", nargs="+", metavar="DATASET", help="only these (default: all of micro-expressions)"
    )
    _add_show_licensed_faces(picture)
    _add_force(picture)
    picture.set_defaults(run=commands.plot_faces)


def _add_show_licensed_faces(picture: argparse.ArgumentParser) -> None:
    picture.add_argument(
        "--show-licensed-faces", action="store_true", help="draw people too, where their licence allows it"
    )


def _add_force(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--force",
        action="store_true",
        help="replace also files that this command did not write, or that were changed since; inputs never",
    )
