"""Reading action units: what it costs beside the usual ways in the same run, and what 5 px of image size change.

    python benchmarks/aus.py [--people 4] [--rounds 3]

Prints for each pair `<what>: ours_ms=... other_ms=... ratio=...` (CPU time a frame on one thread, best of the rounds),
then the whole reading's at one size and at five, and how far the vector of action units moves where the image is 5 px
larger or smaller, at one size and at five. Faces are rendered people that the shipped model was not fitted on.
"""

import argparse
import time
from collections.abc import Callable

import cv2
import numpy as np

from microexpr.core import arithmetic
from microexpr.population import Params
from microexpr.population.identities import performer_of
from microexpr.population.sessions import render_sessions
from microexpr.rendering.face import Face
from microexpr.signals.aus import SIZES, regressor, sizes
from microexpr.signals.aus.fit import Session
from microexpr.signals.aus.movement import blur, movement

BY = 5  # pixels
PARAMS = Params()
HELD_OUT = PARAMS.held_out_subjects()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    model = regressor.load()
    sessions = [session for i in range(options.people) for session in rendered(HELD_OUT[i])]
    for what, (ours_ms, other_ms) in compared(sessions[0], options.rounds).items():
        print(f"{what}: ours_ms={ours_ms:.2f} other_ms={other_ms:.2f} ratio={other_ms / ours_ms:.1f}")
    one_ms, all_ms = reading(sessions[0], model, options.rounds)
    print(f"reading: one_size_ms={one_ms:.2f} {len(SIZES)}_sizes_ms={all_ms:.2f}")
    claim(sessions, model)


def compared(session: Session, rounds: int) -> dict[str, list[float]]:
    """Milliseconds a frame of parts of the reading, ours and the usual way's."""
    faces = [regressor.reduce_crop(crop) for crop in session.crops]
    blurred = [blur(face) for face in faces]
    pairs: dict[str, list[Callable[[], object]]] = {
        "movement (Farneback's)": [
            lambda: [movement(blurred[0], face) for face in blurred],
            lambda: [farneback(faces[0], face) for face in faces],
        ],
    }
    return {what: best(calls, len(faces), rounds) for what, calls in pairs.items()}


def reading(session: Session, model: regressor.Model, rounds: int) -> list[float]:
    """Milliseconds a frame of the whole reading, at one size and at all."""
    reads = [lambda chosen=chosen: regressor.regress(session.crops, 0, model, chosen) for chosen in ((0,), SIZES)]
    return best(reads, len(session.crops), rounds)


def rendered(subject: str) -> list[Session]:
    """The sessions of a subject of the population, as the fit reads them."""
    performer = performer_of(subject, PARAMS)
    sessions = render_sessions(Face(performer.face_seed), performer, f"population/{subject}", PARAMS.seed)
    return [Session(s.crop[..., 0], s.intensity, s.strength) for s in sessions]


def farneback(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.calcOpticalFlowFarneback(before, after, None, 0.5, 3, 15, 3, 5, 1.1, 0))  # type: ignore[call-overload]


def best(calls: list[Callable[[], object]], frames: int, rounds: int) -> list[float]:
    """Milliseconds a frame of each, all of them once in each round."""
    times = np.zeros((rounds, len(calls)))
    for turn, number in np.ndindex(times.shape):
        start = time.process_time()
        calls[number]()
        times[turn, number] = 1000 * (time.process_time() - start) / frames
    return [float(value) for value in times.min(axis=0)]


def claim(sessions: list[Session], model: regressor.Model) -> None:
    """FAMGAN's, for all that is read of left and right half: the mean length of the vector's change."""

    def read(crops: np.ndarray) -> np.ndarray:
        return regressor.regress(crops, 0, model, (0,))[..., :2]

    jumps = [sizes.size_jumps(read, session.crops, SIZES, BY) for session in sessions]
    alone, averaged = np.concatenate(jumps, axis=1).mean(axis=1)
    print(f"{BY} px of image size: one_size={alone:.3f} {len(SIZES)}_sizes={averaged:.3f} ratio={averaged / alone:.2f}")


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
