"""Plot the main table: UF1 of each method with its interval, the oracle hollow, the published figure separately."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.reporting import main_table
from microexpr.reporting.plots.drawing import BLUE, GREY, RED, save_page


def write(rows: Sequence[Mapping[str, str]], path: str | Path) -> None:
    """Write the pooled UF1 of each method as a PNG: last epoch with its interval, oracle hollow, published separately.

    `rows` are those of `tables.megc2019`, plotted from top to bottom. Raises StoreError if the file cannot be written.
    """
    with save_page(path, 1.55 + 0.5 * len(rows)) as figure:
        draw(figure, rows)


def draw(figure: Figure, rows: Sequence[Mapping[str, str]]) -> None:
    """Plot the table on an empty figure."""
    inch = 1 / figure.get_figheight()
    axes = figure.add_axes((0.15, 0.8 * inch, 0.66, 1 - 1.5 * inch))
    for i, row in enumerate(rows):
        _draw_method(axes, i, row)
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5), xlabel="UF1 of all clips, pooled over folds")
    axes.set_yticks(range(len(rows)), [f"{row['method']}\n{row['origin']}" for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    caution = f"\n{main_table.CAUTION}" if any("generated" in row["origin"] for row in rows) else ""
    figure.suptitle(
        main_table.table_title(rows) + caution, x=0.015, y=1 - 0.1 * inch, ha="left", va="top", linespacing=1.4
    )
    handles, labels = axes.get_legend_handles_labels()
    by_label = dict(zip(labels, handles, strict=True))  # one entry for each label
    figure.legend(list(by_label.values()), list(by_label), loc="lower left", ncols=3, bbox_to_anchor=(0.12, 0))


def _draw_method(axes: Axes, position: int, row: Mapping[str, str]) -> None:
    value, low, high = (float(row[key]) for key in ("full_uf1", "full_uf1_low", "full_uf1_high"))
    axes.plot([low, high], [position, position], color=BLUE, linewidth=3, alpha=0.45, solid_capstyle="butt")
    _mark(axes, position, value, "o", BLUE, 7, "last epoch, with 95 % interval")
    _mark(axes, position, float(row["oracle_full_uf1"]), "o", RED, 12, "oracle: best epoch on the test subject")
    if row["published_full_uf1"]:
        _mark(axes, position, float(row["published_full_uf1"]), "D", GREY, 6, "published, on licensed data")
    axes.text(1.02, position, f"{value:.3f}  [{low:.3f}, {high:.3f}]", va="center", color=BLUE)


def _mark(axes: Axes, position: int, value: float, marker: str, color: str, size: float, label: str) -> None:
    fill = "none" if label.startswith("oracle") else "full"
    axes.plot(value, position, marker, color=color, markersize=size, fillstyle=fill, linestyle="", label=label)
