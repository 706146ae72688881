"""AU-GACN's Figure 4: the largest nodes in a clip, and in all clips of its class, of a held-out subject."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from microexpr.evaluation.rows import Row
from microexpr.reporting.plots.drawing import BLUE, GREY, RED, save_page

TOP = 5


def fig4(path: str | Path, rows: Sequence[Row]) -> None:
    """Plot the rows of `papers.nodes`: the five largest shares of each panel, and the ranks of the expected AUs."""
    with save_page(path, 3.6) as page:
        page.suptitle(title(rows[0]), x=0.015, y=0.97, ha="left", va="top", linespacing=1.4)
        for axes, panel in zip(page.subplots(1, 2), ("clip", "mean"), strict=True):
            bars(axes, [row for row in rows if row["panel"] == panel])
        page.subplots_adjust(left=0.06, right=0.98, top=0.67, bottom=0.24, wspace=0.16)
        for colour, label in ((RED, "unit the paper expects"), (BLUE, "another")):
            page.axes[0].bar(0, 0, color=colour, label=label)
        handles, labels = page.axes[0].get_legend_handles_labels()
        page.legend(handles, labels, loc="lower left", ncols=3, fontsize=8, bbox_to_anchor=(0.05, -0.01))


def title(row: Row) -> str:
    """Return the title, with the clips and subjects of the training."""
    origin, subjects = "rendered faces, " if row["origin"] == "generated" else "", row["trained_people"]
    trained = f"{row['trained_clips']} clips of {subjects} subject{'s' * (subjects != 1)}"
    description = f"AU-GACN's {TOP} largest nodes, each as a share of all nodes (sigmoid by sum of sigmoids)"
    return f"Fig. 4: {description}\ninput: {row['input']}\n{origin}{trained} trained it, none of the subject shown"


def bars(axes: Axes, rows: Sequence[Row]) -> None:
    """Plot one panel: the largest shares, the annotation of each, and below them the rank of each expected AU."""
    nodes, first = [row for row in rows if row["share"] is not None], rows[0]
    top = nodes[:TOP]
    for i, row in enumerate(top):
        axes.barh(i, row["share"], 0.7, color=RED if row["expected"] == "yes" else BLUE)
        end, label = (max(row["share"], row["frequency"]), i), f"{row['share']:.3f}, {annotation(row)}"
        axes.annotate(label, end, (7, 0), textcoords="offset points", va="center")
    frequencies = [row["frequency"] for row in top]
    axes.plot(frequencies, range(len(top)), "D", color=GREY, markersize=5, label="share by frequency in training clips")
    axes.set_yticks(range(len(top)), [row["unit"] for row in top])
    axes.set(ylim=(TOP - 0.5, -0.5), xlim=(0, 1.9 * max(*frequencies, *(row["share"] for row in top))))
    ranks = {row["unit"]: f"rank {rank} of {len(nodes)} nodes" for rank, row in enumerate(nodes, 1)}
    expected = [row["unit"] for row in rows if row["expected"] == "yes"]
    axes.set_xlabel("; ".join(f"{unit}: {ranks.get(unit, 'no node, in no training clip')}" for unit in expected))
    clips = "one clip" if first["panel"] == "clip" else f"mean of {first['clips']} clip{'s' * (first['clips'] > 1)}"
    axes.set_title(f"{first['of']}: {first['class']}, {clips}")


def annotation(row: Row) -> str:
    """Return the annotation of an AU in the clips of a row."""
    if not row["coded"]:
        return "not coded"
    if row["panel"] == "clip":
        return "annotated" if row["annotated"] else "not annotated"
    return f"annotated in {row['annotated']} of {row['coded']}"
