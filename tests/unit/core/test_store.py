"""Files are whole or not there, say what they hold, and are refused when they are not what they say."""

import errno
import fcntl
import json
import os
import subprocess
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from composites import clip

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.core.schemas import SCHEMAS

SCORE = np.linspace(0, 1, 40, dtype=np.float32)


def apex_file(path: Path) -> Path:
    with store.subject_file(path, "apex", [clip()], window=5, reach=2) as file:
        group = file.group("EP01_01", method="spotted")
        group.put("onset", 4)
        group.put("score", SCORE)
    return path


def said(dataset: h5py.Dataset | h5py.File, attribute: str) -> str:
    value = dataset.attrs[attribute]
    return value.decode() if isinstance(value, bytes) else value


def test_a_file_is_read_without_our_code_and_the_same_content_is_the_same_bytes(tmp_path):
    with h5py.File(apex_file(tmp_path / "sub01.h5")) as file:
        assert file.attrs["schema"] == f"apex/{SCHEMAS['apex'].version}".encode()
        assert file.attrs["params"] == b'{"reach": 2, "window": 5}'
        assert [said(file, name) for name in ("origin", "dataset", "subject")] == ["generated", "casme2", "sub01"]
        assert file["EP01_01"].attrs["method"] == b"spotted"
        score = file["EP01_01/score"]
        np.testing.assert_array_equal(score[()], SCORE)
        assert (said(score, "axes"), said(score, "units")) == ("frame", "pixels of the crop, or ratio")
        assert (score.fletcher32, score.compression) == (True, None)
        assert said(file["EP01_01/onset"], "axes") == "scalar"
    for build in (apex_file, clips_file):
        assert build(tmp_path / "a.h5").read_bytes() == build(tmp_path / "b.h5").read_bytes()


CLIP = {
    "frame": [3, 4],
    "crop": np.zeros((2, 8, 9, 1)),
    "landmarks_crop": np.zeros((2, 68, 2)),
    "onset_apex": np.ones((3, 5, 9)),
    "smoothed": np.zeros((2, 4, 3)),
    "onset": 3,
}


def clips_file(path: Path, backwards: bool = False) -> Path:
    with store.create(path, "population", {}, origin="generated") as file:
        group, values = file.group("clips/a"), [*CLIP.items()]
        group.put_all(**dict(reversed(values) if backwards else values))
        file.group("clips/b").put_all(**CLIP | {"action_unit": ["AU1", "AU2", "AU4", "naïve"]})
        file.put("action_unit", ["AU1", "AU2", "AU4", "AU12"])
    return path


def scales(path: Path) -> dict[str, list[str]]:
    """Return the dimension scale of each axis of each dataset, as HDF5 stores them."""
    with h5py.File(path) as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        arrays = {name: file[name] for name in names if not file[name].is_scale}
        return {name: [dimension[0].name for dimension in item.dims] for name, item in arrays.items()}


def test_every_axis_has_a_dimension_scale(tmp_path):
    path = clips_file(tmp_path / "a.h5")
    assert scales(path) == scales(clips_file(tmp_path / "b.h5", backwards=True))
    clip = "/clips/a"
    assert {name: axes for name, axes in scales(path).items() if name.startswith("clips/a")} == {
        "clips/a/crop": [f"{clip}/frame", f"{clip}/row", f"{clip}/column", f"{clip}/channel"],
        "clips/a/landmarks_crop": [f"{clip}/frame", f"{clip}/landmark", f"{clip}/x_y"],
        "clips/a/onset_apex": [f"{clip}/u_v_strain", f"{clip}/row_onset_apex", f"{clip}/column"],
        "clips/a/smoothed": [f"{clip}/frame", "/action_unit", f"{clip}/side"],
        "clips/a/onset": [],
    }
    assert scales(path)["clips/b/smoothed"][1] == "/clips/b/action_unit"
    with h5py.File(path) as file:
        assert file[clip]["crop"].chunks == (1, 8, 9, 1)  # frame by frame
        assert said(file[clip]["onset_apex"], "axes") == "u_v_strain, row_onset_apex, column"
        assert store.strings(file[clip]["side"]) == ["left", "right", "both"]
        assert file[clip]["row"].shape == (8,) and file[clip]["row"].id.get_storage_size() == 0
        assert [name for name, item in file[clip].items() if store.is_dimension(item)] == [
            "channel", "column", "landmark", "row", "row_onset_apex",
        ]  # fmt: skip


