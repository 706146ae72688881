"""Files of ours: HDF5 by schema, text, tensors; written whole or not at all. The only importer of h5py.

What may not come in: what any value means. That is in `schemas`.
"""

import csv
import errno
import glob
import hashlib
import io
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from microexpr import __version__
from microexpr.core.clip import Clip
from microexpr.core.errors import StoreError
from microexpr.core.schemas import SCHEMAS, Field, Schema

FULL = {  # what no path is named with
    errno.ENOSPC: "no space left on the disk; free some and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EFBIG: "no file may be as large here (ulimit -f)",
}
DIGEST = "sha256"  # metadata key of safetensors files: of all else in the file
IMAGE_BLOCK = 2**24  # bytes by which an HDF5 file being built in memory grows
FILTERS = {h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE}  # that HDF5 itself has
LARGEST = 1100  # times that deflated values can be larger than their bytes in a file
DAMAGE = (OSError, RuntimeError, KeyError)  # what h5py raises where a file is damaged, or its reader mistaken


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A temporary path in the same folder, renamed to `path` on success, removed otherwise.

    Raises StoreError when the disk is full or the folder not writable.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):  # by a process that was killed
            left.unlink()
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        if error.errno not in FULL and not str(error.filename or "").startswith(str(path.parent)):
            raise  # about something else, read while this was being written
        raise StoreError(f"{path}: cannot be written: {_reason(error)}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def _reason(error: OSError) -> str:
    return FULL.get(error.errno or 0) or error.strerror or str(error)


def write_text(path: str | Path, text: str) -> None:
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """CSV with these columns in a header and "\\n" line ends; what a row lacks is empty.

    Raises ValueError for a row with another column: that is a mistake in the caller."""
    made = io.StringIO()
    table = csv.DictWriter(made, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return made.getvalue()


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """What `csv_text` makes, as a file."""
    write_text(path, csv_text(columns, rows))


def read_csv(path: str | Path, columns: Sequence[str], again: str) -> list[dict[str, str]]:
    """The rows of a CSV file of ours, as text by column.

    Raises StoreError where it is missing or has other columns; `again` tells how it is made."""
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            names, rows = reader.fieldnames or (), list(reader)
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise StoreError(f"{path}: {reason}; {again}") from None
    pairs = enumerate(zip_longest(columns, names, fillvalue="none"), 1)
    for number, (wanted, found) in pairs:
        if wanted != found:
            raise StoreError(f"{path}: column {number} must be {wanted}, not {found}; {again}")
    return rows


class Group:
    """A group being written; a dataset's type, axes, unit and meaning come from its schema."""

    def __init__(self, group: h5py.Group, schema: Schema):
        self._group, self._schema = group, schema

    def group(self, name: str, **attributes: Any) -> "Group":
        """A new group, `a/b/c` for nested ones, with attributes."""
        made = Group(self._group.create_group(name), self._schema)
        made.describe(**attributes)
        return made

    def describe(self, **attributes: Any) -> None:
        """Sets attributes: plain words or numbers for whoever inspects the file."""
        for key, value in attributes.items():
            self._group.attrs[key] = text(value) if isinstance(value, str) else value

    def put_all(self, **values: Any) -> None:
        """Each value as the dataset of its name."""
        for name, value in values.items():
            self.put(name, value)

    def put(self, name: str, value: Any, kind: str | None = None) -> None:
        """One dataset, as field `kind` (default: its name) of the schema says.

        Raises ValueError when the number of axes is another: that is a mistake in the caller."""
        field = self._schema.fields[kind or name]
        array = text(value) if field.dtype == "text" else np.asarray(value, field.dtype)
        if field.axes != ("any",) and array.ndim != len(field.axes):
            raise ValueError(f"{name} must have axes {field.axes}, not shape {array.shape}")
        made = _dataset(self._group, name, field, array)
        made.attrs["units"], made.attrs["description"] = text(field.units), text(field.description)
        made.attrs["axes"] = text(", ".join(field.axes) or "scalar")


def _dataset(group: h5py.Group, name: str, field: Field, array: np.ndarray) -> h5py.Dataset:
    """With a checksum of HDF5's over every value: of its chunk, or of the header, into which a scalar is put."""
    if array.ndim:
        chunks = (1, *array.shape[1:]) if field.by_frame else array.shape
        layout: dict[str, Any] = {"chunks": chunks, "fletcher32": True} if array.size else {}
        return group.create_dataset(name, data=array, **layout)
    inside = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    inside.set_layout(h5py.h5d.COMPACT)  # which h5py itself cannot be asked for
    inside.set_obj_track_times(False)
    kind, scalar = h5py.h5t.py_create(array.dtype, logical=True), h5py.h5s.create(h5py.h5s.SCALAR)
    made = h5py.Dataset(h5py.h5d.create(group.id, name.encode(), kind, scalar, dcpl=inside))
    made[()] = array
    return made


def text(values: str | Iterable[str]) -> np.ndarray:
    """Fixed-length UTF-8, which every HDF5 reader shows: a scalar for a str, else one axis."""
    encoded = values.encode() if isinstance(values, str) else [v.encode() for v in values]
    sizes = [len(encoded)] if isinstance(encoded, bytes) else map(len, encoded)
    return np.array(encoded, h5py.string_dtype("utf-8", max([1, *sizes])))


@contextmanager
def create(path: str | Path, schema: str, params: dict[str, Any], **attributes: str) -> Iterator[Group]:
    """A new HDF5 file of a schema, visible only when complete. `params`: the sections that mattered.

    `attributes` are origin, dataset, subject, ...: plain words for whoever inspects the file."""
    image = {"driver": "core", "backing_store": False, "block_size": IMAGE_BLOCK}
    with atomic(path) as part:
        # built in memory and written at once: HDF5 itself crashes where a disk runs full
        with h5py.File(str(path), "w", libver=("v110", "v110"), **image) as file:
            made = Group(file, SCHEMAS[schema])
            made.describe(schema=f"{schema}/{SCHEMAS[schema].version}", created_by=f"microexpr {__version__}")
            made.describe(params=json.dumps(params, sort_keys=True), **attributes)
            yield made
            file.flush()
            whole = file.id.get_file_image()
        part.write_bytes(whole)


@contextmanager
def subject_file(path: str | Path, schema: str, clips: Sequence[Clip], **params: Any) -> Iterator[Group]:
    """`create` for one subject's clips; `params` are the sections that mattered, by name."""
    first = clips[0]
    names = {"origin": first.origin, "dataset": first.dataset, "subject": first.subject}
    with create(path, schema, params, **names) as file:
        yield file


@contextmanager
def opened(path: str | Path, schema: str | None = None) -> Iterator[h5py.File]:
    """An HDF5 file of ours, read-only; `schema` None takes any.

    Raises StoreError if it is missing, truncated, damaged or of another schema or version, or not whole in itself."""
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise StoreError(f"{path}: does not exist") from None
    except OSError as error:
        again = "; delete it and run again" if schema else ""
        raise StoreError(f"{path}: is not a readable HDF5 file (truncated or damaged?){again}") from error
    with file:
        if schema is not None:
            _check_schema(file, path, schema)
        try:
            strange = _strange(file)
        except DAMAGE as error:
            raise StoreError(f"{path}: is damaged ({error}); delete it and run again") from error
        if strange:
            raise StoreError(f"{path}: {strange}, as nothing does in a file of ours; do not use it")
        try:
            yield file
        except DAMAGE as error:
            if _sound(file):  # then it is the caller's mistake
                raise
            raise StoreError(f"{path}: is damaged ({error}); delete it and run again") from error


def _check_schema(file: h5py.File, path: str | Path, schema: str) -> None:
    """Raises StoreError unless the file says that it is of this schema and version."""
    expected = f"{schema}/{SCHEMAS[schema].version}"
    try:
        found, by = (word(file.attrs.get(key, "nothing of microexpr")) for key in ("schema", "created_by"))
    except DAMAGE as error:
        raise StoreError(f"{path}: is damaged ({error}); delete it and run again") from error
    if found != expected:
        raise StoreError(
            f"{path}: must hold {expected}, not {found} (made by {by}); rerun stage {SCHEMAS[schema].stage}"
        )


def _strange(file: h5py.File) -> str:
    """What of an HDF5 file is read from elsewhere, or claims to be larger than it is; "" where all of it is within.

    A file may be somebody else's: it could show another file of the reader's, or fill the memory."""
    groups, seen = [(b"", file.id)], {h5py.h5o.get_info(file.id).addr}
    for above, group in groups:
        for name in group:
            path = above + name
            if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
                return f"{path.decode(errors='replace')} links to another place"
            about = h5py.h5o.get_info(group, name)
            if about.type == h5py.h5o.TYPE_DATASET:
                if found := _beyond(h5py.h5d.open(group, name)):
                    return f"{path.decode(errors='replace')} {found}"
            elif about.type == h5py.h5o.TYPE_GROUP and about.addr not in seen:  # a group may hold itself
                seen.add(about.addr)
                groups.append((path + b"/", h5py.h5g.open(group, name)))
    return ""


def _beyond(dataset: h5py.h5d.DatasetID) -> str:
    made, size = dataset.get_create_plist(), dataset.get_type().get_size() * math.prod(dataset.shape)
    if made.get_layout() == h5py.h5d.VIRTUAL or (
        made.get_layout() == h5py.h5d.CONTIGUOUS and made.get_external_count()
    ):
        return "is kept in another file"
    if {made.get_filter(place)[0] for place in range(made.get_nfilters())} - FILTERS:
        return "needs a filter"
    return "claims more values than there are" if size > LARGEST * dataset.get_storage_size() + IMAGE_BLOCK else ""


def word(value: Any) -> str:
    """An attribute's value as text."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _sound(file: h5py.File) -> bool:
    """Whether every dataset can be read: all of them carry checksums."""

    def read(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            item[()]

    try:
        file.visititems(read)
    except DAMAGE:
        return False
    return True


def strings(dataset: h5py.Dataset) -> list[str]:
    """The values of a text dataset."""
    return [value.decode() for value in np.atleast_1d(dataset[()])]


def left_out(group: h5py.Group) -> str:
    """Why the faces stage left a clip out, "" for one that goes on."""
    return word(group.attrs.get("left_out", ""))


def kept(faces: h5py.File, clips: Sequence[Clip]) -> list[Clip]:
    """Those of a subject's clips that the faces stage did not leave out."""
    return [clip for clip in clips if not left_out(faces[clip.name])]


def fitted_on(group: h5py.Group) -> list[str]:
    """The nearest `fitted_on` from this group upward; empty where nothing was fitted."""
    while "fitted_on" not in group:
        if group.name == "/":
            return []
        group = group.parent
    return strings(group["fitted_on"])


def write_tensors(path: str | Path, tensors: dict[str, np.ndarray], fitted: Sequence[str], **metadata: str) -> None:
    """A safetensors file of numpy arrays with `fitted_on` (one a line) in its metadata, and a digest of all of it."""
    from safetensors.numpy import save

    # of an array with other strides safetensors writes the memory, not the values
    whole = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in tensors.items()}
    with atomic(path) as part:
        part.write_bytes(_digested(save(whole, metadata={"fitted_on": "\n".join(sorted(fitted)), **metadata})))


def _digested(data: bytes) -> bytes:
    """The same safetensors file with its digest in the metadata, and the keys of its header sorted: the library writes
    them in random order."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    metadata = header.setdefault("__metadata__", {})
    metadata.pop(DIGEST, "")
    whole = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    whole.update(data[8 + size :])
    metadata[DIGEST] = whole.hexdigest()
    head = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + data[8 + size :]


def read_tensors(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Arrays and metadata of a safetensors file. Raises StoreError if it cannot be read or is damaged."""
    with _tensors(path) as file:
        tensors, ours = {key: file.get_tensor(key) for key in file.keys()}, DIGEST in (file.metadata() or {})  # noqa: SIM118
        metadata = _metadata(file)
    if ours and _digested(data := Path(path).read_bytes()) != data:
        raise StoreError(f"{path}: is damaged; make it anew")
    return tensors, metadata


def read_metadata(path: str | Path) -> dict[str, str]:
    """The metadata alone, whose reading does not grow with the arrays. Raises StoreError if it cannot be read."""
    with _tensors(path) as file:
        return _metadata(file)


def _metadata(file: Any) -> dict[str, str]:
    return {key: value for key, value in (file.metadata() or {}).items() if key != DIGEST}


@contextmanager
def _tensors(path: str | Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{path}: cannot be read as safetensors ({error})") from error
