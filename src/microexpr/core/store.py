"""Read and write the project's files: HDF5 by schema, text, tensors. The only module that imports h5py.

A file is written whole or not at all. The meaning of values does not come in here; `schemas` holds it."""

import csv
import errno
import glob
import hashlib
import json
import math
import mmap
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain, zip_longest
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import h5py
import numpy as np

from microexpr import __version__
from microexpr.core import csv_file
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, StoreError, remedy
from microexpr.core.files import regular
from microexpr.core.schemas import LABELS, SCHEMAS, Field, Schema

FULL = {  # errors that name no path
    errno.ENOSPC: "no space left on the disk; free some and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EFBIG: "no file may be as large here (ulimit -f)",
}
DIGEST = "sha256"  # metadata key of safetensors files: the digest of everything else in the file
IMAGE_BLOCK = 2**24  # bytes by which an HDF5 file being built in memory grows
FILTERS = {h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE}  # built into HDF5
MAX_DEFLATE_RATIO = 1100  # how many times larger values can be than their deflated bytes
CLAIM = "claims more values than there are"
HEAP = re.compile(rb"GCOL\x01")  # begins a heap of texts of any length
DEPTH, ATTRIBUTES = 16, 1000  # groups in groups, attributes of an object: our files have a third, and a hundredth
HEADER = 4096  # bytes of an object's header, those of our files are a quarter
EXPANDED = 2**30  # bytes that the values of a dataset may have beyond those that are stored
NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable."  # name of a dimension scale without values
IN_USE = ("unable to lock file", "already open for write")  # in HDF5's errors
DAMAGE = (OSError, RuntimeError, KeyError)  # h5py's exceptions for a damaged file or a mistake of the caller
_HARMLESS: set[tuple[int, ...]] = set()  # device, inode, size and times of files in which nothing dangerous is


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to `path` on success, remove it otherwise. Raises StoreError
    when the disk is full or the folder not writable."""
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            try:
                if os.name == "posix":  # elsewhere, a signal would end it
                    os.kill(int(leftover.suffixes[-2][1:]), 0)  # of a process that writes the same file just now
            except (ProcessLookupError, ValueError, OverflowError):
                leftover.unlink(missing_ok=True)
            except PermissionError:
                pass  # another user's process
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        if error.errno not in FULL and not str(error.filename or "").startswith(str(path.parent)):
            raise  # it concerns another file, read while this one was being written
        reason = FULL.get(error.errno or 0) or error.strerror or str(error)
        raise StoreError(f"{path}: cannot be written: {reason}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8 with the line ends of `text`. Raises StoreError as `atomic` does."""
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return CSV text with a header of `columns` and "\\n" line ends; a value that a row lacks is empty.

    A text that a spreadsheet program would run has ' before it.
    Raises ValueError for a row with another column: that is a mistake in the caller."""
    lines = list[str]()
    file = SimpleNamespace(write=lambda line: lines.append(line.removesuffix("\r\n") + "\n"))
    table = csv.DictWriter(file, columns)  # only with these line ends a cell with "\r" in it is quoted
    for row in chain([dict(zip(columns, columns, strict=True))], rows):
        table.writerow({name: csv_file.as_text(value) for name, value in row.items()})
    return "".join(lines)


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the text that `csv_text` returns to a file."""
    write_text(path, csv_text(columns, rows))


