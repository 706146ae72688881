"""Seven ways in which a held-out subject gets into a result, each planted and each refused with its artifact named.

A leak upstream is refused before a training starts, a leak in a training when it is evaluated.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import held_out_faces
import numpy as np
import pytest
from composites import composite
from small_methods import learns_from_held_out, small
from trainings import EPOCHS, flow_files, job, trained

from microexpr.core import store
from microexpr.core.errors import LeakError
from microexpr.evaluation import pool_predictions, synthesised_faces
from microexpr.models.base import ClassicalMethod
from microexpr.protocols import PROTOCOLS, provenance
from microexpr.training.checkpoint import CheckpointDir

CLIPS = composite(subjects=2, clips=3)
FIRST = "casme2/s01"  # held out by the first fold
OTHERS = ["generated/nobody/s09/*"]  # a person of no data set here


def leaking(root: Path, path: str) -> str:
    """Return the error of a training that reads the flow of all subjects and the file at `path`."""
    files = flow_files(root, CLIPS)
    with pytest.raises(LeakError) as error:
        trained(root, job(CLIPS), [*files, str(root / path)])
    assert not list(root.glob("results/train/**/*.h5"))  # refused before it starts
    return str(error.value).replace(f"{root}/", "")


def aus_file(root: Path, fitted_on: Sequence[str]) -> str:
    """Intensities of one person, by a regressor that was fitted on these."""
    clips = [clip for clip in CLIPS if clip.id.startswith("samm/s02/")]
    path = "results/aus/samm/s02.h5"
    with store.subject_file(root / path, "aus", clips) as file:
        file.put("fitted_on", fitted_on)
        for clip in clips:
            file.group(clip.name).put("raw", np.zeros((2, 17, 3)))
    return path


def synth_file(root: Path, fitted_on: Sequence[str], source: str) -> str:
    """A generator's shard: for the first fold one clip to train on, made from the neutral face of `source`."""
    path = "results/synthesise/icegan/megc2019/1of1.h5"
    with store.create(root / path, "synth", {}, origin="generated") as file:
        group = file.group(FIRST)
        group.put("fitted_on", fitted_on)
        face = group.group("train/some_clip_negative")
        face.put_all(frame=[0, 1], onset=0, apex=1, offset=1, crop=np.zeros((2, 8, 8, 1)), label=0, source=source)
        held_out = group.group("held_out/its_own_negative")  # of the held-out subject, for pictures alone
        held_out.put_all(
            frame=[0, 1],
            onset=0,
            apex=1,
            offset=1,
            crop=np.zeros((2, 8, 8, 1)),
            label=0,
            source=f"generated/{FIRST}/c00",
        )
    return path


def macro_file(root: Path, fitted_on: Sequence[str]) -> str:
    path = "results/pretrain/macronet.safetensors"
    store.write_tensors(root / path, {"weight": np.zeros(3, np.float32)}, fitted_on)
    return path


def fitted_on(path: Path) -> list[str]:
    """Return the clips that the weights in a safetensors file were fitted on."""
    return store.read_tensors(path)[1]["fitted_on"].split("\n")


def test_leak_of_an_au_regressor_fitted_on_a_test_subject(tmp_path):
    path = aus_file(tmp_path, [*OTHERS, f"generated/{FIRST}/*"])
    message = f"{path} fold {FIRST} was fitted on generated/{FIRST}/*, all clips of its held-out subject"
    assert leaking(tmp_path, path) == message


def test_leak_of_a_gan_trained_on_a_test_subject(tmp_path):
    path = synth_file(tmp_path, [*OTHERS, f"generated/{FIRST}/c02"], "generated/samm/s01/c00")
    message = f"{path} fold {FIRST} was fitted on generated/{FIRST}/c02, a clip of its held-out subject"
    assert leaking(tmp_path, path) == message


def test_leak_of_a_generator_whose_faces_are_measured(tmp_path):
    """Its own training, and the faces that it made for others to train on."""
    folds = PROTOCOLS["megc2019"].folds(CLIPS)
    shard = held_out_faces.synth_file(tmp_path / "1of1.h5", folds, CLIPS, {FIRST: [*OTHERS, f"generated/{FIRST}/c02"]})
    message = f"{shard} fold {FIRST} was fitted on generated/{FIRST}/c02, a clip of its held-out subject"
    with pytest.raises(LeakError, match=message):
        synthesised_faces.read([shard], "icegan", PROTOCOLS["megc2019"], CLIPS, folds)


