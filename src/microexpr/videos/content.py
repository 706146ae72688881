"""Recognise the content of a file by its first bytes, for errors about files that are not what their name says."""

SIGNATURES = {  # first bytes, in lower case -> description
    b"<!doctype html": "a web page: was its download refused?",
    b"<html": "a web page: was its download refused?",
    b"version https://git-lfs": "a git-lfs pointer: run `git lfs pull`",
    b"pk\x03\x04": "a zip archive",
    b"rar!": "a rar archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls): save it as .xlsx in a spreadsheet program",
    b"%pdf": "a PDF",
    b"riff": "a video, sound or WebP file",
    b"\x00\x05\x16\x07": "metadata that a Mac writes next to a file",
}
HEIF = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1")
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # in a file that begins like an old Excel file


def describe_content(data: bytes, size: int | None = None) -> str:
    """Describe the content of a file of `size` bytes in words, by its first; if it is unknown, by both."""
    size = len(data) if size is None else size
    if not data.strip(b"\0"):
        which = "all of them" if size == len(data) else "the first of them"
        return f"{size} bytes, {which} zero" if data else "0 bytes"
    if ENCRYPTED in data:
        return "a workbook with a password: save it as .xlsx without one in a spreadsheet program"
    if data[4:12] in HEIF:
        return "a HEIF photograph: export it as JPEG"
    start = data[:64].lstrip().lower()
    descriptions = (words for signature, words in SIGNATURES.items() if start.startswith(signature))
    return next(descriptions, f"{size} bytes that begin with {data[:12]!r}")