def read_csv(
    path: str | Path, columns: Sequence[str], kinds: Mapping[str, csv_file.Kind] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """Return the rows of a CSV file that this program wrote, by column: values of the column's kind, or the text.
    Raises StoreError if it is missing, has other columns, or a cell of another kind."""
    with csv_file.opened(path, StoreError) as (names, rows):
        for position, (expected, name) in enumerate(zip_longest(columns, names, fillvalue="none"), 1):
            if expected != name:
                raise StoreError(f"{path}: column {position} must be {expected}, not {name}{remedy(path)}")
        return [row | csv_file.cells(path, number, row, kinds, StoreError) for number, row in rows]


class Group:
    """An HDF5 group that is being written. Type, axes, unit and description of a dataset come from the schema."""

    def __init__(self, group: h5py.Group, schema: Schema):
        self._group, self._schema = group, schema

    def group(self, name: str, **attributes: Any) -> "Group":
        """Create a group with attributes and return it; `a/b/c` creates nested groups."""
        group = Group(self._group.create_group(name), self._schema)
        group.describe(**attributes)
        return group

    def describe(self, **attributes: Any) -> None:
        """Set attributes: plain words or numbers for users who inspect the file."""
        for key, value in attributes.items():
            self._group.attrs[key] = text(value) if isinstance(value, str) else value

    def put_all(self, **values: Any) -> None:
        """Write each value as the dataset of its name."""
        for name, value in values.items():
            self.put(name, value)

    def put(self, name: str, value: Any, kind: str | None = None) -> None:
        """Write one dataset as described by field `kind` of the schema (default: the field of the same name). Raises
        ValueError for another number of axes: that is a mistake in the caller."""
        field = self._schema.fields[kind or name]
        array = text(value) if field.dtype == "text" else np.asarray(value, field.dtype)
        axes = tuple(f"{name}_{i}" for i in range(array.ndim)) if field.axes == ("any",) else field.axes
        if array.ndim != len(axes):
            raise ValueError(f"{name} must have axes {axes}, not shape {array.shape}")
        _describe(_create_dataset(self._group, name, field, array), field, axes)


def _describe(dataset: h5py.Dataset, field: Field, axes: Sequence[str]) -> None:
    """Set the attributes of a dataset; xarray decodes text by `_Encoding`."""
    dataset.attrs["units"], dataset.attrs["description"] = text(field.units), text(field.description)
    dataset.attrs["axes"] = text(", ".join(axes) or "scalar")
    if field.dtype == "text":
        dataset.attrs["_Encoding"] = text("utf-8")


def _attach_scales(group: h5py.Group) -> None:
    """Attach a dimension scale to each axis of the datasets in a group and below, as netCDF4 does.

    The scale of an axis is the dataset of its name, here or in the nearest group above. Where there is none it is made:
    labels, or a dimension without values. An axis that differs in length from its scale gets the dataset's
    name as well. The order in which datasets were written does not matter."""
    items = {name: item for name, item in group.items() if isinstance(item, h5py.Dataset)}
    axes = {name: attribute_text(item.attrs["axes"]).split(", ") for name, item in items.items()}
    for name, item in sorted(items.items(), key=lambda pair: (axes[pair[0]] != [pair[0]], pair[0])):
        if not item.ndim:
            continue
        scales = [
            _scale(group, axis, length) or _scale(group, f"{axis}_{name}", length)
            for axis, length in zip(axes[name], item.shape, strict=True)
        ]
        for dimension, scale in zip(item.dims, scales, strict=True):
            if scale != item:
                dimension.attach_scale(scale)
        item.attrs["axes"] = text(", ".join(scale.name.rpartition("/")[2] for scale in scales))
    for child in group.values():
        if isinstance(child, h5py.Group):
            _attach_scales(child)


def _scale(group: h5py.Group, axis: str, length: int) -> Any:
    """Return the dimension scale of an axis, made where there is none; None if the name is taken in the group."""
    home = group
    while axis not in home and home.name != "/":
        home = home.parent
    scale = home.get(axis)
    if not isinstance(scale, h5py.Dataset) or scale.shape != (length,):
        if axis in group:
            return None
        if axis in LABELS:
            field = Field("text", (axis,), "-", "labels of the axis of this name")
            scale = _create_dataset(group, axis, field, text(LABELS[axis][:length]))
        else:
            field = Field(">f4", (axis,), "-", "an axis, without values")
            scale = group.create_dataset(axis, (length,), field.dtype)
            scale.make_scale(f"{NO_VARIABLE}{length:10d}")
        _describe(scale, field, field.axes)
    if not scale.is_scale:
        scale.make_scale(axis)
    return scale


def is_dimension(item: h5py.Dataset | h5py.Group) -> bool:
    """Return whether an object of a file only names an axis and its length."""
    return attribute_text(item.attrs.get("NAME", "")).startswith(NO_VARIABLE)


def _create_dataset(group: h5py.Group, name: str, field: Field, array: np.ndarray) -> h5py.Dataset:
    """Create a dataset with HDF5's checksum over all its values. The checksum is that of a chunk; a scalar lies in the
    object header, which has a separate checksum."""
    if array.ndim:
        chunks = (1, *array.shape[1:]) if field.by_frame else array.shape
        layout: dict[str, Any] = {"chunks": chunks, "fletcher32": True} if array.size else {}
        return group.create_dataset(name, data=array, **layout)
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)  # h5py's high-level interface has no option for it
    properties.set_obj_track_times(False)
    kind, scalar = h5py.h5t.py_create(array.dtype, logical=True), h5py.h5s.create(h5py.h5s.SCALAR)
    dataset = h5py.Dataset(h5py.h5d.create(group.id, name.encode(), kind, scalar, dcpl=properties))
    dataset[()] = array
    return dataset