def test_xarray_opens_a_clip_with_axes_units_and_labels(tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    with xarray.open_dataset(clips_file(tmp_path / "a.h5"), engine="h5netcdf", group="clips/b") as dataset:
        assert dataset.smoothed.dims == ("frame", "action_unit", "side")
        assert dataset.smoothed.attrs["units"] == "FACS 0..5"
        assert dataset.smoothed.sel(frame=4, action_unit="naïve", side="both").item() == 0


@pytest.mark.parametrize("words", [["EP01_01", "naïve 表情 é"], ["", "x"], []])
def test_text_comes_back(tmp_path, words):
    with store.create(tmp_path / "a.h5", "train", {}) as file:
        file.put("fitted_on", words)
    with store.open_file(tmp_path / "a.h5") as file:
        assert store.strings(file["fitted_on"]) == words
        length = h5py.check_string_dtype(file["fitted_on"].dtype).length  # fixed, not a reference
        assert length == max([1, *(len(word.encode()) for word in words)])


def test_a_failed_write_leaves_the_old_file_alone_and_bytes_are_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    path = apex_file(tmp_path / "sub01.h5")
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), store.create(path, "apex", {}) as file:
        file.group("EP01_01").put("onset", 1 // 0)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    path, synced = tmp_path / "new/samm/a.csv", []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append((os.fstat(file).st_ino, path.exists())))
    with store.atomic(path) as part:
        part.write_text("whole")
        assert part.parent == path.parent  # a rename within one file system
    assert synced == [(path.stat().st_ino, False)]


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.ENOSPC, "no space left on the disk"), (errno.EDQUOT, "the disk quota"), (errno.EFBIG, "no file may be")],
)
def test_a_full_disk_is_said(tmp_path, number, message):
    expected = rf"a\.csv: cannot be written: {message}"
    with pytest.raises(StoreError, match=expected), store.atomic(tmp_path / "a.csv") as part:
        part.write_text("half")
        raise OSError(number, os.strerror(number))
    assert not any(tmp_path.iterdir())


