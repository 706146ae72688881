"""Gather the pairs of a form for people from a run: true and synthesised faces of the same held-out clips."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from microexpr import protocols
from microexpr.core.errors import StoreError
from microexpr.datasets import index
from microexpr.evaluation import form, true_faces
from microexpr.reporting import journey
from microexpr.reporting.plots.drawing import refuse_licensed

SEED = 0  # of the choice and order of pairs


def gather(shards: Sequence[Path], results: Path, count: int, show: bool) -> list[form.Pair]:
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
    return form.choose(true, synthesised, count, SEED)
