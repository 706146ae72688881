"""Render videos that are hard to spot in: short, cut off, all expression, with hands or speech. Judges no figure.

Each holds its ground truth as events, in frames from 0; those that the video cuts off lie partly outside of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from microexpr.core.seeds import generator
from microexpr.rendering import display, film, take, walls
from microexpr.rendering.camera import expose
from microexpr.rendering.display import ACTION_UNITS, FULL, GAIN
from microexpr.rendering.face import Face
from microexpr.rendering.performance import DIFFICULTIES, Performance, Performer
from microexpr.rendering.recording import recorder
from microexpr.rendering.shot import render_frames
from microexpr.rendering.take import Event, Kind

SIZE, DIFFICULTY = (640, 480), "standard"
SHORT_CLIPS, SHORT_MARGIN = 5, 3  # clips of a seed; frames around onset and offset, at most
SYLLABLES = (3.0, 6.0)  # openings of the mouth a second, in speech
TURN = (8.0, 4.0, 2.0)  # yaw, pitch, roll in degrees: how far a moving head turns to either side
TURNS = (4.0, 5.0, 7.0)  # seconds of a turn there and back
SHAPES = (  # of a mouth that talks, vowels more often than consonants
    *(3 * ({"AU25": 1.0, "AU26": 0.8},)),
    {"AU25": 0.8, "AU26": 0.3, "AU20": 0.5},
    {"AU18": 0.8, "AU22": 0.5, "AU25": 0.5},
    {"AU24": 0.6, "AU23": 0.4},
    {"AU25": 0.4, "AU10": 0.4},
    {"AU17": 0.6, "AU25": 0.2},
    {"AU12": 0.4, "AU25": 0.7, "AU26": 0.3},
    {"AU14": 0.4, "AU25": 0.4},
    {"AU16": 0.6, "AU25": 0.7},
)
ALONG = (  # what moves along: units, seconds, seconds between, heights
    (
        ({"AU1": 1.0, "AU2": 1.0}, {"AU2": 1.0}, {"AU4": 1.0}, {"AU6": 1.0}, {"AU12": 1.0}),
        (0.25, 0.9),
        (0.4, 2.5),
        (0.05, 0.4),
    ),
    (({"AU45": 2.5},), (0.25, 0.32), (1.5, 5.0), (1.0, 1.0)),
)
RESTLESS = 3.0  # factor of the drift of a moving head

Rng = np.random.Generator
Images = Iterator[np.ndarray]


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of video. Times are in seconds, of (kind, onset, offset)."""

    seconds: float
    events: tuple[tuple[Kind, float, float], ...]
    fps: int = 50
    act: Callable[[Performance, int, Rng], Performance] | None = None  # changes a performance
    film: Callable[[Images, int, np.ndarray, Rng], Images] | None = None  # changes images, before a wall


def write(folder: Path, name: str, seed: int) -> list[tuple[Path, list[Event]]]:
    """Return the videos of a setting, with their events; write those that are not there yet."""
    if name == "short clips":
        return [_write_short(folder, seed, i) for i in range(SHORT_CLIPS)]
    setting, rng = SETTINGS[name], generator(seed, "study", "spotting", name)
    performer = Performer.sample(rng)
    events = [_sample_event(kind, onset, offset, setting.fps, rng) for kind, onset, offset in setting.events]
    path = folder / f"{name.replace(' ', '-')}-{seed}.avi"
    _write(path, performer, events, setting, rng)
    return [(path, events)]


def _write_short(folder: Path, seed: int, i: int) -> tuple[Path, list[Event]]:
    """Write a clip as data sets cut them: a micro-expression from its onset to its offset, with few frames around."""
    rng, fps = generator(seed, "study", "spotting", "short clip", i), 100
    performer = Performer.sample(rng)
    length, before, after = rng.uniform(0.3, take.SECONDS["micro"][1]), *rng.integers(0, SHORT_MARGIN + 1, 2)
    event = _sample_event("micro", before / fps, before / fps + length, fps, rng)
    path = folder / f"short-{seed}-{i}.avi"
    _write(path, performer, [event], Setting((event.offset + 1 + after) / fps, (), fps), rng)
    return path, [event]


