"""Film a long take of a subject, with blinks, glances and speech among its expressions: spotters learn from it."""

from pathlib import Path, PurePosixPath

from microexpr.core.clip import POPULATION, Clip, Expression, LongVideo, long_video
from microexpr.core.seeds import generator
from microexpr.population import Params
from microexpr.population.identities import has_grey_camera, performer_of
from microexpr.rendering import camera, take
from microexpr.rendering.corpus import Shot, film
from microexpr.rendering.display import notation
from microexpr.rendering.face import Face
from microexpr.rendering.performance import DIFFICULTIES

NAME = "take"
SECONDS, FPS, SIZE = 16.0, 30, (640, 480)
MICRO, MACRO, BLINKS, GLANCES = (2, 4), (0, 1), (1, 3), (0, 1)  # least and most
SPEECH = 0.5  # share of takes with a stretch of speech
SHOWN = ("easy", "standard", "standard", "hard")  # difficulties, in turn at random


def plan_take(params: Params, subject: str) -> tuple[take.Params, list[take.Event]]:
    """Return the settings of a subject's take, and its events."""
    rng = generator(params.seed, POPULATION, subject, NAME, "plan")
    micro, macro, blinks, glances = (int(rng.integers(low, high + 1)) for low, high in (MICRO, MACRO, BLINKS, GLANCES))
    counts = {"micro": micro, "macro": macro, "blinks": blinks, "glances": glances}
    counts["speech"] = int(rng.random() < SPEECH)
    about = {"seconds": SECONDS, "fps": FPS, "difficulty": str(rng.choice(SHOWN)), "width": SIZE[0], "height": SIZE[1]}
    settings = take.Params.model_validate(about | counts)
    return settings, take.sample_events(settings, rng, overlap=True)


def video_of(params: Params, subject: str) -> LongVideo:
    """Return a subject's take with the expressions in it, frames from 1."""
    settings, events = plan_take(params, subject)
    frames = round(settings.seconds * settings.fps)
    clip = Clip(
        dataset=POPULATION, subject=subject, name=NAME, origin="generated", folder="", first=1, last=frames,
        frames=frames, onset=None, apex=None, offset=None, fps=settings.fps, emotion="", label=None,
        objective_class=None, action_units="",
    )  # fmt: skip
    expressions = [
        Expression(e.kind, 1 + e.onset, 1 + e.apex, 1 + e.offset, e.emotion, None, notation(e.weights))
        for e in events
        if e.kind == "micro" or e.kind == "macro"
    ]
    return long_video(clip, expressions)


def film_take(folder: Path, params: Params, subject: str) -> list[Path]:
    """Write the frames of a subject's take into a folder; return their paths in order."""
    settings, events = plan_take(params, subject)
    clip, performer = video_of(params, subject).clip, performer_of(subject, params)
    performance = take.perform(performer, events, settings, generator(params.seed, clip.id, "performance"))
    wall = camera.wall(SIZE, generator(params.seed, clip.id, "wall"))
    shot = Shot(clip, Face(performer.face_seed), performer, performance, wall, has_grey_camera(subject, params))
    film(shot, DIFFICULTIES[settings.difficulty], params.seed, folder, _frame)
    return [folder / _frame(number) for number in range(clip.first, clip.last + 1)]


def _frame(number: int) -> PurePosixPath:
    return PurePosixPath(f"{number:05}.jpg")