def test_what_a_killed_process_left_is_cleared_away_and_what_one_at_work_writes_is_not(tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    for name in (f".a.csv.{process.pid}.part", f".b.csv.{process.pid}.part", ".a.csv.x.part"):
        (tmp_path / name).write_text("half")
    store.write_text(tmp_path / "a.csv", "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".b.csv.{process.pid}.part", "a.csv"]
    with store.atomic(tmp_path / "a.csv") as part:
        part.write_text("first")
        other = part.replace(part.with_name(f".a.csv.{os.getppid()}.part"))  # of a process that runs
        store.write_text(tmp_path / "a.csv", "second")
        part.write_text("first")
    assert (tmp_path / "a.csv").read_text() == "first" and other.read_text() == "first"


def test_lines_end_as_written_and_a_csv_has_its_columns_in_order_quotes_and_what_is_lacking_empty(tmp_path):
    store.write_text(tmp_path / "a.csv", "a\nb\r\n")
    assert (tmp_path / "a.csv").read_bytes() == b"a\nb\r\n"
    with pytest.raises(StoreError, match=r"a\.csv/b\.csv: cannot be written: File exists$"):
        store.write_text(tmp_path / "a.csv/b.csv", "x")
    text = store.csv_text(["b", "a"], iter([{"a": 'said "x, y"', "b": 1}, {"b": None}]))
    assert text == 'b,a\n1,"said ""x, y"""\n,\n'
    assert store.csv_text(["b", "a"], []) == "b,a\n"
    with pytest.raises(ValueError, match="'c'"):
        store.csv_text(["a"], [{"a": 1, "c": 2}])


def test_another_schema_is_refused_with_the_command_that_makes_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = apex_file(Path("results/flow/samm/006.h5"))
    advice = "`snakemake --cores all --force results/flow/samm/006.h5` makes it"
    message = rf"006\.h5: must hold flow/\d+, not apex/\d+ \(made by microexpr .*\); {advice}$"
    with pytest.raises(StoreError, match=message), store.open_file(path, "flow"):
        pass


def truncated(share: float) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        whole = apex_file(Path(folder) / "a.h5").read_bytes()
    return whole[: int(share * len(whole))]


def of_schema(schema: bytes | None) -> bytes:
    """Return the bytes of an HDF5 file whose attribute says this schema."""
    with h5py.File("a.h5", "w", driver="core", backing_store=False) as file:
        if schema is not None:
            file.attrs["schema"] = np.bytes_(schema)
        file.flush()
        return file.id.get_file_image()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (of_schema(b"apex/0"), r"must hold apex/[1-9]\d*, not apex/0"),
        (of_schema(None), "not nothing of microexpr"),
        (of_schema(b"\xff"), "not \N{REPLACEMENT CHARACTER}"),
        (b"method,uf1\n", "must be an HDF5 file, not text$"),
        *((truncated(share), "truncated or damaged") for share in (0.0, 0.1, 0.5, 0.999)),
        (None, "does not exist"),
    ],
)
def test_what_is_no_file_of_this_schema_is_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(StoreError, match=rf"a\.h5: .*{message}"), store.open_file(tmp_path / "a.h5", "apex"):
        pass


def test_what_a_sound_file_lacks_and_a_dataset_of_other_axes_is_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="must have axes"), store.create(tmp_path / "a.h5", "apex", {}) as file:
        file.group("EP01_01").put("score", np.zeros((2, 2)))
    assert not any(tmp_path.iterdir())
    path = apex_file(tmp_path / "sub01.h5")
    with pytest.raises(KeyError), store.open_file(path, "apex") as file:
        file["EP01_02"]


def test_a_damaged_attribute_is_noticed(tmp_path):
    """The attribute is that of dimension scales; its references lie elsewhere in the file."""
    path = apex_file(tmp_path / "sub01.h5")
    whole = bytearray(path.read_bytes())
    start = whole.index(b"GCOL")
    whole[start : start + 64] = bytes(64)
    path.write_bytes(whole)
    with pytest.raises(StoreError, match="is damaged"), store.open_file(path, "apex") as file:
        dict(file["EP01_01/score"].attrs)


def test_a_file_that_another_program_writes_is_not_called_damaged(tmp_path, monkeypatch):
    path = apex_file(tmp_path / "sub01.h5")
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        message = f"^{path}: another program has it open to write; close it there"
        with pytest.raises(StoreError, match=message), store.open_file(path):
            pass
    with store.open_file(path, "apex"):
        pass

    def no_locks(*_):
        raise OSError(errno.ENOLCK, "unable to lock file, errno = 37, error message = 'No locks available'")

    monkeypatch.setattr(store.h5py, "File", no_locks)
    message = r"is on a disk without file locks; .*HDF5_USE_FILE_LOCKING=FALSE reads it"
    with pytest.raises(StoreError, match=message), store.open_file(path):
        pass


def test_the_nearest_fitted_on_is_found(tmp_path):
    with store.create(tmp_path / "a.h5", "train", {}) as file:
        file.put("fitted_on", ["generated/smic/s01/*"])
        file.group("casme2/sub01").put("fitted_on", ["generated/samm/006/*"])
        file.group("casme2/sub02")
    with store.open_file(tmp_path / "a.h5") as file:
        assert store.fitted_on(file["casme2/sub01"]) == ["generated/samm/006/*"]
        assert store.fitted_on(file["casme2/sub02"]) == ["generated/smic/s01/*"]
    with store.open_file(apex_file(tmp_path / "b.h5")) as file:
        assert store.fitted_on(file["EP01_01"]) == []


