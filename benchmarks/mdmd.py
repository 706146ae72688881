"""MDMD's public program and ours on the same rendered video and the same flow: what each spots, and why they differ.

    python benchmarks/mdmd.py --mdmd DIR [--run FOLDER] [--videos 2] [--write-docs]

DIR is your own clone of github.com/HeyingGithub/Baseline-project-for-MEGC2020_spotting; Octave runs it, with three
functions in place of its own: one that finds images, one that reads a list, and one that reads our flow where its
binary, robust local flow for Linux or Windows, would compute another. `--run` is a finished run with
results/megc2025_table.csv, whose videos of CAS(ME)^2 are taken.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.expression import KINDS, Kind
from microexpr.models import spotters
from microexpr.models.spotter import Curves
from microexpr.signals.aus.filters import stretches
from microexpr.signals.flow.settings import TvL1
from microexpr.signals.flow.tvl1 import tvl1
from microexpr.signals.spotting import hits, movement
from microexpr.training.spot import read_curves

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "studies"))
import pages  # noqa: E402

MARK, SIDE, FPS = "mdmd", 64, 30
REACH: dict[Kind, int] = {"micro": 12, "macro": 39}  # frames, the program's own for CAS(ME)^2
STEPS = (1, 10, 20)  # of its 99 thresholds: 1 is the one of its published figures
SHIMS = {
    "imread.m": (
        "function M = imread(path)\n"
        "[~, name] = fileparts(path); M = zeros({side}); M(1, 1) = str2double(name(4:end));\n"
    ),
    "textread.m": "function [names, counts] = textread(path, form)\nnames = {{'s01_0101'}}; counts = {frames};\n",
    "RLOF_fun.m": (
        "function [u, v] = RLOF_fun(first, second, method)\n"
        "file = fopen(sprintf('flow/%d_%d', first(1, 1), second(1, 1)));\n"
        "uv = fread(file, [2, {side} * {side}], 'float32'); fclose(file);\n"
        "u = reshape(uv(1, :), {side}, {side})'; v = reshape(uv(2, :), {side}, {side})';\n"
    ),
    "save_text.m": (
        "load(file); result = zeros(size(predicts, 1), {frames});\n"
        "for p = 1:size(predicts, 1) result(p, :) = predicts{{p, 3}}; end\n"
        "dlmwrite('result.csv', result);\n"
    ),
}
Spans = list[tuple[int, int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mdmd", type=Path, metavar="DIR", required=True, help="clone that has MDMD_codes/MDMD.m")
    parser.add_argument("--run", type=Path, default=Path(), metavar="FOLDER", help="finished run (.)")
    parser.add_argument("--videos", type=int, default=2, help="how many (2)")
    parser.add_argument("--write-docs", action="store_true", help="write the table into benchmarks/README.md")
    asked = parser.parse_args()
    if not (asked.mdmd / "MDMD_codes/MDMD.m").is_file():
        sys.exit(f"error: --mdmd must be a clone that has MDMD_codes/MDMD.m, not {asked.mdmd}")
    if shutil.which("octave-cli") is None:
        sys.exit("error: octave-cli must be installed, as by: sudo apt install octave")
    files = sorted((asked.run / "results/spot/curves/casme_sq").glob("*/*.h5"))[: asked.videos]
    if not files:
        sys.exit(f"error: {asked.run} must have results/spot/curves/casme_sq; run snakemake results/megc2025_table.csv")
    totals = np.zeros((len(KINDS), len(STEPS), 4), int)
    for path in files:
        curves = read_curves(path)
        flow = Flow(crops(path))
        for i, kind in enumerate(KINDS):
            theirs = program(asked.mdmd / "MDMD_codes", flow, kind, len(curves))
            with mock.patch.object(movement, "quadrants", two_quadrants):
                alike = ours(flow, kind, len(curves))
            totals[i] += list(counts(theirs, alike, ours(flow, kind, len(curves)), kind, len(curves)))
            print(path.stem, kind, totals[i].tolist(), file=sys.stderr, flush=True)
    text = table(totals, len(files))
    print(text)
    if asked.write_docs:
        pages.write("benchmarks/README.md", MARK, text)


def crops(path: Path) -> np.ndarray:
    """Return the crops of a measured video float32[T, SIDE, SIDE] in 0..1."""
    with store.open_file(path, "spot") as file:
        (group,) = store.clip_groups(file).values()
        images = group["crop"][()]
    return np.stack([cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for image in images]) / np.float32(
        255
    )


class Flow:
    """The flow between frames of one video, each computed once."""

    def __init__(self, images: np.ndarray):
        self.images, self.fields = images, dict[tuple[int, int], np.ndarray]()

    def __call__(self, first: int, second: int) -> np.ndarray:
        """Return float32[SIDE, SIDE, 2] between two positions."""
        if (first, second) not in self.fields:
            self.fields[first, second] = tvl1(self.images[first], self.images[second], TvL1())
        return self.fields[first, second]


def two_quadrants(vectors: np.ndarray) -> np.ndarray:
    """Return what the arc tangent of the ratio of both components leaves of four quadrants, as the program has it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = np.degrees(np.arctan(vectors[..., 0] / vectors[..., 1]))
    return np.where((angle >= 0) & (angle < 90), 0, np.where(angle >= 90, 1, 3))