def test_leak_of_a_macronet_that_shares_a_person(tmp_path):
    path = macro_file(tmp_path, [*OTHERS, "generated/smic/s02/*"])
    message = f"{path} fold smic/s02 was fitted on generated/smic/s02/*, all clips of its held-out subject"
    assert leaking(tmp_path, path) == message


def test_leak_of_a_synthetic_clip_made_from_a_test_subject(tmp_path):
    """Its generator saw nobody of the fold's; the face that it was made from is the held-out subject's."""
    path = synth_file(tmp_path, OTHERS, f"generated/{FIRST}/c01")
    message = f"{path} fold {FIRST} was fitted on generated/{FIRST}/c01, a clip of its held-out subject"
    assert leaking(tmp_path, path) == message


def test_what_saw_others_only_is_no_leak_and_is_remembered(tmp_path):
    files = flow_files(tmp_path, CLIPS)
    files += [
        str(tmp_path / path) for path in (aus_file(tmp_path, OTHERS), macro_file(tmp_path, ["generated/mmi/a/*"]))
    ]
    files.append(str(tmp_path / synth_file(tmp_path, OTHERS, "generated/samm/s01/c00")))
    training = job(CLIPS)
    shard = trained(tmp_path, training, files)
    with store.open_file(shard) as file:
        fitted = store.fitted_on(file[FIRST])
    train_clips = {clip.provenance for clip in CLIPS if not clip.id.startswith(f"{FIRST}/")}
    assert set(fitted) == train_clips | {*OTHERS, "generated/mmi/a/*"}
    assert pool_predictions([shard], "ststnet", training.protocol, CLIPS).origin == "generated"


def test_leak_of_normalisation_statistics_over_all_subjects(tmp_path):
    """A shard whose folds were fitted on everyone is refused; and a method that normalises behind the engine's back,
    by what it is given of all clips at once, changes with the held-out ones:
    no method here may (tests/fixtures/small_methods.py)."""
    training = job(CLIPS)
    everyone = job(CLIPS, planted_leak="held_out_clips")  # what statistics over all clips would have to write
    shard = trained(tmp_path, everyone, flow_files(tmp_path, CLIPS))
    message = f"{shard} fold {FIRST} was fitted on generated/{FIRST}/c00, a clip of its held-out subject"
    with pytest.raises(LeakError, match=message):
        pool_predictions([shard], "ststnet", training.protocol, CLIPS)

    honest = small("flow_svm")
    assert isinstance(honest, ClassicalMethod) and not learns_from_held_out(honest)
    plain = honest.features
    honest.features = lambda inputs: (whole := plain(inputs)) - whole.mean(0)  # type: ignore[method-assign]
    assert learns_from_held_out(honest)


def test_leak_of_a_checkpoint_resumed_from_another_fold(tmp_path):
    """Weights of one fold where another's are looked for; and their scores under that fold's name."""
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

    folds = [replace(training.folds[1], name=FIRST), replace(training.folds[0], name="casme2/s02"), *training.folds[2:]]
    shard = trained(tmp_path, replace(training, folds=folds), flow_files(tmp_path, CLIPS))
    with pytest.raises(LeakError, match=f"{shard} fold casme2/s01 must be of test clips casme2/s01/c00, .*, not"):
        pool_predictions([shard], "ststnet", training.protocol, CLIPS)


@pytest.mark.parametrize(("method", "protocol"), [("icegan", "megc2019"), ("ststnet", "loso_samm_3")])
def test_a_shard_of_another_method_or_protocol_is_refused(tmp_path, method, protocol):
    training = job(CLIPS, folds=1)
    shard = trained(tmp_path, training, flow_files(tmp_path, CLIPS))
    expected = replace(training.protocol, name=protocol)
    with pytest.raises(
        LeakError, match=f"{shard} must be of (method icegan, not ststnet|protocol loso_samm_3, not megc)"
    ):
        pool_predictions([shard], method, expected, CLIPS, training.folds)
