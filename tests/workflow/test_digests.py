"""The files of the tiny run are the same on every CPU, stage by stage."""

import hashlib
from pathlib import Path

import committed
from stages import STAGES, TABLE, folders


def by_stage(files: dict[str, str]) -> dict[str, str]:
    """The digest of each stage's files and of the table, in the order in which they are made."""
    places = {noun: tuple(f"{folder}/" for folder in folders(noun)) for noun in STAGES} | {"table": (TABLE,)}
    digests = {}
    for noun, starts in places.items():
        lines = [f"{path} {digest}\n" for path, digest in sorted(files.items()) if path.startswith(starts)]
        if lines:
            digests[noun] = hashlib.sha256("".join(lines).encode()).hexdigest()
    return digests


def test_every_stage_has_the_committed_bytes(finished, request):
    digests = by_stage(finished.digests())
    assert list(digests)[:6] == ["render", "faces", "index", "apex", "flow", "aus"]
    committed.check(Path(__file__).with_name("stage_digests.json"), digests, request.config)
