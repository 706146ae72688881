"""The annotation of a whole rendered corpus, of clips or of long videos."""

from pathlib import Path
from typing import Any

from adapter import logged

with logged() as snakemake:
    from microexpr.core.clip import Clip, LongVideo
    from microexpr.rendering.layouts import LONG_NATIVES, NATIVES

    name, rows = snakemake.params.dataset, snakemake.params.rows
    native: Any = LONG_NATIVES[name] if name in LONG_NATIVES else NATIVES[name]
    annotated = [(LongVideo if name in LONG_NATIVES else Clip).from_row(row) for row in rows]
    for write, path in zip(native.annotations.values(), snakemake.output, strict=True):
        write(Path(path), annotated)
