"""What all pictures share: a page that is the same for everyone, colours, and the word on generated faces.

What may not come in: pyplot, whose state is global, and times, so that the same results give the same bytes.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.signals.flow import magnitude, orientation

STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "0.5",
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "legend.frameon": False,
}
DPI = 110
WIDTH = 10.0  # inches
BLUE, RED, GREEN, PINK, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#444444"  # also apart for the colour-blind
# Corners of the usual colour wheel of optical flow (Baker et al. 2011), and where they lie on its circle of 55 steps.
CORNERS = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]])
CORNERS_AT = np.array([0, 15, 21, 25, 36, 49, 55]) / 55
# The 68 points as lines: jaw, brows, bridge and base of the nose; closed: eyes, outer and inner lips.
OPEN_LINES = ((0, 17), (17, 22), (22, 27), (27, 31), (31, 36))
CLOSED_LINES = ((36, 42), (42, 48), (48, 60), (60, 68))
HIDDEN = "licensed faces are not shown;\npapers.show_licensed_faces: true in params.yaml shows them"


@contextmanager
def written(path: str | Path, height: float) -> Iterator[Figure]:
    """A figure to draw on, written as a PNG afterwards; no setting of the user's matplotlib changes it."""
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure((WIDTH, height))
        yield figure
        with store.atomic(path) as part:
            figure.savefig(part, format="png", dpi=DPI, metadata={"Software": None}, pil_kwargs={"optimize": True})


@contextmanager
def on_page(clip: Clip, results: Path, path: str | Path, height: float) -> Iterator[tuple[Figure, Any, Any]]:
    """`written`, with the clip's groups of a faces and an apex file. Raises StoreError if one cannot be read."""
    faces, apex = (results / stage / clip.dataset / f"{clip.subject}.h5" for stage in ("faces", "apex"))
    with store.opened(faces, "faces") as moving, store.opened(apex, "apex") as events, written(path, height) as page:
        yield page, moving[clip.name], events[clip.name]


def heading(figure: Figure, text: str, generated: bool, shown: str = "face") -> None:
    """The title, upper left, with the word where what is shown is generated."""
    word = f"\ngenerated {shown}, no person is shown" if generated else ""
    top = 1 - 0.1 / figure.get_figheight()
    figure.suptitle(text + word, x=0.015, y=top, ha="left", va="top", linespacing=1.4)


def refuse_licensed(clips: Iterable[Clip], show: bool) -> None:
    for clip in clips:
        refuse_origin(clip.origin, clip.id, show)


def refuse_origin(origin: str, what: str, show: bool) -> None:
    if origin != "generated" and not show:
        raise DataError(
            f"faces must be generated, not {origin} ({what}): licences restrict where faces may "
            "be shown; if yours allows it, add --show-licensed-faces"
        )


def hidden(path: str | Path, clips: Sequence[Clip], show_licensed: bool, title: str) -> bool:
    """Whether the faces may not be shown; then a page that says so is written in their place."""
    return withheld(path, {clip.origin for clip in clips}, show_licensed, title)


def withheld(path: str | Path, origins: Collection[str], show_licensed: bool, title: str) -> bool:
    """The same of faces of these origins."""
    if show_licensed or {*origins} <= {"generated"}:
        return False
    with written(path, 1.5) as page:
        page.text(0.5, 0.5, f"{title}\n{HIDDEN}", ha="center", va="center")
    return True


def caption(page: Figure, text: str, clips: Sequence[Clip]) -> float:
    """Writes the title of several clips; what is left of the page's height below it."""
    generated = any(clip.origin == "generated" for clip in clips)
    heading(page, text, generated, "faces")
    return 1 - (0.85 if generated else 0.6) / page.get_figheight()


def enlarged(film: np.ndarray, still: np.ndarray, times: float) -> np.ndarray:
    """uint8, around mid grey: what differs in pictures in bytes from one, so many times."""
    return np.clip(128 + times * (film.astype(float) - still), 0, 255).astype(np.uint8)


def picture(axes: Axes, pixels: np.ndarray, title: str) -> None:
    """A grey or RGB picture without a frame; `pixels` uint8[H, W] or [H, W, 3]."""
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)
    axes.set_anchor("W")
    axes.set_title(title)
    axes.set_axis_off()


def stamp(axes: Axes, clip: Clip) -> None:
    """The word on the picture itself, which stays when somebody cuts it out."""
    stamp_origin(axes, clip.origin, 8)


def stamp_origin(axes: Axes, origin: str, size: float, colour: str = "white") -> None:
    if origin == "generated":
        axes.text(0.98, 0.02, "generated", transform=axes.transAxes, ha="right", color=colour, fontsize=size)


def outline(axes: Axes, points: np.ndarray, size: float = 4) -> None:
    """The 68 landmarks [68, 2], as points of this size and lines."""
    for first, last in OPEN_LINES + CLOSED_LINES:
        line = points[first:last] if (first, last) in OPEN_LINES else points[[*range(first, last), first]]
        axes.plot(*line.T, color="white", linewidth=0.6, alpha=0.8)
    axes.plot(*points.T, ".", color="#56b4e9", markersize=size)


def flow_colours(flow: np.ndarray, largest: float) -> np.ndarray:
    """uint8[H, W, 3] of a flow [2, H, W], u right and v down: hue is direction, white no movement.

    Full colour is reached at length `largest`, in the flow's unit, and kept beyond. Colours of the Middlebury wheel
    (Baker et al. 2011): right red, left cyan to blue, down yellow, up violet.
    """
    turn = orientation(flow) / (2 * np.pi) % 1
    hue = np.stack([np.interp(turn, CORNERS_AT, corner) for corner in CORNERS.T], axis=-1)
    length = np.minimum(magnitude(flow) / largest, 1)[..., None]
    return np.rint(255 * (1 - length * (1 - hue))).astype(np.uint8)


def flow_wheel(axes: Axes, side: float, rim: str) -> None:
    """What these colours mean, in the lower left corner: `side` is a share of the axes, `rim` what full colour is."""
    wheel = axes.inset_axes((0.02, 0.02, side, side))
    disc = np.stack(np.meshgrid(*[np.linspace(-1, 1, 101)] * 2))
    shown = flow_colours(disc, 1.0)
    shown[magnitude(disc) > 1] = 255
    picture(wheel, shown, "")
    axes.text(side + 0.04, 0.04, rim, transform=axes.transAxes, fontsize=8)