def text(values: str | Iterable[str]) -> np.ndarray:
    """Return fixed-length UTF-8, which every HDF5 reader can show: a scalar for a str, else one axis."""
    encoded = values.encode() if isinstance(values, str) else [v.encode() for v in values]
    sizes = [len(encoded)] if isinstance(encoded, bytes) else map(len, encoded)
    return np.array(encoded, h5py.string_dtype("utf-8", max([1, *sizes])))


@contextmanager
def create(path: str | Path, schema: str, params: dict[str, Any], **attributes: str) -> Iterator[Group]:
    """Create an HDF5 file of a schema, which appears only when it is complete. `params` are the sections of params.yaml
    that it depends on. `attributes` are origin, dataset, subject, ...: plain words for users who inspect the file."""
    image = {"driver": "core", "backing_store": False, "block_size": IMAGE_BLOCK}
    with atomic(path) as part:
        # built in memory and written at once: HDF5 itself crashes when a disk runs full
        with h5py.File(str(path), "w", libver=("v110", "v110"), **image) as file:
            root = Group(file, SCHEMAS[schema])
            root.describe(schema=f"{schema}/{SCHEMAS[schema].version}", created_by=f"microexpr {__version__}")
            root.describe(params=json.dumps(params, sort_keys=True), **attributes)
            yield root
            _attach_scales(file)
            file.flush()
            content = file.id.get_file_image()
        part.write_bytes(content)


@contextmanager
def subject_file(path: str | Path, schema: str, clips: Sequence[Clip], **params: Any) -> Iterator[Group]:
    """Create the HDF5 file of one subject's clips; `params` are the sections that it depends on, by name."""
    first = clips[0]
    names = {"origin": first.origin, "dataset": first.dataset, "subject": first.subject}
    with create(path, schema, params, **names) as file:
        yield file


@contextmanager
def open_file(path: str | Path, schema: str | None = None) -> Iterator[h5py.File]:
    """Open an HDF5 file that this program wrote, read-only; `schema` None accepts any schema. Raises StoreError if it
    is missing, truncated, damaged, of another schema or version, or refers to other files."""
    try:
        file = h5py.File(regular(path, StoreError), "r")
    except FileNotFoundError:
        raise StoreError(f"{path}: does not exist{remedy(path)}") from None
    except OSError as error:
        if error.errno == errno.ENOLCK:
            advice = "the environment variable HDF5_USE_FILE_LOCKING=FALSE reads it all the same"
            raise StoreError(f"{path}: is on a disk without file locks; {advice}") from None
        if isinstance(error, BlockingIOError) or any(words in str(error) for words in IN_USE):
            raise StoreError(
                f"{path}: another program has it open to write; close it there, then run this again"
            ) from None
        if not Path(path).is_dir():
            try:
                with Path(path).open("rb") as other:
                    start = other.read(256)
            except OSError as problem:
                raise StoreError(f"{path}: cannot be read: {problem.strerror}") from None
            if start and all(byte >= 32 or byte in b"\t\r\n" for byte in start):
                raise StoreError(f"{path}: must be an HDF5 file, not text") from None
        raise StoreError(f"{path}: is not a readable HDF5 file (truncated or damaged?){remedy(path)}") from error
    with file:
        try:
            status = Path(path).stat()
            identity = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
            danger = "" if identity in _HARMLESS else _endless_heap(file) or _dangerous_content(file)
            if danger:
                raise StoreError(f"{path}: {danger}, as nothing does in a file of ours; do not use it")
            _HARMLESS.add(identity)
            if schema is not None:
                expected = f"{schema}/{SCHEMAS[schema].version}"
                actual, creator = (
                    attribute_text(file.attrs.get(key, "nothing of microexpr")) for key in ("schema", "created_by")
                )
                if actual != expected:
                    raise StoreError(f"{path}: must hold {expected}, not {actual} (made by {creator}){remedy(path)}")
        except DAMAGE as error:
            raise StoreError(f"{path}: is damaged ({error}){remedy(path)}") from error
        try:
            yield file
        except DAMAGE as error:
            if _is_readable(file):  # then it is the caller's mistake
                raise
            raise StoreError(f"{path}: is damaged ({error}){remedy(path)}") from error


