"""Write the two files that the notebooks read, from a finished run: `python docs/tutorials/rendered_run.py RESULTS`.

predictions.csv has the class that some methods predict for each clip of MEGC2019's composite, rendered_flow.npz the
optical flow from onset to apex, float16[N, 3, 28, 28]: u, v in pixels of the crop, strain.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from microexpr.core import store
from microexpr.signals import inputs

FOLDER = Path(__file__).parent
METHODS = ("majority", "flow_svm", "lbp_top", "ststnet")
SHAPE = (3, 28, 28)


def main() -> None:
    results = Path(sys.argv[1] if len(sys.argv) > 1 else "results")
    tables = {}
    for method in METHODS:
        table = pd.read_csv(results / f"evaluate/megc2019/{method}_predictions.csv")
        tables[method] = table[(table.selection == "last") & (table.seed == 0)].set_index("clip")
    clips = tables[METHODS[0]].index
    subjects = [clip.rpartition("/")[0] for clip in clips]
    table = pd.DataFrame({"subject": subjects, "truth": tables[METHODS[0]].truth}, index=clips)
    for method, predictions in tables.items():
        table[method] = predictions.predicted
    table.to_csv(FOLDER / "predictions.csv")
    flow = np.stack([clip_flow(results, clip) for clip in clips]).astype(np.float16)
    np.savez_compressed(FOLDER / "rendered_flow.npz", flow=flow)
    print(f"{len(table)} clips of {table.subject.nunique()} subjects")


def clip_flow(results: Path, clip: str) -> np.ndarray:
    """Return the flow of dataset/subject/name as networks on flow get it."""
    subject, _, name = clip.rpartition("/")
    with store.open_file(results / f"flow/{subject}.h5", "flow") as file:
        return inputs.flow(inputs.Source({"flow": file[name]}), SHAPE)


if __name__ == "__main__":
    main()
