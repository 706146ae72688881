"""A form for people: pairs of true and synthesised micro-expressions of a run, and their page, which holds no key."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from microexpr import protocols
from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.datasets import index
from microexpr.evaluation import true_faces
from microexpr.evaluation.form import Pair, choose
from microexpr.reporting import journey
from microexpr.reporting.html import templates
from microexpr.reporting.plots.drawing import refuse_licensed

SEED = 0  # of the choice and order of pairs
TEMPLATE, STYLES, SCRIPT = "form.jinja", ("page.css", "form.css"), "form.js"


def gather(shards: Sequence[Path], results: Path, count: int, show: bool) -> list[Pair]:
    """Return up to `count` pairs of the main table's clips, from the shards of a generator and the run's stages.

    A face was synthesised for its own clip's class, by weights that never saw its subject. Raises DataError for
    licensed faces unless `show`, StoreError if there are no faces, or for a file that cannot be read."""
    protocol = protocols.PROTOCOLS[protocols.MEGC2019]
    clips = protocol.select(index.read_all(sorted(map(str, (results / "index").glob("*.csv")))))
    by_source = {(clip.provenance, protocol.label(clip)): clip.id for clip in clips}
    synthesised: dict[str, np.ndarray] = {}
    for _, source, label, pair in journey.held_out_faces(shards):
        if (source, label) in by_source:
            synthesised[by_source[source, label]] = pair[1]
    if not synthesised:
        raise StoreError(f"{', '.join(map(str, shards))}: must hold a face of a clip of {results}/index; none does")
    chosen = [clip for clip in clips if clip.id in synthesised]
    refuse_licensed(chosen, show)
    files = [results / stage / clip.dataset / f"{clip.subject}.h5" for clip in chosen for stage in ("faces", "apex")]
    shape = next(iter(synthesised.values())).shape
    true = true_faces.read(chosen, sorted(set(files)), shape)
    return choose(true, synthesised, count, SEED)


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
