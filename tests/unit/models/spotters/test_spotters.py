"""Every spotter on curves that are made by hand: what is planted is found, and training sees no held-out subject."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch

from microexpr.core import store
from microexpr.core.clip import Clip, Expression, Fold, LongVideo
from microexpr.core.errors import LeakError
from microexpr.core.schemas import MOVEMENT
from microexpr.evaluation import spotting
from microexpr.models import spotters
from microexpr.models.spotter import Curves, Interval
from microexpr.models.spotters.mdmd import Mdmd
from microexpr.models.spotters.spot_gcn import best, laplacian, supervised_contrast
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.spotting.movement import GAPS, REACH
from microexpr.training import spot

FRAMES, FPS, SIDE = 160, 30.0, 12
SMALL = {
    "predict": {},
    "mdmd": {},
    "au_curves": {"width": 8, "epochs": 12, "batch": 64, "lr": 0.01},
    "softnet": {"optimiser": "adam", "hidden": 16, "lr": 0.003, "epochs": 6, "batch": 64},
    "mean_net": {"lr": 0.003, "epochs": 6, "recognise_epochs": 2, "batch": 64},
    "spot_gcn": {"width": 8, "epochs": 12, "batch": 64},
}


def video(number: int, micro: int, macro: int) -> LongVideo:
    """A video of a subject of its own, whose frames count from 1."""
    clip = Clip(
        dataset="casme_sq", subject=f"s{number}", name=f"{number}_0101", origin="generated", folder=f"{number}",
        first=1, last=FRAMES, frames=FRAMES, onset=None, apex=None, offset=None, fps=30, emotion="", label=None,
        objective_class=None, action_units="",
    )  # fmt: skip
    brief = Expression("micro", 1 + micro, 7 + micro, 12 + micro, "positive", 1, "12")
    long = Expression("macro", 1 + macro, 15 + macro, 36 + macro, "negative", 0, "4")
    return LongVideo(clip, tuple(sorted((brief, long), key=lambda e: e.onset)))


VIDEOS = [video(15, 30, 80), video(16, 110, 40), video(19, 70, 100), video(20, 20, 60)]


def folds_of(videos: list[LongVideo]) -> list[Fold]:
    """Each subject by itself."""
    return [Fold(v.clip.subject, tuple(o.clip.id for o in videos if o is not v), (v.clip.id,)) for v in videos]


def course(video: LongVideo, kind: str) -> np.ndarray:
    """How far the expressions of a kind are shown in each frame, 0 to 1."""
    displayed = np.zeros(FRAMES)
    for e in (e for e in video.expressions if e.kind == kind):
        displayed[e.onset - 1 : e.offset] = np.sin(np.linspace(0, np.pi, e.offset - e.onset + 1))
    return displayed


def arrays(video: LongVideo) -> dict:
    """Simulate what the first part of the stage measures: movement that follows the expressions shown, with noise."""
    rng = np.random.default_rng(int(video.clip.subject[1:]))
    micro, macro = course(video, "micro"), course(video, "macro")
    units = np.abs(rng.normal(0, 0.3, (FRAMES, len(ACTION_UNITS), 2)))
    units[:, 8] += 12 * micro[:, None]
    units[:, 2] += 60 * macro[:, None]
    regions = rng.normal(0, 0.05, (FRAMES, len(GAPS), 3, SIDE, SIDE))
    for j, seconds in enumerate(GAPS.values()):
        gap = round(seconds * FPS)
        change = np.r_[(micro + 2 * macro)[gap:], np.zeros(gap)] - micro - 2 * macro
        regions[:, j, 1, SIDE // 2 :] += change[:, None, None]
    moved = np.diff(micro + macro, prepend=0)[:, None, None] * np.ones((10, 2))
    blocks = np.abs(rng.normal(0, 0.02, (FRAMES, 2, 36)))
    blocks[:, 0, :14] += micro[:, None]
    blocks[:, 1, :14] += macro[:, None]
    return {
        "frame": np.arange(1, FRAMES + 1), "fps": FPS, "seen": np.ones(FRAMES, bool), "score": units.max((1, 2)),
        "au_sustained": units, "au_transient": units,
        "crop": np.full((FRAMES, 8, 8), 90, np.uint8), "movement_crop": np.zeros((FRAMES, 8, 8), np.uint8),
        "gaze": np.abs(rng.normal(0, 1, FRAMES)), "mouth": np.abs(rng.normal(0, 1, FRAMES)),
        "regions": regions, "nose": np.zeros((FRAMES, 3, 3)), "eyes": np.zeros((SIDE, SIDE), bool),
        "least": regions.min((3, 4)), "most": regions.max((3, 4)),
        "blocks": blocks, "points": moved + rng.normal(0, 0.01, (FRAMES, 10, 2)),
        "kind": [e.kind for e in video.expressions] + ["blink"], "confidence": [9.0] * 3,
        **{event: [getattr(e, event) for e in video.expressions] + [5] for event in ("onset", "apex", "offset")},
    }  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files of curves and of movement by clip id."""
    folder, paths = tmp_path_factory.mktemp("curves"), {}
    for video in VIDEOS:
        content = arrays(video)
        movement = {name: content.pop(name) for name in MOVEMENT if name in content}
        paths[video.clip.id] = [str(folder / f"{video.clip.name}.{kind}.h5") for kind in ("curves", "movement")]
        for path, schema, values in zip(paths[video.clip.id], ("spot", "movement"), (content, movement), strict=True):
            with store.subject_file(path, schema, [video.clip]) as file:
                file.put("fitted_on", ["generated/population/1/*"])
                file.group(video.clip.name).put_all(**values)
    return paths


