"""Action-unit intensities of one subject's clips, in py-feat's environment: FACES APEX OUT LOG, the rest on stdin."""

import json
import sys

from adapter import logged

faces, apex, out, log = sys.argv[1:]
with logged(log, out):
    from typing import Any

    import numpy as np

    import aus_file

    sys.path.pop(0)  # this folder: timm would take apex.py for NVIDIA's apex
    import detectors

    from microexpr.core.clip import Clip
    from microexpr.signals import aus
    from microexpr.signals.aus import pyfeat

    job = json.load(sys.stdin)
    params, clips = aus.Params(**job["aus"]), [Clip.from_row(row) for row in job["rows"]]
    detect = detectors.Detectors()

    def read(clip: Clip, face: Any, onset: int) -> tuple[np.ndarray, dict[str, str]]:
        values, detected = pyfeat.read(face["crop"][()], detect, job["min_detected"], clip.id)
        return values, {"interpolated": " ".join(map(str, face["frame"][()][~detected])) or "none"}

    aus_file.write(out, (faces, apex), clips, params, read, pyfeat.FITTED_ON)
