"""AU-GACN's Figure 4: the largest nodes in a clip, and in all clips of its class, of a person who was held out."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from microexpr.evaluation.rows import Row
from microexpr.reporting.plots.drawing import BLUE, GREY, RED, written

TOP = 5


def fig4(path: str | Path, found: Sequence[Row]) -> None:
    """Draws the rows of `papers.nodes`: the five largest shares of each panel, and where the expected units are."""
    with written(path, 3.6) as page:
        page.suptitle(title(found[0]), x=0.015, y=0.97, ha="left", va="top", linespacing=1.4)
        for axes, panel in zip(page.subplots(1, 2), ("clip", "mean"), strict=True):
            bars(axes, [row for row in found if row["panel"] == panel])
        page.subplots_adjust(left=0.06, right=0.98, top=0.72, bottom=0.24, wspace=0.16)
        for colour, words in ((RED, "unit the paper expects"), (BLUE, "another")):
            page.axes[0].bar(0, 0, color=colour, label=words)
        handles, labels = page.axes[0].get_legend_handles_labels()
        page.legend(handles, labels, loc="lower left", ncols=3, fontsize=8, bbox_to_anchor=(0.05, -0.01))


def title(row: Row) -> str:
    origin, people = "generated faces, " if row["origin"] == "generated" else "", row["trained_people"]
    trained = f"{row['trained_clips']} clips of {people} {'person' if people == 1 else 'people'}"
    what = f"AU-GACN's {TOP} largest nodes, each as a share of all nodes (sigmoid by sum of sigmoids)"
    return f"Fig. 4: {what}\n{origin}{trained} trained it, none of the person shown"


def bars(axes: Axes, found: Sequence[Row]) -> None:
    """One panel's rows: the largest shares, what is annotated, and below them the place of each unit expected."""
    nodes, row = [one for one in found if one["share"] is not None], found[0]
    top = nodes[:TOP]
    for place, one in enumerate(top):
        axes.barh(place, one["share"], 0.7, color=RED if one["expected"] == "yes" else BLUE)
        end, words = (max(one["share"], one["frequency"]), place), f"{one['share']:.3f}, {annotated(one)}"
        axes.annotate(words, end, (7, 0), textcoords="offset points", va="center")
    often = [one["frequency"] for one in top]
    axes.plot(often, range(len(top)), "D", color=GREY, markersize=5, label="share by how often training clips show it")
    axes.set_yticks(range(len(top)), [one["unit"] for one in top])
    axes.set(ylim=(TOP - 0.5, -0.5), xlim=(0, 1.9 * max(*often, *(one["share"] for one in top))))
    places = {one["unit"]: f"number {number} of {len(nodes)} nodes" for number, one in enumerate(nodes, 1)}
    expected = [one["unit"] for one in found if one["expected"] == "yes"]
    axes.set_xlabel("; ".join(f"{unit}: {places.get(unit, 'no node, in no training clip')}" for unit in expected))
    clips = "one clip" if row["panel"] == "clip" else f"mean of {row['clips']} clip{'s' * (row['clips'] > 1)}"
    axes.set_title(f"{row['of']}: {row['class']}, {clips}")


def annotated(row: Row) -> str:
    """What the coder says of a unit."""
    if not row["coded"]:
        return "not coded"
    if row["panel"] == "clip":
        return "annotated" if row["annotated"] else "not annotated"
    return f"annotated in {row['annotated']} of {row['coded']}"