def run(name: str, files: dict, path, folds=None, videos=VIDEOS, seen=("generated/population/2/*",)):
    spotter, folds = spotters.build(name, SMALL[name], SIDE), folds or folds_of(videos)
    files = {clip_id: paths[: 1 + spotter.reads_movement] for clip_id, paths in files.items()}
    spot.run(name, spotter, videos, files, folds, [1], path, lambda onset, apex: "positive", seen, origin="generated")
    return spotting.read(path, videos)


@pytest.mark.parametrize("name", SMALL)
def test_planted_expressions_are_spotted_and_the_file_says_what_it_was_fitted_on(name, files, tmp_path):
    """The videos are too short for the macro-expressions of MDMD, and MEAN spots none."""
    method, intervals = run(name, files, tmp_path / "spotted.h5")
    least = {"predict": (4, 4), "mdmd": (3, 0), "au_curves": (3, 3), "softnet": (2, 1), "mean_net": (1, 0)}
    hits = spotting.counts(VIDEOS, intervals).sum(0)[:, 1, 1]
    assert method == name and (hits >= least.get(name, (1, 1))).all(), hits
    with h5py.File(tmp_path / "spotted.h5") as file:
        seen = store.strings(file[f"{VIDEOS[0].clip.id}/fitted_on"])
    others = [video.clip.provenance for video in VIDEOS[1:]] if SMALL[name] else []  # a network learns
    assert seen == sorted([*others, "generated/population/1/*", "generated/population/2/*"])


def test_the_same_bytes_again(files, tmp_path):
    run("au_curves", files, tmp_path / "first.h5", videos=VIDEOS[:2])
    run("au_curves", files, tmp_path / "second.h5", videos=VIDEOS[:2])
    assert (tmp_path / "first.h5").read_bytes() == (tmp_path / "second.h5").read_bytes()


def test_held_out_subjects_may_not_be_seen_upstream(files, tmp_path):
    with pytest.raises(LeakError, match=r"fold s15 was fitted on generated/casme_sq/s15/\*"):
        run("predict", files, tmp_path / "found.h5", seen=("generated/casme_sq/s15/*",))
    assert not (tmp_path / "found.h5").exists()