def _sample_event(kind: Kind, onset: float, offset: float, fps: int, rng: Rng) -> Event:
    first, last = round(onset * fps), round(offset * fps)
    apex = first + max(1, round((last - first) * rng.uniform(*take.RISE)))
    emotion = "" if kind == "blink" else str(rng.choice(take.MICRO if kind == "micro" else take.MACRO))
    weights = display.sample_display(emotion, rng) if emotion else {"AU45L": 1.0, "AU45R": 1.0}
    return Event(kind, emotion, weights, first, apex, last)


def _write(path: Path, performer: Performer, events: list[Event], setting: Setting, rng: Rng) -> None:
    if path.exists():
        return
    fps, difficulty = setting.fps, DIFFICULTIES[DIFFICULTY]
    params = take.Params.model_construct(seconds=setting.seconds, fps=fps, difficulty=DIFFICULTY)  # may be short
    performance = take.perform(performer, events, params, rng)
    if setting.act:
        performance = setting.act(performance, fps, rng)
    wall, indices = walls.wall(SIZE, rng), range(len(performance.pose))
    frames = render_frames(Face(performer.face_seed), performer, performance, indices, wall, difficulty.noise, rng)
    images: Images = (image for image, _ in frames)
    if setting.film:
        images = setting.film(images, fps, wall, rng)
    with recorder(film.SUFFIXES[0], False, difficulty.quality, fps) as record:
        for image in images:
            record(path, image)


def _turn_head(performance: Performance, fps: int, rng: Rng) -> Performance:
    """Turn the head slowly to all sides, and let it drift more."""
    time = np.arange(len(performance.pose))[:, None] / fps
    turn = TURN * np.sin(2 * np.pi * (time / TURNS + rng.random(3)))
    drift = RESTLESS * (performance.pose - performance.pose.mean(axis=0))
    pose = performance.pose.mean(axis=0) + drift + turn
    return replace(performance, pose=pose.astype(np.float32), shift=RESTLESS * performance.shift)


def _speak(performance: Performance, fps: int, rng: Rng) -> Performance:
    """Open and close the mouth in two stretches of speech, a syllable at a time."""
    units = performance.action_units.copy()
    for start, stop in ((1.0, 4.5), (8.0, 11.5)):
        onset = start
        while onset < stop:
            length = 1 / rng.uniform(*SYLLABLES)
            first, last = round(onset * fps), round((onset + length) * fps)
            course = np.sin(np.pi * np.arange(last - first) / (last - first)) ** 2
            for unit, share in (("AU25", 1.0), ("AU26", 0.7), ("AU22", 0.3)):
                height = FULL * GAIN[unit] * share * rng.uniform(0.2, 0.6)
                units[first:last, ACTION_UNITS.index(unit)] += (height * course)[:, None]
            onset += length * rng.uniform(1, 1.4)
    return replace(performance, action_units=np.clip(units, 0, FULL))


