"""How many recorded subjects is a rendered one worth? UF1 on recorded flow pictures by the number trained on.

    snakemake --cores 2 results/flow_folders_table.csv   # first: renders subjects, finds which region pictures show
    python studies/learning_curve.py                     # the tables; --write-docs into docs/real-faces.md, also a plot

Each method trains on some recorded subjects, drawn at random several times, and is tested on the clips of all others;
and on some rendered subjects, other ones in each draw, and is tested on all recorded clips. A training on few clips has
as many steps as one on all recorded ones. As far as results/population has further subjects, they are used. No setting
is chosen here. About four minutes of one core.
"""

import itertools
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pages
import real_faces
import torch

from microexpr import population
from microexpr.cli import config
from microexpr.core import arithmetic, seeds
from microexpr.core.clip import LABELS
from microexpr.datasets import RAW, flow_folders
from microexpr.evaluation import metrics
from microexpr.models import recognisers
from microexpr.models.base import ClassicalMethod, ClipTensors, NetworkMethod
from microexpr.reporting.plots import drawing
from microexpr.signals.flow import pictures
from microexpr.training.engine import FoldIndices, Run, fit_network

MARK, PICTURE = "study-learning-curve", Path("docs/learning-curve.png")
METHODS = {"flow_svm": drawing.BLUE, "ststnet": drawing.RED}  # and their colours
RECORDED, RENDERED = (4, 8, 15, 30, 45, 60), (15, 60, 240)  # subjects trained on
DRAWS = 8  # at most: of rendered subjects as many as there are without one twice


class Side(NamedTuple):
    """Clips of recorded or of rendered subjects."""

    flow: np.ndarray  # float32[N, 3, 28, 28]
    label: np.ndarray  # int64[N]
    subject: np.ndarray  # str[N]


class Point(NamedTuple):
    """A method trained on some subjects of one side."""

    method: str
    side: str
    subjects: int
    clips: float  # mean over draws
    draws: int
    uf1: float  # of all draws' clips together
    deviation: float  # of UF1 over draws


def main() -> int:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--write-docs", action="store_true", help=f"write into {real_faces.PAGE}, and {PICTURE}")
    arguments = parser.parse_args()
    values = config.load("params.yaml")
    params = {name: config.check_cached(values)["methods"][name]["params_on_pictures"] for name in METHODS}
    recorded, rendered = read(pictures.Params(**values["flow_folders"]), population.Params(**values["population"]))
    points = []
    for name in METHODS:
        for point in (
            *recorded_points(name, params[name], recorded),
            *rendered_points(name, params[name], rendered, recorded),
        ):
            print(point, file=sys.stderr, flush=True)
            points.append(point)
    text = "\n".join([*curve_table(points), "", *worth_table(points), "", pages.source()])
    print(text)
    if arguments.write_docs:
        pages.write(real_faces.PAGE, MARK, text)
        plot(PICTURE, points)
    return 0


def read(params: pictures.Params, about: population.Params) -> tuple[Side, Side]:
    """Return recorded clips and, as such pictures, rendered ones."""
    recorded, rendered = real_faces.read_recorded(Path(RAW, flow_folders.NAME)), real_faces.read_rendered(about)
    region = real_faces.region_of(params)
    small = (recorded.pictures, [pictures.from_flow(flow, region) for flow in rendered.flow])
    flow = [np.stack([pictures.channels(picture, params.normalise) for picture in side]) for side in small]
    planned = [entry.clip for entry in rendered.clips]
    return (
        Side(flow[0], recorded.label, np.array([f"{clip.dataset}/{clip.subject}" for clip in recorded.clips])),
        Side(flow[1], np.array([clip.label for clip in planned]), np.array([clip.subject for clip in planned])),
    )


def recorded_points(name: str, params: Mapping[str, Any], recorded: Side) -> Iterator[Point]:
    """Yield what some recorded subjects teach about all others."""
    subjects = np.unique(recorded.subject)
    for count in RECORDED:
        trained = []
        for draw in range(DRAWS):
            order = seeds.generator(0, "learning curve", "recorded", count, draw).permutation(subjects)
            trained.append(np.isin(recorded.subject, order[:count]))
        confusions = [
            confusion(name, params, part(recorded, chosen), part(recorded, ~chosen), len(recorded.label), draw)
            for draw, chosen in enumerate(trained)
        ]
        yield summary(name, "recorded", count, trained, confusions)


