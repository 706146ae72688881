"""Whether generated micro-expressions run in time, and move the face, as people's are annotated. Renders nothing.

The data sets' own annotation is what they are held to: CASME2-coding-20140508.xlsx (255 rows),
SAMM_Micro_FACS_Codes_v2.xlsx (159) and SMIC-HS-E_annotation.xlsx (167 filled pairs of onset and offset). Generated are
corpora of published size, of five seeds together. Seconds count the offset's frame; action units are of what was shown
or coded, in percent of the clips.
"""

import re
import sys
from collections import Counter
from collections.abc import Sequence

import numpy as np
from checkout import parser

from microexpr.core import arithmetic
from microexpr.rendering import plan
from microexpr.rendering.layout import PlannedClip

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SECONDS = {  # mean, then quantiles
    "casme2": (0.336, 0.18, 0.255, 0.305, 0.43, 0.5),
    "samm": (0.372, 0.2, 0.298, 0.39, 0.448, 0.5),
    "smic": (0.336, 0.2, 0.26, 0.33, 0.405, 0.497),
}
RISE = {"casme2": (0.515, 0.26, 0.42, 0.51, 0.6, 0.77), "samm": (0.461, 0.23, 0.34, 0.44, 0.56, 0.74)}
ONE_SIDED = {"casme2": 19.2, "samm": 26.4}
UNITS = {
    "casme2": {4: 50.6, 7: 14.9, 12: 13.3, 14: 10.6, 1: 10.2, 17: 9.8, 2: 8.2, 10: 6.7, 15: 6.3, 9: 5.1, 6: 5.1},
    "samm": {7: 28.9, 12: 18.9, 4: 14.5, 2: 11.3, 14: 8.2, 5: 6.3, 24: 6.3, 17: 4.4, 25: 4.4, 20: 4.4, 10: 3.8, 1: 3.8},
}
TOGETHER = {"casme2": (60.0, 29.4, 8.6), "samm": (66.0, 25.2, 8.8)}  # of one unit, of two, of more
MOST = {"casme2": 36, "samm": 20}  # clips of one person
SIZE = plan.Params(max_frames=150)


def main() -> int:
    arguments = parser(__doc__ or "", first=1, seeds=5).parse_args()
    print("| data set | | annotated | generated |\n| --- | --- | --- | --- |")
    for dataset in SECONDS:
        corpora = [
            plan.plan_clips(dataset, SIZE, seed) for seed in range(arguments.first, arguments.first + arguments.seeds)
        ]
        clips = [one for corpus in corpora for one in corpus]
        frames = np.array([one.offset - one.onset for one in clips])
        shown("seconds: mean; 5, 25, 50, 75, 95 %", dataset, SECONDS[dataset], spread((frames + 1) / clips[0].clip.fps))
        rise = np.array([one.apex - one.onset for one in clips]) / frames
        shown("share until the apex: the same", dataset, RISE.get(dataset), spread(rise))
        if dataset not in UNITS:
            continue
        print(f"| {dataset} | on one side only, % | {ONE_SIDED[dataset]:.0f} | {sided(clips):.0f} |")
        numbers = [{int(name[2:-1]) for name in one.weights} for one in clips]
        count = Counter(min(len(units), 3) for units in numbers)
        mine = [100 * count[size] / len(clips) for size in (1, 2, 3)]
        shown("one unit, two, more, %", dataset, TOGETHER[dataset], mine, 0)
        own = Counter(unit for units in numbers for unit in units)
        wanted = UNITS[dataset]
        text = " ".join(f"AU{unit}" for unit in wanted)
        shown(f"{text}, %", dataset, list(wanted.values()), [100 * own[unit] / len(clips) for unit in wanted], 0)
        most = [max(Counter(one.clip.subject for one in corpus).values()) for corpus in corpora]
        print(f"| {dataset} | most clips of one person | {MOST[dataset]} | {min(most)} to {max(most)} |")
    return 0


def spread(values: np.ndarray) -> list[float]:
    return [float(values.mean()), *map(float, np.quantile(values, QUANTILES))]


def sided(clips: Sequence[PlannedClip]) -> float:
    """Percent of clips with a unit on one side."""
    return float(100 * np.mean([bool(re.search(r"[LR]\d", one.clip.action_units)) for one in clips]))


def shown(what: str, dataset: str, wanted: Sequence[float] | None, found: Sequence[float], digits: int = 2) -> None:
    one, other = (" ".join(f"{value:.{digits}f}" for value in values) if values else "-" for values in (wanted, found))
    print(f"| {dataset} | {what} | {one} | {other} |")


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
