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


@pytest.mark.parametrize(
    ("strange", "message"),
    [
        (links_away, "apex links to another place"),
        (links_within, "apex links to another place"),
        (is_laid_over, "apex is kept in another file"),
        (lies_beside, "EP01/apex is kept in another file"),
        (claims_terabytes, "EP01/apex claims more values than there are"),
        (is_packed_by_a_stranger, "EP01/apex needs a filter"),
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


def test_what_deflates_well_is_not(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("zeros", data=np.zeros((4096, 8192)), compression="gzip", compression_opts=9, shuffle=True)
    with store.open_file(tmp_path / "a.h5") as file:
        assert file["zeros"][0, 0] == 0


def test_a_group_that_holds_itself_is_walked_once(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("one")["two"] = file["/"]
    with store.open_file(tmp_path / "a.h5") as file:
        assert list(file) == ["one"]
