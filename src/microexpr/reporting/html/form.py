"""The page of a form for people: pairs of micro-expressions that blink between rest and apex. It holds no key."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from microexpr.core import store
from microexpr.evaluation.form import Pair
from microexpr.reporting.html import templates

TEMPLATE, STYLES, SCRIPT = "form.jinja", ("page.css", "form.css"), "form.js"


def write(path: Path, pairs: Sequence[Pair], generator: str) -> None:
    """Write the page. Raises StoreError when the disk is full."""
    script = templates.text(SCRIPT)
    page = templates.template(TEMPLATE).render(
        pairs=[{name: _picture(getattr(pair, name)) for name in ("rest", "left", "right")} for pair in pairs],
        generator=generator,
        origins=sorted({pair.origin for pair in pairs}),
        style=templates.text(*STYLES),
        script=script,
        hash=templates.script_hash(script),
    )
    store.write_text(path, page)


def _picture(image: np.ndarray) -> str:
    """Return an image uint8[H, W, C] as a data URL, without a loss."""
    encoded, data = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
    assert encoded
    return templates.data_url("image/png", data.tobytes())
