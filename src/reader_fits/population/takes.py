"""Film long takes of a subject as people are recorded: the spotter of all kinds learns from these.

A take has expressions, blinks, glances and words, in part at the same time, of a head that keeps still or turns, and
is stored as a camera stores it, as a good and as a poor connection send it. Some drop frames or repeat them. T frames.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from facs_faces import camera, take
from facs_faces.display import ACTION_UNITS, FULL, GAIN
from facs_faces.face import Face
from facs_faces.performance import DIFFICULTIES, Performance, Performer
from facs_faces.take import Event
from microexpr.core.clip import POPULATION
from microexpr.core.seeds import generator
from microexpr.rendering.corpus import render_frames
from microexpr.videos.writer import encoder
from reader_fits.population import Params
from reader_fits.population.identities import performer_of

Rng = np.random.Generator
Stretch = tuple[float, float]  # first and last second


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

# What else a subject does; times are in seconds.
SOUNDS = (2.5, 8.0)  # movements of a speaking mouth a second
LOUDNESS = (0.1, 0.6)  # height of a sound, as a share of a full display
PAUSES, LONG_PAUSES, LONG = (0.9, 1.5), (1.5, 5.0), 0.15  # from sound to sound, in lengths of it; share of long ones
# Units of a sound: how often each moves in it, and its least and largest share of the height.
VOICE = {
    "AU25": (1.0, 1.0, 1.0), "AU26": (1.0, 0.2, 0.9), "AU22": (0.67, 0.3, 0.8), "AU18": (0.33, 0.6, 0.6),
    "AU20": (0.33, 0.5, 0.5), "AU17": (0.33, 0.4, 0.4), "AU10": (0.33, 0.25, 0.25), "AU12": (0.33, 0.2, 0.2),
    "AU14": (0.33, 0.2, 0.2), "AU24": (0.25, 0.5, 0.5),
}  # fmt: skip
NODS, NODDING = np.array([2.0, 2.5, 1.0]), (0.6, 2.0)  # pitch, yaw, roll of a speaker: most degrees; how often a second
ACCENTED, ACCENT = 0.5, (0.05, 0.3)  # share of stretches in which brows accompany words; their height
STRESS = (0.15, 0.5)  # seconds: width of such a movement

SWINGS, FREEDOM = np.array([10.0, 6.0, 3.0]), (0.2, 1.2)  # degrees to either side; how much of it
PERIODS = (2.5, 8.0)  # seconds of a turn there and back
RESTLESS = (1.0, 3.0)  # factor of the drift of a head
GESTURES, GESTURE = (0, 4), (0.25, 1.0)  # nods and jerks in a video; seconds of one
JERK, AXES = 5.0, (0.35, 0.5, 0.15)  # degrees; how often about yaw, pitch, roll
SWAY = 15.0  # pixels to either side, at most

HANDS, COVERED = (1, 3), (0.4, 1.3)  # times that a hand rises; seconds of each
REACH = (0.3, 0.75)  # of the frame's height
SKIN = np.array([205.0, 160, 135])


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
    frames, rendering = len(performance.pose), generator(params.seed, name, "camera")
    wall, noise = camera.wall(SIZE, rendering), DIFFICULTIES[plan.settings.difficulty].noise
    rendered = render_frames(Face(performer.face_seed), performer, performance, range(frames), wall, noise, rendering)
    images: Iterable[np.ndarray] = (image for image, _ in rendered)
    if plan.covers:
        images = pass_hands(images, SECONDS, fps, rendering)
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
        for number, image in enumerate(images):
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
    performance = speak(performance, fps, plan.words, rng)
    if plan.turns:
        performance = turn(performance, fps, rng)
    if plan.flicker:
        size, beats = plan.flicker
        wave = 1 + size * np.sin(2 * np.pi * beats * np.arange(len(performance.exposure)) / fps)
        performance = replace(performance, exposure=(performance.exposure * wave).astype(np.float32))
    return performance


def speak(performance: Performance, fps: float, stretches: Iterable[Stretch], rng: Rng) -> Performance:
    """Let the mouth speak in these stretches: irregular sounds, with nods and movements of the brows."""
    units, pose = performance.action_units.astype(float), performance.pose.astype(float)
    frames = len(units)
    time = np.arange(frames) / fps
    for start, stop in stretches:
        onset = start
        while onset < stop:
            length = 1 / rng.uniform(*SOUNDS)
            first, last = round(onset * fps), min(frames, round((onset + length) * fps))
            if last - first < 2:
                break
            course, loudness = np.sin(np.pi * np.arange(last - first) / (last - first)) ** 2, rng.uniform(*LOUDNESS)
            for unit, (often, low, high) in VOICE.items():
                if rng.random() < often:
                    height = FULL * GAIN[unit] * loudness * rng.uniform(low, high)
                    units[first:last, ACTION_UNITS.index(unit)] += (height * course)[:, None]
            onset += length * rng.uniform(*(LONG_PAUSES if rng.random() < LONG else PAUSES))
        fade = np.clip(np.minimum(time - start + 0.2, stop + 0.2 - time) / 0.3, 0, 1)
        for axis, most in enumerate(NODS[[1, 0, 2]]):
            waves = np.sin(2 * np.pi * (time[:, None] * rng.uniform(*NODDING, 3) + rng.random(3))).sum(axis=1)
            pose[:, axis] += fade * rng.uniform(0, most) * waves / 2
        for _ in range(rng.integers(1, 3) if rng.random() < ACCENTED else 0):
            middle, width, height = rng.uniform(start, stop), rng.uniform(*STRESS), FULL * rng.uniform(*ACCENT)
            course = np.exp(-(((time - middle) / width) ** 2))
            for unit in ("AU1", "AU2") if rng.random() < 0.7 else ("AU4",):
                units[:, ACTION_UNITS.index(unit)] += (height * GAIN[unit] * course)[:, None]
    return replace(performance, action_units=np.clip(units, 0, FULL).astype(np.float32), pose=pose.astype(np.float32))


def turn(performance: Performance, fps: float, rng: Rng) -> Performance:
    """Turn the head to all sides, with nods and jerks, and let it sway."""
    frames = len(performance.pose)
    time = np.arange(frames)[:, None] / fps
    freedom, middle, drift = rng.uniform(*FREEDOM), performance.pose.mean(axis=0), rng.uniform(*RESTLESS)
    turns = SWINGS * rng.uniform(0.3, 1, 3) * np.sin(2 * np.pi * (time / rng.uniform(*PERIODS, 3) + rng.random(3)))
    pose = middle + drift * (performance.pose - middle) + freedom * turns
    for _ in range(rng.integers(GESTURES[0], GESTURES[1] + 1)):
        share = np.clip((time[:, 0] - rng.uniform(0, frames / fps)) / rng.uniform(*GESTURE), 0, 1)
        course = np.sin(np.pi * share) ** 2 * (np.sin(2 * np.pi * share) if rng.random() < 0.4 else 1)
        pose[:, rng.choice(3, p=AXES)] += JERK * rng.standard_normal() * course
    sway = rng.uniform(0, SWAY) * np.sin(2 * np.pi * (time / rng.uniform(*PERIODS, 2) + rng.random(2)))
    shift = drift * performance.shift + sway
    return replace(performance, pose=pose.astype(np.float32), shift=shift.astype(np.float32))


def pass_hands(images: Iterable[np.ndarray], seconds: float, fps: float, rng: Rng) -> Iterator[np.ndarray]:
    """Let a hand rise before the face and sink again, in images uint8[H, W, 3]."""
    stretches: Sequence[Stretch] = [
        (rng.uniform(0, seconds - COVERED[1]), rng.uniform(*COVERED))
        for _ in range(rng.integers(HANDS[0], HANDS[1] + 1))
    ]
    aside, reach, tone = int(rng.integers(-60, 61)), rng.uniform(*REACH), rng.uniform(0.5, 1.1)
    skin = np.empty(0)
    for i, image in enumerate(images):
        height, width = image.shape[:2]
        if not len(skin):
            grain = cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), 6)[..., None]
            skin = tone * SKIN * (1 + 0.08 * grain / grain.std())
        for start, length in stretches:
            if 0 < (share := (i / fps - start) / length) < 1:
                top = height * (1 - reach * min(1, 1.6 * np.sin(np.pi * share)))
                hand = np.zeros((height, width), np.uint8)
                cv2.ellipse(hand, (width // 2 + aside, round(top + 130)), (70, 130), 8, 0, 360, 1, -1, cv2.LINE_AA)
                noisy = np.clip(skin + 2 * rng.standard_normal(image.shape), 0, 255).astype(np.uint8)
                image = np.where(hand[..., None] > 0, noisy, image)
        yield image
