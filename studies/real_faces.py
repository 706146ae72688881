"""What do rendered faces teach about recorded ones? From the flow pictures below data/raw/flow_folders.

    snakemake --cores 2 results/flow_folders_table.csv   # first: trains and tests every method
    python studies/real_faces.py                         # the tables of docs/real-faces.md; --write-docs into the page
    python studies/real_faces.py --render                # another one: clips rendered without noise, habits and so on
    python studies/real_faces.py --predict               # the shipped weights of `microexpr predict`; --write-docs also
                                                         # into the package, from where the command prints it

Tables: every row of that run; rows trained on other subjects than these alone against those trained on recorded ones,
by a paired test; and what the result hangs on, each time with `flow_svm` trained on the population alone under one
setting that is another. `--render` takes about twenty minutes of one core. No setting is chosen here: each line is
printed, whatever it is. studies/learning_curve.py varies the number of subjects.
"""

import json
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pages
import torch

from microexpr import evaluation, population
from microexpr.apps.predict import recognition
from microexpr.apps.predict import recorded as predict_recorded
from microexpr.apps.predict.calibration import Calibration, calibration_error
from microexpr.cli import config
from microexpr.core import arithmetic, seeds, store
from microexpr.core.clip import LABELS, Clip
from microexpr.datasets import RAW, flow_folders
from microexpr.evaluation import metrics, pairs
from microexpr.models.recognisers.flow_svm import FlowSvm
from microexpr.population.clips import PlannedClip, plan_clips, render_clip
from microexpr.population.identities import performer_of
from microexpr.population.subject import has_grey_camera
from microexpr.protocols import FLOW_PROTOCOLS, PROTOCOLS
from microexpr.rendering.face import Face
from microexpr.rendering.performance import Difficulty
from microexpr.reporting import main_table
from microexpr.signals import faces, flow
from microexpr.signals.flow import pictures, registration
from microexpr.training import refit

PAGE, MARK = "docs/real-faces.md", "study-real-faces"
RENDERING_MARK, PREDICT_MARK = f"{MARK}-rendering", f"{MARK}-predict"
REGION = Path("results/flow_folders/region.csv")
EVALUATED = Path("results/flow_folders/evaluate")
RECORDED, BOTH, RENDERED, MEANS = FLOW_PROTOCOLS
NAMES = {
    RECORDED: "recorded subjects, leave one out",
    BOTH: "recorded and rendered ones",
    RENDERED: "rendered ones alone",
    MEANS: "rendered ones alone, unlabelled means",
}
RENDERED_AGAIN = 30  # subjects
CLEAN = {"noise": 0.0, "quality": 100}
SHIFT = 0.05  # of a region, as a share of a crop's side
RESAMPLES = 10_000


@dataclass(frozen=True)
class Rendered:
    """All clips of some subjects of the population."""

    clips: list[PlannedClip]
    flow: list[np.ndarray]  # float16[3, H, W] of each


class Recorded(NamedTuple):
    """All clips of the pictures below data/raw."""

    clips: list[Clip]
    pictures: np.ndarray  # uint8[N, 28, 28, 3]
    label: np.ndarray  # int64[N]


class Variant(NamedTuple):
    """What is different when clips are rendered again."""

    name: str
    difficulty: dict[str, Any] = {}  # of each clip
    strength: float = 1.0  # factor, of micro-expressions
    still: bool = False  # the head does not move


PLAIN = CLEAN | {"habit": 0.0, "blend": 0.0}
VARIANTS = (
    Variant("as in the table"),
    Variant("no noise, no compression", CLEAN),
    Variant("no habits", {"habit": 0.0}),
    Variant("no blends", {"blend": 0.0}),
    Variant("no motion of the head", still=True),
    Variant("none of these", PLAIN, still=True),
    Variant("twice as strong", strength=2.0),
    Variant("half as strong", strength=0.5),
)


