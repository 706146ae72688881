"""Write a table of measured faces as CSV, Parquet or HDF5. Loads the readers where a table needs them, no sooner."""

import csv
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from microexpr.apps.measure.columns import KINDS, QUALITY
from microexpr.core import store
from microexpr.core.errors import ParamsError

if TYPE_CHECKING:
    from microexpr.apps.measure.tables import Table

ENDINGS = {"csv": ".csv", "parquet": ".parquet", "hdf5": ".h5"}  # of a file's name, by format


def check(form: str) -> str:
    """Return the ending of a format's files. Raises ParamsError for another format, and without what writes it."""
    if form not in ENDINGS:
        raise ParamsError(f"format must be one of {', '.join(ENDINGS)}, not {form}")
    if form == "parquet" and find_spec("pyarrow") is None:
        raise ParamsError("format parquet needs the package pyarrow: pip install pyarrow, or choose csv or hdf5")
    return ENDINGS[form]


def write(path: Path, table: "Table") -> None:
    """Write a table in the format that the ending of the path names. Raises StoreError when the disk is full."""
    if path.suffix == ".csv":
        _csv(path, table)
    elif path.suffix == ".parquet":
        _parquet(path, table)
    else:
        _hdf5(path, table)


def attributes_of(table: "Table") -> dict[str, str]:
    """Return what a table is of, in words: where its faces come from, who read them, and the frame at rest."""
    from microexpr.apps.measure import reader

    return {
        "origin": "generated" if table.generated else "not marked as generated",
        "reader": reader.NAME,
        "intensities": f"since frame {table.reference}" if table.reference else "of each picture alone",
    }


def summary(table: "Table") -> dict[str, Any]:
    """Return what a row of the summary says of a table, by column."""
    means = {name: table.columns[name] for name in QUALITY if name in table.columns}
    return {
        **{name: round(float(np.nanmean(values)), 4) for name, values in means.items() if not np.isnan(values).all()},
        "origin": attributes_of(table)["origin"],
        "frames": table.frames,
        "faces": table.faces,
        "share_with_face": round(table.share_with_face, 4),
        "seconds": "" if table.seconds is None else round(table.seconds, 3),
        "reference": table.reference,
        "note": "; ".join(table.notes),
        "problem": "; ".join(table.problems),
    }


def _csv(path: Path, table: "Table") -> None:
    """Write rows as Python's own numbers; what is not there is empty."""
    with store.atomic(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        for values in zip(*table.columns.values(), strict=True):
            writer.writerow(["" if value != value else value.item() for value in values])


def _parquet(path: Path, table: "Table") -> None:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    rows = arrow.table({name: arrow.array(values) for name, values in table.columns.items()})
    with store.atomic(path) as part:
        parquet.write_table(rows.replace_schema_metadata(attributes_of(table)), part)


def _hdf5(path: Path, table: "Table") -> None:
    from microexpr.apps.measure import reader

    with store.create(path, "face_table", {}, columns=" ".join(table.columns), **attributes_of(table)) as file:
        for name, values in table.columns.items():
            file.put(name, values, KINDS.get(name, name))
        file.put("fitted_on", reader.fitted_on())
