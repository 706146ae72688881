"""Show the command line's answer to recordings as users have them: each situation, reproduced with a small input.

python studies/situations.py --write-docs      # the table of docs/recordings.md, some minutes
python studies/situations.py "upside down"     # situations whose name has this in it, with all that is printed
"""

import os
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pages
from checkout import encoded
from PIL import Image

from facs_faces import take
from microexpr.core import outputs
from microexpr.rendering import film
from microexpr.videos import open_video

PAGE, MARK = "docs/recordings.md", "study-situations"
SEED, FPS = 101, 30  # of the film: a micro-expression from frame 17 to 26, apex 21, and a blink
COMMAND = str(Path(sys.executable).with_name("microexpr"))
LONGEST = 460  # characters of a cell
X264 = {"codec": "libx264"}
FIRST = ExitStack()  # holds what the first of two commands does

Make = Callable[[Path], None]  # makes inputs in an empty folder
SITUATIONS: dict[str, tuple[str, Make]] = {}  # by name: the command, and how its inputs are made


def situation(name: str, command: str) -> Callable[[Make], object]:
    """Register how the inputs of a command are made."""
    return lambda make: SITUATIONS.setdefault(name, (f"{command} --out o", make))


def video(
    name: str, file: str, change: Callable[[np.ndarray], np.ndarray] = lambda images: images, fps: float = FPS,
    damage: Callable[[bytes], bytes] = lambda data: data, **options: Any,
) -> None:  # fmt: skip
    """Register a situation with one video: the film's frames, changed and encoded, and the damaged bytes of that."""

    @situation(name, f"predict {file}")
    def make(folder: Path) -> None:
        encoded.write(folder / file, change(frames()), fps, **{**X264, **options})
        (folder / file).write_bytes(damage((folder / file).read_bytes()))