def ours(flow: Flow, kind: Kind, frames: int) -> np.ndarray:
    """Return the contrast of each frame, float64[frames]."""
    reach, blocks = REACH[kind], np.zeros((frames, movement.BLOCKS**2), np.float32)
    for i in range(reach, frames - reach):
        blocks[i] = movement.block_differences(flow(i - reach, i), flow(i - reach, i + reach))
    return spotters.find("mdmd").contrast(blocks, reach)  # type: ignore[attr-defined]


def program(codes: Path, flow: Flow, kind: Kind, frames: int) -> np.ndarray:
    """Return whether the program's spotter is above each of its 99 thresholds, bool[99, frames]."""
    with TemporaryDirectory(prefix="mdmd-") as name:
        folder = Path(name) / "codes"
        shutil.copytree(codes, folder)
        for file, text in SHIMS.items():
            (folder / file).write_text(text.format(side=SIDE, frames=frames), encoding="utf-8")
        (folder / "flow").mkdir()
        reach = REACH[kind]
        for i in range(reach, frames - reach):
            for second in (i, i + reach):
                (folder / f"flow/{i - reach + 1}_{second + 1}").write_bytes(flow(i - reach, second).tobytes())
        script = (folder / "cmd.m").read_text(encoding="utf-8", errors="replace")
        script = script.replace("dataset = 'SAMM_MEGC';", "dataset = 'ME2';", 1).replace(
            "cls = 'micro'", f"cls = '{kind}'", 1
        )
        script += f"\nfile = '../MDMD_results/results_mat/ME2_{kind}_results/s01_0101_prd.mat';\nsave_text\n"
        (folder / "cmd.m").write_text(script, encoding="utf-8")
        command = ["octave-cli", "--no-gui", "--quiet", "cmd.m"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return np.loadtxt(folder / "result.csv", delimiter=",") > 0


def counts(theirs: np.ndarray, alike: np.ndarray, contrast: np.ndarray, kind: Kind, frames: int) -> Iterator[list[int]]:
    """Yield, for each threshold, how many intervals the program finds, ours with its two choices finds the same, ours
    finds, and how many of these share half of their union with one of the program's."""
    reach = REACH[kind]
    for step in STEPS:
        program_spans = spans(theirs[step - 1], kind)
        end = frames - 4 * reach + 1  # the program stops here
        part = alike[2 * reach - 1 : end]
        level = part.mean() + 0.01 * step * (part.max() - part.mean())
        same = np.zeros(frames, bool)
        same[2 * reach - 1 : end] = part > level
        arrays = {"seen": np.ones(frames), "blocks": np.zeros((frames, 2, 36))}
        found = shipped(contrast, kind, step, Curves(arrays, FPS))
        yield [
            len(program_spans), len({*program_spans} & {*spans(same, kind)}), len(found),
            len(hits.match(found, program_spans)),
        ]  # fmt: skip


def spans(above: np.ndarray, kind: Kind) -> Spans:
    """Return the stretches of a kind's length, in positions."""
    runs = [(run.start, run.stop - 1) for run in stretches(above)]
    return [(a, b) for a, b in runs if (7 <= b - a + 1 <= 16 if kind == "micro" else b - a + 1 > 16)]


def shipped(contrast: np.ndarray, kind: Kind, step: int, curves: Curves) -> Spans:
    """Return what our spotter finds in a contrast of one kind."""
    method = spotters.build("mdmd", {"threshold": step / 100}, SIDE)
    with mock.patch.object(type(method), "contrast", staticmethod(lambda blocks, reach: contrast)):
        return [(f.onset, f.offset) for f in method.find(curves, {}) if f.kind == kind]


def table(totals: np.ndarray, videos: int) -> str:
    """Return the counts as Markdown."""
    lines = [
        "| kind | threshold | its program | of these, found by ours with its quadrants and end of a video | ours | "
        "of these, half of the union shared |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for kind, rows in zip(KINDS, totals, strict=True):
        for step, row in zip(STEPS, rows.tolist(), strict=True):
            lines.append(f"| {kind} | {step / 100} | {' | '.join(map(str, row))} |")
    return "\n".join([*lines, "", f"{videos} rendered videos of CAS(ME)^2, TV-L1 for both. {pages.source()}"])


if __name__ == "__main__":
    main()
