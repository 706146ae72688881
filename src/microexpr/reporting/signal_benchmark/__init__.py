"""The benchmark of the signal stages: rendered people, read as any clip is, held to what the renderer knows.

What may not come in: people of a corpus, since params may be chosen by these figures; training; licensed data.
"""

from typing import Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core.seeds import spawn
from microexpr.rendering import plan
from microexpr.rendering.layout import Planned
from microexpr.rendering.layouts import NATIVES

Difficulty = Literal["easy", "standard", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = get_args(Difficulty)


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    difficulties: list[Difficulty] = Field(
        default=list(DIFFICULTIES), min_length=1, description="the same people and clips at each of them"
    )
    subjects: int = Field(default=2, ge=1, le=40, description="people a data set")
    clips: int = Field(default=4, ge=3, le=60, description="of each")


def root_seed(seed: int) -> int:
    """The seed of the benchmark's people: from params' seed by name, so that none of them is in a corpus."""
    return int(spawn(seed, "truth").generate_state(1, np.uint64)[0])


def planned(dataset: str, params: Params, generate: plan.Params, seed: int) -> list[Planned]:
    """The benchmark's clips of a data set, sorted by clip id; at every difficulty the same. `seed` is params' own."""
    census = NATIVES[dataset].census
    clips = min(params.clips, len(census.balanced)) if census.once else params.clips
    size = plan.Corpus(subjects=params.subjects, clips=clips)
    return plan.planned(dataset, generate.model_copy(update={dataset: size}), root_seed(seed))
