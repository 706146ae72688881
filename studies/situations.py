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
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pages
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/fixtures"))  # pytest finds these by itself
import encoded

from microexpr.core import arithmetic
from microexpr.rendering import film, take
from microexpr.videos import open_video

PAGE, MARK = "docs/recordings.md", "study-situations"
SEED, FPS = 101, 30  # of the film: a micro-expression from frame 17 to 26, apex 21, and a blink
COMMAND = str(Path(sys.executable).with_name("microexpr"))
LONGEST = 460  # characters of a cell
X264 = {"codec": "libx264"}

Make = Callable[[Path], str]  # makes inputs in an empty folder; returns the command's arguments
SITUATIONS: dict[str, Make] = {}


def situation(name: str) -> Callable[[Make], Make]:
    """Register a situation by its name."""
    return lambda make: SITUATIONS.setdefault(name, make)


@cache
def frames(seed: int = SEED) -> np.ndarray:
    """Return the frames of a film of 4 s, uint8[120, 480, 640, 3]."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.avi"
        film.write(path, take.Params(seconds=4, micro=1, macro=0, blinks=1, fps=FPS), seed)
        return open_video(path).frames


@situation("a phone lowers its rate in dim light, from 30 to 20 a second")
def _rate_falls(folder: Path) -> str:
    times = [i / 30 if i < 60 else 2 + (i - 60) / 20 for i in range(120)]
    encoded.write(folder / "dim.mp4", frames(), FPS, times, **X264)
    return "predict dim.mp4 --out o"


@situation("the rate halves on the way")
def _rate_halves(folder: Path) -> str:
    numbers = [*range(60), *range(60, 120, 2)]
    encoded.write(folder / "vfr.mp4", frames()[numbers], FPS, [i / 30 for i in numbers], **X264)
    return "predict vfr.mp4 --out o"


@situation("a browser's recording: VP8 in a webm without a length")
def _webm(folder: Path) -> str:
    encoded.write(encoded.Pipe(folder / "live.webm"), frames(), FPS, codec="libvpx", format="webm")
    return "predict live.webm --out o"


@situation("a camcorder's interlaced MPEG-2")
def _interlaced(folder: Path) -> str:
    images = frames()
    woven = images[::2].copy()
    woven[:, 1::2] = images[1::2, 1::2]
    encoded.write(folder / "camcorder.mpg", woven, 25, codec="mpeg2video")
    return "predict camcorder.mpg --out o"


@situation("upside down")
def _upside_down(folder: Path) -> str:
    encoded.write(folder / "turned.mp4", frames()[:, ::-1, ::-1], FPS, **X264)
    return "predict turned.mp4 --out o"


@situation("on its side, and the file does not say so")
def _side(folder: Path) -> str:
    encoded.write(folder / "side.mp4", np.rot90(frames(), 1, (1, 2)), FPS, **X264)
    return "predict side.mp4 --out o"


@situation("on its side, and the file says so")
def _rotated(folder: Path) -> str:
    encoded.write(folder / "phone.mp4", np.rot90(frames(), 1, (1, 2)), FPS, quarters=3, **X264)
    return "predict phone.mp4 --out o"


@situation("pixels twice as wide as high")
def _aspect(folder: Path) -> str:
    encoded.write(folder / "wide.mp4", frames()[:, :, ::2], FPS, aspect=2, **X264)
    return "predict wide.mp4 --out o"


@situation("a cut to another person")
def _cut(folder: Path) -> str:
    encoded.write(folder / "cut.mp4", np.concatenate([frames()[:80], frames(103)[:80]]), FPS, **X264)
    return "predict cut.mp4 --out o"


@situation("one person leaves, another comes, in front of the same wall")
def _persons(folder: Path) -> str:
    shares = np.concatenate([np.ones(90), np.linspace(1, 0, 20), np.zeros(90), np.linspace(0, 1, 20), np.ones(100)])
    views = [*frames(), *frames()[:80], *frames(103)]
    wall = np.full(views[0].shape, 120, np.uint8)
    blended = [share * view + (1 - share) * wall for share, view in zip(shares, views, strict=True)]
    encoded.write(folder / "persons.mp4", np.array(blended, np.uint8), FPS, **X264)
    return "predict persons.mp4 --out o"


@situation("a screen recording at 60 a second of a call at 15")
def _call(folder: Path) -> str:
    encoded.write(folder / "call.mp4", np.repeat(frames()[::2], 4, axis=0), 60, keyframes=600, **X264)
    return "predict call.mp4 --out o"


@situation("a call that freezes for a second")
def _frozen(folder: Path) -> str:
    images = frames()
    still = np.repeat(images[15:16], 30, axis=0)
    encoded.write(folder / "frozen.mp4", np.concatenate([images[:15], still, images[45:]]), FPS, keyframes=600, **X264)
    return "predict frozen.mp4 --out o"


@situation("the camera pauses for a second")
def _pause(folder: Path) -> str:
    times = [i / 30 if i < 50 else 1 + i / 30 for i in range(120)]
    encoded.write(folder / "paused.mp4", frames(), FPS, times, **X264)
    return "predict paused.mp4 --out o"


@situation("fades in from black")
def _fade(folder: Path) -> str:
    share = np.clip(np.arange(120) / 12, 0, 1)[:, None, None, None]
    encoded.write(folder / "fade.mp4", (frames() * share).astype(np.uint8), FPS, **X264)
    return "predict fade.mp4 --out o"


@situation("an AVI whose end is missing, since the camera died")
def _died(folder: Path) -> str:
    encoded.write(folder / "died.avi", frames(), FPS, codec="mjpeg")
    data = (folder / "died.avi").read_bytes()
    (folder / "died.avi").write_bytes(data[: int(0.6 * len(data))])
    return "predict died.avi --out o"


@situation("an MP4 that was never finished")
def _unfinished(folder: Path) -> str:
    encoded.write(folder / "take.mp4", frames()[:30], FPS, **X264)
    data = (folder / "take.mp4").read_bytes()
    (folder / "take.mp4").write_bytes(data[: len(data) // 2])
    return "predict take.mp4 --out o"


@situation("damaged in the middle")
def _damaged(folder: Path) -> str:
    encoded.write(folder / "scratched.mp4", frames(), FPS, **X264)
    encoded.flip(folder / "scratched.mp4", 0.4, 300)
    return "predict scratched.mp4 --out o"


@situation("frames whose numbers have gaps")
def _gaps(folder: Path) -> str:
    (folder / "frames").mkdir()
    for number, image in enumerate(frames()):
        if number >= 60 or number % 2 == 0:
            Image.fromarray(image).save(folder / f"frames/img{number:03}.jpg", quality=95)
    return "predict frames --fps 30 --out o"


@situation("frames whose names are milliseconds of a clock")
def _clock(folder: Path) -> str:
    (folder / "frames").mkdir()
    for number, image in enumerate(frames()):
        if not 60 <= number < 75:
            name = f"frames/{1700000000000 + round(number * 1000 / 30)}.jpg"
            Image.fromarray(image).save(folder / name, quality=95)
    return "predict frames --fps 30 --out o"


@situation("a raw stream, as small cameras write it")
def _raw(folder: Path) -> str:
    encoded.write(folder / "cam.h264", frames()[:45], FPS, format="h264", **X264)
    return "predict cam.h264 --out o"


@situation("frames of two cameras in one folder")
def _two_cameras(folder: Path) -> str:
    (folder / "frames").mkdir()
    for number, image in enumerate(frames()[:20]):
        for camera in "AB":
            Image.fromarray(image).save(folder / f"frames/cam{camera}_{number:03}.jpg")
    return "predict frames --fps 30 --out o"


@situation("a folder as laboratories have them")
def _folder(folder: Path) -> str:
    videos = folder / "videos"
    (videos / "P03").mkdir(parents=True)
    encoded.write(videos / "P01.mp4", frames()[:45], FPS, **X264)
    encoded.write(videos / "P02.mts", frames()[:45], FPS, format="mpegts", **X264)
    shutil.copy(videos / "P01.mp4", videos / "P03/take.mp4")
    shutil.copy(videos / "P01.mp4", videos / "P05.3gp")
    (videos / "P06.mov").write_bytes((videos / "P01.mp4").read_bytes()[:9000])
    (videos / "notes.txt").write_text("P02 moved")
    Image.fromarray(frames()[0]).save(videos / "P01_consent.jpg")
    return "predict videos --out o"


@situation("an input is replaced by an older recording")
def _older(folder: Path) -> str:
    encoded.write(folder / "take.mp4", frames()[:30], FPS, **X264)
    run(folder, "measure take.mp4 --out o")
    encoded.write(folder / "take.mp4", frames()[:40], FPS, **X264)
    os.utime(folder / "take.mp4", (1.7e9, 1.7e9))
    return "measure take.mp4 --out o"


@situation("two commands at once into one folder")
def _two(folder: Path) -> str:
    for name in "ab":
        encoded.write(folder / f"{name}.mp4", frames()[:30], FPS, **X264)
    command = [COMMAND, "measure", "a.mp4", "--out", "o", "--quiet"]
    other = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    run(folder, "measure b.mp4 --out o")
    other.wait()
    return "measure a.mp4 b.mp4 --out o"


@situation("a name that is not UTF-8")
def _bytes(folder: Path) -> str:
    encoded.write(folder / "take.mp4", frames()[:45], FPS, **X264)
    (folder / "take.mp4").rename(folder / os.fsdecode(b"bad\xff.mp4"))
    return "predict . --out o"


@situation("a name with a colon, a name in Chinese")
def _names(folder: Path) -> str:
    encoded.write(folder / "take.mp4", frames()[:45], FPS, **X264)
    for name in ("11:30.mp4", "录像.mp4"):
        shutil.copy(folder / "take.mp4", folder / name)
    (folder / "take.mp4").unlink()
    return "predict . --out o"


@situation("sound alone, a playlist that names another file")
def _sound(folder: Path) -> str:
    with wave.open(str(folder / "voice.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000))
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:8,\n/etc/passwd\n#EXT-X-ENDLIST\n")
    return "predict voice.wav list.m3u8 --out o"


@situation("a group photograph of 24 megapixels, 12 faces")
def _group(folder: Path) -> str:
    wall = np.full((4000, 6000, 3), 120, np.uint8)
    head = cv2.resize(frames()[0][40:440, 120:520], (500, 500))
    for i in range(12):
        y, x = 200 + 1250 * (i // 4), 200 + 1450 * (i % 4)
        wall[y : y + 500, x : x + 500] = head
    Image.fromarray(wall).save(folder / "group.png")
    return "measure group.png --out o"


@situation("a photograph that lies on its side")
def _photograph(folder: Path) -> str:
    Image.fromarray(frames()[0]).rotate(90, expand=True).save(folder / "side.png")
    return "measure side.png --out o"


@situation("pictures of 16, 12 and 10 bits, .avif, .jfif, .tga")
def _pictures(folder: Path) -> str:
    (folder / "pictures").mkdir()
    image = frames()[0]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint16)
    for bits, factor in ((16, 257), (12, 16), (10, 4)):
        cv2.imwrite(str(folder / f"pictures/{bits}_bits.png"), grey * factor)
    for suffix, form in (("avif", "AVIF"), ("jfif", "JPEG"), ("tga", "TGA")):
        Image.fromarray(image).save(folder / f"pictures/x.{suffix}", form)
    return "measure pictures --pictures --out o"


@situation("ground truth that Excel has saved: semicolons and a byte-order mark")
def _excel(folder: Path) -> str:
    encoded.write(folder / "take.mp4", frames(), FPS, **X264)
    (folder / "truth.csv").write_text("kind;emotion;onset;offset\r\nmicro;anger;17;26\r\n", encoding="utf-8-sig")
    return "predict take.mp4 --truth truth.csv --out o"


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


def table(names: list[str]) -> Iterator[str]:
    """Yield the lines of a table of these situations."""
    yield "| situation | command | what is printed |"
    yield "| --- | --- | --- |"
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            arguments = SITUATIONS[name](Path(folder))
            printed = "<br>".join(run(Path(folder), arguments).replace("|", "\\|").splitlines())
        print(name, "|", printed.replace("<br>", "\n    "), file=sys.stderr, flush=True)
        yield f"| {name} | `{arguments}` | {printed if len(printed) <= LONGEST else printed[:LONGEST] + ' ...'} |"


def main() -> int:
    """Print the table, and write it into its page where this is asked for."""
    options = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("names", nargs="*", help="parts of names; all by default")
    options.add_argument("--write-docs", action="store_true", help=f"also into {PAGE}")
    arguments = options.parse_args()
    names = [name for name in SITUATIONS if not arguments.names or any(part in name for part in arguments.names)]
    text = "\n".join([*table(names), "", pages.source()])
    print(text)
    if arguments.write_docs:
        pages.write(PAGE, MARK, text)
    return 0


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
