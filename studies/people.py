"""How far apart embeddings of generated faces are: of one person in another pose and light, and of different people.

Asked of both: would `duplicate_subjects.THRESHOLDS` find who is there twice, and whom would it find who is not?
"""

import sys
from argparse import ArgumentParser
from itertools import combinations

import numpy as np

from microexpr.core import arithmetic
from microexpr.evaluation import duplicate_subjects
from microexpr.population import Params
from microexpr.population.identities import performer_of
from microexpr.population.sessions import render_sessions
from microexpr.rendering.face import Face

SHOWN = (0, 2)  # of a session's frames: one at rest, one with a large expression


def main() -> int:
    made = ArgumentParser(description=__doc__)
    made.add_argument("--people", type=int, default=60, help="how many, each in two sessions; default 60")
    found = np.array(
        [seen(name) for name in Params().training_subjects()[: made.parse_args().people]]
    )  # [P, 2, 2, 128]
    means = found.mean(2)
    away = np.linalg.norm(means[:, 0] - means[:, 1], axis=-1)
    apart = np.array([np.linalg.norm(a[0] - b[1]) for a, b in combinations(means, 2)])
    print(f"one person, two sessions:  {said(away)}")
    print(f"different people:          {said(apart)}")
    for threshold in sorted({0.25, 0.35, 0.4, 0.5, *duplicate_subjects.THRESHOLDS.values()}):
        print(
            f"below {threshold:.2f}: {(away < threshold).mean():6.1%} of one person, {(apart < threshold).mean():6.2%}"
        )
    level = duplicate_subjects.THRESHOLDS["generated"]
    wrong = int((away >= level).sum() + (apart < level).sum())
    print("the threshold for generated people parts them all" if not wrong else f"{wrong} pairs on the wrong side")
    return 1 if wrong else 0


def seen(name: str) -> np.ndarray:
    """Embeddings [sessions, frames, 128] of a subject of the population."""
    shown, params = list(SHOWN), Params()
    performer = performer_of(name, params)
    return np.array(
        [
            duplicate_subjects.embeddings(s.crop[shown], s.landmarks_crop[shown])
            for s in render_sessions(Face(performer.face_seed), performer, f"population/{name}", params.seed)
        ]
    )


def said(distances: np.ndarray) -> str:
    least, middle, most = np.quantile(distances, (0, 0.5, 1))
    return f"{len(distances):5} pairs, {least:.3f} to {most:.3f}, median {middle:.3f}"


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
