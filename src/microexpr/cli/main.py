"""The command `microexpr`: its arguments, and errors as one line. The subcommands are in `commands`."""

import argparse
import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from microexpr import __version__
from microexpr.cli import commands
from microexpr.cli.parser import Parser
from microexpr.core import arithmetic, extras
from microexpr.core.clip import LABELS
from microexpr.core.errors import MicroexprError, printable

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Parser]

SIGNALS = {  # plots of one clip, each by the module of plots of that name
    "landmarks": "a clip's landmarks before and after smoothing, its crop, and the head pose",
    "apex": "a clip's spotting scores and events by frame",
    "flow": "a clip's flow by either algorithm: direction, magnitude, strain, and the head motion that was removed",
    "motion": "a clip magnified, interpolated in time, and the frames around its apex",
    "aus": "a clip's action units: raw, smoothed, relative, and the effect of image size",
}
FOLDER = "folder to write into, new or existing; the command refuses to replace files that it did not write"
WRITTEN = "is written, as .png, .svg, .pdf or .jpg; see --force"
CLIP = "DATASET/SUBJECT/CLIP"
EXIT_CODES = """
exit codes, of several inputs:
  0  all were read
  1  one that should be readable was not, or nothing was read
  3  all recordings were read, and other files were left out
Each file that was not read is named on the screen and in the table, with the reason. What was done before is kept."""


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit code: 0; 1 after one line `error: ...` that a user can act on; 2 for wrong arguments; 3 if files
    were left out; 130 after Ctrl-C. A closed pipe, as of `| head`, is 1 without a line."""
    try:
        with _flushed_output():
            arguments = _parser().parse_args(argv)
            if argv is None:  # this process is the command's own
                arithmetic.pin()
            return int(arguments.run(arguments))
    except MicroexprError as error:
        print(f"error: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        if not (why := extras.remedy(error)):
            raise
        print(f"error: {why}", file=sys.stderr)
    except BrokenPipeError:
        pass
    except OSError as error:
        if error.filename is None:
            raise
        path = printable(str(error.filename))
        print(f"error: {path}: {error.strerror}", file=sys.stderr)  # no permission, a name too long
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    return 1


@contextmanager
def _flushed_output() -> Iterator[None]:
    """Flush standard output at the end; where that fails, discard it, or the interpreter would try again and say so.

    Opens a standard stream that is closed (`>&-`), or the next file that is opened would get what is printed."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), "w"))
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is None and error.errno in (errno.EPIPE, errno.ENOSPC):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            error.filename = "standard output"
        raise


def _whole(least: int, most: int) -> Callable[[str], int]:
    """Return a function that reads a whole number of this range, as argparse expects it."""

    def number(text: str) -> int:
        if not least <= (value := int(text)) <= most:
            raise argparse.ArgumentTypeError(f"must be {least} to {most}, not {value}")
        return value

    return number


def _strength(text: str) -> float:
    if not 0 <= (value := float(text)) <= 10:  # nor NaN
        raise argparse.ArgumentTypeError(f"must be 0 to 10, not {text}")
    return value


def _face_number(text: str) -> int | str:
    if text != "all" and not (text.isdecimal() and 1 <= int(text) <= 1000):
        raise argparse.ArgumentTypeError(f"must be 1 to 1000, or all, not {text}")
    return text if text == "all" else int(text)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "microexpr",
        description="Micro-expression recognition and synthesis: use it on videos and photographs, inspect data and "
        "results.",
        examples=(
            "microexpr film take.avi                     # a rendered video with micro-expressions",
            "microexpr predict take.avi --out predicted  # the micro-expressions in a video",
            "microexpr predict --help                    # the arguments of one command",
        ),
    )
    parser.add_argument("-V", "--version", action="version", version=f"microexpr {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_inspect(subparsers)
    _add_score(subparsers)
    _add_check(subparsers)
    _add_methods(subparsers)
    _add_doctor(subparsers)
    _add_table(subparsers)
    _add_reenact(subparsers)
    _add_film(subparsers)
    _add_predict(subparsers)
    _add_measure(subparsers)
    _add_plot(subparsers)
    _add_completion(subparsers, parser)
    _add_help(subparsers, parser)
    return parser


def _add(subparsers: "Subparsers", name: str, summary: str, examples: Sequence[str], ending: str = "") -> Parser:
    """Return the parser of a new command, described by its line in the list of commands."""
    return subparsers.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", examples=examples, ending=ending
    )


