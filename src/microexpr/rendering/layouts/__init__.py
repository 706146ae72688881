"""Write the native layouts, one file per data set; `datasets` reads them.

Pixels and reading do not come in here.
"""

from dataclasses import replace
from pathlib import Path

from microexpr.core import registry
from microexpr.core.clip import Clip
from microexpr.core.expression import LongVideo
from microexpr.core.store import write_text
from microexpr.rendering.layout import Native
from microexpr.rendering.long_videos import LongNative
from microexpr.rendering.recording import MARK


def _write_notice(path: Path, clips: list[Clip]) -> None:
    """Write a text file that says that all files are rendered."""
    write_text(path, f"All {len(clips)} clips here and all files about them: {MARK.decode()}.\n")


def _with_notice(native: Native) -> Native:
    """Return the layout with a notice file, since its plain text files cannot hold comments."""
    return replace(native, annotations={**native.annotations, "GENERATED.txt": _write_notice})


def _with_long_notice(native: LongNative) -> LongNative:
    """Return the layout with such a notice file."""

    def write(path: Path, videos: list[LongVideo]) -> None:
        _write_notice(path, [video.clip for video in videos])

    return replace(native, annotations={**native.annotations, "GENERATED.txt": write})


_ALL = {name: module.NATIVE for name, module in registry.modules("microexpr.rendering.layouts").items()}
NATIVES: dict[str, Native] = {name: _with_notice(native) for name, native in _ALL.items() if isinstance(native, Native)}
LONG_NATIVES: dict[str, LongNative] = {
    name: _with_long_notice(native) for name, native in _ALL.items() if isinstance(native, LongNative)
}
