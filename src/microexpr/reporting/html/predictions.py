"""One page of the predictions of many videos, with a link to each one's own. Computes no figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from microexpr.apps.predict import Models, limits
from microexpr.core import store
from microexpr.reporting.html import templates

TEMPLATE, STYLES = "predictions.jinja", ("page.css", "prediction.css")


def write(
    path: Path, videos: Sequence[Mapping[str, Any]], contents: Mapping[str, Mapping[str, Any]], models: Models
) -> None:
    """Write the page of videos, rows of videos.csv; `contents` is what intervals.json says of those that are done.

    Raises StoreError when the disk is full."""
    micro = {
        name: [interval for interval in document["intervals"] if interval["kind"] == "micro"]
        for name, document in contents.items()
    }
    page = templates.template(TEMPLATE).render(
        videos=[video for video in videos if video["folder"]],
        micro=micro,
        count=sum(map(len, micro.values())),
        shown=sum(map(bool, micro.values())),
        problems=[video for video in videos if video["problem"]],
        left_out=[video for video in videos if video["left_out"]],
        generated=any(document["origin"] == "generated" for document in contents.values()),
        short_notice=limits.SHORT_NOTICE,
        notice=(*models.descriptions, *limits.NOTICE),
        address=lambda folder: quote(f"{folder}/prediction.html"),
        style=templates.text(*STYLES),
    )
    store.write_text(path, page)
