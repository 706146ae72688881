"""The native layouts as the generator writes them, one file per data set; `datasets` reads what is written here.

What may not come in: pixels, and how anything is read.
"""

from dataclasses import replace
from pathlib import Path

from microexpr.core import registry
from microexpr.core.clip import Clip
from microexpr.core.store import write_text
from microexpr.rendering.layout import Native
from microexpr.rendering.recording import MARK


def _say_generated(path: Path, clips: list[Clip]) -> None:
    write_text(path, f"All {len(clips)} clips here and all files about them: {MARK.decode()}.\n")


def _marked(native: Native) -> Native:
    """With a file that says what its plain text files, for lack of comments, cannot."""
    return replace(native, annotations={**native.annotations, "GENERATED.txt": _say_generated})


NATIVES: dict[str, Native] = {
    name: _marked(native.NATIVE) for name, native in registry.modules("microexpr.rendering.layouts").items()
}