def rendered_points(name: str, params: Mapping[str, Any], rendered: Side, recorded: Side) -> Iterator[Point]:
    """Yield what some rendered subjects teach about all recorded ones."""
    subjects = np.unique(rendered.subject)
    for count in (*RENDERED, *[len(subjects)] * (len(subjects) > RENDERED[-1])):
        order = seeds.generator(0, "learning curve", "rendered", count).permutation(subjects)
        draws = min(DRAWS, len(subjects) // count)
        trained = [np.isin(rendered.subject, order[draw * count :][:count]) for draw in range(draws)]
        confusions = [
            confusion(name, params, part(rendered, chosen), recorded, len(recorded.label), draw)
            for draw, chosen in enumerate(trained)
        ]
        if confusions:
            yield summary(name, "rendered", count, trained, confusions)


def part(side: Side, chosen: np.ndarray) -> Side:
    """Return the chosen clips."""
    return Side(*(values[chosen] for values in side))


def confusion(name: str, params: Mapping[str, Any], training: Side, test: Side, usual: int, seed: int) -> np.ndarray:
    """Return the confusion matrix on test clips; an epoch of fewer than `usual` clips counts as a part of one."""
    kind, count = recognisers.find(name), len(training.label)
    if "epochs" in params:
        params = {**params, "epochs": round(params["epochs"] * max(1, usual / count))}
    method, flow = kind(kind.Params.model_validate(params)), {"flow": torch.from_numpy(test.flow)}
    inputs = {"flow": torch.from_numpy(training.flow)}
    if isinstance(method, ClassicalMethod):
        scorer = method.fit(method.features(inputs), {"label": training.label}, np.random.default_rng(seed))
        scores = scorer(method.features(flow))
    else:
        assert isinstance(method, NetworkMethod)
        fold = FoldIndices("all", np.arange(count), np.arange(0))
        data = ClipTensors(inputs, {"label": torch.from_numpy(training.label)})
        network = fit_network(method, data, Run(fold, seed))
        statistics = {key: torch.from_numpy(value) for key, value in network.statistics.items()}
        with torch.no_grad():
            scores = method.scores(network.modules, flow, statistics).numpy()
    return metrics.confusion(test.label, scores.argmax(-1), len(LABELS))


def summary(
    name: str, side: str, subjects: int, trained: Sequence[np.ndarray], confusions: Sequence[np.ndarray]
) -> Point:
    """Return the point of several draws."""
    singles = [float(metrics.uf1(matrix)) for matrix in confusions]
    clips = float(np.mean([chosen.sum() for chosen in trained]))
    whole = float(metrics.uf1(np.sum(confusions, axis=0)))
    deviation = float(np.std(singles, ddof=1)) if len(singles) > 1 else float("nan")
    return Point(name, side, subjects, clips, len(singles), whole, deviation)


def curve_table(points: Sequence[Point]) -> Iterator[str]:
    yield "| trained on | subjects | clips | draws | " + " | ".join(f"`{name}`, UF1" for name in METHODS) + " |"
    yield "| --- | --- | --- | --- |" + " --- |" * len(METHODS)
    for first in [point for point in points if point.method == next(iter(METHODS))]:
        same = [point for point in points if (point.side, point.subjects) == (first.side, first.subjects)]
        figures = " | ".join(
            f"{point.uf1:.3f}" + (f" ± {point.deviation:.3f}" if point.draws > 1 else "") for point in same
        )
        yield f"| {first.side} subjects | {first.subjects} | {first.clips:.0f} | {first.draws} | {figures} |"


def worth_table(points: Sequence[Point]) -> Iterator[str]:
    yield "| method | rendered subjects | UF1 | recorded subjects for the same UF1 |"
    yield "| --- | --- | --- | --- |"
    for point in points:
        if point.side == "rendered":
            curve = [other for other in points if (other.method, other.side) == (point.method, "recorded")]
            yield f"| `{point.method}` | {point.subjects} | {point.uf1:.3f} | {worth(point.uf1, curve)} |"


def worth(uf1: float, curve: Sequence[Point]) -> str:
    """Return the number of subjects at which a curve first reaches a UF1, by interpolation over its logarithm."""
    if uf1 <= curve[0].uf1:
        return f"fewer than {curve[0].subjects}"
    for low, high in itertools.pairwise(curve):
        if high.uf1 >= uf1:
            share = (uf1 - low.uf1) / (high.uf1 - low.uf1)
            return f"{np.exp((1 - share) * np.log(low.subjects) + share * np.log(high.subjects)):.0f}"
    return f"more than {curve[-1].subjects}"


def plot(path: Path, points: Sequence[Point]) -> None:
    """Plot UF1 by the number of subjects: recorded ones solid, rendered ones dashed."""
    with drawing.save_page(path, 4.4) as page:
        drawing.add_heading(
            page, "UF1 on recorded flow pictures, by subjects trained on; bars: deviation of draws", False
        )
        axes = page.subplots(gridspec_kw={"left": 0.08, "right": 0.72, "top": 0.86, "bottom": 0.13})
        for name, colour in METHODS.items():
            for side, line in (("recorded", "o-"), ("rendered", "s--")):
                curve = [point for point in points if (point.method, point.side) == (name, side)]
                size, uf1, deviation = np.array([(p.subjects, p.uf1, np.nan_to_num(p.deviation)) for p in curve]).T
                axes.errorbar(size, uf1, deviation, fmt=line, color=colour, markersize=4, label=f"{name}, {side} ones")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_xticks(sorted({*RECORDED, *RENDERED}))
        axes.minorticks_off()
        axes.grid(color="0.93")
        axes.set(xlabel="subjects", ylabel="UF1")
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
