"""The benchmark's page, which needs no network: the meaning of each figure, plots, tables. Computes no figure."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from microexpr.reporting.signal_benchmark.charts import CHARTS
from microexpr.reporting.signal_benchmark.pool import ALL, ANGLES, POOLED, Measured, Row
from microexpr.signals import face_regions

TITLE = "Signal benchmark: errors of the signal stages on rendered faces"
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#222;max-width:66rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;line-height:1.25} h2{margin-top:2.5rem;font-size:1.25rem}
.caution{background:#fff3d6;border-left:4px solid #d55e00;padding:.5rem .8rem}
figure{margin:1rem 0} figure img{width:100%} figcaption,.note{color:#555;font-size:.9rem}
.wide{overflow-x:auto} table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .5rem;text-align:right;white-space:nowrap} th{font-weight:600}
th.name{text-align:left} thead th{border-bottom:1px solid #888;vertical-align:bottom}
tr.pooled td,tr.pooled th{background:#f3f3f3} tr.first td,tr.first th{border-top:1px solid #ccc}
"""


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
    subjects, names = {(clip.dataset, clip.subject) for clip in clips}, {(clip.dataset, clip.name) for clip in clips}
    return "\n".join(
        [
            f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(TITLE)}</title>',
            f'<meta name="viewport" content="width=device-width">\n<style>{STYLE}</style>\n</head>\n<body>',
            f"<h1>{escape(TITLE)}</h1>",
            '<p class="caution"><strong>All faces here are rendered.</strong> No person is shown, and no figure is '
            "comparable with a published one.</p>",
            f"<p>{len(subjects)} rendered subjects and {len(names)} clips, the same at each difficulty, were written "
            "in the native layouts of the data sets and read back by the signal stages as any clip is. Their results "
            "are compared with the renderer's ground truth. None of these subjects is in a corpus, so choosing params "
            "by these figures is no tuning on test subjects.</p>",
            "<p>“all” pools every frame or clip of the micro-expression sets, “all_acted” those of the sets of acted "
            "expressions, which are strong at every difficulty.</p>",
            *(_section(name, tables[name]) for name in SECTIONS),
            "</body>\n</html>\n",
        ]
    )


def _section(name: str, rows: Sequence[Row]) -> str:
    section = SECTIONS[name]
    plot = b64encode(CHARTS[name](rows)).decode()
    return (
        f'<h2 id="{name}">{escape(section.heading)}</h2>\n<p>{escape(section.meaning)}</p>\n'
        f'<figure><img alt="{escape(section.caption)}" src="data:image/svg+xml;base64,{plot}">'
        f"<figcaption>{escape(section.caption)} Rendered faces.</figcaption></figure>\n"
        f'<div class="wide">{_table(section, rows)}</div>\n'
        f'<p class="note">All figures: <a href="{name}.csv">{name}.csv</a></p>'
    )


def _table(section: Section, rows: Sequence[Row]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for *_, title in section.columns)
    parts = [f'<table>\n<thead><tr><th class="name">data set</th><th class="name">difficulty</th>{head}</tr></thead>']
    for kinds, (dataset, difficulty, *cells) in lines(section, rows):
        parts.append(
            f'<tr class="{kinds}"><th class="name">{dataset}</th><th class="name">{difficulty}</th>'
            + "".join(f"<td>{cell}</td>" for cell in cells)
            + "</tr>"
        )
    return "\n".join([*parts, "</table>"])


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
