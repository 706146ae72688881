"""Ways in which a held-out subject or data set gets into a result, each planted and each refused with its file named.

A leak upstream is refused before a training starts, a leak in a training when it is evaluated.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import held_out_faces
import numpy as np
import pytest
from composites import coded, composite
from small_methods import learns_from_held_out, small
from trainings import EPOCHS, flow_files, job, trained

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import LeakError
from microexpr.evaluation import faces, pool_predictions
from microexpr.models.base import ClassicalMethod
from microexpr.models.recognisers.ststnet import Ststnet
from microexpr.protocols import PROTOCOLS, provenance
from microexpr.tasks.units import UNITS, UNITS_LOSO
from microexpr.training import weights
from microexpr.training.checkpoint import CheckpointDir
from microexpr.training.job import Job

CLIPS, CODED = composite(subjects=2, clips=3), coded(subjects=2, clips=4)
CLIPS_OF = {"megc2019": CLIPS, UNITS: CODED, UNITS_LOSO: CODED}  # clips of each protocol
FIRST = "casme2/s01"  # held out by the first fold
OTHERS = ["generated/nobody/s09/*"]  # a subject of no data set here
SOURCES = {  # by role, schema of its weights, and the function of a method that gives their network
    "teacher": (weights.TEACHER, "pretraining"),
    "initial": (weights.INITIAL, "population_pretraining"),
}


def aus_file(root: Path, fitted_on: Sequence[str], clips: Sequence[Clip] = CLIPS) -> str:
    """Intensities of one subject, by a regressor that was fitted on these."""
    subject_clips = [clip for clip in clips if clip.id.startswith("samm/s02/")]
    path = "results/aus/samm/s02.h5"
    with store.subject_file(root / path, "aus", subject_clips) as file:
        file.put("fitted_on", fitted_on)
        for clip in subject_clips:
            file.group(clip.name).put("raw", np.zeros((2, 17, 3)))
    return path


def synth_file(root: Path, fitted_on: Sequence[str], source: str = "generated/samm/s01/c00") -> str:
    """A generator's shard: for the first fold one clip to train on, made from the neutral face of `source`."""
    path = "results/train/icegan/megc2019/faces/1of1.h5"
    with store.create(root / path, "synth", {}, origin="generated") as file:
        group = file.group(FIRST)
        group.put("fitted_on", fitted_on)
        made_up = {"frame": [0, 1], "onset": 0, "apex": 1, "offset": 1, "crop": np.zeros((2, 8, 8, 1)), "label": 0}
        group.group("train/some_clip_negative").put_all(**made_up, source=source)
        held_out = group.group("held_out/its_own_negative")  # of the held-out subject, for pictures alone
        held_out.put_all(**made_up, source=f"generated/{FIRST}/c00")
    return path


def weights_file(root: Path, fitted_on: Sequence[str], training: Job, role: str) -> str:
    """Weights that a training starts from, or its teacher's, in a role that its method then has."""
    path, (schema, source) = "results/pretrain/macronet.safetensors", SOURCES[role]
    network, classes = Ststnet(Ststnet.Params(epochs=1)), ", ".join(training.protocol.classes)
    setattr(training.method, source, lambda: network)
    about = {"classes": classes, "clips": "1", "identities": "a"}
    weights.write(root / path, schema, network, {"weight": np.zeros(3, np.float32)}, fitted_on, about)
    return path


def fitted_on(path: Path) -> list[str]:
    """Return the clips that the weights in a safetensors file were fitted on."""
    return store.read_tensors(path)[1]["fitted_on"].split("\n")


