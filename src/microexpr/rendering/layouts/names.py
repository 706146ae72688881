"""Name the rendered clips and long videos as their data sets do: a function for each data set, by its name.

A function names the clip or video `number` of subject `person`, both counted from 1. The order of random draws is part
of a corpus."""

import string

import numpy as np

from microexpr.core.errors import ParamsError
from microexpr.datasets.layouts import facts
from microexpr.rendering.layout import ClipName
from microexpr.rendering.long_videos import VideoName

Rng = np.random.Generator


def affectnet(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    subject, name, (pictures,) = f"{person:03d}", rng.bytes(28).hex(), facts("affectnet").folders
    return ClipName(subject, name, f"{pictures}/{subject}/{name}.jpg", "", 0)


def casme(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    subject, name = f"sub{person:02d}", f"EP{rng.integers(1, 18):02d}_{number}"
    file = f"{name}-{{:03d}}.jpg" if person % 2 else f"{name}-{{}}.jpg"
    return ClipName(subject, name, f"CASME_raw_selected/{subject}/{name}", file, int(rng.integers(1, 300)))


def casme2(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    subject, name = f"sub{person:02d}", f"EP{rng.integers(1, 20):02d}_{number:02d}{rng.choice(['', 'f'])}"
    return ClipName(subject, name, f"CASME2_RAW_selected/{subject}/{name}", "img{}.jpg", int(rng.integers(1, 300)))


VIDEOS = string.ascii_lowercase[:13]  # of each subject of CAS(ME)^3
SPACING = 700  # frames between the earliest possible starts of two clips in a video, which are not rendered


def casme3(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    """Name two clips of each video in turn; after the last video two more of the first."""
    subject, i = f"spNO.{person}", number - 1
    video, slot = VIDEOS[i // 2 % len(VIDEOS)], 2 * (i // (2 * len(VIDEOS))) + i % 2
    first = SPACING * slot + int(rng.integers(1, SPACING - 200))
    return ClipName(subject, f"{video}_{first}", f"ME_A/{subject}/{video}/color", "{}.jpg", first)


def ckplus(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    subject, sequence = f"S{person + 4:03d}", f"{number:03d}"
    name = f"{subject}_{sequence}"
    return ClipName(subject, name, f"cohn-kanade-images/{subject}/{sequence}", f"{name}_{{:08d}}.png", 1)


def dfme(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    subject, rates = f"sub{person:03d}", facts("dfme").rates
    name = f"{subject}_{number:02d}"
    fps = rates[(person + number) % len(rates)]
    return ClipName(subject, name, f"DFME/{subject}/{name}", "{}.jpg", int(rng.integers(1, 300)), fps)


def fourdme(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    subject = f"S{person:02d}"
    name = f"{subject}_1st_{rng.integers(1, 12):03d}_{number:02d}"
    return ClipName(subject, name, f"gray_micro/{subject}/{name}", "{}.jpg", int(rng.integers(0, 3000)))


MMEW_EMOTIONS = ("happiness", "surprise", "disgust", "others", "fear", "sadness", "anger")  # in a clip's name, from 1


def mmew(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    subject = f"S{person:02d}"
    name = f"{subject}-{MMEW_EMOTIONS.index(emotion) + 1:02d}-{number:03d}"
    return ClipName(subject, name, f"Micro_Expression/{subject}/{emotion}/{name}", "{}.jpg", 1)


def mmi(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    subject = f"S{person:03d}"
    name = f"{subject}-{100 + number}"
    return ClipName(subject, name, f"page-{subject}/Sessions/{1000 * person + number}/{name}.avi", "", 0)


def oulu_casia(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    """Name the sequence of an emotion, which a subject shows once."""
    if number > (most := len(facts("oulu_casia").emotions)):
        raise ParamsError(f"render.oulu_casia.clips must be at most {most}, one an emotion, not {number}")
    subject = f"P{person:03d}"
    folder = f"B_OriginalImg/VL/Strong/{subject}/{emotion.title()}"
    return ClipName(subject, f"{subject}_{emotion}", folder, "{:03d}.jpeg", 0)


def samm(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    subject, digits = f"{person + 5:03d}", int(rng.integers(4, 6))
    name = f"{subject}_{rng.integers(1, 8)}_{number}"
    first = int(rng.integers(200, 9000))
    return ClipName(subject, name, f"SAMM/{subject}/{name}", f"{subject}_{{:0{digits}d}}.jpg", first)


SMIC_SUBJECTS = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12, 13, 14, 15, 18, 19, 20)  # those with a micro-expression
SMIC_TOKENS = {emotion: token for token, emotion in facts("smic").codes.items()}


def _published(subjects: tuple[int, ...], person: int, further: int) -> int:
    """Return the number that the data set gives to a person; one more than are published has a `further` number."""
    return subjects[person - 1] if person <= len(subjects) else person + further


def smic(person: int, number: int, emotion: str, rng: Rng) -> ClipName:
    subject, name = _published(SMIC_SUBJECTS, person, 4), f"{SMIC_TOKENS[emotion]}_{number:02d}"
    folder = f"HS/s{subject:02d}/micro/{emotion}/s{subject}_{name}"
    return ClipName(f"s{subject:02d}", f"s{subject:02d}_{name}", folder, "image{}.jpg", int(rng.integers(10**5, 10**7)))


def smic_long(person: int, number: int) -> VideoName:
    """Name a video by its emotion; its frames have the numbers of the recording that it is cut from."""
    subject, emotions = _published(SMIC_SUBJECTS, person, 4), facts("smic_long").emotions
    name = f"s{subject}_{SMIC_TOKENS[emotions[(number - 1) % 3]]}_{number:02d}"
    return VideoName(f"s{subject:02d}", name, "image{:06d}.jpg", 300_000 + 20_000 * (number - 1))


def samm_long(person: int, number: int) -> VideoName:
    subject = f"{_published((*range(6, 27), 28, *range(30, 38)), person, 7):03d}"
    name = f"{subject}_{number}"
    return VideoName(subject, name, f"{name}_{{:04d}}.jpg", 1)


def casme3_long(person: int, number: int) -> VideoName:
    """Name a video by its letter; most begin with frame 8."""
    return VideoName(f"spNO.{person}", VIDEOS[(number - 1) % len(VIDEOS)], "{}.jpg", 8)


CASME_SQ_SUBJECTS = (15, 16, 19, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 40)
STIMULI = {  # number -> name in the workbook, title
    "0101": ("disgust1", "disgustingteeth"), "0102": ("disgust2", "eatingworms"), "0401": ("anger1", "girlcrashing"),
    "0402": ("anger2", "beatingpregnantwoman"), "0502": ("happy1", "funnyerrors"), "0503": ("happy2", "unnyfarting"),
    "0505": ("happy3", "funnyinnovations"), "0507": ("happy4", "climbingthewall"), "0508": ("happy5", "funnydunkey"),
}  # fmt: skip


def casme_sq(person: int, number: int) -> VideoName:
    """Name a video by its stimulus."""
    subject = _published(CASME_SQ_SUBJECTS, person, 18)
    stimulus, (_, title) = list(STIMULI.items())[(number - 1) % len(STIMULI)]
    return VideoName(f"s{subject}", f"{subject}_{stimulus}{title}", "img{:03d}.jpg", 1)
