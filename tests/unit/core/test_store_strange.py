"""Somebody else's HDF5 file: what reads from another place, or claims to be larger than it is, is refused."""

import h5py
import numpy as np
import pytest

from microexpr.core import store
from microexpr.core.errors import StoreError

SECRET = "private.h5"


def put(name, value):
    """Return a function that puts something into a file."""
    return lambda file: file.__setitem__(name, value)


def create(name, *form, **options):
    """Return a function that creates a dataset in a file."""
    return lambda file: file.create_dataset(name, *form, **options)


def is_laid_over(file):
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource(SECRET, "score", (3,))
    file.create_virtual_dataset("apex", layout)


def forks(file):
    """2**30 paths lead to the last group."""
    for name in "abcdefghijklmnopqrstuvwxyzABCD":
        file["again"] = file = file.create_group(name)


def repeats_a_text(file):
    """Elements of any length: a gigabyte if each is the long one, as a file may say of all."""
    file.create_dataset("apex", (600,), h5py.string_dtype())[0] = "x" * 2**21


def repeats_a_text_in_an_attribute(file):
    file["apex"] = np.zeros(2**21, "u1")
    file["EP01"].attrs["names"] = np.array(["x"] * 600, object)


TIMES = h5py.h5s.create_simple((3,))
STRANGE = {
    "a link to another file": (put("apex", h5py.ExternalLink(SECRET, "/score")), "apex links to another place"),
    "a link within": (put("apex", h5py.SoftLink("/EP01/score")), "apex links to another place"),
    "a dataset laid over another file's": (is_laid_over, "apex is kept in another file"),
    "values in another file": (
        create("EP01/apex", (3,), "u1", external=[("passwd", 0, 3)]), "EP01/apex is kept in another file"
    ),
    "terabytes": (
        create("EP01/apex", (2**20, 2**20), "f4", chunks=(1024, 1024)), "EP01/apex claims more values than there are"
    ),
    "a filter": (create("EP01/apex", data=np.zeros((64, 64)), compression="lzf"), "EP01/apex needs a filter"),
    "itself": (lambda file: file.__setitem__("EP01/again", file["/"]), "EP01/again links to another place"),
    "forks": (forks, "again links to another place"),
    "groups in groups": (lambda file: file.create_group("a/" * 5000), "(a/){17}a must be in at most 16 groups"),
    "a name of other bytes": (
        lambda file: h5py.h5g.create(file.id, b"\xff"), ". must be in at most 16 groups, and named in UTF-8"
    ),
    "a type": (put("apex", np.dtype("f8")), "apex is neither a group nor a dataset"),
    "no values": (put("apex", h5py.Empty("f4")), "apex has no values that numpy has a type for"),
    "a time": (lambda file: h5py.h5d.create(file.id, b"apex", h5py.h5t.UNIX_D32LE, TIMES), "apex has no values that"),
    "many attributes": (
        lambda file: file["EP01"].attrs.update(dict.fromkeys(map(str, range(1001)), 0)),
        "EP01 has more than 1000 attributes",
    ),
    "a text again and again": (repeats_a_text, "apex claims more values than there are"),
    "a text in an attribute": (repeats_a_text_in_an_attribute, "EP01 claims more values than there are"),
}  # fmt: skip


@pytest.mark.parametrize(("strange", "message"), STRANGE.values(), ids=STRANGE)
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


def test_a_file_that_became_strange_after_it_was_read_is_refused_and_what_deflates_well_is_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with store.create("a.h5", "apex", {}) as file:
        file.group("EP01").put("score", [0.0, 1.0])
    for _ in range(2):
        with store.open_file("a.h5", "apex") as file:
            assert file["EP01/score"][1] == 1
    with h5py.File("a.h5", "a") as file:
        put("apex", h5py.ExternalLink(SECRET, "/score"))(file)
    with pytest.raises(StoreError, match="apex links to another place"), store.open_file("a.h5", "apex"):
        pass
    with h5py.File("b.h5", "w") as file:
        file.create_dataset("zeros", data=np.zeros((4096, 8192)), compression="gzip", compression_opts=9, shuffle=True)
    with store.open_file("b.h5") as file:
        assert file["zeros"][0, 0] == 0


@pytest.mark.parametrize(
    "entry", [bytes(16), b"\1\0\1\0" + bytes(4) + b"\xf0" + b"\xff" * 7, bytes(8) + b"\x08" + bytes(7)]
)
def test_a_heap_of_texts_that_leads_hdf5_round_is_refused(tmp_path, entry):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["schema"] = "apex/1"  # of any length, as h5py writes a text
    with store.open_file(path) as file:
        assert file.attrs["schema"] == "apex/1"
    content = bytearray(path.read_bytes())
    start = content.index(b"GCOL") + 16
    content[start : start + 16] = entry
    path.write_bytes(content)
    for schema in ("apex", None):
        with pytest.raises(StoreError, match="holds a text that does not end"), store.open_file(path, schema):
            pass
