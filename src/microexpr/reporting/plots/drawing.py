"""The parts that all plots share: a page of one style, colours, and the label on rendered faces.

Imports no pyplot, which has global state, and writes no times, so that the same results give the same bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVarTuple

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.gridspec import SubplotSpec
from matplotlib.text import Text

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, printable
from microexpr.signals.flow import magnitude, orientation

STYLE = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "0.5",
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "legend.frameon": False,
    "svg.hashsalt": "microexpr",
    "svg.fonttype": "path",
}
SAVING: dict[str, dict[str, Any]] = {  # by format: options that leave out times and versions, and pack pixels well
    ".png": {"metadata": {"Software": None}, "pil_kwargs": {"optimize": True}},
    ".svg": {"metadata": {"Date": None, "Creator": None}},
    ".pdf": {"metadata": {"CreationDate": None, "Creator": None, "Producer": None}},
    ".jpg": {"pil_kwargs": {"optimize": True}},
}
FONTS = (  # that have letters of China, Japan and Korea: of Linux, macOS, Windows
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Source Han Sans SC", "WenQuanYi Zen Hei"),
    *("WenQuanYi Micro Hei", "Droid Sans Fallback", "IPAexGothic", "NanumGothic", "PingFang SC", "Hiragino Sans"),
    *("Apple SD Gothic Neo", "Arial Unicode MS", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "SimHei"),
)
DPI = 110
WIDTH = 10.0  # inches
# Colours that colour-blind readers distinguish too.
BLUE, RED, GREEN, PINK, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#444444"
# Corners of the usual colour wheel of optical flow (Baker et al. 2011), and their positions on its circle of 55 steps.
CORNERS = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]])
CORNERS_AT = np.array([0, 15, 21, 25, 36, 49, 55]) / 55
# The 68 points as lines: jaw, brows, bridge and base of the nose; closed: eyes, outer and inner lips.
OPEN_LINES = ((0, 17), (17, 22), (22, 27), (27, 31), (31, 36))
CLOSED_LINES = ((36, 42), (42, 48), (48, 60), (60, 68))
HIDDEN = "licensed faces are not shown;\npapers.show_licensed_faces: true in params.yaml shows them"

Arguments = TypeVarTuple("Arguments")


def plot(draw: Callable[[Figure, *Arguments], None], *arguments: *Arguments, path: str | Path | None = None) -> Figure:
    """Return a figure that `draw(figure, *arguments)` has drawn; `draw` sets its height.

    With a path it is saved, in the format of the path's suffix. The user's matplotlib settings do not change it. Raises
    StoreError if the file cannot be written."""
    with matplotlib.style.context(["default", STYLE]):
        draw(figure := Figure((WIDTH, 1)), *arguments)
        _make_legible(figure)
        if path:
            suffix = Path(path).suffix.lower()
            with store.atomic(path) as part:
                figure.savefig(part, format=suffix[1:], dpi=DPI, **SAVING[suffix])
    return figure


def _make_legible(figure: Figure) -> None:
    """Print names of a user's files as they are: a letter that matplotlib's own font lacks in another font of this
    machine, or else as "\\u8868"; `$` as itself."""

    def letters_of(font: FontProperties) -> Iterable[str]:
        return map(chr, get_font(findfont(font)).get_charmap())

    for label in figure.findobj(Text):
        assert isinstance(label, Text)
        text = printable(label.get_text())
        if "$" in text:
            label.set_parse_math(False)
        if not text.isascii() or text != label.get_text():
            letters = {"\n", *letters_of(label.get_fontproperties())}
            if not letters.issuperset(text):
                others = [name for name in FONTS if name in fontManager.get_font_names()]
                label.set(fontfamily=[*label.get_fontfamily(), *others], fontweight="normal")  # few of them have bold
                letters = letters.union(*(letters_of(FontProperties(family=name)) for name in others))
            label.set_text("".join(c if c in letters else c.encode("unicode_escape").decode() for c in text))


def clip_groups(clip: Clip, results: Path, *stages: str) -> AbstractContextManager[list[Any]]:
    """Open a clip's groups in the files of these stages, as `store.groups_of_clip` does."""
    files = {stage: results / stage / clip.dataset / f"{clip.subject}.h5" for stage in stages}
    return store.groups_of_clip(clip.name, files)


def add_heading(figure: Figure, height: float, text: str, generated: bool, noun: str = "face") -> None:
    """Set the height in inches; write the title, upper left, and a line below it if rendered faces are shown."""
    figure.set_figheight(height)
    word = f"\nrendered {noun}, no person is shown" if generated else ""
    figure.suptitle(text + word, x=0.015, y=1 - 0.1 / height, ha="left", va="top", linespacing=1.4)


def refuse_origin(origin: str, what: str, show: bool) -> None:
    """Raises DataError for faces of an origin that is not rendered, unless `show`; `what` names them."""
    if origin != "generated" and not show:
        advice = "licences restrict where faces may be shown; if yours allows it, add --show-licensed-faces"
        raise DataError(f"faces must be generated, not {origin} ({what}): {advice}")


def hide_licensed(page: Figure, items: Iterable[Any], show_licensed: bool, title: str) -> bool:
    """Return whether faces of these clips or other things with an `origin` may not be shown. If so, the page says so in
    their place."""
    if show_licensed or all(item.origin == "generated" for item in items):
        return False
    page.set_figheight(1.5)
    page.text(0.5, 0.5, f"{title}\n{HIDDEN}", ha="center", va="center")
    return True


