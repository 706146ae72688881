"""The population: plans are pure, faces are of no corpus, and a file agrees with its own ground truth."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facs_faces.face import Face
from facs_faces.performance import LIDS_AT_REST, RESTING
from microexpr.core import schemas, store
from microexpr.core.arrays import luma
from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError
from microexpr.core.seeds import generator
from microexpr.models.recognisers import find
from microexpr.rendering import corpus, plan
from microexpr.signals.aus import LARGEST, SHOWN
from microexpr.training.steps import load_clips
from reader_fits.population import Params, clips, identities, scenes, sessions

PARAMS = Params(subjects=2, held_out=1, micro=3, macro=3)  # of the files
SUBJECT = "s0002"
SMALL_SCENES = {"SCENES": 1, "COMBINATIONS": 2}  # of the files
# datasets that the file of a training subject has not: of sessions, and of other normalisations of flow
OTHERS = {"intensity", "strength", "onset_apex_scaled", "onset_apex_centred"}


def test_a_plan_is_pure_its_classes_are_balanced_and_nobody_is_both_in_training_and_held_out() -> None:
    few, params = Params(subjects=3, held_out=2, portraits=4, takes=2), Params()
    assert few.training_subjects() + few.held_out_subjects() == [f"s000{n}" for n in range(1, 6)]
    assert few.portrait_subjects() + few.held_out_portraits() == [f"p000{n}" for n in range(1, 7)]
    assert clips.plan_clips(params, SUBJECT) == clips.plan_clips(params.model_copy(update={"subjects": 999}), SUBJECT)
    planned = [clip for name in params.training_subjects()[:24] for clip in clips.plan_clips(params, name)]
    for kind, count in (("micro", params.micro), ("macro", params.macro)):
        labels = Counter(item.clip.label for item in planned if item.kind == kind)
        assert labels == dict.fromkeys(range(len(LABELS)), 24 * count // 3)
    emotions = Counter(item.clip.emotion for item in planned if item.kind == "micro" and item.clip.label == 0)
    assert set(emotions) == set(clips.NEGATIVE) and max(emotions.values()) == min(emotions.values())
    assert len({item.clip.id for item in planned}) == len(planned)
    for item in planned:  # frames have the events, and a video at equal distances
        assert {item.clip.onset, item.clip.apex, item.clip.offset, *item.video} <= {*item.rendered}
        assert item.events[0] <= item.clip.onset < item.clip.apex <= item.clip.offset <= item.events[2] < item.length
        assert (item.video[0], item.video[-1]) == (item.clip.onset, item.clip.offset)
        assert np.ptp(np.diff(item.video)) <= 1


def test_no_corpus_has_a_face_of_the_population() -> None:
    everybody = identities.identities(Params())
    assert len(set(everybody.values())) == 240 + 24 + 1000 + 24
    corpora = {
        f"{seed}/{item.clip.subject}": corpus.performer_of(item.clip, seed)
        for seed in range(1, 21)
        for item in plan.plan_clips("casme2", plan.Params(max_frames=20), seed)
    }
    assert len(corpora) > 20
    identities.check_distinct(corpora, Params())
    copied = corpora | {"generated/smic/s03": identities.performer_of("s0240", Params())}
    with pytest.raises(DataError, match=r"^generated/smic/s03: face must .* not that of generated/population/s0240"):
        identities.check_distinct(copied, Params())


def test_a_file_is_of_the_schema_and_says_whose_face_it_is(written: Any) -> None:
    with store.open_file(written[0], "population") as file:
        attributes = {key: store.attribute_text(value) for key, value in file.attrs.items()}
        performer = identities.performer_of(SUBJECT, PARAMS)
        rendered = identities.digest(performer.face_seed, Face(performer.face_seed).traits)
        assert attributes["identity"] == identities.identities(PARAMS)[SUBJECT] == rendered
        assert (attributes["origin"], attributes["role"]) == ("generated", "training")
        assert "sessions" not in file
        groups = [item for group in ("clips", "scenes") for item in file[group].values()]
        written_names = {name for group in groups for name, item in group.items() if not store.is_dimension(item)}
        datasets = written_names - {*schemas.LABELS}
        assert datasets | {"action_unit", "fitted_on"} == {*schemas.POPULATION} - OTHERS
        assert {*file["clips"]} == {item.clip.name for item in clips.plan_clips(PARAMS, SUBJECT)}


def test_ground_truth_agrees(written: Any) -> None:
    path, projected = written
    with store.open_file(path, "population") as file:
        for item in clips.plan_clips(PARAMS, SUBJECT):
            group = file["clips"][item.clip.name]
            onset, apex = (item.rendered.index(event) for event in (item.clip.onset, item.clip.apex))
            relative, smoothed = group["relative"][()], group["smoothed"][()]
            assert not relative[onset].any() and smoothed.min() >= 0
            np.testing.assert_allclose(relative, smoothed - smoothed[onset], atol=1e-6)
            assert np.abs(relative[apex]).sum() > 0
            points, true = group["landmarks_crop"][onset], projected[item.clip.name][onset]
            assert np.sqrt(np.square(points - best_similarity(true, points)).sum(-1)).mean() < 2.5
        scene = file["scenes/1"]
        assert not scene["change"][0].any() and scene["label"][0] == scenes.NONE
        assert (scene["face"][1:] != scene["face"][0]).any(axis=(1, 2, 3)).all()
        assert len(file["scenes"]) == SMALL_SCENES["SCENES"] + 1
        for scene in file["scenes"].values():
            assert np.abs(scene["change"][()]).max() <= LARGEST
        assert np.ptp(file["scenes/2/change"][()], axis=-1).max() > 0  # one side alone


def best_similarity(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return points after the similarity that brings them closest to the target: landmarks of a crop know no other."""
    x, y = (pairs @ [1, 1j] for pairs in (points.astype(float), target.astype(float)))
    factor = np.vdot(x - x.mean(), y - y.mean()) / np.vdot(x - x.mean(), x - x.mean())
    fitted = factor * (x - x.mean()) + y.mean()
    return np.stack([fitted.real, fitted.imag], -1)


