"""Signal benchmark: the signal stages' errors on rendered subjects, against the renderer's ground truth.

This module plans its clips; `person` renders one subject and measures the stages on it, `pool` averages over subjects,
`page` shows the figures. Out of scope: subjects of a corpus, since params may be chosen by these
figures; training; licensed data.
"""

from typing import Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core.seeds import spawn
from microexpr.rendering import plan
from microexpr.rendering.layout import PlannedClip
from microexpr.rendering.layouts import NATIVES

Difficulty = Literal["easy", "standard", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = get_args(Difficulty)


class Params(BaseModel):
    """Section `signal_benchmark` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    difficulties: list[Difficulty] = Field(
        default=list(DIFFICULTIES), min_length=1, description="the same subjects and clips at each of them"
    )
    subjects: int = Field(default=2, ge=1, le=40, description="subjects of each data set")
    clips: int = Field(default=4, ge=3, le=60, description="clips of each subject")


def root_seed(seed: int) -> int:
    """Return the seed of the benchmark's subjects, derived from the one in params.yaml; they are in no corpus."""
    return int(spawn(seed, "truth").generate_state(1, np.uint64)[0])


def plan_clips(dataset: str, params: Params, render: plan.Params, seed: int) -> list[PlannedClip]:
    """Return the benchmark's clips of a data set, sorted by id, the same at every difficulty. `render` is section
    `render` of params.yaml, with another size of the data set; `seed` the one in params.yaml."""
    census = NATIVES[dataset].census  # without shares a subject has one clip of each emotion in `balanced`, and no more
    clips = min(params.clips, len(census.balanced)) if not census.shares else params.clips
    size = plan.Corpus(subjects=params.subjects, clips=clips)
    return plan.plan_clips(dataset, render.model_copy(update={dataset: size}), root_seed(seed))
