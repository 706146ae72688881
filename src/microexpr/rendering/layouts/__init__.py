"""Write the native layouts, one file per data set; `datasets` reads them.

Pixels and reading do not come in here.
"""

from collections.abc import Sized
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from microexpr.core import registry
from microexpr.core.store import write_text
from microexpr.rendering.layout import Native
from microexpr.rendering.long_videos import LongNative
from microexpr.rendering.recording import MARK

Layout = TypeVar("Layout", Native, LongNative)


def _write_notice(path: Path, clips: Sized) -> None:
    """Write a text file that says that all files are rendered."""
    write_text(path, f"All {len(clips)} clips here and all files about them: {MARK.decode()}.\n")


def _with_notice(native: Layout) -> Layout:
    """Return the layout with a notice file, since its plain text files cannot hold comments."""
    return replace(native, annotations={**native.annotations, "GENERATED.txt": _write_notice})


_ALL = {name: _with_notice(module.NATIVE) for name, module in registry.modules("microexpr.rendering.layouts").items()}
NATIVES: dict[str, Native] = {name: native for name, native in _ALL.items() if isinstance(native, Native)}
LONG_NATIVES: dict[str, LongNative] = {name: native for name, native in _ALL.items() if isinstance(native, LongNative)}
