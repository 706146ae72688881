"""Micro-expression recognition and synthesis: from raw video to the published tables.

The names in `__all__` are the Python API; each is imported when it is first used. docs/python.md shows them at work.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from microexpr.api.applications import measure, predict, predict_pair, reenact, spot
    from microexpr.api.figures import compare, evaluate
    from microexpr.api.folds import loso
    from microexpr.api.measures import action_units, find_apex, flow, strain, track_faces
    from microexpr.api.results import plot
    from microexpr.api.stages import open_stage
    from microexpr.api.videos import Video, example_video, read_video

__version__ = "0.3.0"
__all__ = [
    "Video", "__version__", "action_units", "compare", "evaluate", "example_video", "find_apex", "flow", "loso",
    "measure", "open_stage", "plot", "predict", "predict_pair", "read_video", "reenact", "spot", "strain",
    "track_faces",
]  # fmt: skip

MODULES = {
    **dict.fromkeys(("Video", "example_video", "read_video"), "videos"),
    **dict.fromkeys(("action_units", "find_apex", "flow", "strain", "track_faces"), "measures"),
    **dict.fromkeys(("measure", "predict", "predict_pair", "reenact", "spot"), "applications"),
    **dict.fromkeys(("compare", "evaluate"), "figures"),
    "loso": "folds",
    "open_stage": "stages",
    "plot": "results",
}


def __getattr__(name: str) -> Any:
    """Import a name of the API (PEP 562)."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.api.{MODULES[name]}")
    except ModuleNotFoundError as error:
        from microexpr.core.errors import extra_remedy

        if why := extra_remedy(error):
            raise ModuleNotFoundError(f"microexpr.{name}: {why}", name=error.name) from None
        raise
    globals()[name] = value = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
