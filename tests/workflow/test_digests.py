"""The tiny run has the same bytes on every CPU: those in stage_digests.json, which `--write-digests` records."""

import hashlib
import json
import sys
from pathlib import Path

import pytest

from microexpr.core import arithmetic

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow"))
from stages import STAGES, TABLE, folders

DIGESTS = Path(__file__).with_name("stage_digests.json")


def by_stage(files: dict[str, str]) -> dict[str, str]:
    """The digest of each stage's files and of the table, in the order in which they are made."""
    places = {noun: tuple(f"{folder}/" for folder in folders(noun)) for noun in STAGES} | {"table": (TABLE,)}
    digests = {}
    for noun, starts in places.items():
        lines = [f"{path} {digest}\n" for path, digest in sorted(files.items()) if path.startswith(starts)]
        if lines:
            digests[noun] = hashlib.sha256("".join(lines).encode()).hexdigest()
    return digests


@pytest.mark.skipif(not arithmetic.is_supported(), reason="without AVX2 digits differ")
def test_every_stage_has_the_committed_bytes(finished, request):
    made = by_stage(finished.digests())
    if request.config.option.write_digests:
        DIGESTS.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    committed = json.loads(DIGESTS.read_text(encoding="utf-8"))
    assert list(made) == list(committed)
    first = next((noun for noun in committed if made[noun] != committed[noun]), "none")
    assert first == "none", f"stage {first} is the first whose files differ from those of {DIGESTS.name}"
