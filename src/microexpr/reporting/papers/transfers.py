"""FAMGAN's task: every source's movement on two faces that no training saw, and each of its four devices taken away.

The paper prints no table: three experts looked. What may not come in: a generator that has seen a source.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from microexpr.apps.reenact import ALL, Devices, Kind, Target, evaluation, source
from microexpr.apps.reenact.evaluation import GROUND_TRUTH, RESULT, TARGET, UNCHANGED
from microexpr.apps.reenact.onto import Transfer, transferred
from microexpr.apps.reenact.source import STAGES, Source
from microexpr.apps.reenact.targets import NAMES, Person
from microexpr.core.clip import LABELS, Clip
from microexpr.core.seeds import generator
from microexpr.datasets import RAW, picture
from microexpr.evaluation.read_back import roughness
from microexpr.protocols import ALL_GROUPS, driving_clips, provenance
from microexpr.signals.aus import regressor
from microexpr.training.generator_file import LoadedGenerator, load

PICTURES = Path(RAW) / "targets"  # woman.png, man.jpg: faces of MEGC2021 or one's own
MOST = 16  # frames of a film that are looked at
RESAMPLES = 1000
LEVEL = 0.95
COLUMNS = (
    *("source", "class", "target", "shown", "region", "metric", "value"),
    *("truth", "origin", "frames", "super_resolution", "note"),
)
SUMMARY = ("au_error", "au_r", "asymmetry_error", "au_roughness")
ABLATED = ("devices", "shown", "metric", "value", "difference", "low", "high", "sources", "transfers", "origin")
WORD = {RESULT: "", GROUND_TRUTH: "rendered: the most that can be read", UNCHANGED: "the picture, repeated", TARGET: ""}


@dataclass(frozen=True, eq=False)
class Task:
    """Every movement, every face, and who paints."""

    sources: Sequence[Source]
    targets: dict[str, tuple[Target, Person | None]]  # who was rendered knows the answer
    model: LoadedGenerator
    kind: Kind
    reader: regressor.Model

    @classmethod
    def of(
        cls,
        clips: Sequence[Clip],
        named: Sequence[str],
        files: Sequence[str],
        generator_file: str,
        kind: Kind,
        seed: int,
        size: tuple[int, int],
    ) -> "Task":
        """`clips` are those of the index, `named` the sources or none; `files` are those of their subjects:
        results/{faces,apex,aus}/<dataset>/<subject>.h5, and data/generated/truth/<dataset>/<subject>.h5.

        Raises LeakError where the generator has seen the subject of a source."""
        model = load(generator_file)
        places = {(path.parts[-3], *path.parts[-2:]): path for path in map(Path, files)}
        found = []
        for clip in driving_clips(ALL_GROUPS.select(clips), named):
            provenance.check(generator_file, clip.id, "subject", [clip], model.fitted_on)
            own = {stage: places[stage, clip.dataset, f"{clip.subject}.h5"] for stage in STAGES}
            found.append(source.read(clip, own, places.get(("truth", clip.dataset, f"{clip.subject}.h5"))))
        return cls(found, dict(_targets(seed, size)), model, kind, regressor.load())

    @cached_property
    def own(self) -> dict[str, np.ndarray]:
        """float32[17, 2]: intensities of each target at rest."""
        return {name: target.own(self.reader) for name, (target, _) in self.targets.items()}

    def transfers(self, devices: Devices = ALL) -> list[Transfer]:
        """Each source on each target."""
        return [
            transferred(one, target, self.own[name], person or name, self.model, self.kind, devices, MOST)
            for one in self.sources
            for name, (target, person) in self.targets.items()
        ]


def _targets(seed: int, size: tuple[int, int]) -> Iterator[tuple[str, tuple[Target, Person | None]]]:
    """The woman and the man: of pictures under `PICTURES` where they are there, else rendered."""
    for name in NAMES:
        given_here = sorted(PICTURES.glob(f"{name}.*"))
        person = None if given_here else Person(name, seed, size)
        shown = person.picture if person else picture.read(given_here[0])
        yield name, (Target.of(shown, str(given_here[0]) if given_here else name), person)


def rows(found: Sequence[Transfer], model: regressor.Model, kind: Kind) -> Iterator[dict[str, str]]:
    """Of results/papers/famgan/transfer.csv, with `COLUMNS`."""
    for one in found:
        clip = one.source.clip
        about = {
            "source": clip.id,
            "class": LABELS[clip.label] if clip.label is not None else clip.emotion,
            "target": one.person,
            "truth": "rendered" if one.source.performed is not None else "as read of the source",
            "origin": one.origin,
            "frames": str(len(one.places)),
            "super_resolution": kind,
        }
        for shown, figure in evaluation.figures(one, model):
            said = {"shown": shown, "region": figure.region, "metric": figure.metric, "note": WORD[shown]}
            yield about | said | {"value": f"{figure.value:.4f}"}


def ablation(task: Task, seed: int) -> Iterator[dict[str, str]]:
    """Of results/papers/famgan/ablation.csv, with `ABLATED`: means over transfers, and what a device changes in those
    that have the figure with it and without.

    Intervals are of that difference, of 1000 draws of the sources. Who was read at one size only goes without that."""
    everything = Devices.each_off()
    if any(one.movement.at_one_size is None for one in task.sources):
        del everything["no_sizes"]
    table: dict[str, list[dict[tuple[str, str], float]]] = {}
    for name, devices in everything.items():
        found = task.transfers(devices)  # of one setting at a time: films are large
        table[name] = [_summary(one, task.reader) for one in found]
        sources, origins = np.array([one.source.clip.id for one in found]), _origins(one.origin for one in found)
        del found
    for name, summaries in table.items():
        for shown, metric in summaries[0]:
            own = np.array([one[shown, metric] for one in summaries])
            less = own - np.array([one[shown, metric] for one in table["all"]])
            there = ~np.isnan(less)  # where nothing moves, as of those units, nothing is to be followed
            if not there.any():
                continue
            own, less = own[there], less[there]
            low, high = _interval(less, sources[there], generator(seed, "transfer", "ablation"))
            yield {
                "devices": name,
                "shown": shown,
                "metric": metric,
                "value": f"{own.mean():.4f}",
                "difference": "" if name == "all" else f"{less.mean():.4f}",
                "low": "" if name == "all" else f"{low:.4f}",
                "high": "" if name == "all" else f"{high:.4f}",
                "sources": str(len({*sources[there]})),
                "transfers": str(len(own)),
                "origin": origins,
            }


def _summary(one: Transfer, model: regressor.Model) -> dict[tuple[str, str], float]:
    """Errors and smoothness, of what is asked and of what is shown; NaN for what there is none of."""
    found: dict[tuple[str, str], float] = {}
    for shown, values in ((TARGET, one.asked), (RESULT, one.target.read(one.result.crops, model))):
        of = {
            figure.metric: figure.value
            for figure in evaluation.curves(values - values[:1], one.true)
            if figure.region == "face"
        }
        found |= {(shown, metric): of.get(metric, np.nan) for metric in SUMMARY}
        found[shown, "first_frame"] = float(np.abs(values[0]).mean())  # where nothing is to differ from the picture
    found[RESULT, "film_roughness"] = roughness(one.result.crops)
    return found


def _interval(values: np.ndarray, sources: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Of the mean, drawing whole sources."""
    means = np.array([values[sources == name].mean() for name in sorted({*sources})])
    drawn = means[rng.integers(len(means), size=(RESAMPLES, len(means)))].mean(1)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def markdown(rows: Sequence[dict[str, str]]) -> str:
    """Of `rows`: medians over all transfers, a line for each metric and region."""
    kinds = (TARGET, RESULT, UNCHANGED, GROUND_TRUTH)
    values: dict[tuple[str, str], dict[str, list[float]]] = {}
    for row in rows:
        one = values.setdefault((row["metric"], row["region"]), {})
        one.setdefault(row["shown"], []).append(float(row["value"]))
    body = [
        [metric, region, *(f"{np.median(one[kind]):.3f}" if kind in one else "-" for kind in kinds)]
        for (metric, region), one in values.items()
    ]
    count = len({(row["source"], row["target"]) for row in rows})
    clips, faces = (len({row[column] for row in rows}) for column in ("source", "target"))
    said = f"Medians over {count} transfers; {UNCHANGED}: {WORD[UNCHANGED]}; {GROUND_TRUTH}: {WORD[GROUND_TRUTH]}."
    return _page(f"Movements of {clips} clips on {faces} faces", rows, said, ["metric", "region", *kinds], body)