def _add_inspect(subparsers: "Subparsers") -> None:
    command = _add(
        subparsers,
        "inspect",
        "the contents of an HDF5 file of this project, with axes and units, or of weights",
        (
            "microexpr inspect results/apex/casme2/sub01.h5",
            "microexpr inspect results/flow/casme2/sub01.h5 --values 'EP02_01/onset_apex[0,:4,:4]'",
            "microexpr inspect results/train/ststnet/megc2019/1of1.h5 --chain",
        ),
    )
    command.add_argument(
        "file", metavar="FILE", type=Path, help="any .h5, .safetensors or .onnx under results/, data/rendered/truth/"
    )
    output = command.add_mutually_exclusive_group()
    output.add_argument("--chain", action="store_true", help="print the subjects and clips it was fitted on instead")
    output.add_argument(
        "--png",
        metavar="OUT.png",
        dest="picture",
        type=Path,
        help="plot it instead, as .png, .svg, .pdf or .jpg: frames with landmarks, or curves",
    )
    output.add_argument(
        "--values", metavar="DATASET[SLICE]", help="print the values of a dataset instead; a slice is as in numpy"
    )
    _add_form(output)
    command.add_argument(
        "--limit",
        metavar="N",
        type=_whole(1, 10**9),
        default=1000,
        help="most --values that are printed whole (default: %(default)s)",
    )
    _add_show_licensed_faces(command)
    _add_force(command)
    command.set_defaults(run=commands.inspect)


def _add_score(subparsers: "Subparsers") -> None:
    command = _add(
        subparsers,
        "score",
        "UF1 and UAR of any official MEGC2019 log, or figures of any log of spotting",
        (
            "microexpr score log.txt",
            "microexpr score log.txt --classes 5",
            "microexpr score samm_pred.csv --videos data/raw/samm_long",
        ),
    )
    command.add_argument(
        "log",
        metavar="LOG",
        type=Path,
        help="text: 'db sub' for each fold, then 'clip truth predicted'; with --videos a CSV of video, onset, offset",
    )
    command.add_argument(
        "--videos", metavar="FOLDER", type=Path, help="data set of long videos in which LOG says what was spotted"
    )
    command.add_argument(
        "--classes", metavar="K", type=_whole(2, 100), default=3, help="in its protocol; default: %(default)s"
    )
    _add_form(command.add_mutually_exclusive_group())
    command.set_defaults(run=commands.score)


def _add_check(subparsers: "Subparsers") -> None:
    command = _add(
        subparsers,
        "check",
        "whether a data set on disk has its published layout and counts",
        (
            "microexpr check data/raw/casme2",
            "microexpr check data/rendered/casme2",
        ),
    )
    command.add_argument(
        "directory", metavar="DIR", type=Path, help="the data set's own folder, such as data/raw/casme2"
    )
    _add_form(command.add_mutually_exclusive_group())
    command.set_defaults(run=commands.check)


def _add_methods(subparsers: "Subparsers") -> None:
    command = _add(
        subparsers,
        "methods",
        "every method and variant: weights by params.yaml and in its paper, inputs, paper; or its params",
        ("microexpr methods", "microexpr methods ststnet icegan.change", "microexpr methods --csv > methods.csv"),
    )
    command.add_argument(
        "names",
        metavar="METHOD",
        nargs="*",
        help="every param of these: here, in the paper, what is allowed, what it means",
    )
    command.add_argument("--all", action="store_true", help="also the variants of the papers' tables")
    _add_form(command.add_mutually_exclusive_group())
    command.set_defaults(run=commands.methods)


def _add_doctor(subparsers: "Subparsers") -> None:
    command = _add(
        subparsers, "doctor", "what is installed, what is missing for what, and how to add it", ("microexpr doctor",)
    )
    command.set_defaults(run=commands.doctor)


