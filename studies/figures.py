"""Write the pictures of README.md and docs/ from one finished run, and arrays of docs/tutorials: `make figures`.

Each picture of the run carries the digest of the run's main table; a test compares these. `animation` and `report` are
pages in Chromium (sudo apt install chromium; pip install playwright).
"""

import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pages
import pandas as pd
from PIL import Image, PngImagePlugin

import microexpr
from microexpr.core import store
from microexpr.reporting.plots import drawing
from microexpr.signals import inputs

ROOT = Path(__file__).parents[1]
TUTORIALS = ROOT / "docs/tutorials"
METHODS = ("majority", "flow_svm", "lbp_top", "ststnet")  # of the tutorials
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
NAMES = (*PLOTS, "report", "reenactment", "animation", "tutorials")
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
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these: " + ", ".join(NAMES))
    arguments = parser.parse_args()
    table, report = (arguments.run / "results" / name for name in ("megc2019_table.csv", "report/index.html"))
    chosen = arguments.names or NAMES
    if "report" in chosen and not report.is_file():
        parser.error(f"{report} is not there: snakemake --cores 2 results/report/index.html")
    for name in chosen:
        print(name, flush=True)
        picture = ROOT / f"docs/{name}.png"
        if name == "animation":
            animate(ROOT / "docs/prediction.webp")
        elif name == "reenactment":
            reenact(picture)
        elif name == "report":
            show_report(report, picture)
        elif name == "tutorials":
            write_arrays(arguments.run / "results")
        else:
            run(["-m", "microexpr", "plot", *PLOTS[name], str(picture), "--force"], arguments.run)
        if name == "report" or name in PLOTS:
            sign(picture, table)


def run(program: list[str], folder: Path) -> None:
    """Run a Python program with this checkout's code in the folder of the run."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, *program], cwd=folder, env=environment, check=True)


def write_arrays(results: Path) -> None:
    """Write what the notebooks read: predictions.csv, the class that some methods predict for each clip of MEGC2019's
    composite, and rendered_flow.npz, the flow from onset to apex float16[N, 3, 28, 28]: u, v in pixels, strain."""
    tables = {}
    for method in METHODS:
        table = pd.read_csv(results / f"evaluate/megc2019/{method}_predictions.csv")
        tables[method] = table[(table.selection == "last") & (table.seed == 0)].set_index("clip")
    truth = tables[METHODS[0]].truth
    columns = {method: predictions.predicted for method, predictions in tables.items()}
    subjects = [clip.rpartition("/")[0] for clip in truth.index]
    pd.DataFrame({"subject": subjects, "truth": truth, **columns}).to_csv(TUTORIALS / "predictions.csv")
    flow = []
    for subject, clip in zip(subjects, truth.index, strict=True):
        with store.open_file(results / f"flow/{subject}.h5", "flow") as file:
            flow.append(inputs.flow(inputs.Source({"flow": file[clip.rpartition("/")[2]]}), (3, 28, 28)))
    np.savez_compressed(TUTORIALS / "rendered_flow.npz", flow=np.stack(flow).astype(np.float16))


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
