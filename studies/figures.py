"""Write tables and pictures of README.md and docs/ from one finished run, and arrays of docs/tutorials: `make figures`.

The table of docs/baselines.md stands between `<!-- readme-table: METHOD ... -->` and `<!-- readme-table: end -->`; no
method means all. It, and each picture of the run, carries the digest of the run's main table, which a test compares.
`animation` and `report` are pages in Chromium (sudo apt install chromium; pip install playwright).
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pages
from PIL import Image, PngImagePlugin

import microexpr
from microexpr.core.errors import MicroexprError, ParamsError, nearest
from microexpr.reporting import main_table
from microexpr.reporting.plots import drawing
from microexpr.reporting.table import Row, by_figure, interval, markdown

ROOT = Path(__file__).parents[1]
PAGE = "docs/baselines.md"
BLOCK = re.compile(r"(<!-- readme-table:(?P<methods>[^>]*)-->\n)(?P<table>.*?)(<!-- readme-table: end -->\n)", re.S)
CLIP = "casme2/sub01/EP02_01"
PLOTS = {  # picture: arguments of `microexpr plot`
    "table": ("table",),
    "journey": ("clip", CLIP),
    "landmarks": ("landmarks", "casme2/sub01/EP08_05f"),
    "apex": ("apex", "casme2/sub01/EP08_05f"),
    "flow": ("flow", "casme2/sub01/EP08_05f"),
    "motion": ("motion", "casme2/sub01/EP08_05f"),
    "aus": ("aus", "casme2/sub01/EP05_06f"),
    "faces": ("faces",),
}
NAMES = ("tables", *PLOTS, "report", "reenactment", "animation", "tutorials")
FILM = ("--seed", 27, "--seconds", 14, "--micro", 2, "--macro", 1, "--blinks", 2)  # brows rise first
SHOWN_MS, MARGIN = 100, 6  # milliseconds for which the animation shows a frame, and frames before and after
SCREEN, REPORT = (1240, 640), (1280, 900)  # pixels of the pages
MOVED = """new Promise((done) => {
  const [player, slider] = ["player", "slider"].map((id) => document.getElementById(id));
  const { numbers } = JSON.parse(player.textContent);
  slider.value = numbers.findLastIndex((number) => number <= %d);
  slider.dispatchEvent(new Event("input"));
  Promise.all([...document.images].map((image) => image.decode())).then(() => done(null), () => done(null)); })"""


def main() -> None:
    parser = pages.parser(__doc__)
    parser.add_argument("--run", type=Path, default=ROOT, help="folder with the results/ of a finished run")
    parser.add_argument("--commit", default="HEAD", help="commit that the run was made from; default: HEAD")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these: " + ", ".join(NAMES))
    arguments = parser.parse_args()
    table, report = (arguments.run / "results" / name for name in ("megc2019_table.csv", "report/index.html"))
    chosen = arguments.names or NAMES
    if "report" in chosen and not report.is_file():
        parser.error(f"{report} is not there: snakemake --cores 2 results/report/index.html")
    for name in chosen:
        print(name, flush=True)
        picture = ROOT / f"docs/{name}.png"
        if name == "tables":
            write_table(table, arguments.commit)
        elif name == "animation":
            animate(ROOT / "docs/prediction.webp")
        elif name == "reenactment":
            reenact(picture)
        elif name == "report":
            show_report(report, picture)
        elif name == "tutorials":
            run([str(ROOT / "docs/tutorials/rendered_run.py")], arguments.run)
        else:
            run(["-m", "microexpr", "plot", *PLOTS[name], str(picture), "--force"], arguments.run)
        if name == "report" or name in PLOTS:
            sign(picture, table)


def run(program: list[str], folder: Path) -> None:
    """Run a Python program with this checkout's code in the folder of the run."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, *program], cwd=folder, env=environment, check=True)


def rewrite(text: str, rows: list[dict[str, str]], source: str) -> str:
    """Return the page with each of its tables made from `rows`, and a line about their `source` below each."""
    if not BLOCK.search(text):
        raise MicroexprError("the page must have a table between readme-table comments")

    def table(match: re.Match[str]) -> str:
        lines = summary(by_figure(rows, "full_uf1"), match["methods"].split())
        return f"{match[1]}{lines}\n{source}\n{match[4]}"

    return BLOCK.sub(table, text)


