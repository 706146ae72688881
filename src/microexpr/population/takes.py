"""Film long takes of a subject as people are recorded: the spotter of all kinds learns from these.

A take has expressions, blinks, glances and words, in part at the same time, of a head that keeps still or turns, and
is stored as a camera stores it, as a good and as a poor connection send it. Some drop frames or repeat them.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from microexpr.core.clip import POPULATION
from microexpr.core.seeds import generator
from microexpr.population import Params, behaviour
from microexpr.population.behaviour import Stretch
from microexpr.population.identities import performer_of
from microexpr.rendering import camera, take
from microexpr.rendering.corpus import render_frames
from microexpr.rendering.face import Face
from microexpr.rendering.performance import DIFFICULTIES, Performance, Performer
from microexpr.rendering.take import Event
from microexpr.videos.writer import encoder

NAME = "take"
SECONDS, SIZE = 16.0, (640, 480)
RATES = {25: 0.15, 30: 0.45, 50: 0.15, 60: 0.1, 100: 0.15}  # frames a second, and the share of takes
SHOWN = ("easy", "standard", "standard", "hard")  # difficulties, in turn at random
MICRO, MACRO, BLINKS, GLANCES = (4, 7), (0, 2), (1, 5), (0, 3)  # least and most
LASTING, LASTS = 0.3, (0.5, 4.0)  # share of macro-expressions that last longer; seconds more
TALKS, SYLLABLES = 0.45, 0.25  # share of takes with words, of these with those of films alone
WORDS, SILENCE = (0.5, 4.0), (0.3, 5.0)  # seconds of a stretch of words, and until the next
TURNS, FLICKERS, COVERS = 0.4, 0.15, 0.12  # share of takes with a head that turns, a lamp that flickers, hands
FLICKER, BEATS = (0.02, 0.25), (0.5, 9.0)  # of brightness; a second
GOOD, POOR = (700, 6000), (150, 700)  # kbit/s, log-uniform
KEYFRAMES = (1, 2, 8)  # seconds from one to the next
UNEVEN, LOST = 0.25, (0.02, 0.2)  # share of videos that lose frames; share of these
SLOWEST = 22.0  # frames a second that are left at least


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The contents of a take: its settings, events in frames from 0, and what else the subject does."""

    settings: take.Params
    events: list[Event]  # all but the stretches of `words`
    words: list[Stretch]
    turns: bool
    flicker: tuple[float, float] | None  # its size, and beats a second
    covers: bool

    @property
    def shown(self) -> list[tuple[str, float, float, float]]:
        """Kind, onset, apex and offset in seconds of all events and stretches of words."""
        fps = self.settings.fps
        events = [(e.kind, e.onset / fps, e.apex / fps, e.offset / fps) for e in self.events]
        return [*events, *(("speech", start, (start + stop) / 2, stop) for start, stop in self.words)]


def plan_take(params: Params, subject: str) -> Plan:
    """Return the contents of a subject's take."""
    rng = generator(params.seed, POPULATION, subject, NAME, "plan")
    micro, macro, blinks, glances = (int(rng.integers(low, high + 1)) for low, high in (MICRO, MACRO, BLINKS, GLANCES))
    fps, talks = int(rng.choice([*RATES], p=[*RATES.values()])), rng.random() < TALKS
    of_films = talks and rng.random() < SYLLABLES
    settings = take.Params(
        seconds=SECONDS, fps=fps, micro=micro, macro=macro, blinks=blinks, glances=glances, speech=int(of_films),
        difficulty=rng.choice(SHOWN), width=SIZE[0], height=SIZE[1],
    )  # fmt: skip
    frames = round(SECONDS * fps)
    events = [
        replace(e, offset=min(frames - 1, e.offset + round(rng.uniform(*LASTS) * fps)))
        if e.kind == "macro" and rng.random() < LASTING
        else e
        for e in take.sample_events(settings, rng, overlap=True)
    ]
    words, start = list[Stretch](), rng.uniform(0, SILENCE[1])
    while talks and not of_films and start < SECONDS - 1:
        words.append((start, min(SECONDS - 0.5, start + rng.uniform(*WORDS))))
        start = words[-1][1] + rng.uniform(*SILENCE)
    flicker = (rng.uniform(*FLICKER), rng.uniform(*BEATS)) if rng.random() < FLICKERS else None
    return Plan(settings, events, words, rng.random() < TURNS, flicker, rng.random() < COVERS)


def film_take(folder: Path, params: Params, subject: str) -> list[Path]:
    """Write a subject's take into a folder three times: as a camera stores it, as a good and a poor connection do."""
    plan, performer, name = plan_take(params, subject), performer_of(subject, params), f"{POPULATION}/{subject}/{NAME}"
    fps, rng = plan.settings.fps, generator(params.seed, name, "recordings")
    performance = _perform(plan, performer, generator(params.seed, name, "performance"))
    frames = len(performance.pose)
    paths, lost, repeats = list[Path](), list[np.ndarray](), list[bool]()
    with ExitStack() as stack:
        writers = list[Callable[[np.ndarray, int], None]]()
        for i, rates in enumerate((None, GOOD, POOR)):
            kilobits = round(float(np.exp(rng.uniform(*np.log(rates))))) if rates else None
            paths.append(folder / f"{i + 1}.{'mp4' if rates else 'avi'}")
            writers.append(
                stack.enter_context(
                    encoder(paths[-1], fps, kilobits, int(rng.choice(KEYFRAMES)) * fps, preset="veryfast")
                )
            )
            share = min(rng.uniform(*LOST), 1 - SLOWEST / fps) if rng.random() < UNEVEN else 0.0
            lost.append((rng.random(frames) < share) & (np.arange(frames) > 0))
            repeats.append(bool(rng.random() < 0.5) or not rates)
        before = list[np.ndarray]()
        for number, image in enumerate(_images(plan, performer, performance, generator(params.seed, name, "camera"))):
            before = before or [image] * len(paths)
            for i, write in enumerate(writers):
                if not lost[i][number]:
                    before[i] = image
                if not lost[i][number] or repeats[i]:
                    write(before[i], number)
    return paths


def _perform(plan: Plan, performer: Performer, rng: np.random.Generator) -> Performance:
    """Sample the performance of a take."""
    fps = plan.settings.fps
    performance = take.perform(performer, plan.events, plan.settings, rng)
    performance = behaviour.speak(performance, fps, plan.words, rng)
    if plan.turns:
        performance = behaviour.turn(performance, fps, rng)
    if plan.flicker:
        size, beats = plan.flicker
        wave = 1 + size * np.sin(2 * np.pi * beats * np.arange(len(performance.exposure)) / fps)
        performance = replace(performance, exposure=(performance.exposure * wave).astype(np.float32))
    return performance


def _images(
    plan: Plan, performer: Performer, performance: Performance, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield the images of a take before they are stored."""
    settings = plan.settings
    frames, wall = range(len(performance.pose)), camera.wall(SIZE, rng)
    noise = DIFFICULTIES[settings.difficulty].noise
    rendered = render_frames(Face(performer.face_seed), performer, performance, frames, wall, noise, rng)
    images = (image for image, _ in rendered)
    return behaviour.pass_hands(images, SECONDS, settings.fps, rng) if plan.covers else images
