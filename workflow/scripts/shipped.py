"""A list of the weights that are shipped: each file's digest, size and figures on held-out subjects."""

import hashlib
from pathlib import Path

from adapter import logged

COLUMNS = ("file", "bytes", "sha256", "subjects", "errors")

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.core.onnx import read_metadata

    rows = []
    for path in snakemake.input:
        content, metadata = Path(path).read_bytes(), read_metadata(path)
        subjects = len(metadata["fitted_on"].split("\n"))
        values = (path, len(content), hashlib.sha256(content).hexdigest(), subjects, metadata.get("errors", ""))
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    store.write_csv(snakemake.output[0], COLUMNS, rows)