def _talk(performance: Performance, fps: int, rng: Rng) -> Performance:
    """Talk as people do: sentences of syllables of every shape and length, which overlap, with brows and a head that
    go along, lids that blink, and pauses."""
    frames = len(performance.pose)
    shown, loudness = performance.action_units.astype(float), rng.uniform(0.3, 0.8)

    def move(units: Mapping[str, float], start: float, seconds: float, height: float) -> None:
        numbers = np.arange(max(0, int(start * fps)), min(frames, int((start + seconds) * fps) + 1))
        course = np.sin(np.pi * np.clip((numbers / fps - start) / seconds, 0, 1)) ** 2
        for unit, share in units.items():
            shown[numbers, ACTION_UNITS.index(unit)] += (FULL * GAIN[unit] * share * height * course)[:, None]

    def wander(deviations: Sequence[float], seconds: float) -> np.ndarray:
        noise = gaussian_filter1d(rng.normal(size=(frames, len(deviations))), seconds * fps, axis=0)
        return np.asarray(noise / noise.std(axis=0) * deviations)

    clock, stop = rng.uniform(0, 0.3), frames / fps
    while clock < stop:
        end, rate = clock + rng.uniform(0.8, 3.5), rng.uniform(3.5, 7)
        while clock < min(end, stop):
            seconds = rng.gamma(6, 1 / 6) / rate
            shape = SHAPES[rng.choice(len(SHAPES))]
            move(shape, clock, seconds * rng.uniform(1.1, 1.8), loudness * rng.uniform(0.3, 1.3))
            clock += seconds
        clock += rng.uniform(0.15, 0.7)
    for units, lengths, rests, heights in ALONG:
        clock = rng.uniform(0, 2)
        while clock < stop:
            seconds = rng.uniform(*lengths)
            move(units[rng.choice(len(units))], clock, seconds, rng.uniform(*heights))
            clock += seconds + rng.uniform(*rests)
    much = rng.uniform(0.4, 1.6)
    pose = wander((1.5, 1.2, 1), 0.35) + wander((0.5, 0.8, 0.4), 0.1) + wander((3, 2, 2), 1.2)
    shift = wander((4, 4), 1) + wander((1, 1), 0.25)
    return replace(
        performance,
        action_units=np.clip(shown, 0, FULL).astype(np.float32),
        pose=(performance.pose + much * pose).astype(np.float32),
        shift=(performance.shift + much * shift).astype(np.float32),
    )


def _pass_hand(images: Images, fps: int, wall: np.ndarray, rng: Rng) -> Images:
    """Let a hand rise before the lower face and sink again, three times."""
    height, width = wall.shape[:2]
    texture = cv2.GaussianBlur(rng.normal(size=(height, width, 1)), (0, 0), 6)[..., None]
    skin = np.array([205, 160, 135]) * (1 + 0.08 * texture / texture.std())
    for i, image in enumerate(images):
        for start, seconds in ((1.5, 0.5), (5.5, 0.8), (9.0, 1.2)):
            share = (i / fps - start) / seconds
            if 0 < share < 1:
                top = height * (1 - 0.5 * min(1, 1.6 * np.sin(np.pi * share)))
                hand = np.zeros(image.shape[:2], np.uint8)
                cv2.ellipse(hand, (width // 2, round(top + 130)), (70, 130), 8, 0, 360, 1, -1, cv2.LINE_AA)
                image = np.where(hand[..., None] > 0, np.clip(skin + rng.normal(0, 2, image.shape), 0, 255), image)
                image = image.astype(np.uint8)
        yield image


def _leave(images: Images, fps: int, wall: np.ndarray, rng: Rng) -> Images:
    """Show the wall alone before, between and after two stretches with a face."""
    for i, image in enumerate(images):
        seconds = i / fps
        yield image if 3 <= seconds < 6 or 10 <= seconds < 13 else expose(wall, rng, DIFFICULTIES[DIFFICULTY].noise)


SETTINGS: dict[str, Setting] = {
    "all expression": Setting(3, (("macro", -1.5, 6),)),
    "cut off at both ends": Setting(8, (("macro", -0.8, 0.7), ("micro", 3.5, 3.9), ("macro", 6.9, 9.5))),
    "cut off within a micro": Setting(4, (("micro", -0.2, 0.2), ("micro", 3.8, 4.3))),
    "macro-expressions alone": Setting(
        15, (("macro", 1.5, 2.4), ("blink", 3.4, 3.6), ("macro", 4.5, 6.3), ("macro", 8, 9.2), ("macro", 11, 14))
    ),
    "moving head": Setting(
        12, (("micro", 2, 2.4), ("blink", 3.5, 3.7), ("macro", 5, 6.4), ("micro", 9, 9.45)), act=_turn_head
    ),
    "hands": Setting(12, (("micro", 3.5, 3.9), ("blink", 4.8, 5), ("micro", 7.6, 8)), film=_pass_hand),
    "face in 40 % of it": Setting(15, (("micro", 4.2, 4.6), ("blink", 5.2, 5.4), ("micro", 11.3, 11.7)), film=_leave),
    "speech": Setting(13, (("micro", 6, 6.4), ("blink", 7, 7.2)), act=_speak),
    "conversation": Setting(20, (), fps=25, act=_talk),
}
NAMES = ("short clips", *SETTINGS)