@cache
def frames(seed: int = SEED) -> np.ndarray:
    """Return the frames of a film of 4 s, uint8[120, 480, 640, 3]."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.avi"
        film.write(path, take.Params(seconds=4, micro=1, macro=0, blinks=1, fps=FPS), seed)
        return open_video(path).frames


def _weave(images: np.ndarray) -> np.ndarray:
    """Return half as many frames; odd rows are those of the next."""
    woven = images[::2].copy()
    woven[:, 1::2] = images[1::2, 1::2]
    return woven


def _change_person(images: np.ndarray) -> np.ndarray:
    """Return one person, then another, in front of the same wall."""
    shares = np.concatenate([np.ones(90), np.linspace(1, 0, 20), np.zeros(90), np.linspace(0, 1, 20), np.ones(100)])
    views, wall = [*images, *images[:80], *frames(103)], np.full(images[0].shape, 120, np.uint8)
    return np.array([s * view + (1 - s) * wall for s, view in zip(shares, views, strict=True)], np.uint8)


def _fade_in(images: np.ndarray) -> np.ndarray:
    return (images * np.clip(np.arange(120) / 12, 0, 1)[:, None, None, None]).astype(np.uint8)


def _freeze(images: np.ndarray) -> np.ndarray:
    return np.concatenate([images[:15], np.repeat(images[15:16], 30, axis=0), images[45:]])


SLOWER = [*range(60), *range(60, 120, 2)]  # numbers of frames
video("a phone lowers its rate in dim light, from 30 to 20 a second", "dim.mp4",
      times=[i / 30 if i < 60 else 2 + (i - 60) / 20 for i in range(120)])  # fmt: skip
video("the rate halves on the way", "vfr.mp4", lambda images: images[SLOWER], times=[i / 30 for i in SLOWER])


@situation("a browser's recording: VP8 in a webm without a length", "predict live.webm")
def _webm(folder: Path) -> None:
    encoded.write(encoded.Pipe(folder / "live.webm"), frames(), FPS, codec="libvpx", format="webm")


video("a camcorder's interlaced MPEG-2", "camcorder.mpg", _weave, 25, codec="mpeg2video")
video("upside down", "turned.mp4", lambda images: images[:, ::-1, ::-1])
video("on its side, and the file does not say so", "side.mp4", lambda images: np.rot90(images, 1, (1, 2)))
video("on its side, and the file says so", "phone.mp4", lambda images: np.rot90(images, 1, (1, 2)), quarters=3)
video("pixels twice as wide as high", "wide.mp4", lambda images: images[:, :, ::2], aspect=2)
video("a cut to another person", "cut.mp4", lambda images: np.concatenate([images[:80], frames(103)[:80]]))
video("one person leaves, another comes, in front of the same wall", "persons.mp4", _change_person)
video("a screen recording at 60 a second of a call at 15", "call.mp4",
      lambda images: np.repeat(images[::2], 4, axis=0), 60, keyframes=600)  # fmt: skip
video("a call that freezes for a second", "frozen.mp4", _freeze, keyframes=600)
video("the camera pauses for a second", "paused.mp4", times=[i / 30 if i < 50 else 1 + i / 30 for i in range(120)])
video("fades in from black", "fade.mp4", _fade_in)
video("an AVI whose end is missing, since the camera died", "died.avi", codec="mjpeg",
      damage=lambda data: data[: int(0.6 * len(data))])  # fmt: skip
video("an MP4 that was never finished", "take.mp4", lambda images: images[:30],
      damage=lambda data: data[: len(data) // 2])  # fmt: skip


@situation("damaged in the middle", "predict scratched.mp4")
def _damaged(folder: Path) -> None:
    encoded.write(folder / "scratched.mp4", frames(), FPS, **X264)
    encoded.flip(folder / "scratched.mp4", 0.4, 300)


@situation("frames whose numbers have gaps", "predict frames --fps 30")
def _gaps(folder: Path) -> None:
    (folder / "frames").mkdir()
    for number, image in enumerate(frames()):
        if number >= 60 or number % 2 == 0:
            Image.fromarray(image).save(folder / f"frames/img{number:03}.jpg", quality=95)


@situation("frames whose names are milliseconds of a clock", "predict frames --fps 30")
def _clock(folder: Path) -> None:
    (folder / "frames").mkdir()
    for number, image in enumerate(frames()):
        if not 60 <= number < 75:
            name = f"frames/{1700000000000 + round(number * 1000 / 30)}.jpg"
            Image.fromarray(image).save(folder / name, quality=95)


video("a raw stream, as small cameras write it", "cam.h264", lambda images: images[:45], format="h264")


@situation("frames of two cameras in one folder", "predict frames --fps 30")
def _two_cameras(folder: Path) -> None:
    (folder / "frames").mkdir()
    for number, image in enumerate(frames()[:20]):
        for camera in "AB":
            Image.fromarray(image).save(folder / f"frames/cam{camera}_{number:03}.jpg")


@situation("a folder as laboratories have them", "predict videos")
def _folder(folder: Path) -> None:
    videos = folder / "videos"
    (videos / "P03").mkdir(parents=True)
    encoded.write(videos / "P01.mp4", frames()[:45], FPS, **X264)
    encoded.write(videos / "P02.mts", frames()[:45], FPS, format="mpegts", **X264)
    shutil.copy(videos / "P01.mp4", videos / "P03/take.mp4")
    shutil.copy(videos / "P01.mp4", videos / "P05.3gp")
    (videos / "P06.mov").write_bytes((videos / "P01.mp4").read_bytes()[:9000])
    (videos / "notes.txt").write_text("P02 moved")
    Image.fromarray(frames()[0]).save(videos / "P01_consent.jpg")


@situation("an input is replaced by an older recording", "measure take.mp4")
def _older(folder: Path) -> None:
    encoded.write(folder / "take.mp4", frames()[:30], FPS, **X264)
    run(folder, "measure take.mp4 --out o")
    encoded.write(folder / "take.mp4", frames()[:40], FPS, **X264)
    os.utime(folder / "take.mp4", (1.7e9, 1.7e9))


@situation("two commands at once into one folder", "measure a.mp4 b.mp4")
def _two(folder: Path) -> None:
    for name in "ab":
        encoded.write(folder / f"{name}.mp4", frames()[:30], FPS, **X264)
    FIRST.enter_context(outputs.reserve(folder / "o", "measure", folder / "o"))


@situation("a name that is not UTF-8", "predict .")
def _bytes(folder: Path) -> None:
    encoded.write(folder / "take.mp4", frames()[:45], FPS, **X264)
    (folder / "take.mp4").rename(folder / os.fsdecode(b"bad\xff.mp4"))


@situation("a name with a colon, a name in Chinese", "predict .")
def _names(folder: Path) -> None:
    encoded.write(folder / "take.mp4", frames()[:45], FPS, **X264)
    for name in ("11:30.mp4", "录像.mp4"):
        shutil.copy(folder / "take.mp4", folder / name)
    (folder / "take.mp4").unlink()


@situation("sound alone, a playlist that names another file", "predict voice.wav list.m3u8")
def _sound(folder: Path) -> None:
    with wave.open(str(folder / "voice.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000))
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:8,\n/etc/passwd\n#EXT-X-ENDLIST\n")


@situation("a group photograph of 24 megapixels, 12 faces", "measure group.png")
def _group(folder: Path) -> None:
    wall = np.full((4000, 6000, 3), 120, np.uint8)
    head = cv2.resize(frames()[0][40:440, 120:520], (500, 500))
    for i in range(12):
        y, x = 200 + 1250 * (i // 4), 200 + 1450 * (i % 4)
        wall[y : y + 500, x : x + 500] = head
    Image.fromarray(wall).save(folder / "group.png")


@situation("a photograph that lies on its side", "measure side.png")
def _photograph(folder: Path) -> None:
    Image.fromarray(frames()[0]).rotate(90, expand=True).save(folder / "side.png")


@situation("pictures of 16, 12 and 10 bits, .avif, .jfif, .tga", "measure pictures --pictures")
def _pictures(folder: Path) -> None:
    (folder / "pictures").mkdir()
    image = frames()[0]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint16)
    for bits, factor in ((16, 257), (12, 16), (10, 4)):
        cv2.imwrite(str(folder / f"pictures/{bits}_bits.png"), grey * factor)
    for suffix, form in (("avif", "AVIF"), ("jfif", "JPEG"), ("tga", "TGA")):
        Image.fromarray(image).save(folder / f"pictures/x.{suffix}", form)


@situation("ground truth that Excel has saved: semicolons and a byte-order mark", "predict take.mp4 --truth truth.csv")
def _excel(folder: Path) -> None:
    encoded.write(folder / "take.mp4", frames(), FPS, **X264)
    (folder / "truth.csv").write_text("kind;emotion;onset;offset\r\nmicro;anger;17;26\r\n", encoding="utf-8-sig")


def run(folder: Path, arguments: str) -> str:
    """Return what a command prints, and its exit code."""
    command = [COMMAND, *arguments.split(), "--quiet"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="backslashreplace", check=False)
    lines = [
        line
        for line in f"{done.stdout}{done.stderr}".splitlines()
        if not line.startswith(("written", "note: a net", "at "))
    ]
    return "\n".join([*lines, f"exit code {done.returncode}"])


def publish(
    purpose: str | None, page: str, mark: str, heads: tuple[str, str], situations: Mapping[str, tuple[str, Any]],
    answer: Callable[[str, Any], str],
) -> int:  # fmt: skip
    """Print a line for each situation, with what a command answers, and write the table where this is asked for."""
    options = pages.parser(purpose, page)
    options.add_argument("names", nargs="*", help="parts of names; all by default")
    arguments, table = options.parse_args(), pages.Table("situation", *heads)
    for name, (command, inputs) in situations.items():
        if not arguments.names or any(part in name for part in arguments.names):
            printed = answer(command, inputs)
            print(name, "|", printed.replace("\n", "\n    "), file=sys.stderr, flush=True)
            cell = printed.replace("|", "\\|").replace("\n", "<br>")
            table.add(name, f"`{command}`", cell if len(cell) <= LONGEST else cell[:LONGEST] + " ...")
    table.publish(page, mark, writes=arguments.write_docs)
    return 0


def main() -> int:
    def answer(command: str, make: Make) -> str:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder))
            return run(Path(folder), command)

    return publish(__doc__, PAGE, MARK, ("command", "what is printed"), SITUATIONS, answer)


if __name__ == "__main__":
    pages.start(main)