def _endless_heap(file: h5py.File) -> str:
    """Describe a heap in which HDF5 would look for the next text for ever, as after one of no bytes; "" for none."""
    width = file.id.get_create_plist().get_sizes()[1]  # bytes of a number
    head = 8 + max(8, width)
    with Path(file.filename).open("rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as content:

        def size(at: int) -> int:
            return int.from_bytes(content[at + 8 : at + 8 + width], "little")

        for start in (match.start() for match in HEAP.finditer(content)):
            at, end = start + head, start + size(start)
            while at + head <= end <= len(content):
                step = head + -(-size(at) // 8) * 8 if any(content[at : at + 2]) else size(at)  # 0: the space left
                if not head <= step <= end - at:
                    return "holds a text that does not end"
                at += step
    return ""


def _dangerous_content(file: h5py.File) -> str:
    """Describe the first object that refers to another place or claims more values than there are; "" if none does. A
    file may come from elsewhere: it could expose another file of the user, fill the memory, or lead a reader round."""
    root, size = h5py.h5o.get_info(file.id), file.id.get_filesize()
    groups, visited = [(b"", file.id)], {root.addr}
    if danger := _dangerous_attributes(file.id, root, size):
        return f"/ {danger}"
    for prefix, group in groups:
        for name in group:
            path, is_link = prefix + name, group.links.get_info(name).type != h5py.h5l.TYPE_HARD
            where = path.decode(errors="replace")
            if is_link or (info := h5py.h5o.get_info(item := h5py.h5o.open(group, name))).addr in visited:
                return f"{where} links to another place"
            if path.count(b"/") > DEPTH or path != where.encode():
                return f"{where} must be in at most {DEPTH} groups, and named in UTF-8"
            if isinstance(item, h5py.h5g.GroupID):
                visited.add(info.addr)
                groups.append((path + b"/", item))
            elif not isinstance(item, h5py.h5d.DatasetID):
                return f"{where} is neither a group nor a dataset"
            elif danger := _dangerous_storage(item, size):
                return f"{where} {danger}"
            if danger := _dangerous_attributes(item, info, size):
                return f"{where} {danger}"
    return ""


def _dangerous_storage(dataset: h5py.h5d.DatasetID, file_size: int) -> str:
    """Describe why the values of a dataset must not be read; "" if they may."""
    properties, kind, shape = dataset.get_create_plist(), dataset.get_type(), dataset.shape
    layout = properties.get_layout()
    if layout == h5py.h5d.VIRTUAL or (layout == h5py.h5d.CONTIGUOUS and properties.get_external_count()):
        return "is kept in another file"
    if {properties.get_filter(i)[0] for i in range(properties.get_nfilters())} - FILTERS:
        return "needs a filter"
    try:
        has_dtype = bool(kind.dtype)
    except (TypeError, ValueError):
        has_dtype = False
    if shape is None or not has_dtype:
        return "has no values that numpy has a type for"
    size, stored = kind.get_size() * math.prod(shape), dataset.get_storage_size()
    too_large = size > min(MAX_DEFLATE_RATIO * stored + IMAGE_BLOCK, stored + EXPANDED)
    return CLAIM if too_large or _may_expand(kind, shape, file_size) else ""


def _dangerous_attributes(item: Any, info: Any, file_size: int) -> str:
    """Describe why the attributes of an object must not be read; "" if they may."""
    if info.num_attrs > ATTRIBUTES:
        return f"has more than {ATTRIBUTES} attributes"
    if info.hdr.space.total + info.meta_size.attr.heap_size > HEADER:  # else they have few elements
        for i in range(info.num_attrs):
            attribute = h5py.h5a.open(item, index=i)
            if _may_expand(attribute.get_type(), attribute.shape or (), file_size):
                return CLAIM
    return ""


def _may_expand(kind: h5py.h5t.TypeID, shape: Sequence[int], file_size: int) -> bool:
    """Return whether elements of any length may be more than memory holds: each may be the same part of the file."""
    is_any_length = kind.detect_class(h5py.h5t.VLEN) or (kind.detect_class(h5py.h5t.STRING) and kind.dtype.hasobject)
    return bool(is_any_length) and math.prod(shape) * file_size > EXPANDED


def attribute_text(value: Any) -> str:
    """Return the value of an attribute as text."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _is_readable(file: h5py.File) -> bool:
    """Return whether every dataset and attribute can be read. Datasets carry checksums, so this finds any damage."""

    def read(name: str, item: h5py.Group | h5py.Dataset) -> None:
        dict(item.attrs)
        if isinstance(item, h5py.Dataset):
            item[()]

    try:
        read("", file)
        file.visititems(read)
    except DAMAGE:
        return False
    return True


@contextmanager
def content_of_a_stage(*paths: str | Path) -> Iterator[None]:
    """Raise StoreError for the errors of numpy and h5py on files that lack datasets, or have others of a name."""
    try:
        yield
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        what = "must have attributes, datasets and axes as a stage writes them, not others"
        raise StoreError(f"{', '.join(map(str, paths))}: {what} ({error})") from error


def strings(dataset: h5py.Dataset) -> list[str]:
    """Return the values of a text dataset. Raises StoreError for a group, and for a dataset of anything else."""
    try:
        return [value.decode() for value in np.atleast_1d(dataset[()])]
    except (TypeError, AttributeError, UnicodeDecodeError):
        raise StoreError(f"{dataset.file.filename}: {dataset.name} must be text in UTF-8") from None


def exclusion_reason(group: h5py.Group) -> str:
    """Return why the faces stage left a clip out; "" for a clip that it kept."""
    return attribute_text(group.attrs.get("left_out", ""))


def retained_clips(faces: h5py.File, clips: Sequence[Clip]) -> list[Clip]:
    """Return a subject's clips that the faces stage did not leave out."""
    return [clip for clip in clips if not exclusion_reason(faces[clip.name])]


def clip_groups(file: h5py.File) -> dict[str, h5py.Group]:
    """Return the groups of the clips in a subject's file by their names."""
    return {name: item for name, item in file.items() if isinstance(item, h5py.Group)}


@contextmanager
def groups_of_clip(name: str, files: Mapping[str, str | Path]) -> Iterator[list[Any]]:
    """Yield a clip's groups in its subject's files, by stage. Raises DataError for a clip that is not in a file."""
    with ExitStack() as stack:
        groups = []
        for stage, path in files.items():
            file = stack.enter_context(open_file(path, stage))
            if name not in file:
                raise DataError(f"clip must be one of {', '.join(clip_groups(file))}, not {name} ({path})")
            groups.append(file[name])
        yield groups


def fitted_on(group: h5py.Group) -> list[str]:
    """Return the clips in the nearest `fitted_on` dataset from this group upward; none if nothing was fitted."""
    while "fitted_on" not in group:
        if group.name == "/":
            return []
        group = group.parent
    return strings(group["fitted_on"])


def write_tensors(path: str | Path, tensors: dict[str, np.ndarray], fitted: Sequence[str], **metadata: str) -> None:
    """Write numpy arrays as safetensors, with `fitted` (one a line) and a digest of all of it in the metadata."""
    from safetensors.numpy import save

    # safetensors writes the memory of an array, whatever its strides, not its values
    contiguous = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in tensors.items()}
    with atomic(path) as part:
        part.write_bytes(_with_digest(save(contiguous, metadata={"fitted_on": "\n".join(sorted(fitted)), **metadata})))


def _with_digest(data: bytes) -> bytes:
    """Return a safetensors file with its digest in the metadata and the keys of its header sorted. The library writes
    the keys in random order."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    metadata = header.setdefault("__metadata__", {})
    metadata.pop(DIGEST, "")
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    digest.update(data[8 + size :])
    metadata[DIGEST] = digest.hexdigest()
    head = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + data[8 + size :]


def read_tensors(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return arrays and metadata of a safetensors file. Raises StoreError if it cannot be read or is damaged."""
    with _tensors(path) as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        metadata = file.metadata() or {}
    for array in tensors.values():  # another loaded package may have added types to numpy
        if array.dtype.isbuiltin != 1:
            raise StoreError(f"{path}: cannot be read as safetensors (data type {array.dtype.name!r} not understood)")
    if metadata.pop(DIGEST, None) is not None and _with_digest(data := Path(path).read_bytes()) != data:
        raise StoreError(f"{path}: is damaged{remedy(path)}")
    return tensors, metadata


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return the metadata of a safetensors file without reading its arrays. Raises StoreError if it cannot be read."""
    with _tensors(path) as file:
        return {key: value for key, value in (file.metadata() or {}).items() if key != DIGEST}


@contextmanager
def _tensors(path: str | Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(regular(path, StoreError), "numpy") as file:
            yield file
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:  # also of what numpy has not
        raise StoreError(f"{path}: cannot be read as safetensors ({error})") from error
