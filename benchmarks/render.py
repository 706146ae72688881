"""Milliseconds of core time per generated frame, by stage, at 640 x 480: `python benchmarks/render.py [people]`.

`ratio=` is the sensor's noise drawn afresh for each frame against noise taken from the table.
"""

import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from microexpr.generated import face as renderer
from microexpr.generated.camera import expose
from microexpr.generated.performer import DIALS, Performer, perform
from microexpr.generated.rig import rig, skin_map
from microexpr.seeds import generator

FRAMES = 20
seconds: dict[str, list[float]] = defaultdict(list)


def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which notes its core time under `stage`."""

    def call(*arguments: Any, **named: Any) -> Any:
        start = time.process_time()
        result = function(*arguments, **named)
        seconds[stage].append(time.process_time() - start)
        return result

    return call


def drawn_noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What `expose` would cost with normal deviates of its own for each frame."""
    noisy = image + 3 * rng.standard_normal(image.shape, np.float32) * (0.6 + 0.4 * np.sqrt(image / np.float32(128)))
    return np.clip(noisy + 0.5, 0, 255).astype(np.uint8)


def film(number: int) -> None:
    """One person's clip of FRAMES frames, timed."""
    rng = generator(0, "benchmark", number)
    performer = Performer.drawn(rng)
    face = timed("a person", renderer.Face)(performer.face_seed)
    play = perform(performer, {"AU12L": 1.0, "AU12R": 1.0}, 4, 9, 15, FRAMES, 200, DIALS["standard"], rng)
    timed("a person's light", face.render)({}, light=performer.light)
    render, take, draw = (
        timed("render", face.render),
        timed("camera", expose),
        timed("camera, noise drawn", drawn_noise),
    )
    for units, pose, shift in zip(play.action_units, play.pose, play.shift, strict=True):
        image = render(units, pose, shift, performer.light, zoom=performer.zoom).image
        take(image, rng, 3.0, 1.0)
        draw(image, rng)


def main() -> None:
    cv2.setNumThreads(1)
    timed("all people: rig", rig)()
    timed("all people: map of the skin", skin_map)()
    renderer.Face(0).render({})  # compiles the kernels, or reads them from numba's cache
    for stage in ("rasterise", "shade", "vertex_normals", "project"):
        setattr(renderer, stage, timed(stage, getattr(renderer, stage)))
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 4):
        film(number)
    for stage, spent in seconds.items():
        print(f"{stage:28} {1e3 * np.median(spent):8.2f} ms  {len(spent):4} times")
    frame = np.median(seconds["render"]) + np.median(seconds["camera"])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"a frame, median: {1e3 * frame:.1f} ms; peak memory {memory} MB")
    print(f"ratio={np.median(seconds['camera, noise drawn']) / np.median(seconds['camera']):.1f}")


if __name__ == "__main__":
    main()