def _add_table(subparsers: "Subparsers") -> None:
    command = _add(
        subparsers,
        "table",
        "the MEGC2019 table, or a paper's, next to published figures",
        (
            "microexpr table",
            "microexpr table --reference flow_svm",
            "microexpr table results/megc2019_training_sets.csv",
        ),
    )
    choice = command.add_mutually_exclusive_group()
    choice.add_argument(
        "--methods",
        nargs="+",
        metavar="METHOD",
        help="only these, as evaluated (default: results/megc2019_table.csv)",
    )
    choice.add_argument(
        "table",
        metavar="TABLE.csv",
        type=Path,
        nargs="?",
        default=commands.TABLE,
        help="this, or results/papers/PAPER/TABLE.csv (default: %(default)s)",
    )
    command.add_argument(
        "--reference", metavar="METHOD", help="test all other rows against this one (default: ststnet)"
    )
    command.add_argument("--notes", action="store_true", help="also sentences on each row, such as what it starts from")
    form = command.add_mutually_exclusive_group()
    _add_form(form)
    form.add_argument(
        "--markdown", action="store_const", dest="form", const="markdown", help="all figures, in Markdown"
    )
    command.set_defaults(run=commands.table)


def _add_reenact(subparsers: "Subparsers") -> None:
    command = _add(
        subparsers,
        "reenact",
        "a micro-expression on the face of a photograph: frames, video, curves, figures",
        (
            "microexpr reenact --face me.jpg --out reenacted --emotion sadness --style 2 --strength 3",
            "microexpr reenact --face group.jpg --face-number all --out reenacted --driving casme2/sub01/EP02_01",
            "microexpr reenact --face photographs --out reenacted  # a folder each, one table of all",
        ),
        EXIT_CODES,
    )
    command.add_argument(
        "--face", metavar="IMAGE", type=Path, required=True, help="the source face: a photograph, or a folder of them"
    )
    command.add_argument(
        "--face-number",
        metavar="N",
        type=_face_number,
        default=1,
        help="which of several faces in it, 1 is the largest; or all, in the same frames (default: %(default)s)",
    )
    command.add_argument("--out", metavar="DIR", type=Path, required=True, help=FOLDER)
    command.add_argument(
        "--driving",
        metavar="CLIP",
        help=f"the driving clip: a shipped sample, {', '.join(LABELS)}; a video or folder of frames; or "
        f"{CLIP} of this run (default: surprise)",
    )
    command.add_argument(
        "--emotion",
        metavar="NAME",
        help="in place of a driving clip: happiness, disgust, sadness, fear, ...",
    )
    command.add_argument(
        "--style",
        metavar="N",
        type=_whole(1, 100),
        help="which of the emotion's displays, 1 is the most frequent (default: 1)",
    )
    command.add_argument("--fps", type=float, help="frames a second of a folder, or where a video's header is wrong")
    command.add_argument(
        "--strength",
        metavar="X",
        type=_strength,
        nargs="+",
        default=[1.0, 2.0, 4.0],
        help="factors of the driving clip's changes, 0 to 10; 0 is the photograph (default: 1 2 4)",
    )
    command.add_argument(
        "--weights",
        metavar="FILE.safetensors",
        type=Path,
        help="a generator: results/refit/famgan.safetensors, results/synthesise/famgan/groups/* (default: shipped)",
    )
    command.add_argument(
        "--super-resolution",
        choices=("lanczos", "realsr"),
        help="enlarge the generator's difference to the size in the photograph (default: the shipped generator moves "
        "the photograph's own pixels; lanczos for one that cannot)",
    )
    _add_force(command)
    _add_quiet(command)
    command.set_defaults(run=commands.reenact)