def summary(rows: Sequence[Row], methods: Sequence[str] = ()) -> str:
    """Return a short table in Markdown: a line for each of the methods, in the order of `rows`; without any, for all.

    Raise ParamsError for a method without a row."""
    names = [row["method"] for row in rows]
    for name in methods:
        if name not in names:
            raise ParamsError(f"{name} must be a row of the table{nearest(name, names)}")
    figures = ("UF1", "95 % interval", "UAR", "UF1, best test epoch")
    columns = ("method", "learnt from", *figures, "params other than the paper's")
    lines: list[Sequence[str]] = [columns]
    for row in rows:
        if not methods or row["method"] in methods:
            other = str(len(main_table.other_params(row)) or "-")
            cells = (row["full_uf1"], interval(row, "full_uf1"), row["full_uar"], row["oracle_full_uf1"], other)
            lines.append([f"`{row['method']}`", main_table.learnt_from(row), *cells])
    return "\n".join(markdown(lines, words=len(columns))) + "\n"


def write_table(table: Path, commit: str) -> None:
    """Write the page's table from the main table of a run, with the run's date, commit and digest below it."""
    source = pages.source(datetime.fromtimestamp(table.stat().st_mtime, UTC).date(), commit)
    page, source = ROOT / PAGE, f"{source}\n<!-- {pages.table_digest(table)} -->"
    page.write_text(rewrite(page.read_text(encoding="utf-8"), main_table.TABLE.read(table), source), encoding="utf-8")


def sign(path: Path, table: Path) -> None:
    """Write the digest of a run's main table into the metadata of a picture."""
    metadata = PngImagePlugin.PngInfo()
    metadata.add_text("Source", pages.table_digest(table))
    Image.open(path).save(path, pnginfo=metadata, optimize=True)


def reenact(path: Path) -> None:
    """Draw the shipped sample of surprise on a rendered face."""
    with TemporaryDirectory() as folder:
        face = Path(folder) / "rendered.png"
        video = microexpr.read_video(microexpr.example_video(folder))
        Image.fromarray(next(iter(video))).save(face)
        microexpr.reenact(face, "surprise", out=Path(folder) / "out")
        shutil.copy(Path(folder) / "out/reenactment.png", path)


def animate(path: Path) -> None:
    """Write the page of a prediction while it repeats a micro-expression, as an animated WebP."""
    pictures: list[bytes] = []
    with TemporaryDirectory() as folder:
        video, out = Path(folder) / "take.avi", Path(folder) / "predicted"
        for command in (("film", video, *FILM), ("predict", video, "--out", out, "--truth", video.with_suffix(".csv"))):
            subprocess.run([sys.executable, "-m", "microexpr", *map(str, command), "--quiet"], check=True)
        with open_tab(*SCREEN) as tab:
            tab.open(out / "prediction.html")
            expression = "JSON.parse(document.getElementById('player').textContent).expressions[0]"
            onset, offset = tab.run(f"[{expression}.onset, {expression}.offset]")
            for frame in range(onset - MARGIN, offset + MARGIN):
                tab.run(MOVED % frame)
                pictures.append(tab.page.screenshot())
    first, *others = (Image.open(BytesIO(picture)).convert("RGB") for picture in pictures)
    first.save(path, save_all=True, append_images=others, duration=SHOWN_MS, loop=0, quality=80, method=6)


def show_report(page: Path, path: Path) -> None:
    """Write the first screen of the report as a PNG."""
    with open_tab(*REPORT) as tab:
        tab.open(page)
        tab.page.screenshot(path=path)


def open_tab(width: int, height: int) -> AbstractContextManager[Any]:
    """Open a tab of a browser as the tests do, which alone need playwright."""
    sys.path.insert(0, str(ROOT / "tests/optional/browser"))
    import chromium

    return chromium.tab(width, height)


if __name__ == "__main__":
    with drawing.matplotlib.style.context(["default", drawing.STYLE]):
        main()
