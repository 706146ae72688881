"""The annotation of a whole rendered corpus."""

from pathlib import Path

from adapter import logged

with logged() as snakemake:
    from microexpr.core.clip import Clip
    from microexpr.rendering.layouts import NATIVES

    clips = [Clip.from_row(row) for row in snakemake.params.rows]
    annotations = NATIVES[clips[0].dataset].annotations.values()
    for write, path in zip(annotations, snakemake.output, strict=True):
        write(Path(path), clips)
