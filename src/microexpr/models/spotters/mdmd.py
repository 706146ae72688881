"""MDMD, the baseline of MEGC 2020: movement that comes and goes within a fixed time. No folds, files or devices.

Shapes: T frames, blocks [T, 2, 36] of both reaches.
"""

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from microexpr.core.clip import KINDS
from microexpr.models import spotter
from microexpr.models.spotter import Curves, Interval, Spotter
from microexpr.signals.aus.filters import stretches
from microexpr.signals.spotting.movement import BLOCKS, REACH

SHORTEST, LONGEST = 7 / 30, 16 / 30  # seconds of a micro-expression, both included; longer ones are macro-expressions


class Mdmd(Spotter):
    """Main directional maximal difference: a third of 36 blocks, less its mean a reach before and after.

    After the authors' program, but for: TV-L1 in place of robust local flow, four quadrants of a direction in place of
    the two that its arc tangent of one number leaves, and the last frames of a video, which it loses. Their own
    thresholds were chosen on the test videos."""

    paper = "He et al., Spotting macro- and micro-expression intervals in long video sequences, FG 2020"

    class Params(spotter.Params):
        threshold: float = Field(0.01, ge=0, le=1, description="share of the way from mean to largest value of a video")

    def find(self, curves: Curves, scores: Mapping[str, np.ndarray]) -> list[Interval]:
        intervals = []
        for j, kind in enumerate(KINDS):
            reach = curves.frames(REACH[kind])
            contrast = self.contrast(curves.arrays["blocks"][:, j], reach)
            valid = contrast[2 * reach : len(contrast) - 2 * reach]
            if not len(valid):
                continue
            level = valid.mean() + self.params.threshold * (valid.max() - valid.mean())
            for run in stretches(valid > level):
                first, last = run.start, run.stop - 1
                length = (run.stop - run.start) / curves.fps
                if run.stop < len(valid) and (SHORTEST <= length <= LONGEST if kind == "micro" else length > LONGEST):
                    apex = first + int(valid[run].argmax())
                    onset, top, offset = (2 * reach + position for position in (first, apex, last))
                    intervals.append(Interval(kind, onset, top, offset, float(contrast[top])))
        return intervals

    @staticmethod
    def contrast(blocks: np.ndarray, reach: int) -> np.ndarray:
        """Return float64[T] of blocks [T, 36]: a third of them, less its mean `reach` - 1 frames before and after."""
        value = -np.sort(-blocks.astype(np.float64), axis=1)[:, : round(BLOCKS**2 / 3)].mean(1)
        around, contrast = reach - 1, np.zeros(len(value))
        inner = slice(around, len(value) - around)
        if len(value) > 2 * around:
            contrast[inner] = value[inner] - (value[: len(value) - 2 * around] + value[2 * around :]) / 2
        return contrast
