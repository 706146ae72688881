"""A long take written down: a video of somebody generated, and beside it what is to be found in it."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from microexpr.core import store
from microexpr.core.errors import ParamsError
from microexpr.core.seeds import generator
from microexpr.rendering import walls
from microexpr.rendering.display import notation
from microexpr.rendering.face import Face
from microexpr.rendering.performance import DIALS, Performer
from microexpr.rendering.recording import recorder
from microexpr.rendering.shot import shot
from microexpr.rendering.take import Event, Params, perform, planned

SUFFIX = ".avi"
COLUMNS = ("kind", "emotion", "action_units", "onset", "apex", "offset", "fps", "origin")  # frames from 0


def write(
    path: Path, params: Params, seed: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> Path:
    """Writes the video, then the truth as a CSV of the same name, which it returns.

    Raises ParamsError for another suffix than .avi or events that do not fit, StoreError when the disk is full."""
    if path.suffix != SUFFIX:
        raise ParamsError(f"{path}: must end in {SUFFIX}")
    performer = Performer.drawn(generator(seed, "film", "performer"))
    events = planned(params, generator(seed, "film", "events"))
    played = perform(performer, events, params, generator(seed, "film", "performance"))
    size, dial = (params.width, params.height), DIALS[params.difficulty]
    face, behind = Face(performer.face_seed), walls.wall(size, generator(seed, "film", "wall"))
    rng, frames = generator(seed, "film", "camera"), len(played.pose)
    seen = shot(face, performer, played, range(frames), behind, dial.noise, rng)
    with recorder(SUFFIX, False, dial.quality, params.fps) as record:
        for number, (picture, _) in enumerate(seen, 1):
            record(path, picture)
            progress(number, frames)
    truth = path.with_suffix(".csv")
    store.write_text(truth, told(events, params.fps))
    return truth


def told(events: list[Event], fps: int) -> str:
    """The truth as CSV, a line for each event; blinks have no emotion and no action units."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for one in events:
        units = "" if one.kind == "blink" else notation(one.weights)
        table.writerow((one.kind, one.emotion, units, one.onset, one.apex, one.offset, fps, "generated"))
    return text.getvalue()