def add_caption(page: Figure, height: float, text: str, clips: Sequence[Clip]) -> float:
    """Set the height in inches, write the title of several clips; return the share of the height below it."""
    generated = any(clip.origin == "generated" for clip in clips)
    add_heading(page, height, text, generated, "faces")
    return 1 - (0.85 if generated else 0.6) / height


def amplify_change(frames: np.ndarray, reference: np.ndarray, factor: float) -> np.ndarray:
    """Return uint8 images around mid grey: their difference from one image, times a factor."""
    return np.clip(128 + factor * (frames.astype(float) - reference), 0, 255).astype(np.uint8)


def show_image(
    axes: Axes, pixels: np.ndarray, title: str, size: float = 10, cmap: str = "gray", vmax: float = 255
) -> None:
    """Show an image without axes, its title in letters of a size; `pixels` uint8[H, W], [H, W, 1] or [H, W, 3]. Other
    values [H, W] have the colours of a map, which ends at `vmax`."""
    pixels = pixels if pixels.ndim == 2 else np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    axes.imshow(pixels, cmap=cmap, vmin=0, vmax=vmax)
    axes.set_anchor("W")
    axes.set_title(title, fontsize=size)
    axes.set_axis_off()


def show_cell(
    page: FigureBase, cell: SubplotSpec, pixels: np.ndarray, title: str, clip: Clip, size: float = 10
) -> Axes:
    """Show an image of a clip in a cell of a grid, with the label on rendered faces; return its axes."""
    axes = page.add_subplot(cell)
    show_image(axes, pixels, title, size)
    stamp(axes, clip.origin)
    return axes


def largest(values: np.ndarray, percent: float) -> float:
    """Return the value at which a scale ends: a percentile of the values that are shown, never 0."""
    return max(float(np.percentile(values, percent)), 1e-6)


def over_time(axes: Axes, frames: np.ndarray) -> None:
    """Lay axes over these frame numbers."""
    axes.set_xlim(frames[0], frames[-1])
    axes.ticklabel_format(axis="x", style="plain", useOffset=False)
    axes.locator_params(axis="x", nbins=6, integer=True)


def mark_events(axes: Axes, events: Mapping[str, int]) -> None:
    """Draw a line at the frame number of each event; the apex's is solid."""
    for event, number in events.items():
        axes.axvline(number, color=GREY, linewidth=1, linestyle="-" if event == "apex" else ":")


def plot_units(
    axes: Axes, x: np.ndarray | range, curves: Sequence[tuple[np.ndarray, str, float]], units: Sequence[int],
    colours: Sequence[str], names: Sequence[str] = (),
) -> None:  # fmt: skip
    """Plot curves of action units, each unit in a colour: values [T, 17] with line style and width. The first curve of
    a unit has its name, if there are `names`, as label."""
    for unit, colour in zip(units, colours, strict=False):
        for i, (values, style, width) in enumerate(curves):
            label = names[unit] if names and not i else None
            axes.plot(x, values[:, unit], style, color=colour, linewidth=width, label=label)


def mirror_halves(face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whole faces of the subject's left half, which is at the right of the image, and of the right half. This is
    FAMGAN's figure 2."""
    middle = face.shape[1] // 2
    right, left = face[:, :middle], face[:, middle:]
    return np.hstack([left[:, ::-1], left]), np.hstack([right, right[:, ::-1]])


def stamp(axes: Axes, origin: str, size: float = 8, colour: str = "white") -> None:
    """Label an image of this origin within the image, if it is rendered, so that the label survives cropping."""
    if origin == "generated":
        axes.text(0.98, 0.02, "generated", transform=axes.transAxes, ha="right", color=colour, fontsize=size)


def draw_landmarks(axes: Axes, points: np.ndarray, size: float = 4) -> None:
    """Draw the 68 landmarks [68, 2] as points of this size and lines."""
    for first, last in OPEN_LINES + CLOSED_LINES:
        line = points[first:last] if (first, last) in OPEN_LINES else points[[*range(first, last), first]]
        axes.plot(*line.T, color="white", linewidth=0.6, alpha=0.8)
    axes.plot(*points.T, ".", color="#56b4e9", markersize=size)


def flow_colours(flow: np.ndarray, largest: float) -> np.ndarray:
    """Return uint8[H, W, 3] of a flow [2, H, W], u right and v down: hue is direction, white no movement.

    Full colour is reached at length `largest`, in the flow's unit, and beyond. Colours of the Middlebury wheel (Baker
    et al. 2011): right red, left cyan to blue, down yellow, up violet."""
    turn = orientation(flow) / (2 * np.pi) % 1
    hue = np.stack([np.interp(turn, CORNERS_AT, corner) for corner in CORNERS.T], axis=-1)
    length = np.minimum(magnitude(flow) / largest, 1)[..., None]
    return np.rint(255 * (1 - length * (1 - hue))).astype(np.uint8)


def flow_wheel(axes: Axes, side: float, rim: str) -> None:
    """Draw the colour wheel in the lower left corner. `side` is its share of the axes, `rim` the label of full
    colour."""
    wheel = axes.inset_axes((0.02, 0.02, side, side))
    disc = np.stack(np.meshgrid(*[np.linspace(-1, 1, 101)] * 2))
    colours = flow_colours(disc, 1.0)
    colours[magnitude(disc) > 1] = 255
    show_image(wheel, colours, "")
    axes.text(side + 0.04, 0.04, rim, transform=axes.transAxes, fontsize=8)
