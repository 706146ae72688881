"""What do parts and losses of a method matter? Rows of papers' tables that a run has trained from scratch.

    snakemake --cores 2 results/papers/{mtmnet/table3,icegan/table2}.csv   # and so on: docs/papers.md
    python studies/ablations.py results --write-docs                # of the run in this folder of results

Each method and its variants: UF1 of the last epoch on all clips of the composite, and the difference to the whole
method on the same clips, whose 95 % interval is over subjects.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from pathlib import Path

import pages
from checkout import full_uf1, with_interval

from microexpr import evaluation
from microexpr.evaluation import pairs
from microexpr.protocols import ABLATION, PROTOCOLS
from microexpr.reporting import papers

PAGE, MARK = "docs/papers.md", "study-ablations"
RESAMPLES = 1000
ENDING = "_predictions"


def main() -> int:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?", default=Path("results"), help="folder of results")
    parser.add_argument("--commit", default="HEAD", help="commit that the run was made from; default: HEAD")
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {PAGE}")
    arguments = parser.parse_args()
    folder = arguments.results / "evaluate" / ABLATION
    if not folder.is_dir():
        parser.error(f"{folder} must have the evaluations of a run; docs/papers.md has the commands")
    text = "\n".join([*table(folder), "", pages.source(name=arguments.commit)])
    print(text)
    if arguments.write_docs:
        pages.write(PAGE, MARK, text)
    return 0


def table(folder: Path) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| row | UF1 | less the whole method's | losses of the last phase, first to last epoch |"
    yield "| --- | --- | --- | --- |"
    for method in papers.ABLATIONS:
        variants = (path.stem.removesuffix(ENDING) for path in sorted(folder.glob(f"{method}.*{ENDING}.csv")))
        for name in (method, *variants):
            if not (folder / f"{name}.csv").exists():
                continue  # a table that was not asked for
            row = full_uf1(evaluation.read(folder / f"{name}.csv"))
            whole = whole_method(method, name)
            difference = "-" if name == whole else against(folder, whole, name)
            losses = row["learning"].partition("; ")[0].removeprefix("loss ")
            yield f"| `{name}` | {with_interval(row)} | {difference} | {losses} |"


def whole_method(method: str, name: str) -> str:
    """Return the row that a row is compared with: of MTMNet the one whose teacher learnt from the same macro set."""
    sources = [source for source in papers.SOURCES if source.partition(".")[0] == method]
    same = [source for source in sources if name.endswith(source.partition(".")[2])]
    return (same or sources or [method])[0]


def against(folder: Path, whole: str, name: str) -> str:
    """Return a row's difference to the whole method, with its interval."""
    files = {key: folder / f"{key}_predictions.csv" for key in (name, whole)}
    rows = pairs.compare_methods(files, PROTOCOLS[ABLATION], RESAMPLES, 0)
    uf1 = next(row for row in rows if row["metric"] == "uf1")
    return f"{uf1['difference']:+.3f} ({uf1['low']:+.3f} to {uf1['high']:+.3f})"


if __name__ == "__main__":
    sys.exit(main())
