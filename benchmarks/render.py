"""Core time per generated frame, by stage and size, and memory: `python benchmarks/render.py [people]`.

Meant to stay under 15 ms at 256 x 256, the face filling it, under 30 ms at 640 x 480, and under 700 MB a process.
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

from microexpr.core import arithmetic
from microexpr.core.seeds import generator
from microexpr.rendering import face as renderer
from microexpr.rendering.camera import expose
from microexpr.rendering.performance import DIFFICULTIES, Performer, perform
from microexpr.rendering.rig import rig, skin_map

FRAMES = 20
SIZES = {(256, 256): 1.3, (640, 480): 1.0}  # width and height: zoom
KERNELS = {name: getattr(renderer, name) for name in ("rasterise", "shade", "vertex_normals", "project")}
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
    """Add noise as `expose` does, but with new normal deviates for each frame: to time what its table saves."""
    noisy = image + 3 * rng.standard_normal(image.shape, np.float32) * (0.6 + 0.4 * np.sqrt(image / np.float32(128)))
    return np.clip(noisy + 0.5, 0, 255).astype(np.uint8)


def film(number: int) -> None:
    """One person's clip of FRAMES frames in every size, timed."""
    rng = generator(0, "benchmark", number)
    performer = Performer.sample(rng)
    face = timed("a person", renderer.Face)(performer.face_seed)
    play = perform(performer, {"AU12L": 1.0, "AU12R": 1.0}, 4, 9, 15, FRAMES, 200, DIFFICULTIES["standard"], rng)
    timed("a person's light", face.render)({}, light=performer.light)
    for (width, height), zoom in SIZES.items():
        at = f"at {width}x{height}"
        for stage in KERNELS:
            setattr(renderer, stage, timed(f"{stage} {at}", KERNELS[stage]))
        render, take = timed(f"render {at}", face.render), timed(f"camera {at}", expose)
        draw = timed(f"camera, noise drawn {at}", drawn_noise)
        for units, pose, shift, gaze in zip(play.action_units, play.pose, play.shift, play.gaze, strict=True):
            image = render(
                units, pose, shift, performer.light, size=(width, height), zoom=zoom * performer.zoom, gaze=gaze
            ).image
            take(image, rng, 3.0, 1.0)
            draw(image, rng)


def main() -> None:
    cv2.setNumThreads(1)
    timed("all people: rig", rig)()
    timed("all people: map of the skin", skin_map)()
    renderer.Face(0).render({})  # compiles the kernels, or reads them from numba's cache
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 4):
        film(number)
    for stage, spent in seconds.items():
        print(f"{stage:32} {1e3 * np.median(spent):8.2f} ms  {len(spent):4} times")
    for width, height in SIZES:
        at = f"at {width}x{height}"
        render_ms, camera_ms, normal_ms = (
            1e3 * np.median(seconds[f"{stage} {at}"]) for stage in ("render", "camera", "camera, noise drawn")
        )
        print(
            f"a frame {at}: {render_ms + camera_ms:.1f} ms; noise drawn against table ratio={normal_ms / camera_ms:.1f}"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
