"""Write a table of measured faces as CSV, Parquet or HDF5."""

import csv
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from microexpr.apps.measure.columns import KINDS
from microexpr.core import store
from microexpr.core.errors import ParamsError

if TYPE_CHECKING:
    from microexpr.apps.measure.reader import AuReader
    from microexpr.apps.measure.tables import Table

ENDINGS = {"csv": ".csv", "parquet": ".parquet", "hdf5": ".h5"}  # of a file's name, by format


def check(form: str) -> str:
    """Return the ending of a format's files. Raises ParamsError for another format, and without what writes it."""
    if form not in ENDINGS:
        raise ParamsError(f"format must be one of {', '.join(ENDINGS)}, not {form}")
    if form == "parquet" and find_spec("pyarrow") is None:
        raise ParamsError("format parquet needs the package pyarrow: pip install pyarrow, or choose csv or hdf5")
    return ENDINGS[form]


def write(path: Path, table: "Table", reader: "AuReader") -> None:
    """Write a table in the format that the ending of the path names. Raises StoreError when the disk is full."""
    if path.suffix == ".csv":
        _csv(path, table)
    elif path.suffix == ".parquet":
        _parquet(path, table, attributes_of(table, reader))
    else:
        _hdf5(path, table, attributes_of(table, reader), reader.fitted_on)


def attributes_of(table: "Table", reader: "AuReader") -> dict[str, str]:
    """Return what a table is of, in words: where its faces come from, who read them, and the frame at rest."""
    return {
        "origin": "generated" if table.generated else "not marked as generated",
        "reader": reader.name,
        "intensities": f"since frame {table.reference}" if table.reference else "of each picture alone",
    }


def _csv(path: Path, table: "Table") -> None:
    """Write rows as Python's own numbers; what is not there is empty."""
    with store.atomic(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        for values in zip(*table.columns.values(), strict=True):
            writer.writerow(["" if value != value else value.item() for value in values])


def _parquet(path: Path, table: "Table", attributes: dict[str, str]) -> None:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    rows = arrow.table({name: arrow.array(values) for name, values in table.columns.items()})
    with store.atomic(path) as part:
        parquet.write_table(rows.replace_schema_metadata(attributes), part)


def _hdf5(path: Path, table: "Table", attributes: dict[str, str], fitted_on: tuple[str, ...]) -> None:
    with store.create(path, "face_table", {}, columns=" ".join(table.columns), **attributes) as file:
        for name, values in table.columns.items():
            file.put(name, values, KINDS.get(name, name))
        file.put("fitted_on", fitted_on)
