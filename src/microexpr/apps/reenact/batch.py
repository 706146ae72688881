"""Reenact many photographs: a folder of files for each, one table of all. A refused one does not stop the others."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from microexpr.apps.predict import Progress
from microexpr.apps.reenact import folder
from microexpr.apps.reenact.alone import Reenactment
from microexpr.apps.reenact.photograph import Photograph
from microexpr.core import outputs, store
from microexpr.core.errors import OutputError, StoreError, about
from microexpr.core.outputs import Output

COLUMNS = ("photograph", "face", "driving", "strength", "au_r", "au_share", "identity_cosine", "refused", "origin")
Reenact = Callable[[Photograph], Reenactment]
Write = Callable[[Path, Reenactment], None]  # into a folder


def run(
    jobs: Mapping[Path, Output], table: Output, reenact: Reenact, write: Write, progress: Progress
) -> Iterator[tuple[Path, list[dict[str, str]]]]:
    """Reenact photographs, write the files of each and the table, and yield each with its rows of `COLUMNS`.

    Raises OutputError or StoreError if files cannot be written, or weights not be read."""
    rows: list[dict[str, str]] = []
    try:
        for number, (path, output) in enumerate(jobs.items(), 1):
            try:
                new = _reenact_and_write(path, output, reenact, write)
            except (OutputError, StoreError):
                raise  # it is that of the other photographs too
            except Exception as error:  # decoders and detectors raise many kinds, and the others go on
                new = [{"photograph": path.name, "refused": about(path, error)}]
            rows += new
            yield path, new
            progress("photographs", number, len(jobs))
    finally:
        if rows:
            with outputs.publish(table) as part:
                store.write_csv(part / table.names[0], COLUMNS, rows)


def _reenact_and_write(path: Path, output: Output, reenact: Reenact, write: Write) -> list[dict[str, str]]:
    result = reenact(Photograph.read(path))
    with outputs.publish(output) as part:
        write(part, result)
    common = {"photograph": path.name, "driving": result.driving.name}
    measured = [{name: row[name] for name in COLUMNS if name in row} for row in folder.metrics(result)]
    refused = [{"face": str(number), "refused": reason} for number, reason in result.refused.items()]
    return [common | row for row in (*measured, *refused)]