def ablated(rows: Sequence[dict[str, str]]) -> str:
    """Of `ablation`: a line for each figure, and what is taken away."""
    body = [
        [row["shown"], row["metric"], row["devices"], row["value"], row["difference"] or "-", _between(row)]
        for row in sorted(rows, key=lambda row: (row["shown"], row["metric"]))
    ]
    most = {column: max(int(row[column]) for row in rows) for column in ("transfers", "sources")}
    said = f"Means over {most['transfers']} transfers of {most['sources']} sources; 95 % intervals over sources."
    head = ["of what is", "metric", "devices", "value", "difference", "interval"]
    return _page("Devices taken away", rows, said, head, body)


def _between(row: dict[str, str]) -> str:
    return f"{row['low']} to {row['high']}" if row["low"] else "-"


def _origins(each: Iterable[str]) -> str:
    return "+".join(sorted({origin for one in each for origin in one.split("+")}))


def _page(title: str, rows: Sequence[dict[str, str]], said: str, head: list[str], body: list[list[str]]) -> str:
    origin = _origins(row["origin"] for row in rows)
    table = [head, ["---"] * len(head), *body]
    lines = [f"| {' | '.join(cells)} |" for cells in table]
    return "\n".join([f"FAMGAN. {title} ({origin}; ours, the paper prints no table).", "", *lines, "", said, ""])