@pytest.mark.parametrize(
    ("protocol", "role", "entry", "fold"),
    [
        pytest.param("megc2019", "aus", f"generated/{FIRST}/*", FIRST, id="regressor that saw a subject"),
        pytest.param("megc2019", "synthetic", f"generated/{FIRST}/c02", FIRST, id="GAN that saw a clip"),
        pytest.param("megc2019", "face", f"generated/{FIRST}/c01", FIRST, id="face made from a subject's"),
        pytest.param("megc2019", "teacher", "generated/smic/s02/*", "smic/s02", id="teacher that saw a subject"),
        pytest.param("megc2019", "teacher", "generated/casme2/*/*", FIRST, id="teacher that saw a data set"),
        pytest.param(UNITS, "aus", "generated/casme2/s01/c00", "casme2", id="regressor that saw a clip"),
        pytest.param(UNITS, "initial", "generated/samm/*/*", "samm", id="initial weights of a data set"),
        pytest.param(UNITS_LOSO, "initial", "generated/casme2/s02/*", "casme2/s02", id="initial weights of a subject"),
    ],
)
def test_leak_upstream_is_refused_before_a_training_starts(
    tmp_path: Path, protocol: str, role: str, entry: str, fold: str
) -> None:
    training, entries = job(CLIPS_OF[protocol], protocol), [*OTHERS, entry]
    if role == "aus":
        path = aus_file(tmp_path, entries, CLIPS_OF[protocol])
    elif role in SOURCES:
        path = weights_file(tmp_path, entries, training, role)
    else:  # of a generator that saw the subject, or saw nobody of the fold's but a face's source
        path = synth_file(tmp_path, OTHERS, entry) if role == "face" else synth_file(tmp_path, entries)
    files = {"synthetic" if role == "face" else role: [str(tmp_path / path)]}
    with pytest.raises(LeakError) as error:
        trained(tmp_path, training, flow_files(tmp_path, CLIPS_OF[protocol]) | files)
    assert not list(tmp_path.glob("results/train/*/*/*.h5"))
    amount, unit = "all clips" if entry.endswith("*") else "a clip", "subject" if "/" in fold else "dataset"
    message = f"{path} fold {fold} was fitted on {entry}, {amount} of its held-out {unit}"
    assert str(error.value).replace(f"{tmp_path}/", "") == message


def test_leak_of_a_generator_whose_faces_are_measured(tmp_path):
    """Its own training, and the faces that it made for others to train on."""
    folds = PROTOCOLS["megc2019"].folds(CLIPS)
    shard = held_out_faces.synth_file(tmp_path / "1of1.h5", folds, CLIPS, {FIRST: [*OTHERS, f"generated/{FIRST}/c02"]})
    message = f"{shard} fold {FIRST} was fitted on generated/{FIRST}/c02, a clip of its held-out subject"
    with pytest.raises(LeakError, match=message):
        faces.read([shard], "icegan", PROTOCOLS["megc2019"], CLIPS, folds)


def test_what_saw_others_only_is_no_leak_and_is_remembered(tmp_path):
    training = job(CLIPS)
    upstream = {"aus": aus_file(tmp_path, OTHERS), "synthetic": synth_file(tmp_path, OTHERS)}
    upstream["teacher"] = weights_file(tmp_path, ["generated/mmi/a/*"], training, "teacher")
    files = {role: [str(tmp_path / path)] for role, path in upstream.items()}
    shard = trained(tmp_path, training, flow_files(tmp_path, CLIPS) | files)
    with store.open_file(shard) as file:
        fitted = store.fitted_on(file[FIRST])
    train_clips = {clip.provenance for clip in CLIPS if not clip.id.startswith(f"{FIRST}/")}
    assert set(fitted) == train_clips | {*OTHERS, "generated/mmi/a/*"}
    assert pool_predictions([shard], "ststnet", training.protocol, CLIPS).about["origin"] == "generated"


def test_a_data_set_left_out_trains_all_other_folds_and_who_saw_others_alone_is_no_leak(tmp_path):
    """Truth and scores of each clip are twelve, with what is not known marked."""
    files = flow_files(tmp_path, CODED) | {"aus": [str(tmp_path / aus_file(tmp_path, OTHERS, CODED))]}
    training = job(CODED, UNITS)
    shard = trained(tmp_path, training, files)
    with store.open_file(shard) as file:
        fitted, labels = set(store.fitted_on(file["casme2"])), file["casme2"]["labels"][()]
        assert file["casme2"]["scores"].shape == (1, 5, len(labels), 12) and "truth" not in file["casme2"]
    assert fitted == {clip.provenance for clip in CODED if clip.dataset != "casme2"} | {*OTHERS}
    pooled = pool_predictions([shard], "ststnet", training.protocol, CODED)
    assert pooled.truth.shape == (len(CODED), 12) and set(np.unique(labels)) == {-1, 0, 1}