def test_evaluation_refuses_a_training_on_the_subject(files, tmp_path):
    ids = tuple(video.clip.id for video in VIDEOS)
    with pytest.raises(LeakError, match="fold all was fitted on generated/casme_sq/s15/15_0101"):
        run("softnet", files, tmp_path / "leaky.h5", [Fold("all", ids, ids)])
    assert (tmp_path / "leaky.h5").exists()  # whose training was not refused


def test_contrast_of_mdmd_is_that_of_its_definition():
    rng = np.random.default_rng(3)
    blocks = rng.random((40, 36))
    contrast = Mdmd.contrast(blocks, 5)
    value = np.sort(blocks, axis=1)[:, -12:].mean(1)
    assert contrast[20] == pytest.approx(value[20] - (value[16] + value[24]) / 2)
    assert not contrast[:4].any() and not contrast[-4:].any()


def test_mdmd_measures_what_is_usual_without_the_ends_of_a_video(monkeypatch):
    """If the ends counted, where the contrast is 0, all frames between them would be above the level."""
    reach = Curves({"seen": np.ones(2)}, FPS).frames(REACH["micro"])
    contrast = np.zeros(60 + 4 * reach)
    contrast[2 * reach : -2 * reach], contrast[2 * reach + 20 : 2 * reach + 30] = 1.1, 3
    monkeypatch.setattr(Mdmd, "contrast", staticmethod(lambda blocks, width: contrast * (width == reach)))
    curves = Curves({"blocks": np.ones((len(contrast), 2, 36))}, FPS)
    (interval,) = spotters.build("mdmd", {}, SIDE).find(curves, {})
    assert (interval.kind, interval.onset, interval.offset) == ("micro", 2 * reach + 20, 2 * reach + 29)
    monkeypatch.undo()
    curves = Curves({"blocks": np.ones((20, 2, 36)), "seen": np.ones(20, bool)}, 30.0)
    assert spotters.build("mdmd", {}, SIDE).find(curves, {}) == []


def test_frames_have_the_targets_of_spot_gcn_and_points_its_graph():
    expression = Expression("micro", 0, 4, 9, "", None, "")
    network = spotters.build("spot_gcn", {}, SIDE).networks()["network"]
    targets = network.targets(Curves({"seen": np.ones(20)}, FPS), [expression])
    assert targets["micro_inside"].tolist() == [1] * 10 + [0] * 10 and not targets["macro_inside"].any()
    assert targets["micro_ends"].tolist() == [0, 0] + [2] * 6 + [1] * 3 + [2] * 9
    assert targets["micro_apex"][[2, 3, 4, 5, 6]] == pytest.approx([0, np.exp(-1 / 32), 1, np.exp(-1 / 32), 0])
    matrix = laplacian(3, ((0, 1), (0, 2), (1, 2)))  # of a regular graph: 0 for what is constant
    assert np.allclose(matrix.sum(1), 0, atol=1e-6) and np.allclose(np.diag(matrix), 1)


def test_supervised_contrast_is_that_of_its_definition():
    embedding, label = torch.randn(5, 3, generator=torch.Generator().manual_seed(1)).double(), [0, 0, 1, 1, 0]
    similar = (embedding @ embedding.T / 0.5).exp()  # temperature
    losses = []
    for i in range(5):
        others = [j for j in range(5) if j != i]
        same = [j for j in others if label[j] == label[i]]
        losses.append(-sum(torch.log(similar[i, j] / similar[i, others].sum()) for j in same) / len(same))
    value = supervised_contrast(embedding, torch.tensor(label))
    assert value.item() == pytest.approx(0.5 / 0.07 * sum(losses).item() / 5)


def test_of_overlapping_intervals_the_most_confident_is_kept():
    interval = Interval("micro", 10, 12, 20, 0.5)
    surer, later = replace(interval, onset=11, confidence=0.9), replace(interval, onset=40, offset=50)
    assert best([interval, surer, later], 5) == [surer, later]
    assert len(best([replace(interval, onset=40 * i, offset=40 * i + 9) for i in range(9)], 5)) == 5
