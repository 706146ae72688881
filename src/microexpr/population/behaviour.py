"""Let a rendered subject do more than show expressions: speak, turn the head, pass a hand before the face.

Times are in seconds. Shapes: T frames.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from microexpr.rendering.display import ACTION_UNITS, FULL, GAIN
from microexpr.rendering.performance import Performance

Rng = np.random.Generator
Stretch = tuple[float, float]  # first and last second

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

TURNS, FREEDOM = np.array([10.0, 6.0, 3.0]), (0.2, 1.2)  # degrees to either side; how much of it
PERIODS = (2.5, 8.0)  # seconds of a turn there and back
RESTLESS = (1.0, 3.0)  # factor of the drift of a head
GESTURES, GESTURE = (0, 4), (0.25, 1.0)  # nods and jerks in a video; seconds of one
JERK, AXES = 5.0, (0.35, 0.5, 0.15)  # degrees; how often about yaw, pitch, roll
SWAY = 15.0  # pixels to either side, at most

HANDS, COVERED = (1, 3), (0.4, 1.3)  # times that a hand rises; seconds of each
REACH = (0.3, 0.75)  # of the frame's height
SKIN = np.array([205.0, 160, 135])


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
    turns = TURNS * rng.uniform(0.3, 1, 3) * np.sin(2 * np.pi * (time / rng.uniform(*PERIODS, 3) + rng.random(3)))
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
