"""Render videos that are hard to spot in, and videos filmed as the population never is. Judges no figure.

Each holds its ground truth as events, in frames from 0; those that the video cuts off lie partly outside of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from facs_faces import camera, display, take
from facs_faces.camera import expose
from facs_faces.display import ACTION_UNITS, FULL, GAIN
from facs_faces.face import Face
from facs_faces.performance import DIFFICULTIES, Performance, Performer
from facs_faces.take import Event, Kind
from microexpr.core.seeds import generator
from microexpr.rendering import film
from microexpr.rendering.corpus import render_frames
from microexpr.rendering.recording import recorder

SIZE, DIFFICULTY = (640, 480), "standard"
SHORT_CLIPS, SHORT_MARGIN = 5, 3  # clips of a seed; frames around onset and offset, at most
SYLLABLES = (3.0, 6.0)  # openings of the mouth a second, in speech
TURN = (8.0, 4.0, 2.0)  # yaw, pitch, roll in degrees: how far a moving head turns to either side
TURNS = (4.0, 5.0, 7.0)  # seconds of a turn there and back
RESTLESS = 3.0  # factor of the drift of a moving head

Rng = np.random.Generator
Images = Iterator[np.ndarray]
Change = Callable[[np.ndarray, float, Rng], np.ndarray]  # image, seconds since the first
Film = Callable[[Images, int, np.ndarray, Rng], Images]  # changes images, before a wall


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of video. Times are in seconds, of (kind, onset, offset)."""

    seconds: float
    events: tuple[tuple[Kind, float, float], ...]
    fps: int = 50
    act: Callable[[Performance, int, Rng], Performance] | None = None  # changes a performance
    film: Film | None = None


def write(folder: Path, name: str, seed: int) -> list[tuple[Path, list[Event]]]:
    """Return the videos of a setting, with their events; write those that are not there yet."""
    if name == SHORT:
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
    fps = setting.fps
    params = take.Params.model_construct(seconds=setting.seconds, fps=fps, difficulty=DIFFICULTY)  # may be short
    performance = take.perform(performer, events, params, rng)
    if setting.act:
        performance = setting.act(performance, fps, rng)
    record_performance(path, performer, performance, fps, rng, setting.film)


def record_performance(
    path: Path, performer: Performer, performance: Performance, fps: int, rng: Rng, change: Film | None = None
) -> None:
    """Film a performance before a wall; `change` is given the images, frames a second, the wall and `rng`."""
    wall, indices, difficulty = camera.wall(SIZE, rng), range(len(performance.pose)), DIFFICULTIES[DIFFICULTY]
    frames = render_frames(Face(performer.face_seed), performer, performance, indices, wall, difficulty.noise, rng)
    images: Images = (image for image, _ in frames)
    if change:
        images = change(images, fps, wall, rng)
    with recorder(film.SUFFIXES[0], False, difficulty.quality, fps) as record:
        for image in images:
            record(path, image)


def turn_head(performance: Performance, fps: int, rng: Rng) -> Performance:
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


def _freeze(performance: Performance, fps: int, rng: Rng) -> Performance:
    """Repeat the first frame."""
    parts = ("action_units", "expression", "pose", "shift", "gaze", "exposure")
    frames = len(performance.pose)
    return replace(performance, **{name: np.repeat(getattr(performance, name)[:1], frames, axis=0) for name in parts})


def _each(change: Change) -> Film:
    """Return a change of every image by itself."""

    def film(images: Images, fps: int, wall: np.ndarray, rng: Rng) -> Images:
        for i, image in enumerate(images):
            yield np.clip(change(image, i / fps, rng), 0, 255).astype(np.uint8)

    return film


def _translate(image: np.ndarray, seconds: float, rng: Rng) -> np.ndarray:
    matrix = np.array([[1, 0, 60 * np.sin(2 * np.pi * 0.7 * seconds)], [0, 1, 0]])
    return cv2.warpAffine(image, matrix, SIZE, borderMode=cv2.BORDER_REFLECT)


def _enlarge(image: np.ndarray, seconds: float, rng: Rng) -> np.ndarray:
    return cv2.resize(cv2.resize(image, (96, 72), interpolation=cv2.INTER_AREA), SIZE)


def _draw_cartoon(image: np.ndarray, seconds: float, rng: Rng) -> np.ndarray:
    """Return four levels of each colour and black outlines."""
    smooth = cv2.medianBlur(image, 7)
    grey = cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY)
    lines = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 4)
    return np.where(lines[..., None] > 0, smooth // 64 * 64 + 32, 0)


HARD: dict[str, Setting] = {
    "all expression": Setting(3, (("macro", -1.5, 6),)),
    "cut off at both ends": Setting(8, (("macro", -0.8, 0.7), ("micro", 3.5, 3.9), ("macro", 6.9, 9.5))),
    "cut off within a micro": Setting(4, (("micro", -0.2, 0.2), ("micro", 3.8, 4.3))),
    "macro-expressions alone": Setting(
        15, (("macro", 1.5, 2.4), ("blink", 3.4, 3.6), ("macro", 4.5, 6.3), ("macro", 8, 9.2), ("macro", 11, 14))
    ),
    "moving head": Setting(
        12, (("micro", 2, 2.4), ("blink", 3.5, 3.7), ("macro", 5, 6.4), ("micro", 9, 9.45)), act=turn_head
    ),
    "hands": Setting(12, (("micro", 3.5, 3.9), ("blink", 4.8, 5), ("micro", 7.6, 8)), film=_pass_hand),
    "face in 40 % of it": Setting(15, (("micro", 4.2, 4.6), ("blink", 5.2, 5.4), ("micro", 11.3, 11.7)), film=_leave),
    "speech": Setting(13, (("micro", 6, 6.4), ("blink", 7, 7.2)), act=_speak),
}
EVENTS: tuple[tuple[Kind, float, float], ...] = (
    ("micro", 1.5, 1.9), ("micro", 4, 4.4), ("blink", 5.5, 5.7), ("micro", 7, 7.4), ("micro", 10, 10.45)
)  # fmt: skip
CHANGES: dict[str, Change] = {
    "a moving camera": _translate,
    "light that flickers by 25 %": lambda image, seconds, rng: image * (1 + 0.25 * np.sin(2 * np.pi * 7 * seconds)),
    "96 x 72 pixels, enlarged": _enlarge,
    "a blur of 6 pixels": lambda image, seconds, rng: cv2.GaussianBlur(image, (0, 0), 6),
    "a cartoon": _draw_cartoon,
    "noise of 25 grey levels": lambda image, seconds, rng: image + rng.normal(0, 25, image.shape),
    "little light, 12 %": lambda image, seconds, rng: image * 0.12,
}
UNFAMILIAR = {name: Setting(12, EVENTS, film=_each(change)) for name, change in CHANGES.items()}
UNFAMILIAR |= {"a still photograph with noise": Setting(12, (), act=_freeze)}
SETTINGS = HARD | UNFAMILIAR
SHORT = "short clips"
