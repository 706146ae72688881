"""Somebody else's HDF5 file: what reads from another place, or claims to be larger than it is, is refused."""

import h5py
import numpy as np
import pytest

from microexpr.core import store
from microexpr.core.errors import StoreError

SECRET = "private.h5"


def links_away(file):
    file["apex"] = h5py.ExternalLink(SECRET, "/score")


def links_within(file):
    file["apex"] = h5py.SoftLink("/EP01/score")


def is_laid_over(file):
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource(SECRET, "score", (3,))
    file.create_virtual_dataset("apex", layout)


def lies_beside(file):
    file.create_dataset("EP01/apex", (3,), "u1", external=[("passwd", 0, 3)])


def claims_terabytes(file):
    file.create_dataset("EP01/apex", (1 << 20, 1 << 20), "f4", chunks=(1024, 1024))


def is_packed_by_a_stranger(file):
    file.create_dataset("EP01/apex", data=np.zeros((64, 64)), compression="lzf")


def holds_itself(file):
    file["EP01/again"] = file["/"]


def forks(file):
    """2**30 paths lead to the last group."""
    for name in "abcdefghijklmnopqrstuvwxyzABCD":
        file["again"] = file = file.create_group(name)


def is_nested(file):
    file.create_group("a/" * 5000)


def has_a_name_of_other_bytes(file):
    h5py.h5g.create(file.id, b"\xff")


def holds_a_type(file):
    file["apex"] = np.dtype("f8")


def has_no_values(file):
    file["apex"] = h5py.Empty("f4")


def is_of_a_time(file):
    h5py.h5d.create(file.id, b"apex", h5py.h5t.UNIX_D32LE, h5py.h5s.create_simple((3,)))


def has_many_attributes(file):
    file["EP01"].attrs.update(dict.fromkeys(map(str, range(1001)), 0))


def repeats_a_text(file):
    """Elements of any length: a gigabyte if each is the long one, as a file may say of all."""
    file.create_dataset("apex", (600,), h5py.string_dtype())[0] = "x" * 2**21


def repeats_a_text_in_an_attribute(file):
    file["apex"] = np.zeros(2**21, "u1")
    file["EP01"].attrs["names"] = np.array(["x"] * 600, object)


@pytest.mark.parametrize(
    ("strange", "message"),
    [
        (links_away, "apex links to another place"),
        (links_within, "apex links to another place"),
        (is_laid_over, "apex is kept in another file"),
        (lies_beside, "EP01/apex is kept in another file"),
        (claims_terabytes, "EP01/apex claims more values than there are"),
        (is_packed_by_a_stranger, "EP01/apex needs a filter"),
        (holds_itself, "EP01/again links to another place"),
        (forks, "again links to another place"),
        (is_nested, "(a/){17}a must be in at most 16 groups"),
        (has_a_name_of_other_bytes, ". must be in at most 16 groups, and named in UTF-8"),
        (holds_a_type, "apex is neither a group nor a dataset"),
        (has_no_values, "apex has no values that numpy has a type for"),
        (is_of_a_time, "apex has no values that numpy has a type for"),
        (has_many_attributes, "EP01 has more than 1000 attributes"),
        (repeats_a_text, "apex claims more values than there are"),
        (repeats_a_text_in_an_attribute, "EP01 claims more values than there are"),
    ],
)
def test_it_is_refused_before_anything_is_read(strange, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with store.create("a.h5", "apex", {}) as file:
        file.group("EP01").put("score", [0.0, 1.0])
    with h5py.File(SECRET, "w") as file:
        file["score"] = [1.0, 2.0, 3.0]
    with h5py.File("a.h5", "a") as file:
        strange(file)
    for schema in ("apex", None):
        with pytest.raises(StoreError, match=f"a.h5: {message}"), store.open_file("a.h5", schema):
            pass


def test_a_file_that_became_strange_after_it_was_read_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with store.create("a.h5", "apex", {}) as file:
        file.group("EP01").put("score", [0.0, 1.0])
    for _ in range(2):
        with store.open_file("a.h5", "apex") as file:
            assert file["EP01/score"][1] == 1
    with h5py.File("a.h5", "a") as file:
        links_away(file)
    with pytest.raises(StoreError, match="apex links to another place"), store.open_file("a.h5", "apex"):
        pass


def test_what_deflates_well_is_not(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("zeros", data=np.zeros((4096, 8192)), compression="gzip", compression_opts=9, shuffle=True)
    with store.open_file(tmp_path / "a.h5") as file:
        assert file["zeros"][0, 0] == 0