@pytest.mark.parametrize("name", ["ststnet", "mtmnet", "augacn", "elrcn", "localregions"])
def test_methods_read_a_subject_as_they_do_any_other(written: Any, name: str) -> None:
    planned = [item.clip for item in clips.plan_clips(PARAMS, SUBJECT)]
    kind = find(name)
    method = kind(kind.Params(**({"image_size": 32} if "image_size" in kind.Params.model_fields else {})))
    tensors = load_clips(method, planned, {"population": [written[0]]}, macro=[clip.id for clip in planned[3:]])
    assert {key: value.shape for key, value in tensors.inputs.items()} == {
        key: (len(planned), *shape) for key, shape in method.inputs.items()
    }
    assert tensors.targets["label"].tolist() == [0, 1, 2] * 2 and tensors.targets["macro"].tolist() == [0] * 3 + [1] * 3


@pytest.mark.parametrize(("strength", "low", "high"), [(1, *sessions.MICRO), (2, *sessions.MACRO)])
def test_sampled_intensities_have_the_strength_that_was_asked_for(strength: int, low: float, high: float) -> None:
    rng = generator(0, "sessions", strength)
    assert not sessions.sample_intensities(0, rng).any()
    for _ in range(50):
        intensities = sessions.sample_intensities(strength, rng)
        units = intensities.max(axis=1)[intensities.any(axis=1)]
        assert 1 <= len(units) <= 4
        assert units.min() >= 0.4 * low and units.max() <= 1.6 * high


def test_a_session_begins_at_rest(subjects: tuple[list[Path], list[Path]]) -> None:
    with store.open_file(subjects[1][0], "population") as file:
        session = file["sessions/1"]
        assert session["strength"][()].tolist() == [0, 1, 2]
        assert store.strings(session["action_unit"]) == list(SHOWN)
        intensity = session["intensity"][0]
    rest = {unit for unit, value in zip(SHOWN, intensity[:, 2], strict=True) if value}
    assert rest == {*RESTING, "AU45"}
    assert intensity[SHOWN.index("AU45")] == pytest.approx(LARGEST * LIDS_AT_REST)


def test_images_of_scenes_are_clips_that_stay_at_their_apex(written: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SMALL_SCENES.items():
        monkeypatch.setattr(scenes, name, value)
    kind = find("icegan")
    method = kind(kind.Params(image_size=32, macro_strength=(0.5, 1)))
    planned = scenes.clips_of(PARAMS, [SUBJECT], {"macro scene"})
    assert [clip.label for clip in planned] == [1, 2, 0]
    tensors = load_clips(method, planned, {"population": [written[0]]})
    with store.open_file(written[0], "population") as file:
        for clip, onset, apex in zip(planned, tensors.inputs["onset"], tensors.inputs["apex"], strict=True):
            scene = file[f"scenes/{clip.name[5]}"]
            assert scene["label"][clip.apex] == clip.label
            for image, position in ((onset, 0), (apex, clip.apex)):
                reduced = clips.reduce(luma(scene["face"][position])[..., None], 32)[..., 0]
                assert abs(image[0].numpy().astype(int) - reduced.astype(int)).max() <= 1
    around = load_clips(
        find("mtmnet")(find("mtmnet").Params(image_size=32)), planned[:1], {"population": [written[0]]}
    ).inputs
    assert (around["around_apex"] == around["apex"][:, :, None]).all()


def test_recordings_are_of_the_kinds_that_were_asked_for() -> None:
    everything = {"micro": PARAMS.micro, "macro": PARAMS.macro} | dict.fromkeys(("micro scene", "macro scene"), 6)
    for kind, count in everything.items():
        listed = scenes.clips_of(PARAMS, [SUBJECT], {kind})  # type: ignore[arg-type]
        assert len(listed) == count and all((clip.apex or 0) > 0 for clip in listed)
    held_out = PARAMS.held_out_subjects()
    assert not scenes.clips_of(PARAMS, held_out, {"micro scene", "macro scene"})
