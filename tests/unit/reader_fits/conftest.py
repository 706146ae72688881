"""Files of subjects with few images, written once."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from microexpr.signals import faces, flow
from reader_fits.population import Params, clips, scenes, sessions
from reader_fits.population import portraits as module_portraits
from reader_fits.population.subject import write_subject

PARAMS = Params(subjects=2, held_out=1, micro=3, macro=3)


@pytest.fixture(scope="package")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, np.ndarray]]]:
    """A subject's file, and the projected landmarks of its clips by name, in pixels of the frame."""
    path, projected, names = tmp_path_factory.mktemp("results") / "population/s0002.h5", {}, list[str]()
    render_frames, render_clip = clips.render_frames, clips.render_clip

    def recorded_clip(planned: clips.PlannedClip, *arguments: Any) -> dict[str, np.ndarray]:
        names.append(planned.clip.name)
        return render_clip(planned, *arguments)

    def recorded_frames(*arguments: Any) -> list[Any]:
        frames = list(render_frames(*arguments))
        projected[names[-1]] = np.stack([points for _, points in frames])
        return frames

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clips, "render_frames", recorded_frames)
        patch.setattr("reader_fits.population.subject.render_clip", recorded_clip)
        write_small(path, patch)
    yield path, projected


@pytest.fixture(scope="package")
def subjects(written: Any) -> tuple[list[Path], list[Path]]:
    """Files of two training subjects, one a copy of the other, and of a held-out one."""
    path, _ = written
    copy, held_out = path.with_stem("s0001"), path.with_stem("s0003")
    shutil.copy(path, copy)
    with pytest.MonkeyPatch.context() as patch:
        write_small(held_out, patch)
    return [copy, path], [held_out]


@pytest.fixture(scope="package")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of portraits of two subjects, one scene each."""
    paths = [tmp_path_factory.mktemp("portraits") / f"p000{number}.h5" for number in (1, 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module_portraits, "SCENES", 1)
        for path in paths:
            module_portraits.write_portraits(path, path.stem, PARAMS)
    return paths


def write_small(path: Path, patch: pytest.MonkeyPatch) -> None:
    """Write the subject of a file with one session of three frames, and one scene of few images if it is trained on."""
    for module, name, value in ((sessions, "SESSIONS", 1), (sessions, "FRAMES", 3), (scenes, "SCENES", 1)):
        patch.setattr(module, name, value)
    patch.setattr(scenes, "COMBINATIONS", 2)
    write_subject(path, path.stem, PARAMS, faces.Params(), flow.Params())
