"""List the recordings of the population that a method learns from, as clips: nothing is rendered."""

from collections.abc import Collection, Iterable, Iterator

import numpy as np

from microexpr.core.clip import POPULATION, Clip, Recording
from microexpr.population import Params, scenes
from microexpr.population.clips import plan_clips
from microexpr.rendering import display
from microexpr.signals.inputs import scene_name


def clips_of(params: Params, subjects: Iterable[str], kinds: Collection[Recording]) -> list[Clip]:
    """Return recordings of these kinds, subject by subject. Held-out subjects have no scene of an emotion."""
    return [clip for subject in subjects for kind, clip in _recordings(params, subject) if kind in kinds]


def training_clips(params: Params, kinds: Collection[Recording], marks_macro: bool) -> tuple[list[Clip], list[Clip]]:
    """Return recordings of these kinds of all training subjects; if `marks_macro`, macro-expressions separately."""
    clips: list[Clip] = []
    macro_clips: list[Clip] = []
    for subject in params.training_subjects():
        for kind, clip in _recordings(params, subject):
            if kind in kinds:
                (macro_clips if marks_macro and "macro" in kind else clips).append(clip)
    return clips, macro_clips


def _recordings(params: Params, subject: str) -> Iterator[tuple[Recording, Clip]]:
    for planned in plan_clips(params, subject):
        yield planned.kind, planned.clip
    if subject in params.held_out_subjects():
        return
    # each image of a scene that shows an emotion is a clip that jumps there from the image at rest
    for i in range(scenes.SCENES):
        changes = scenes.sample_changes(scenes.stream(params.seed, f"{POPULATION}/{subject}", i))
        emotional_images = np.flatnonzero(changes.label != scenes.NONE)
        for image in map(int, emotional_images):
            weights = {
                f"{unit}{side}": float(value)
                for unit, sides in zip(display.ACTION_UNITS, changes.added[image], strict=True)
                for side, value in zip(display.SIDES, sides, strict=True)
                if value
            }
            kind: Recording = "macro scene" if (image - emotional_images[0]) % len(scenes.STRENGTHS) else "micro scene"
            yield kind, Clip(
                dataset=POPULATION, subject=subject, name=scene_name(i + 1, image), origin="generated", folder="",
                first=0, last=image, frames=2, onset=0, apex=image, offset=image, fps=1,
                emotion=changes.emotions[image], label=int(changes.label[image]),
                objective_class=display.shown_class(weights), action_units=display.notation(weights),
            )  # fmt: skip