def main() -> int:
    arguments = parse()
    values = config.load("params.yaml")
    params, about = pictures.Params(**values["flow_folders"]), population.Params(**values["population"])
    recorded = read_recorded(Path(RAW, flow_folders.NAME))
    if arguments.predict:
        return measure_shipped(recorded, arguments.write_docs)
    rendered = read_rendered(about)
    if arguments.render:
        text = "\n".join([*rendering_table(params, about, values, recorded), "", pages.source()])
        print(text)
        if arguments.write_docs:
            pages.write(PAGE, RENDERING_MARK, text)
        return 0
    rows = read_rows()
    lines = [*rows_table(rows), "", *paired_table(rows), ""]
    lines += settings_table(params, rendered, recorded)
    text = "\n".join([*lines, "", pages.source()])
    print(text)
    if arguments.write_docs:
        pages.write(PAGE, MARK, text)
    return 0


def parse() -> Namespace:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--render", action="store_true", help="render clips without noise and so on, and do no more")
    parser.add_argument("--predict", action="store_true", help="measure the weights of predict, and do no more")
    parser.add_argument("--write-docs", action="store_true", help=f"write the tables into {PAGE}")
    return parser.parse_args()


def read_rows() -> list[dict[str, str]]:
    """Return the rows of the table of precomputed flow that this run has evaluated."""
    methods = config.check_cached(config.load("params.yaml"))["methods"]
    names = [name for name, about in methods.items() if about["in_table"]]
    paths = [EVALUATED / protocol / f"{name}.csv" for protocol in FLOW_PROTOCOLS for name in names]
    if not (found := [path for path in paths if path.exists()]):
        raise SystemExit(f"{EVALUATED} must have the rows of results/flow_folders_table.csv; make that first")
    return main_table.megc2019(evaluation.read(path) for path in found)


def read_recorded(root: Path) -> Recorded:
    clips, _ = flow_folders.read(root)
    images = np.stack([flow_folders.picture(root, clip) for clip in clips])
    return Recorded(clips, images, np.array([clip.label for clip in clips]))


def read_rendered(about: population.Params) -> Rendered:
    clips, flow = [], []
    for subject in about.training_subjects():
        if not (path := Path(population.path(subject))).exists():
            break
        with store.open_file(path, "population") as file:
            for planned in plan_clips(about, subject):
                clips.append(planned)
                flow.append(file["clips"][planned.clip.name]["onset_apex"][()].astype(np.float16))
    if not clips:
        raise SystemExit("results/population must have subjects: snakemake --cores 2 all_population")
    return Rendered(clips, flow)


