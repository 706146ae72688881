"""Commands `plot ...`: the table, a clip, a training or all subjects as a picture. Each calls the module that draws.

Modules are imported inside the functions, so that a command loads no more than it needs."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from microexpr.cli.applications import RESULTS, Force
from microexpr.cli.results import TABLE, ShowLicensedFaces, compare_params
from microexpr.cli.screen import output_picture, say_notes
from microexpr.core.errors import ParamsError
from microexpr.core.files import run_files, visible

SYNTHETIC = RESULTS / "train/icegan/megc2019/faces"  # synthesised faces that the plot of a clip shows
SIGNALS = {  # plots of one clip
    "landmarks": "a clip's landmarks before and after smoothing, its crop, and the head pose",
    "apex": "a clip's spotting scores and events by frame",
    "flow": "a clip's flow by either algorithm: direction, magnitude, strain, and the head motion that was removed",
    "motion": "a clip magnified, interpolated in time, and the frames around its apex",
    "aus": "a clip's action units: raw, smoothed, relative, and the effect of image size",
}
Clip = Annotated[str, Parameter(help="DATASET/SUBJECT/CLIP, such as casme2/sub01/EP05_06f")]
Written = Annotated[Path, Parameter(help="is written, as .png, .svg, .pdf or .jpg; see --force")]
PLOT = """The table, one clip's way through the stages, a training, or all subjects, as a picture.

examples:
  microexpr plot table table.png
  microexpr plot clip casme2/sub01/EP02_01 clip.png
  microexpr plot clip --help"""


def add_to(app: App) -> None:
    """Add the commands to a command line."""
    plots = App("plot", help=PLOT, help_format="plaintext")
    for plot in (plot_table, plot_clip, plot_training, plot_faces):
        plots.command(plot, name=plot.__name__.removeprefix("plot_"))
    for signal, description in SIGNALS.items():
        plots.command(_plot_of(signal), name=signal, help=f"{description[0].upper()}{description[1:]}.")
    app.command(plots)


def plot_table(picture: Written, /, *, force: Force = False) -> int:
    """Plot results/megc2019_table.csv: UF1 with intervals, oracle, published.

    examples:
      microexpr plot table table.png"""
    with output_picture(picture, [TABLE], force) as path:
        from microexpr.reporting import main_table
        from microexpr.reporting.plots import drawing, methods

        rows = main_table.TABLE.read(TABLE)
        say_notes(compare_params(RESULTS, rows, [TABLE]), to_stderr=True)
        drawing.plot(methods.draw_table, rows, path=path)
    return 0


def plot_clip(
    clip: Clip, picture: Written, /, *, show_licensed_faces: ShowLicensedFaces = False, force: Force = False
) -> int:
    """Plot landmarks, apex, flow, action units and synthesised faces of a clip.

    examples:
      microexpr plot clip casme2/sub01/EP05_06f clip.png"""
    synthetic = visible(SYNTHETIC, "*.h5")
    with output_picture(picture, [*run_files(clip, RESULTS), *synthetic], force) as path:
        from microexpr.datasets import index
        from microexpr.reporting.plots import clips, drawing

        chosen = index.find(clip, RESULTS)
        drawing.refuse_origin(chosen.origin, chosen.id, show_licensed_faces)
        drawing.plot(clips.draw_journey, clips.read(chosen, RESULTS, synthetic), path=path)
    return 0


def plot_training(*paths: Path, force: Force = False) -> int:
    """Plot a training's losses and test UF1 by epoch; these choose nothing.

    examples:
      microexpr plot training results/train/ststnet/megc2019/* training.png

    Args:
        paths: shards of one training, results/train/METHOD/PROTOCOL/*, then the picture, which is written as .png,
            .svg, .pdf or .jpg"""
    if len(paths) < 2:
        raise ParamsError("plot training must have shards of a training, then a picture")
    *shards, picture = paths
    with output_picture(picture, shards, force) as path:
        from microexpr.core import store
        from microexpr.evaluation import curves
        from microexpr.reporting.plots import drawing, methods

        with store.content_of_a_stage(*shards):
            drawing.plot(methods.draw_training, curves.read(map(str, shards)), path=path)
    return 0


def _plot_of(signal: str) -> Any:
    """Return the command that plots one signal of a clip."""

    def plot(
        clip: Clip, picture: Written, /, *, show_licensed_faces: ShowLicensedFaces = False, force: Force = False
    ) -> int:
        with output_picture(picture, run_files(clip, RESULTS), force) as path:
            from microexpr.datasets import index
            from microexpr.reporting.plots import drawing, signals

            chosen = index.find(clip, RESULTS)
            drawing.refuse_origin(chosen.origin, chosen.id, show_licensed_faces)
            drawing.plot(signals.draw, signal, chosen, RESULTS, path=path)
        return 0

    return plot


def plot_faces(
    picture: Written,
    /,
    *,
    datasets: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    show_licensed_faces: ShowLicensedFaces = False,
    force: Force = False,
) -> int:
    """Plot a contact sheet: each subject's apex, and its change, magnified.

    examples:
      microexpr plot faces faces.png
      microexpr plot faces faces.svg --datasets casme2 samm

    Args:
        datasets: only these (default: all of micro-expressions)"""
    with output_picture(picture, [*visible(RESULTS, "index/*.csv"), *visible(RESULTS, "*/*/*.h5")], force) as path:
        from microexpr.datasets import MICRO, index, layout
        from microexpr.reporting.plots import drawing
        from microexpr.reporting.plots.clips import draw_sheet, entries

        for name in datasets:
            layout(name)
        tables = [RESULTS / "index" / f"{name}.csv" for name in datasets or MICRO]
        clips = [clip for table in tables if datasets or table.exists() for clip in index.read(table)]
        rows = entries(clips, RESULTS)
        for row in rows:
            drawing.refuse_origin(row.clip.origin, row.clip.id, show_licensed_faces)
        drawing.plot(draw_sheet, rows, path=path)
    return 0
