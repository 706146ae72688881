"""Digests of files and values."""

from pathlib import Path

from microexpr.core import digests


def test_digests_are_of_contents_and_of_keys_in_any_order(tmp_path):
    """By the examples of FIPS 180-4: of "abc", and of nothing."""
    (tmp_path / "a").write_bytes(b"abc")
    assert digests.of_file(tmp_path / "a").startswith("ba7816bf8f01cfea")
    assert digests.of_value({"a": 1, "b": Path("x")}) == digests.of_value({"b": "x", "a": 1}) != digests.of_value({})
