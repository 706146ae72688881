"""Do the ONNX files give the same bytes on a CPU with AVX2 alone? This CPU beside one that QEMU emulates.

QEMU emulates AVX2 and no AVX-512 (`apt install qemu-user`), so the comparison says most on a CPU that has both. It
takes minutes. Besides the graphs as they are run here, it runs them with all of ONNX Runtime's optimisations, whose
blocked layouts depend on the CPU.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pages

import microexpr
from microexpr.core.arrays import luma
from microexpr.core.errors import DataError
from microexpr.core.files import WEIGHTS
from microexpr.core.seeds import generator
from microexpr.signals.aus import regressor
from microexpr.signals.landmarks import FACE, SIZE, cut, face_box, patch_matrix

PAGE, MARK = "docs/same-digits.md", "study-emulated"
LEVELS = {"as it is run": "ORT_ENABLE_BASIC", "with all optimisations": "ORT_ENABLE_ALL"}
PROGRAM = """
import hashlib, sys
import numpy as np, onnxruntime
path, level, arrays = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
inputs = np.load(arrays)
outputs = session.run(None, {item.name: inputs[item.name] for item in session.get_inputs()})
print(hashlib.sha256(b"".join(output.tobytes() for output in outputs)).hexdigest())
"""


def main() -> int:
    arguments = pages.parser(__doc__, PAGE).parse_args()
    emulator = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
    if not emulator:
        raise DataError("qemu-x86_64 is not here: sudo apt install qemu-user")
    table, failed = pages.Table("bytes under AVX2 alone", *(f"graph {level}" for level in LEVELS)), False
    with tempfile.TemporaryDirectory() as temporary:
        networks = inputs()
        for network, values in networks.items():
            np.savez(Path(temporary) / f"{network}.npz", **values)
        for network in networks:
            arrays, cells = Path(temporary) / f"{network}.npz", {}
            for level, name in LEVELS.items():
                same = digest([], network, name, arrays) == digest([emulator, "-cpu", "max"], network, name, arrays)
                cells[level] = "the same" if same else "others"
            failed |= cells["as it is run"] != "the same"
            table.add(f"`{network}.onnx`", *cells.values())
    table.publish(PAGE, MARK, writes=arguments.write_docs)
    return int(failed)


def inputs() -> dict[str, dict[str, np.ndarray]]:
    """Return the inputs of each network: five faces of the example video, and flow and targets at random."""
    video, rng = microexpr.read_video(microexpr.example_video("example")), generator(0, "emulated")
    tracked = microexpr.track_faces(video)
    frames, crops = [*video.read(range(45, 60, 3))], tracked.crop[45:60:3]
    faces = np.stack([regressor.reduce_crop(luma(crop)) for crop in crops])
    matrix = patch_matrix(face_box(tracked.landmarks[45].astype(float)), FACE * SIZE, SIZE)
    photograph = cv2.resize(crops[0], (128, 128), interpolation=cv2.INTER_AREA)
    return {
        "landmarks": {"image": np.stack([cut(luma(frame), matrix) for frame in frames])},
        "action_units": {"face": faces},
        "action_units.change": {"before": faces[:1], "after": faces},
        "predict": {"flow": rng.normal(0, 1, (5, 3, 28, 28)).astype(np.float32)},
        "reenact": {"face": photograph[None], "target": rng.uniform(0, 3, (3, 17, 2)).astype(np.float32)},
    }


def digest(runner: list[str], network: str, level: str, arrays: Path) -> str:
    """Return the digest of a network's outputs, computed by Python in this runner."""
    command = [*runner, sys.executable, "-c", PROGRAM, WEIGHTS / f"{network}.onnx", level, arrays]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
