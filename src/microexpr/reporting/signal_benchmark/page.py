"""The benchmark's page, which needs no network: the meaning of each figure, plots, tables. Computes no figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from microexpr.reporting.html import templates
from microexpr.reporting.signal_benchmark.charts import CHARTS
from microexpr.reporting.signal_benchmark.pool import ALL, ANGLES, POOLED, Measured, Row
from microexpr.signals import face_regions

TITLE = "Signal benchmark: errors of the signal stages on rendered faces"
TEMPLATE = "benchmark.jinja"


@dataclass(frozen=True, slots=True)
class Section:
    """Texts and columns of the page's section on one stage."""

    heading: str
    meaning: str
    caption: str  # of its plot
    columns: tuple[tuple[str, str, str], ...]  # part, metric, head of the column


SECTIONS = {
    "landmarks": Section(
        "Faces: landmarks and head pose",
        "The mean distance of the detected landmarks from the projected points of the mesh, in percent of the true "
        "distance between the outer corners of the eyes, over the frames in which a face was detected; and the mean "
        "error of how far the head has turned since the onset, in degrees. Part of a landmark’s error is the same in "
        "every frame, as the mesh and the predictor’s markup place some points differently; it does not move. Noise "
        "is what does change within a clip; movement kept is how much of the true movement from onset to apex is "
        "detected, of brows and mouth and of all but the jaw, where a blink at onset or apex outweighs the rest.",
        "Landmark error by region. n in the CSV counts frames.",
        (
            *((part, "error_percent", f"{part}, %") for part in (*face_regions.LANDMARKS, ALL)),
            (ALL, "noise_percent", "noise, %"),
            *((part, "movement_kept_percent", f"movement kept, {part}, %") for part in ("brows", "mouth", ALL)),
            (ALL, "detected_percent", "face detected, %"),
            *((angle, "error_degrees", f"{angle}, °") for angle in ANGLES),
        ),
    ),
    "apex": Section(
        "Apex: spotting",
        "How far the spotted apex is from the first frame in which the face was rendered at its largest intensity, on "
        "every clip, annotated or not: by how far regions have moved (flow), by differences of grey in them (regions), "
        "and by always choosing the frame halfway between onset and offset (middle), whatever the clip shows. The "
        "middle is near, since the rise takes about half of an expression, as in recorded clips: spotting is useful "
        "only if it is nearer. Percentages are of the time from onset to offset. "
        "Onset and offset were spotted by flow without any annotation.",
        "Mean absolute error of the apex. n in the CSV counts clips; those that end at their apex are left out.",
        (
            *((part, "median_error_percent", f"{part}, median %") for part in ("flow", "regions", "middle")),
            *((part, "error_percent", f"{part}, mean %") for part in ("flow", "regions", "middle")),
            *((part, "error_ms", f"{part}, ms") for part in ("flow", "regions", "middle", "onset", "offset")),
        ),
    ),
    "aus": Section(
        "Action units",
        "How the intensities that are read agree with those rendered (FACS, 0 to 5), over all frames: the intraclass "
        "correlation ICC(3,1) and Pearson’s r, which are 1 where both agree and 0 where readings carry no "
        "information, and the mean absolute error. “Change” is since the onset, which removes the intensities of the "
        "resting face. Noise kept and apex kept are the shares that smoothing over time leaves: of the change from "
        "frame to frame before the onset, and of the size at the apex. The table has the mean over units and sides; a "
        "unit that is never rendered has neither ICC nor r.",
        "ICC by unit, both sides together, micro-expression sets and difficulties pooled. n in the CSV counts frames.",
        (
            (ALL, "icc", "ICC"),
            (ALL, "relative_icc", "ICC of change"),
            (ALL, "r", "r"),
            (ALL, "relative_r", "r of change"),
            (ALL, "mae", "error"),
            (ALL, "relative_mae", "error of change"),
            (ALL, "rest_noise_kept_percent", "noise kept, %"),
            (ALL, "apex_kept_percent", "apex kept, %"),
        ),
    ),
    "flow": Section(
        "Flow",
        "The distance between the estimated flow from onset to apex and the displacement of the skin by the "
        "expression alone, in pixels of the aligned crop, over visible skin; the table has it in percent of the true "
        "length. An estimate of zero everywhere scores 100 %; above that, the estimate has more noise than there is "
        "movement. The ground truth has no head motion, since the stage is to remove it; head motion that remains "
        "counts as error.",
        "End-point error by region, next to the mean true length, which is the error of estimating zero. n counts "
        "clips.",
        (
            *((part, "error_percent", f"{part}, %") for part in (*face_regions.FLOW_REGIONS, ALL)),
            (ALL, "endpoint_error_px", "error, px"),
            (ALL, "true_length_px", "true length, px"),
        ),
    ),
}


def html(tables: Mapping[str, Sequence[Row]], clips: Sequence[Measured]) -> str:
    """Return the page of these clips; `tables` are the rows that `pool.tables` makes of them."""
    return templates.template(TEMPLATE, Path(__file__).parent).render(
        title=TITLE,
        subjects=len({(clip.dataset, clip.subject) for clip in clips}),
        clips=len({(clip.dataset, clip.name) for clip in clips}),
        sections=SECTIONS,
        lines={name: lines(section, tables[name]) for name, section in SECTIONS.items()},
        plots={name: templates.data_url("image/svg+xml", CHARTS[name](tables[name])) for name in SECTIONS},
    )


def lines(section: Section, rows: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Return each line of a section's table: its CSS classes, "pooled" or "first" of a data set, and its cells."""
    values = {(row["dataset"], row["difficulty"], row["part"], row["metric"]): row["value"] for row in rows}
    scopes = list(dict.fromkeys((row["dataset"], row["difficulty"]) for row in rows))
    table = []
    for previous, (dataset, difficulty) in zip([("", ""), *scopes], scopes, strict=False):
        kinds = ["pooled"] * (dataset in POOLED or difficulty == ALL) + ["first"] * (previous[0] != dataset)
        figures = (values.get((dataset, difficulty, part, metric)) for part, metric, _ in section.columns)
        cells = ("–" if value is None else f"{value:.2f}" for value in figures)
        table.append((" ".join(kinds), [dataset, difficulty, *cells]))
    return table