def test_tensors_and_what_they_were_fitted_on_come_back(tmp_path):
    path = tmp_path / "net.safetensors"
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    store.write_tensors(path, {"weights": weights}, ["b", "a"], method="ststnet")
    tensors, metadata = store.read_tensors(path)
    np.testing.assert_array_equal(tensors["weights"], weights)
    assert metadata == {"fitted_on": "a\nb", "method": "ststnet"}
    assert int.from_bytes(path.read_bytes()[:8], "little") % 8 == 0  # the header's length, so that values are aligned
    for name in "abcdefgh":
        more = {"method": "m", "held_out": "5", "errors": "[]", "note": "n"}
        store.write_tensors(tmp_path / name, {"weights": weights}, ["a"], **more)
    assert len({(tmp_path / name).read_bytes() for name in "abcdefgh"}) == 1
    for strided in (np.arange(6.0).reshape(2, 3).T, np.arange(6.0)[::2], np.array(3.0)):  # by value, not as they lie
        store.write_tensors(tmp_path / "a", {"weights": strided}, ["a"])
        np.testing.assert_array_equal(store.read_tensors(tmp_path / "a")[0]["weights"], strided)
    path.write_bytes(path.read_bytes()[:-4])
    for bad in (path, tmp_path / "none" / "net.safetensors"):
        with pytest.raises(StoreError, match=r"net\.safetensors: cannot be read as safetensors"):
            store.read_tensors(bad)


@pytest.mark.parametrize(
    ("dtype", "shape", "message"),
    [
        ("F32", [0, 2**62], "array is too big"),
        ("F32", [1] * 65, "maximum supported dimension"),
        ("BF16", [2], "data type 'bfloat16' not understood"),
        ("F8_E4M3", [4], "module 'numpy' has no attribute"),
        ("F32", [-1], "invalid value"),
        ("F32", [2], "invalid"),  # more than there is
        ("X9", [1], "unknown variant"),
    ],
)
def test_tensors_that_numpy_cannot_hold_are_refused(tmp_path, dtype, shape, message):
    data = bytes(4 * (0 not in shape))
    header = json.dumps({"weights": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}}).encode()
    (tmp_path / "net.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + data)
    with pytest.raises(StoreError, match=rf"net\.safetensors: cannot be read as safetensors \(.*{message}"):
        store.read_tensors(tmp_path / "net.safetensors")


def test_every_field_says_what_it_is():
    for schema in SCHEMAS.values():
        for name, field in schema.fields.items():
            assert field.description and field.units, name
            assert field.dtype == "text" or np.dtype(field.dtype)


def test_no_flipped_bit_goes_unnoticed(tmp_path):
    """One bit or all of every seventh byte of an HDF5 file, and of each byte of a safetensors file."""
    path, net = apex_file(tmp_path / "sub01.h5"), tmp_path / "net.safetensors"
    store.write_tensors(net, {"weights": SCORE}, ["a"], method="ststnet")

    def content(path: Path) -> object:
        if path.suffix != ".h5":
            tensors, metadata = store.read_tensors(path)
            return tensors["weights"].tobytes(), metadata["fitted_on"], metadata["method"]
        with store.open_file(path, "apex") as file:
            about = [file["EP01_01"].attrs["method"], *(file.attrs[key] for key in ("origin", "subject", "params"))]
            return about, file["EP01_01/onset"][()], file["EP01_01/score"][()].tobytes()

    for good in (path, net):
        whole, expected, noticed = good.read_bytes(), content(good), 0
        bad = good.with_stem("bad")
        for position in range(good == net, len(whole), 7 if good == path else 1):
            for flipped in (1 << position % 8, 0xFF):
                bad.write_bytes(whole[:position] + bytes([whole[position] ^ flipped]) + whole[position + 1 :])
                try:
                    assert content(bad) == expected, f"byte {position} of {good.name}"
                except StoreError:
                    noticed += 1
        assert noticed > 50