def rows_table(rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
    yield "| method | trained on | UF1 | UAR | SMIC | CASME II | SAMM | UF1, best test epoch |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for row in sorted(rows, key=lambda row: row["method"]):
        interval = f"{row['full_uf1'][:5]} ({row['full_uf1_low'][:5]} to {row['full_uf1_high'][:5]})"
        parts = " | ".join(row[f"{scope}_uf1"][:5] for scope in ("smic", "casme2", "samm"))
        head, oracle = f"`{row['method']}` | {NAMES[row['protocol']]}", row["oracle_full_uf1"][:5]
        yield f"| {head} | {interval} | {row['full_uar'][:5]} | {parts} | {oracle} |"


def paired_table(rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield the difference in UF1 between each other training and that on recorded subjects, by method."""
    evaluated = {(row["method"], row["protocol"]) for row in rows}
    yield "| method | trained on | UF1 less that of recorded subjects | p |"
    yield "| --- | --- | --- | --- |"
    for method in sorted({method for method, protocol in evaluated if protocol == RECORDED}):
        for protocol in [name for name in (BOTH, RENDERED, MEANS) if (method, name) in evaluated]:
            paths = {name: EVALUATED / name / f"{method}_predictions.csv" for name in (protocol, RECORDED)}
            (row, *_) = pairs.compare_methods(paths, PROTOCOLS[RECORDED], RESAMPLES, 0)
            difference = f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
            yield f"| `{method}` | {NAMES[protocol]} | {difference} | {row['p']:.2g} |"


def settings_table(params: pictures.Params, rendered: Rendered, recorded: Recorded) -> Iterator[str]:
    """Yield figures of `flow_svm` under one setting at a time that is not the one of params.yaml."""
    subjects = list(dict.fromkeys(planned.clip.subject for planned in rendered.clips))
    usual = set(subjects[: params.subjects])
    left, right, top, bottom = region_of(params)
    clips: dict[str, Any] = {
        "as in the table": lambda planned: True,
        "micro-expressions alone": lambda planned: planned.kind == "micro",
        "macro-expressions alone": lambda planned: planned.kind == "macro",
        "no display of one side": lambda planned: not one_sided(planned),
        "no annotation that is off": lambda planned: (planned.clip.onset, planned.clip.apex) == planned.events[:2],
    }
    others: dict[str, dict[str, Any]] = {
        "pictures as published": {"normalise": "as_published"},
        "the whole crop": {"region": (0.0, 1.0, 0.0, 1.0)},
        "region of most copies": {"region": pictures.USUAL},
        "region moved to the right": {"region": (left + SHIFT, right + SHIFT, top, bottom)},
        "region moved down": {"region": (left, right, top + SHIFT, bottom + SHIFT)},
        "region larger": {"region": (left - SHIFT, right + SHIFT, top - SHIFT, bottom + SHIFT)},
    }
    yield "| `flow_svm`, rendered subjects alone | clips | UF1 | UF1, unlabelled means |"
    yield "| --- | --- | --- | --- |"

    def line(name: str, chosen: list[bool], changed: pictures.Params) -> str:
        inductive, with_means = score(changed, rendered, chosen, recorded)
        return f"| {name} | {sum(chosen)} | {inductive:.3f} | {with_means:.3f} |"

    for name, keeps in clips.items():
        yield line(name, [planned.clip.subject in usual and keeps(planned) for planned in rendered.clips], params)
    for name, change in others.items():
        chosen = [planned.clip.subject in usual for planned in rendered.clips]
        yield line(name, chosen, params.model_copy(update=change))


def rendering_table(
    params: pictures.Params, about: population.Params, values: Mapping[str, Any], recorded: Recorded
) -> Iterator[str]:
    """Yield figures of `flow_svm` trained on clips that are rendered again without one thing at a time."""
    subjects = about.training_subjects()[:RENDERED_AGAIN]
    settings = faces.Params(**values["faces"]), flow.Params(**values["flow"])
    yield f"| `flow_svm`, {len(subjects)} rendered subjects alone | UF1 | UF1, unlabelled means |"
    yield "| --- | --- | --- |"
    for variant in VARIANTS:
        rendered = Rendered([], [])
        for subject in subjects:
            performer, grey = performer_of(subject, about), has_grey_camera(subject, about)
            if variant.still:
                performer = replace(performer, motion=0.0)
            face = Face(performer.face_seed)
            for planned in plan_clips(about, subject):
                alter = partial(altered, variant=variant, micro=planned.kind == "micro")
                arrays = render_clip(planned, performer, face, about, *settings, grey, alter)
                rendered.clips.append(planned)
                rendered.flow.append(arrays["onset_apex"].astype(np.float16))
        inductive, with_means = score(params, rendered, [True] * len(rendered.clips), recorded)
        line = f"| {variant.name} | {inductive:.3f} | {with_means:.3f} |"
        print(line, file=sys.stderr, flush=True)
        yield line


def region_of(params: pictures.Params) -> pictures.Region:
    """Return the region of the run, as given or found."""
    return registration.read(REGION) if params.region == "auto" else params.region


def altered(difficulty: Difficulty, variant: Variant, micro: bool) -> Difficulty:
    """Return the difficulty of a clip under a variant."""
    factor = variant.strength if micro else 1.0
    return replace(difficulty, low=difficulty.low * factor, high=difficulty.high * factor, **variant.difficulty)


def one_sided(planned: PlannedClip) -> bool:
    """Return whether a display has a unit on one side of the face alone."""
    sides: dict[str, set[str]] = {}
    for name in planned.weights:
        sides.setdefault(name[:-1], set()).add(name[-1])
    return any(len(side) == 1 for side in sides.values())


def score(params: pictures.Params, rendered: Rendered, chosen: list[bool], recorded: Recorded) -> tuple[float, float]:
    """Return UF1 on all recorded clips of `flow_svm` trained on the chosen rendered ones: as they are, and with the
    mean of either side taken off."""
    kept = [i for i, keep in enumerate(chosen) if keep]
    label = np.array([rendered.clips[i].clip.label for i in kept])
    region = region_of(params)
    small = [pictures.from_flow(rendered.flow[i], region) for i in kept]
    train, test = (
        np.stack([pictures.channels(picture, params.normalise) for picture in side])
        for side in (small, recorded.pictures)
    )
    inductive = uf1(train, label, test, recorded.label)
    return inductive, uf1(train - train.mean(0), label, test - test.mean(0), recorded.label)


def uf1(train: np.ndarray, label: np.ndarray, test: np.ndarray, truth: np.ndarray) -> float:
    """Return UF1 of `flow_svm`, trained on flow [n, 3, 28, 28], on other flow [N, 3, 28, 28]."""
    method = FlowSvm(FlowSvm.Params(penalty=1.0))
    features = [method.features({"flow": torch.from_numpy(flow)}) for flow in (train, test)]
    scorer = method.fit(features[0], {"label": label}, np.random.default_rng(0))
    return float(metrics.uf1(metrics.confusion(truth, scorer(features[1]).argmax(-1), len(LABELS))))


def measure_shipped(recorded: Recorded, write: bool) -> int:
    """Print the figures of the weights of `microexpr predict` on recorded clips, and write them where it reads them."""
    model = refit.load(recognition.SHIPPED)
    normalise = pictures.Params.model_validate_json(model.metadata["pictures"]).normalise
    scores = model({"flow": np.stack([pictures.channels(picture, normalise) for picture in recorded.pictures])})
    datasets = np.array([clip.dataset for clip in recorded.clips])
    figures = {
        "sha256": predict_recorded.digest(recognition.SHIPPED),
        "date": datetime.now(UTC).date().isoformat(),
        "commit": pages.commit(),
        "cpu": pages.cpu_model(),
        **scope_figures("full", recorded, scores, datasets != ""),
        "datasets": {
            name: scope_figures(name, recorded, scores, datasets == name) for name in PROTOCOLS[RECORDED].datasets
        },
    }
    calibration = Calibration.read(model.metadata)
    assert calibration
    figures["calibration_error"] = round(calibration_error(calibration.probabilities(scores), recorded.label), 4)
    text = "\n".join([*shipped_table(figures), "", pages.source()])
    print(text)
    if write:
        store.write_text(predict_recorded.FILE, json.dumps(figures, indent=2) + "\n")
        pages.write(PAGE, PREDICT_MARK, text)
    return 0


def scope_figures(scope: str, recorded: Recorded, scores: np.ndarray, chosen: np.ndarray) -> dict[str, Any]:
    """Return the number of chosen clips and subjects, and each metric with its interval: value, low, high."""
    subjects = np.array([f"{clip.dataset}/{clip.subject}" for clip in recorded.clips])[chosen]
    truth, predicted = recorded.label[chosen], scores[chosen].argmax(axis=1)
    matrix = metrics.confusion(truth, predicted, len(LABELS))
    figures: dict[str, Any] = {"clips": len(truth), "subjects": len({*subjects})}
    for name in ("uf1", "uar"):
        metric = metrics.METRICS[name]
        rng = seeds.generator(0, "predict recorded", scope)
        interval = metrics.bootstrap(truth, predicted, subjects, metric, RESAMPLES, rng)
        figures[name] = [round(float(value), 4) for value in (metric(matrix), *interval)]
    return figures


def shipped_table(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "| weights of `predict`, tested on | clips | subjects | UF1 | UAR |"
    yield "| --- | --- | --- | --- | --- |"
    for name, scope in {"full": figures, **figures["datasets"]}.items():
        cells = ("{:.3f} ({:.3f} to {:.3f})".format(*scope[metric]) for metric in ("uf1", "uar"))
        yield f"| {main_table.TITLES[name]} | {scope['clips']} | {scope['subjects']} | {' | '.join(cells)} |"
    yield ""
    yield f"Calibration error of the probabilities, 10 bins: {figures['calibration_error']:.3f}."


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
