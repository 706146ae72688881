"""Video files against the frames they were made of, as cameras, phones and browsers write them, and broken ones."""

import errno
import io
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from broken import truncate, video_header
from encoded import LEVELS, Pipe, drifting, flip, noise, opened, shades, write
from PIL import Image

from microexpr.core.errors import DataError
from microexpr.videos import Scan, container, frames, open_video, timeline

COUNT = len(LEVELS)
FALLING = np.concatenate([np.arange(10) / 30, 10 / 30 + np.arange(10) / 20])  # seconds: 30 frames a second, then 20


def read(path: Path, frames: int = COUNT, start: int = 0) -> list[np.ndarray]:
    return [picture for _, picture in container.read_all(path, frames, start)]


def levels(path: Path) -> list[float]:
    """The brightness of each frame as a user's video is read."""
    return [float(image.mean()) for image in open_video(path).read()]


@pytest.fixture
def clip(tmp_path):
    """A video as the renderer writes it; each frame one shade of red with a little grain, so that no bytes repeat."""
    grain = np.random.default_rng(7).integers(0, 20, (48, 64, 3), np.uint8)
    path = tmp_path / "S002-106.avi"
    file = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), 24, (64, 48))
    for level in LEVELS:
        file.write(grain // 10 + np.array([0, 0, level], np.uint8))
    file.release()
    return path


def test_header_and_every_frame_in_order_red_first(clip):
    assert container.measure(clip) == (COUNT, 24)
    pictures = read(clip)
    assert {picture.shape for picture in pictures} == {(48, 64, 3)}
    assert np.allclose([picture[..., 0].mean() for picture in pictures], LEVELS + 1, atol=3)
    assert max(picture[..., 2].mean() for picture in pictures) < 10
    assert np.array_equal(pictures[13:], read(clip, start=13))
    video = open_video(clip)
    assert np.array_equal(video.frames, pictures) and np.array_equal([*video.read([2, 5])], [pictures[2], pictures[5]])


@pytest.mark.parametrize("share", [0.5, 0.999])
def test_a_data_sets_video_that_is_cut_short_is_refused(clip, share):
    length = clip.stat().st_size
    truncate(clip, share)
    message = rf"S002-106.avi: must be {length} bytes long, as its header says, not {clip.stat().st_size}: it is cut"
    with pytest.raises(DataError, match=message):
        container.measure(clip)


def test_a_users_video_that_is_cut_short_is_read_to_its_end(clip):
    whole = read(clip)
    length = clip.stat().st_size
    truncate(clip)
    video = open_video(clip)
    assert 0.3 * COUNT < len(video) < 0.6 * COUNT and np.array_equal(video.frames, whole[: len(video)])
    assert video.notes == (
        f"{length - clip.stat().st_size} bytes are missing at the end, by its header: it is cut short",
        f"{len(video)} of the 20 frames that the header says decode; the rest, perhaps cut off, is not searched",
    )


def test_a_length_that_was_never_written_is_not_held_against_a_video(clip):
    content = clip.read_bytes()
    clip.write_bytes(content[:4] + bytes(4) + content[8 : len(content) // 2])
    assert container.measure(clip)[0] == COUNT  # the header still says so
    with pytest.raises(DataError, match=r"S002-106.avi: must hold 20 frames, but frame \d+ does not decode") as caught:
        read(clip)
    assert 2 <= int(str(caught.value).split("but frame ")[1].split()[0]) < COUNT


@pytest.mark.parametrize(("frames", "message"), [(19, "19 frames, as its header says, but more"), (21, "but frame 20")])
def test_another_count_than_that_of_the_header_is_refused(clip, frames, message):
    with pytest.raises(DataError, match=f"must hold {frames} frames.*") as caught:
        read(clip, frames)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("values", "content"),
    [({"length": 0}, "0 at 24"), ({"length": 10**6 + 1}, "1000001 at 24"), ({"rate": 2000}, "20 at 2000")],
)
def test_a_header_of_no_camera_is_refused(clip, values, content):
    video_header(clip, scale=1, **({"rate": 24} | values))
    with pytest.raises(DataError, match=f"must hold 1 to 1000000 frames at 1 to 1000 a second, not {content}"):
        container.measure(clip)


def test_times_of_frames_are_those_that_were_written_unless_a_rate_is_asked(tmp_path):
    for name, codec in (("take.mp4", "libx264"), ("take.mkv", "mpeg4")):
        video = opened(tmp_path / name, shades(), times=FALLING, codec=codec)
        assert len(video) == COUNT and video.seconds == pytest.approx(FALLING, abs=0.001)
        assert video.fps == pytest.approx(30, rel=0.002)
        (note,) = video.notes
        assert note.startswith("frames are 33") and "to 50 ms apart; times are the frames' own" in note
        video = open_video(video.path, fps=100)  # which stand in place of the file's
        assert video.fps == 100 and video.seconds == pytest.approx(np.arange(COUNT) / 100)
        (note,) = video.notes
        assert note.startswith("read as 100 frames a second, evenly spaced, as asked; the file says 2")
    seconds = [seconds for seconds, _ in container.read_all(tmp_path / "take.mkv", COUNT)]
    assert timeline.unevenness(seconds) == ["frames are 33 to 50 ms apart; they are read as if evenly spaced"]


@pytest.mark.parametrize(("codec", "form"), [("libvpx", "webm"), ("mpeg4", "matroska"), ("libx264", "mp4")])
def test_a_video_that_was_written_to_a_pipe_has_its_rate_and_all_frames(codec, form, tmp_path):
    pipe = Pipe(tmp_path / "recording")
    write(pipe, shades(), 30000 / 1001, codec=codec, format=form, options={"movflags": "frag_keyframe+empty_moov"})
    pipe.close()
    video = open_video(tmp_path / "recording")
    assert (len(video), video.notes) == (COUNT, ()) and video.fps == pytest.approx(30000 / 1001)
    assert video.seconds == pytest.approx(np.arange(COUNT) * 1.001 / 30)
    assert levels(tmp_path / "recording") == pytest.approx(LEVELS.tolist(), abs=4)


@pytest.mark.parametrize("suffix", ["avi", "mkv"])
def test_frames_that_are_coded_out_of_order_come_as_they_are_shown(suffix, tmp_path):
    video = opened(tmp_path / f"take.{suffix}", shades(), b_frames=2)
    assert levels(video.path) == pytest.approx(LEVELS.tolist(), abs=7)
    assert video.fps == 25 and video.seconds == pytest.approx(np.arange(COUNT) / 25)


@pytest.mark.parametrize(
    ("name", "codec", "b_frames"),
    [
        ("take.mp4", "libx264", 2),
        ("take.mkv", "mpeg4", 2),
        ("take.webm", "libvpx", 0),
        ("take.ts", "libx264", 0),
        ("take.avi", "mpeg4", 2),
        ("open.mp4", "libx265", 2),  # frames before a key frame need those of the part before
    ],
)
def test_any_frames_are_those_of_reading_from_the_first(name, codec, b_frames, tmp_path, monkeypatch):
    monkeypatch.setattr(container, "SKIPPED", 2)  # frames, so that decoding begins at key frames
    monkeypatch.setattr(container, "HELD", 0)  # bytes, so that frames are decoded again
    video = opened(tmp_path / name, drifting(40), codec=codec, b_frames=b_frames, keyframes=7)
    every, rng = video.frames, np.random.default_rng(0)
    with av.open(str(tmp_path / name)) as file:
        assert sum(frame.key_frame for frame in file.decode(video=0)) > 4
    if name == "take.mp4":  # whose key frames can all be reached
        monkeypatch.setattr(container, "islice", None)
    for _ in range(8):
        numbers = sorted(rng.choice(40, 4, replace=False).tolist())
        assert np.array_equal([*video.read(numbers)], every[numbers]), numbers


def test_a_short_video_is_decoded_once_and_a_longer_one_again(tmp_path, monkeypatch):
    short = opened(tmp_path / "take.avi", drifting(20), keyframes=7)
    monkeypatch.setattr(container, "HELD", 2 * 10**4)
    longer = open_video(tmp_path / "take.avi")
    numbers, decode, passes = [0, 3, 19], container._decode, []
    monkeypatch.setattr(container, "_decode", lambda *arguments: passes.append(1) or decode(*arguments))
    images = [*short.read(numbers)]
    assert not passes and np.array_equal(images, [*longer.read(numbers)]) and passes
    assert np.array_equal([*short.read()], [*longer.read()])


@pytest.mark.parametrize("suffix", ["ts", "mkv"])
def test_each_field_of_an_interlaced_video_is_a_frame(suffix, tmp_path):
    brightness = np.arange(30, 230, 5)  # of 50 fields a second
    fields = shades(brightness)
    woven = fields[::2].copy()
    woven[:, 1::2] = fields[1::2, 1::2]
    video = opened(tmp_path / f"take.{suffix}", woven, codec="mpeg2video")
    assert video.notes == ("interlaced: each field is read as a frame, 50 a second",)
    assert video.fps == 50 and video.seconds == pytest.approx(np.arange(40) / 50)
    images = video.frames
    assert images.mean(axis=(1, 2, 3)) == pytest.approx(brightness, abs=2)
    assert np.abs(np.diff(images[..., 1].astype(int), axis=1)).max() < 5  # rows of two times would differ by 5


@pytest.mark.parametrize(("mirror", "quarters"), [("", 1), ("", 2), ("", 3), ("x", 0), ("y", 0)])
def test_a_video_that_says_how_it_was_held_is_turned_or_mirrored(mirror, quarters, tmp_path):
    images = shades().copy()
    images[:, :16, :16] = 255 - images[:, :16, :16]  # the upper left corner
    video = opened(tmp_path / "take.mp4", images, quarters=quarters, mirror=mirror)
    note = f"mirrored and turned by {180 * (mirror == 'y')}" if mirror else f"turned by {90 * quarters}"
    assert video.notes == (f"{note} degrees to the left, as the file says",)
    expected = np.flip(images, " yx".index(mirror)) if mirror else np.rot90(images, quarters, (1, 2))
    assert video.frames.shape == expected.shape and np.abs(video.frames - expected.astype(float)).mean() < 5


def test_pixels_that_are_twice_as_wide_as_high_are_made_square(tmp_path):
    video = opened(tmp_path / "take.mp4", shades(), aspect=2)
    assert video.size == (48, 128) and video.frames.shape == (COUNT, 48, 128, 3)
    assert video.notes == ("pixels are 2 times as wide as high; frames are read as 128x48",)


@pytest.mark.parametrize(("codec", "suffix"), [("libx264", "mp4"), ("mpeg4", "mkv")])
def test_damage_is_said_of_all_frames_that_it_changes(codec, suffix, tmp_path):
    """Frames between two keyframes are coded as differences, so that damage in one lasts until the next."""
    path = tmp_path / f"take.{suffix}"
    whole = opened(path, drifting(40), codec=codec, keyframes=15).frames
    flip(path, 0.3, 50)
    video = open_video(path)
    changed = np.flatnonzero((video.frames != whole).any(axis=(1, 2, 3)))
    assert 1 < len(changed) < 20 and np.flatnonzero(video.timeline.damaged).tolist() == changed.tolist()
    first = video.seconds[changed[0]]
    assert video.notes == (f"{len(changed)} of 40 frames are damaged, at {first:.2f} s for one",)
    with pytest.raises(DataError, match=f"must hold 40 frames, but frame {changed[0]} does not decode"):
        read(path, 40)


def test_joined_files_go_on_and_another_size_is_another_view(tmp_path):
    for name, size in (("one.ts", (48, 64)), ("two.ts", (96, 128))):
        write(tmp_path / name, shades(size=size), codec="libx264")
    joined = tmp_path / "joined.ts"
    joined.write_bytes((tmp_path / "one.ts").read_bytes() + (tmp_path / "two.ts").read_bytes())
    video = open_video(joined)
    assert video.fps == 25 and video.seconds == pytest.approx(np.arange(2 * COUNT) / 25)
    assert {frame.shape for frame in video} == {(48, 64, 3)} and video.timeline.cuts == (COUNT,)
    assert video.notes[0] == "times begin again at frame 20, as in joined files; they are taken to go on"
    assert "another view or person from 0.80 s on" in video.notes[-1]


def test_a_frame_too_large_to_decode_is_refused_wherever_it_is(tmp_path, monkeypatch):
    write(tmp_path / "wide.avi", shades(size=(16, 8208))[:5], codec="mjpeg")
    with pytest.raises(DataError, match=r"wide.avi: must have at most 8192 pixels a side, not 8208x16"):
        open_video(tmp_path / "wide.avi")
    write(tmp_path / "narrow.avi", shades(size=(48, 64)), codec="mjpeg")
    monkeypatch.setattr(container, "LONGEST", 60)
    with pytest.raises(DataError, match="at most 60 pixels a side, not 64x48"):
        open_video(tmp_path / "narrow.avi")
    header = bytearray((tmp_path / "narrow.avi").read_bytes())
    position = header.index(b"strf") + 12  # width and height, which the frames contradict
    header[position : position + 8] = struct.pack("<2i", 16, 16)
    (tmp_path / "narrow.avi").write_bytes(header)
    monkeypatch.setattr(container, "LONGEST", 40)
    with pytest.raises(DataError, match=r"narrow.avi: "):
        open_video(tmp_path / "narrow.avi")


@pytest.mark.parametrize(
    "name", ["take: 1.mp4", "http:take.mp4", "take%03d.mp4", "-take.mp4", os.fsdecode(b"t\xff.mp4")]
)
def test_a_name_is_a_name(name, tmp_path, monkeypatch):
    write(tmp_path / "plain.mp4", shades())
    shutil.copy(tmp_path / "plain.mp4", tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert levels(Path(name)) == levels(Path("plain.mp4"))


def test_what_is_no_video_is_refused_and_a_playlist_leads_to_no_other_file(tmp_path):
    (tmp_path / "a.avi").write_bytes(b"RIFF\0\0\0\0AVI ")
    write(tmp_path / "unfinished.mp4", shades())
    truncate(tmp_path / "unfinished.mp4")
    write(other := tmp_path / "other.ts", shades(), codec="libx264")
    for name in ("list.m3u8", "list.mp4"):
        (tmp_path / name).write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n")
    Image.fromarray(shades()[0]).save(tmp_path / "picture.png")
    with av.open(str(tmp_path / "sound.mp4"), "w") as file:
        stream = file.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", layout="mono")
        frame.rate = 8000
        file.mux([*stream.encode(frame), *stream.encode()])
    for name, message in {
        **dict.fromkeys(("a.avi", "list.m3u8", "list.mp4"), "is not a readable video"),
        "unfinished.mp4": r"is not a readable video \(the index of its frames is missing: ",
        "b.avi": "the video is missing",
        "picture.png": "is not a video, but a picture",
        "sound.mp4": r"is not a readable video \(it holds sound alone\)",
    }.items():
        for call in (container.measure, container.VideoFile, read):
            with pytest.raises(DataError, match=f"{name}: {message}"):
                call(tmp_path / name)
    with pytest.raises(DataError, match=r"b\.avi: is not there"):
        Scan(tmp_path / "b.avi")


def test_slow_motion_is_named_with_the_rate_of_its_recording(tmp_path):
    tags = {"com.android.capture.fps": "240.000000"}
    (note,) = opened(
        tmp_path / "slow.mp4", shades(np.linspace(10, 200, 40)), tags=tags, options={"movflags": "use_metadata_tags"}
    ).notes
    assert "recorded at 240 frames a second" in note and "--fps 240" in note
    assert open_video(tmp_path / "slow.mp4", 240).notes == ()
    (note,) = open_video(tmp_path / "slow.mp4", 100).notes
    assert note == "read as 100 frames a second, evenly spaced, as asked; the file says 25"


def test_a_stream_without_times_needs_a_rate(tmp_path):
    write(tmp_path / "take.h264", shades(), 30, codec="libx264", format="h264")
    with pytest.raises(DataError, match=r"raw H.264 video does not say how many frames a second it has; fps \(--fps\)"):
        open_video(tmp_path / "take.h264")
    video = open_video(tmp_path / "take.h264", 30)
    assert len(video) == COUNT and video.end == pytest.approx(COUNT / 30) and video.notes == ()


@pytest.mark.parametrize(("suffix", "default"), [("mkv", 0), ("mkv", 1), ("mkv", None), ("mp4", None)])
def test_of_two_videos_that_which_players_show_is_read_and_a_high_dynamic_range_is_named(suffix, default, tmp_path):
    with av.open(str(tmp_path / f"two.{suffix}"), "w") as film:
        streams = [film.add_stream("mjpeg" if suffix == "mkv" else "libx264", rate=25) for _ in range(2)]
        for i, stream in enumerate(streams):
            stream.width, stream.height = 64 // (i + 1), 48 // (i + 1)
            stream.pix_fmt = "yuvj420p" if suffix == "mkv" else "yuv420p"
            stream.disposition = av.stream.Disposition(int(i == default))
            stream.codec_context.color_trc = 2 if suffix == "mkv" else 18  # FFmpeg's curves
        for stream in streams:
            images = shades(LEVELS, (stream.height, stream.width))
            pictures = [av.VideoFrame.from_ndarray(image.copy(), "rgb24") for image in images]
            for picture in (*pictures, None):
                film.mux(stream.encode(picture))
    video, size = open_video(tmp_path / f"two.{suffix}"), (24, 32) if default == 1 else (48, 64)
    assert video.size == size and video.frames.shape == (20, *size, 3)
    which = "number 2, which players show, 32x24" if default == 1 else "the first, 64x48"
    high = ["high dynamic range (HLG), read without conversion: its contrast is lower"] * (suffix == "mp4")
    assert video.notes == (f"the file holds 2 videos; {which}, is read", *high)


@pytest.mark.parametrize("rate", [25, 30, 50, 60])
def test_a_gif_whose_times_are_rounded_to_hundredths_of_a_second_is_whole(tmp_path, rate):
    video = opened(tmp_path / "take.gif", drifting(60)[:, :48, :64], rate, codec="gif")
    assert len(video) == 60 and not any("cut off" in note for note in video.notes)
    assert video.fps == pytest.approx(rate, rel=0.01)


def test_a_photograph_is_no_slow_video(tmp_path):
    Image.fromarray(shades()[0].astype(np.uint8)).save(tmp_path / "photo.avif")
    with pytest.raises(DataError, match=r"photo.avif: is not a video, but a picture; `predict --onset A --apex B`"):
        open_video(tmp_path / "photo.avif")
    content = (tmp_path / "photo.avif").read_bytes()
    for brand in (b"heic", b"mif1"):  # also one that does not decode
        (tmp_path / "photo.heic").write_bytes(content.replace(b"ftypavif", b"ftyp" + brand, 1))
        with pytest.raises(DataError, match=r"photo.heic: is not a video, but a HEIF photograph: export it as JPEG$"):
            open_video(tmp_path / "photo.heic")
    (tmp_path / "photo.heic").write_bytes(content.replace(b"ftypavif", b"ftypheic", 1)[:100])
    with pytest.raises(DataError, match=r"is not a readable video \(it holds a HEIF photograph: export it as JPEG\)$"):
        open_video(tmp_path / "photo.heic")


def test_sound_that_begins_late_does_not_end_a_video(tmp_path):
    write(tmp_path / "take.flv", np.repeat(shades(), 20, axis=0), codec="flv1")
    sound = b"\x02" + bytes(20)  # in a tag whose stream the header does not name
    tag = b"\x08" + len(sound).to_bytes(3, "big") + (1000).to_bytes(3, "big") + bytes(4) + sound
    content = (tmp_path / "take.flv").read_bytes()
    (tmp_path / "take.flv").write_bytes(content + tag + len(tag).to_bytes(4, "big"))
    assert len(open_video(tmp_path / "take.flv")) == 20 * COUNT


PLAYLISTS = {  # texts that lead FFmpeg to other files or addresses
    "concat.mp4": "ffconcat version 1.0\nfile other.ts\n",
    "pipe.mp4": "ffconcat version 1.0\nfile pipe\n",
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.ts\n#EXT-X-ENDLIST\n",
    "dash.mp4": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp2t"><Representation id="1" '
    'bandwidth="9"><BaseURL>other.ts</BaseURL></Representation></AdaptationSet></Period></MPD>\n',
    "session.mp4": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\n"
    "m=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
    "imf.mp4": '<?xml version="1.0"?>\n<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">\n',
    "vobsub.mp4": "# VobSub index file, v7 (do not modify this line!)\n",
    "art.mp4": "\x1b[31mtext\x1b[0m\n" * 50,
}
READ_EACH = """
import sys
from pathlib import Path
from microexpr.core.errors import DataError
from microexpr.videos import container
for path in sys.argv[1:]:
    open("/dev/null").close()
    try:
        container.VideoFile(Path(path))
    except DataError as error:
        print(error)
"""


@pytest.fixture
def playlists(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    write(tmp_path / "other.ts", shades(), codec="libx264")
    for name, text in PLAYLISTS.items():
        Path(name).write_bytes(text.encode())


@pytest.mark.parametrize("name", PLAYLISTS)
def test_what_names_another_file_or_address_is_refused_by_its_content(playlists, name):
    with pytest.raises(DataError, match=rf"^{name}: is not a readable video \(it holds (a playlist|a desc|\d+ bytes)"):
        container.VideoFile(Path(name))


@pytest.mark.slow  # seconds; the test above guards the same
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_no_other_file_is_opened_and_no_socket(playlists):
    traced = ["strace", "-f", "-qq", "-e", "trace=%network,open,openat,openat2", "-o", "log"]
    done = subprocess.run(
        [*traced, sys.executable, "-c", READ_EACH, *PLAYLISTS], capture_output=True, text=True, timeout=120, check=True
    )
    assert len(done.stdout.splitlines()) == len(PLAYLISTS) and not done.stderr
    calls = Path("log").read_text()
    _, *each = calls.split('"/dev/null"')[-len(PLAYLISTS) - 1 :]
    for name, text in zip(PLAYLISTS, each, strict=True):
        opened_files = re.findall(r'open\w*\([^"]*"([^"]*)"', text)
        assert name in opened_files and not {"other.ts", "pipe"} & {Path(path).name for path in opened_files}
    assert "AF_INET" not in calls


def test_a_file_that_opens_slowly_or_cannot_be_read_is_refused_in_a_line(tmp_path, monkeypatch):
    write(tmp_path / "take.mkv", noise(60, (256, 256)))
    for name in ("memory.mp4", "memory.png"):  # a regular file whose first bytes cannot be read
        (tmp_path / name).symlink_to("/proc/self/mem")
        for call in (container.VideoFile, container.measure, frames.is_rendered):
            with pytest.raises(DataError, match=rf"{name}: cannot be read \(Input/output error\)$"):
                call(tmp_path / name)

    class Failing(io.FileIO):
        """A file on a disk with a defect at 300 KB."""

        def read(self, size: int = -1) -> bytes:
            if self.tell() > 300_000:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(size)

    with monkeypatch.context() as patch:
        patch.setattr(container, "open", lambda path, mode: Failing(path), raising=False)
        with pytest.raises(DataError, match=r"take.mkv: cannot be read \(Input/output error\)$"):
            open_video(tmp_path / "take.mkv")
    monkeypatch.setattr(container, "PATIENCE", 1e-6)
    with pytest.raises(DataError, match=r"take.mkv: cannot be read \(it does not open within 1e-06 s\)$"):
        open_video(tmp_path / "take.mkv")
