"""Action-unit intensities of one subject's clips, in py-feat's environment: FACES APEX OUT LOG, the rest on stdin."""

import json
import sys

from adapter import logged

faces, apex, out, log = sys.argv[1:]
with logged(log):
    import aus_file

    sys.path.pop(0)  # this folder: timm would take apex.py for NVIDIA's apex
    import detectors

    from microexpr.core.clip import Clip
    from microexpr.signals import aus
    from microexpr.signals.aus import pyfeat

    job = json.load(sys.stdin)
    params, clips = aus.Params(**job["aus"]), [Clip.from_row(row) for row in job["rows"]]
    read = pyfeat.reader(detectors.Detectors(), job["min_detected"])
    aus_file.write(out, (faces, apex), clips, params, read, pyfeat.FITTED_ON)
