"""What a file holds, told by its first bytes: for the error when it is not what its name says. Knows no data set."""

BEGINNINGS = {  # first bytes, in lower case -> in words
    b"<!doctype html": "a web page: was its download refused?",
    b"<html": "a web page: was its download refused?",
    b"version https://git-lfs": "a git-lfs pointer: run `git lfs pull`",
    b"pk\x03\x04": "a zip archive",
    b"rar!": "a rar archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls) or one with a password: save it as .xlsx without one",
    b"%pdf": "a PDF",
    b"riff": "a video, sound or WebP file",
    b"\x00\x05\x16\x07": "what a Mac writes beside a file",
}


def kind(data: bytes) -> str:
    """In words; for what is unknown the first bytes themselves."""
    if not data.strip(b"\0"):
        return f"{len(data)} bytes, all of them zero" if data else "0 bytes"
    start = data[:64].lstrip().lower()
    known = (words for first, words in BEGINNINGS.items() if start.startswith(first))
    return next(known, f"{len(data)} bytes that begin with {data[:12]!r}")
