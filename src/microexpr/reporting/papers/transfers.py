"""FAMGAN's task: the movement of each driving clip on two source faces that no training saw, and its ablations.

The paper prints no table: three experts judged. Out of scope: a generator that has seen a driving clip.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from microexpr import protocols
from microexpr.apps.reenact import ALL, Components, Kind, SourceFace, evaluation, source
from microexpr.apps.reenact.evaluation import GROUND_TRUTH, RESULT, TARGET, UNCHANGED
from microexpr.apps.reenact.onto import NAMES, Reenactment, RenderedFace, reenact
from microexpr.apps.reenact.source import STAGES, DrivingClip
from microexpr.core.clip import LABELS, Clip, join_origins
from microexpr.core.seeds import generator
from microexpr.datasets import RAW
from microexpr.evaluation.read_back import roughness
from microexpr.protocols import ALL_GROUPS, provenance
from microexpr.reporting import table
from microexpr.signals.aus import regressor
from microexpr.signals.inputs import Files, expand, subject_files
from microexpr.training.generator_file import LoadedGenerator, load
from microexpr.videos import picture

PICTURES = Path(RAW) / "targets"  # woman.png, man.jpg: faces of MEGC2021 or the user's
MOST = 16  # frames of a driving clip that are reenacted
RESAMPLES = 1000
LEVEL = 0.95
COLUMNS = (
    *("source", "class", "target", "shown", "region", "metric", "value"),
    *("truth", "origin", "frames", "super_resolution", "note"),
)
SUMMARY = ("au_error", "au_r", "asymmetry_error", "au_roughness")
ABLATED = ("devices", "shown", "metric", "value", "difference", "low", "high", "sources", "transfers", "origin")
NOTES = dict.fromkeys((RESULT, TARGET), "")
NOTES |= {GROUND_TRUTH: "rendered: the most that can be read", UNCHANGED: "the picture, repeated"}


@dataclass(frozen=True, eq=False)
class Task:
    """The driving clips, the source faces, and the models for their reenactments."""

    driving_clips: Sequence[DrivingClip]
    faces: dict[str, tuple[SourceFace, RenderedFace | None]]  # by name; a rendered face gives ground truth
    model: LoadedGenerator
    kind: Kind
    reader: regressor.Model

    @classmethod
    def load(
        cls, clips: Sequence[Clip], names: Sequence[str], files: Files, generator_file: str, kind: Kind,
        seed: int, size: tuple[int, int],
    ) -> "Task":  # fmt: skip
        """Read driving clips, faces and models of a run.

        `clips` are those of the index, `names` the driving clips, or empty for the default choice. `files` are those
        of their subjects, of stages faces, apex and aus, and as `truth` the ground truth of rendered ones.

        Raises LeakError if the generator has seen the subject of a driving clip."""
        model = load(generator_file)
        clips = protocols.driving_clips(ALL_GROUPS.select(clips), names)
        subjects = [(clip.dataset, clip.subject) for clip in clips]
        for clip in clips:
            provenance.check(generator_file, clip.id, "subject", [clip], model.fitted_on)
        paths = subject_files(files, STAGES, subjects)
        truth = {(path.parent.name, path.stem): path for path in expand(files, "truth")}
        both = zip(clips, subjects, strict=True)
        driving_clips = [source.read(clip, paths[subject], truth.get(subject)) for clip, subject in both]
        faces = {}
        for name in NAMES:  # an image below `PICTURES` if there is one, else rendered
            pictures = sorted(PICTURES.glob(f"{name}.*"))
            rendered = None if pictures else RenderedFace(name, seed, size)
            image = rendered.image if rendered else picture.read(pictures[0])
            faces[name] = (SourceFace.detect(image, str(pictures[0]) if pictures else name), rendered)
        return cls(driving_clips, faces, model, kind, regressor.load())

    @cached_property
    def resting_aus(self) -> dict[str, np.ndarray]:
        """float32[17, 2]: intensities of each source face at rest."""
        return {name: face.resting_aus(self.reader) for name, (face, _) in self.faces.items()}

    def reenactments(self, components: Components = ALL) -> list[Reenactment]:
        """Return the reenactment of each driving clip by each source face."""
        return [
            reenact(driving, face, self.resting_aus[name], rendered or name, self.model, self.kind, components, MOST)
            for driving in self.driving_clips
            for name, (face, rendered) in self.faces.items()
        ]


def rows(reenactments: Sequence[Reenactment], model: regressor.Model, kind: Kind) -> Iterator[dict[str, str]]:
    """Yield the rows of results/papers/famgan/transfer.csv, with `COLUMNS`."""
    for reenactment in reenactments:
        clip = reenactment.driving.clip
        shared = {
            "source": clip.id,
            "class": LABELS[clip.label] if clip.label is not None else clip.emotion,
            "target": reenactment.face_name,
            "truth": "rendered" if reenactment.driving.rendered_changes is not None else "as read of the source",
            "origin": reenactment.origin,
            "frames": str(len(reenactment.positions)),
            "super_resolution": kind,
        }
        for output, figures in evaluation.figures(reenactment, model).items():
            for (region, metric), value in figures.items():
                cells = {"shown": output, "region": region, "metric": metric, "note": NOTES[output]}
                yield shared | cells | {"value": f"{value:.4f}"}


def ablation(task: Task, seed: int) -> Iterator[dict[str, str]]:
    """Yield the rows of results/papers/famgan/ablation.csv, with `ABLATED`.

    Values are means over reenactments; differences are from those with all components, over the reenactments that have
    the figure both ways. Intervals of the difference come from 1000 resamplings of the driving clips. If a driving
    clip was read at one size only, no component `sizes` is taken away."""
    ablations = Components.ablations()
    if any(driving.at_one_size is None for driving in task.driving_clips):
        del ablations["no_sizes"]
    by_setting: dict[str, list[dict[tuple[str, str], float]]] = {}
    for name, components in ablations.items():
        reenactments = task.reenactments(components)  # one setting at a time: frames take much memory
        by_setting[name] = [_summary(reenactment, task.reader) for reenactment in reenactments]
        driving_ids = np.array([reenactment.driving.clip.id for reenactment in reenactments])
        origins = join_origins(reenactment.origin for reenactment in reenactments)
        del reenactments
    for name, summaries in by_setting.items():
        for output, metric in summaries[0]:
            values = np.array([summary[output, metric] for summary in summaries])
            differences = values - np.array([summary[output, metric] for summary in by_setting["all"]])
            valid = ~np.isnan(differences)  # a clip in which nothing moves has no correlation
            if not valid.any():
                continue
            values, differences = values[valid], differences[valid]
            ids = driving_ids[valid]
            interval = _interval(differences, ids, generator(seed, "transfer", "ablation"))
            compared = dict(zip(("difference", "low", "high"), (differences.mean(), *interval), strict=True))
            row = {"devices": name, "shown": output, "metric": metric, "value": f"{values.mean():.4f}"}
            row |= {key: "" if name == "all" else f"{figure:.4f}" for key, figure in compared.items()}
            yield row | {"sources": str(len({*ids})), "transfers": str(len(values)), "origin": origins}


def _summary(reenactment: Reenactment, model: regressor.Model) -> dict[tuple[str, str], float]:
    """Return errors and smoothness of the target AUs and of the result; NaN where a figure does not exist."""
    summary: dict[tuple[str, str], float] = {}
    read_back = reenactment.face.au_changes(reenactment.crops, model)
    for output, values in ((TARGET, reenactment.target_aus), (RESULT, read_back)):
        figures = evaluation.curves(values - values[:1], reenactment.true_changes)
        summary |= {(output, metric): figures.get(("face", metric), np.nan) for metric in SUMMARY}
        summary[output, "first_frame"] = float(np.abs(values[0]).mean())  # ideally the image itself: 0
    summary[RESULT, "film_roughness"] = roughness(reenactment.crops)
    return summary


def _interval(values: np.ndarray, driving_ids: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the interval of the mean when whole driving clips are resampled."""
    means = np.array([values[driving_ids == name].mean() for name in sorted({*driving_ids})])
    resampled = means[rng.integers(len(means), size=(RESAMPLES, len(means)))].mean(1)
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def markdown(rows: Sequence[dict[str, str]]) -> str:
    """Return `rows` as Markdown: medians over all reenactments, a line for each metric and region."""
    kinds = (TARGET, RESULT, UNCHANGED, GROUND_TRUTH)
    values: dict[tuple[str, str], dict[str, list[float]]] = {}
    for row in rows:
        by_kind = values.setdefault((row["metric"], row["region"]), {})
        by_kind.setdefault(row["shown"], []).append(float(row["value"]))
    body = [
        [metric, region, *(f"{np.median(by_kind[kind]):.3f}" if kind in by_kind else "-" for kind in kinds)]
        for (metric, region), by_kind in values.items()
    ]
    count = len({(row["source"], row["target"]) for row in rows})
    clips, faces = (len({row[column] for row in rows}) for column in ("source", "target"))
    notes = "; ".join(f"{kind}: {NOTES[kind]}" for kind in (UNCHANGED, GROUND_TRUTH))
    title, head = f"Movements of {clips} clips on {faces} faces", ["metric", "region", *kinds]
    return _page(title, rows, f"Medians over {count} reenactments; {notes}.", head, body)


def ablation_markdown(rows: Sequence[dict[str, str]]) -> str:
    """Return the rows of `ablation` as Markdown: a line for each figure and each component that is taken away."""
    body = [
        [row["shown"], row["metric"], row["devices"], row["value"], row["difference"] or "-"]
        + [f"{row['low']} to {row['high']}" if row["low"] else "-"]
        for row in sorted(rows, key=lambda row: (row["shown"], row["metric"]))
    ]
    most = {column: max(int(row[column]) for row in rows) for column in ("transfers", "sources")}
    driven = f"{most['transfers']} reenactments of {most['sources']} driving clips"
    caption = f"Means over {driven}; 95 % intervals over driving clips."
    head = ["shown", "metric", "components", "value", "difference", "interval"]
    return _page("Ablations", rows, caption, head, body)


def _page(title: str, rows: Sequence[dict[str, str]], caption: str, head: list[str], body: list[list[str]]) -> str:
    origin = join_origins(row["origin"] for row in rows)
    grid = table.markdown([head, *body], words=len(head))
    return "\n".join([f"FAMGAN. {title} ({origin}; ours, the paper prints no table).", "", *grid, "", caption, ""])