def _add_film(subparsers: "Subparsers") -> None:
    command = _add(
        subparsers,
        "film",
        "a rendered video with micro-expressions at known times",
        (
            "microexpr film take.avi",
            "microexpr film take.mp4 --seconds 20 --micro 3 --macro 1 --blinks 4 --difficulty hard --seed 2",
            "microexpr film mine/samm_long --layout samm_long --subjects 3 --videos 2 --seconds 20 --micro 2 --macro 1 "
            "--blinks 2",
        ),
    )
    command.add_argument(
        "video",
        metavar="OUT.avi|OUT.mp4",
        type=Path,
        help="is written, and OUT.csv with its expressions; see --force. An .avi has 9 MB a second, an .mp4 half a MB; "
        "with --layout a new folder",
    )
    command.add_argument(
        "--layout",
        choices=("casme3_long", "casme_sq", "samm_long", "smic_long"),
        help="write long videos as this data set has them, with its workbooks and frame rate",
    )
    command.add_argument("--subjects", type=int, default=2, help="of --layout (default: %(default)s)")
    command.add_argument("--videos", type=int, default=1, help="of each, of --layout (default: %(default)s)")
    command.add_argument(
        "--seed", type=_whole(0, 2**63 - 1), default=1, help="each seed has its own subject (default: %(default)s)"
    )
    command.add_argument("--seconds", type=float, default=60, help="length (default: %(default)s)")
    command.add_argument("--fps", type=int, default=100, help="frames a second (default: %(default)s)")
    command.add_argument("--micro", type=int, default=5, help="micro-expressions (default: %(default)s)")
    command.add_argument("--macro", type=int, default=3, help="macro-expressions (default: %(default)s)")
    command.add_argument("--blinks", type=int, default=10, help="blinks (default: %(default)s)")
    command.add_argument("--glances", type=int, default=0, help="glances to the side and back (default: %(default)s)")
    command.add_argument("--speech", type=int, default=0, help="stretches of speech (default: %(default)s)")
    command.add_argument(
        "--difficulty", choices=("easy", "standard", "hard"), default="standard", help="(default: %(default)s)"
    )
    _add_force(command)
    _add_quiet(command)
    command.set_defaults(run=commands.film)


def _add_predict(subparsers: "Subparsers") -> None:
    command = _add(
        subparsers,
        "predict",
        "micro-expressions in a video or folder of frames: times, classes, action units",
        (
            "microexpr predict take.avi --out predicted",
            "microexpr predict --onset frame12.png --apex frame19.png  # two pictures",
            "microexpr predict videos --out predicted  # a folder each, one page of all",
        ),
        EXIT_CODES,
    )
    command.add_argument(
        "footage",
        metavar="VIDEO|FOLDER",
        type=Path,
        nargs="*",
        help="one person's face each, seen from the front; of several, or a folder of videos, each has a folder in DIR",
    )
    command.add_argument("--out", metavar="DIR", type=Path, help=FOLDER)
    command.add_argument("--camera", metavar="N", type=int, help="in place of a video: records DIR/camera.mkv first")
    command.add_argument("--seconds", type=float, default=30.0, help="length of that recording (default: %(default)g)")
    command.add_argument(
        "--onset", metavar="PICTURE", type=Path, help="in place of a video: a face before it moves, with --apex"
    )
    command.add_argument(
        "--apex", metavar="PICTURE", type=Path, help="the same face, of the same camera, as it moves most"
    )
    command.add_argument(
        "--method",
        metavar="NAME",
        help="classify with results/refit/NAME.safetensors (default: the shipped network)",
    )
    command.add_argument("--fps", type=float, help="frames a second, of a folder or where a video's header is wrong")
    command.add_argument(
        "--truth", metavar="FILE.csv", type=Path, help="true expressions, as `film` writes them: compares with them"
    )
    command.add_argument(
        "--json", action="store_true", help="print what intervals.json holds, or the result for two pictures, alone"
    )
    _add_force(command)
    _add_quiet(command)
    command.set_defaults(run=commands.predict)


def _add_measure(subparsers: "Subparsers") -> None:
    command = _add(
        subparsers,
        "measure",
        "every face of videos and pictures as tables: landmarks, head pose, action units, quality",
        (
            "microexpr measure videos --out measured",
            "microexpr measure frames --fps 100 --out measured",
            "microexpr measure photographs --pictures --out measured --format hdf5",
        ),
        EXIT_CODES,
    )
    command.add_argument(
        "inputs",
        metavar="VIDEO|FOLDER|PICTURE",
        type=Path,
        nargs="+",
        help="each has a table NAME.csv with a row for each frame or face, columns named as OpenFace 2's; in folders "
        "videos are found by content",
    )
    command.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        required=True,
        help="folder to write into, and summary.csv; what is there already is not measured again",
    )
    folders = command.add_mutually_exclusive_group()
    folders.add_argument(
        "--fps", type=float, help="frames a second of folders of pictures, which are one video each, and of videos"
    )
    folders.add_argument(
        "--pictures", action="store_true", help="folders are of pictures, each read by itself, in place of videos"
    )
    command.add_argument(
        "--format", choices=("csv", "parquet", "hdf5"), default="csv", help="of the tables (default: %(default)s)"
    )
    command.add_argument(
        "--force",
        action="store_true",
        help="measure everything again, and replace files that this command did not write; inputs never",
    )
    _add_quiet(command)
    command.set_defaults(run=commands.measure)


