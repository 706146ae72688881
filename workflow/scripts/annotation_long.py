"""The annotation of a whole rendered corpus of long videos."""

from pathlib import Path

from adapter import logged

with logged() as snakemake:
    from microexpr.core.clip import LongVideo
    from microexpr.rendering.layouts import LONG_NATIVES

    videos = [LongVideo.from_row(row) for row in snakemake.params.rows]
    annotations = LONG_NATIVES[videos[0].clip.dataset].annotations.values()
    for write, path in zip(annotations, snakemake.output, strict=True):
        write(Path(path), videos)
