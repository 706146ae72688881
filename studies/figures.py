"""Write tables and pictures of README.md and docs/ from one finished run, and arrays of docs/tutorials: `make figures`.

Each table, and each picture of the run, carries the digest of the run's main table, which a test compares.

`animation` and `report` are pages in Chromium (sudo apt install chromium). docs/growth.png is drawn by
studies/growth.py, docs/loso.png by benchmarks/loso_growth.py.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pages
import readme_table
from PIL import Image, PngImagePlugin

import microexpr
from microexpr.reporting.plots import drawing

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/optional/browser"))

import chromium  # noqa: E402

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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=ROOT, help="folder with the results/ of a finished run")
    parser.add_argument("--commit", default="HEAD", help="commit that the run was made from; default: HEAD")
    names = ["tables", *PLOTS, "report", "reenactment", "animation", "tutorials"]
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these: " + ", ".join(names))
    arguments = parser.parse_args()
    table, report = (arguments.run / "results" / name for name in ("megc2019_table.csv", "report/index.html"))
    chosen = arguments.names or names
    if "report" in chosen and not report.is_file():
        parser.error(f"{report} is not there: snakemake --cores 2 results/report/index.html")
    for name in chosen:
        print(name, flush=True)
        if name == "tables":
            readme_table.write(table, arguments.commit)
            continue
        if name == "animation":
            animate(ROOT / "docs/prediction.webp")
            continue
        if name == "report":
            show_report(report, ROOT / "docs/report.png")
            sign(ROOT / "docs/report.png", table)
            continue
        if name == "reenactment":
            reenact(ROOT / "docs/reenactment.png")
            continue
        program = [str(ROOT / "docs/tutorials/rendered_run.py")]
        if name != "tutorials":
            program = ["-m", "microexpr", "plot", *PLOTS[name], str(ROOT / f"docs/{name}.png"), "--force"]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        subprocess.run([sys.executable, *program], cwd=arguments.run, env=environment, check=True)
        if name != "tutorials":
            sign(ROOT / f"docs/{name}.png", table)


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
    """Write what the page of a prediction shows while it repeats a micro-expression, as an animated WebP."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # the browser may still write
        video, out = Path(folder) / "take.avi", Path(folder) / "predicted"
        for command in (("film", video, *FILM), ("predict", video, "--out", out, "--truth", video.with_suffix(".csv"))):
            subprocess.run([sys.executable, "-m", "microexpr", *map(str, command), "--quiet"], check=True)
        pictures = asyncio.run(repeated(out / "prediction.html", Path(folder) / "profile"))
    first, *others = (Image.open(BytesIO(picture)).convert("RGB") for picture in pictures)
    first.save(path, save_all=True, append_images=others, duration=SHOWN_MS, loop=0, quality=80, method=6)


async def repeated(page: Path, profile: Path) -> list[bytes]:
    """Return the page's first screen as a PNG at each frame of its first micro-expression, and next to these."""
    async with chromium.tab(profile) as tab:
        await tab.open(page, *SCREEN)
        expression = "JSON.parse(document.getElementById('player').textContent).expressions[0]"
        onset, offset = await tab.run(f"[{expression}.onset, {expression}.offset]")
        pictures = []
        for frame in range(onset - MARGIN, offset + MARGIN):
            await tab.run(MOVED % frame)
            pictures.append(b64decode((await tab.send("Page.captureScreenshot", format="png"))["data"]))
        return pictures


def show_report(page: Path, path: Path) -> None:
    """Write the first screen of the report as a PNG."""

    async def look(profile: str) -> None:
        async with chromium.tab(Path(profile)) as tab:
            await tab.open(page, *REPORT)
            await tab.picture(path)

    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        asyncio.run(look(profile))


if __name__ == "__main__":
    with drawing.matplotlib.style.context(["default", drawing.STYLE]):
        main()
