"""Stage files of a few grey frames a clip, for methods and generators that read film. No assertions here."""

from collections.abc import Sequence
from pathlib import Path

from microexpr import store
from microexpr.aus import ACTION_UNITS
from microexpr.clip import Clip
from microexpr.seeds import generator

FRAMES, SIDE = 4, 16


def film_files(root: Path, clips: Sequence[Clip], fitted_on: Sequence[str] = ("generated/nobody/n/c",)) -> list[str]:
    """results/{faces,apex,aus}/<dataset>/<subject>.h5 below `root`; `fitted_on` are those whom the AU reader saw."""
    paths = []
    for dataset, subject in sorted({(clip.dataset, clip.subject) for clip in clips}):
        own = [clip for clip in clips if (clip.dataset, clip.subject) == (dataset, subject)]
        events = {"onset": 1, "apex": 3, "offset": FRAMES}
        for stage in ("faces", "apex", "aus"):
            paths.append(str(root / "results" / stage / dataset / f"{subject}.h5"))
            with store.subject_file(paths[-1], stage, own) as file:
                if stage == "aus":
                    file.put_all(fitted_on=fitted_on, au_names=ACTION_UNITS)
                for clip in own:
                    group, rng = file.group(clip.name), generator(0, clip.id)
                    group.put("frame", range(1, FRAMES + 1))
                    if stage == "faces":
                        group.put("crop", rng.integers(0, 256, (FRAMES, SIDE, SIDE, 1)))
                    elif stage == "apex":
                        group.put_all(**events)
                    else:
                        smoothed = rng.uniform(0, 5, (FRAMES, len(ACTION_UNITS), 3))
                        group.put_all(smoothed=smoothed, relative=smoothed - smoothed[0])
    return paths