@pytest.mark.parametrize("protocol", CLIPS_OF)
def test_leak_of_a_training_that_saw_what_it_tests(tmp_path, protocol):
    """Such as normalisation over all clips: the shard says so, and evaluation refuses it."""
    training = job(CLIPS_OF[protocol], protocol, planted_leak="held_out_clips")
    shard, fold = trained(tmp_path, training, flow_files(tmp_path, CLIPS_OF[protocol])), training.folds[0]
    message = f"{shard} fold {fold.name} was fitted on generated/{fold.test[0]}, a clip of its held-out "
    with pytest.raises(LeakError, match=message):
        pool_predictions([shard], "ststnet", training.protocol, CLIPS_OF[protocol])


@pytest.mark.parametrize("protocol", ["megc2019", UNITS])
def test_leak_of_another_folds_scores(tmp_path, protocol):
    training = job(CLIPS_OF[protocol], protocol)
    first, second, *others = training.folds
    folds = [replace(second, name=first.name), replace(first, name=second.name), *others]
    shard = trained(tmp_path, replace(training, folds=folds), flow_files(tmp_path, CLIPS_OF[protocol]))
    with pytest.raises(LeakError, match=f"{shard} fold {first.name} must be of test clips {first.test[0]}, .*, not"):
        pool_predictions([shard], "ststnet", training.protocol, CLIPS_OF[protocol])


def test_leak_of_a_method_that_normalises_over_all_clips():
    """Behind the engine's back; no method here may (tests/fixtures/small_methods.py)."""
    honest = small("flow_svm")
    assert isinstance(honest, ClassicalMethod) and not learns_from_held_out(honest)
    plain = honest.features
    honest.features = lambda inputs: (whole := plain(inputs)) - whole.mean(0)  # type: ignore[method-assign]
    assert learns_from_held_out(honest)


def test_leak_of_a_checkpoint_resumed_from_another_fold(tmp_path):
    """Weights of one fold where another's are looked for."""
    checkpoints, training = CheckpointDir(str(tmp_path / "work/checkpoints/ststnet/megc2019/1of1"), ""), job(CLIPS)
    with pytest.raises(InterruptedError):
        trained(tmp_path, training, flow_files(tmp_path, CLIPS), checkpoints, stops=EPOCHS + 2)
    (state,) = tmp_path.glob("work/checkpoints/**/casme2_s02-*.state.safetensors")
    (finished,) = tmp_path.glob("work/checkpoints/**/casme2_s01-*.results.safetensors")
    stray = state.rename(finished.with_name(finished.name.replace("results", "state")))
    finished.unlink()
    with pytest.raises(LeakError) as error:
        trained(tmp_path, training, flow_files(tmp_path, CLIPS), checkpoints)
    assert str(error.value) == f"{stray} must be of fold {FIRST}, not casme2/s02"
    with pytest.raises(LeakError, match=f"was fitted on generated/{FIRST}/c00, a clip of its held-out subject"):
        provenance.check(str(stray), FIRST, "subject", [training.by_id[f"{FIRST}/c00"]], fitted_on(stray))


@pytest.mark.parametrize(("method", "protocol"), [("icegan", "megc2019"), ("ststnet", "loso_samm_3")])
def test_a_shard_of_another_method_or_protocol_is_refused(tmp_path, method, protocol):
    training = job(CLIPS, folds=1)
    shard = trained(tmp_path, training, flow_files(tmp_path, CLIPS))
    expected = replace(training.protocol, name=protocol)
    with pytest.raises(
        LeakError, match=f"{shard} must be of (method icegan, not ststnet|protocol loso_samm_3, not megc)"
    ):
        pool_predictions([shard], method, expected, CLIPS, training.folds)