def _add_help(subparsers: "Subparsers", parser: Parser) -> None:
    command = _add(subparsers, "help", "the arguments of a command", ("microexpr help predict",))
    names = [*subparsers.choices]
    command.add_argument("command", metavar="COMMAND", nargs="?", choices=names, help="one of these; none: all")
    command.set_defaults(run=commands.show_help, parsers={None: parser, **subparsers.choices})


def _add_completion(subparsers: "Subparsers", parser: Parser) -> None:
    command = _add(
        subparsers,
        "completion",
        "a script for your shell, which then completes commands, options and files",
        (
            "microexpr completion bash > ~/.local/share/bash-completion/completions/microexpr",
            "microexpr completion zsh > ~/.zfunc/_microexpr         # with fpath+=~/.zfunc before compinit in ~/.zshrc",
            "microexpr completion fish > ~/.config/fish/completions/microexpr.fish",
        ),
    )
    command.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that completes")
    command.set_defaults(run=commands.completion, parser=parser)


def _add_plot(subparsers: "Subparsers") -> None:
    command = _add(
        subparsers,
        "plot",
        "the table, one clip's way through the stages, a training, or all subjects, as a picture",
        (
            "microexpr plot table table.png",
            "microexpr plot clip casme2/sub01/EP02_01 clip.png",
            "microexpr plot clip --help",
        ),
    )
    plots = command.add_subparsers(title="plots", metavar="PLOT")

    plot = _add(
        plots,
        "table",
        "results/megc2019_table.csv: UF1 with intervals, oracle, published",
        ("microexpr plot table table.png",),
    )
    plot.add_argument("picture", metavar="OUT.png", type=Path, help=WRITTEN)
    _add_force(plot)
    plot.set_defaults(run=commands.plot_table)

    _add_clip_plot(plots, "clip", "landmarks, apex, flow, action units and synthesised faces of a clip")
    for signal, description in SIGNALS.items():
        _add_clip_plot(plots, signal, description)

    plot = _add(
        plots,
        "training",
        "a training's losses and test UF1 by epoch; these choose nothing",
        ("microexpr plot training results/train/ststnet/megc2019/* training.png",),
    )
    plot.add_argument(
        "shards",
        metavar="FILE.h5",
        type=Path,
        nargs="+",
        help="shards of one training: results/train/METHOD/PROTOCOL/*",
    )
    plot.add_argument("picture", metavar="OUT.png", type=Path, help=WRITTEN)
    _add_force(plot)
    plot.set_defaults(run=commands.plot_training)

    plot = _add(
        plots,
        "faces",
        "a contact sheet: each subject's apex, and its change, magnified",
        ("microexpr plot faces faces.png", "microexpr plot faces faces.svg --datasets casme2 samm"),
    )
    plot.add_argument("picture", metavar="OUT.png", type=Path, help=WRITTEN)
    plot.add_argument("--datasets", nargs="+", metavar="DATASET", help="only these (default: all of micro-expressions)")
    _add_show_licensed_faces(plot)
    _add_force(plot)
    plot.set_defaults(run=commands.plot_faces)


def _add_clip_plot(plots: "Subparsers", name: str, description: str) -> None:
    plot = _add(plots, name, description, (f"microexpr plot {name} casme2/sub01/EP05_06f {name}.png",))
    plot.add_argument("clip", metavar=CLIP, help="such as casme2/sub01/EP05_06f")
    plot.add_argument("picture", metavar="OUT.png", type=Path, help=WRITTEN)
    _add_show_licensed_faces(plot)
    _add_force(plot)
    if name == "clip":
        plot.set_defaults(run=commands.plot_clip)
    else:
        plot.set_defaults(run=commands.plot_signal, signal=name)


def _add_show_licensed_faces(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--show-licensed-faces", action="store_true", help="show licensed faces too, if their licence allows it"
    )


def _add_form(choice: "argparse._MutuallyExclusiveGroup") -> None:
    for form in ("json", "csv"):
        choice.add_argument(
            f"--{form}", dest="form", action="store_const", const=form, help=f"print the rows as {form.upper()}, alone"
        )


def _add_quiet(command: Parser) -> None:
    command.add_argument("--quiet", action="store_true", help="show no progress")


def _add_force(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--force",
        action="store_true",
        help="replace also files that this command did not write, or that were changed since; inputs never",
    )
