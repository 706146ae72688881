"""A generator trained without each group of subjects: its clips, their source faces, and the folds that use them."""

import shutil
from dataclasses import replace
from pathlib import Path

import generator_groups
import h5py
import numpy as np
import pytest
import torch
from composites import clip, people
from generator_groups import CLIPS, GROUPED, STILLS, run
from scipy.ndimage import gaussian_filter
from stage_files import film_files

from microexpr.core import store
from microexpr.core.errors import LeakError, ParamsError, StoreError
from microexpr.core.facs import reaction_mask
from microexpr.models.generators.auicgan import Auicgan
from microexpr.models.generators.famgan import Famgan
from microexpr.models.recognisers.microexpstcnn import MicroExpSTCNN
from microexpr.protocols import GROUPS, PROTOCOLS, provenance
from microexpr.protocols.splits import subject_id
from microexpr.signals import inputs
from microexpr.training import synthesise, synthetic_clips, train, weights
from microexpr.training.generator_file import SHIPPED, load
from microexpr.training.group import initialise
from microexpr.training.steps import load_clips, load_inputs


def test_a_generator_may_start_from_the_shipped_one_whose_subjects_it_then_has_seen(groups):
    shape = {"width": 16, "blocks": 4, "moves": True}
    params = generator_groups.OWN | shape | {"initialisation": "shipped", "condition": "change"}
    for kind in (Auicgan, Famgan):
        group_job = replace(generator_groups.job(), method=kind(kind.Params(**params), len(GROUPS.classes)))
        with pytest.raises(StoreError, match="auicgan must have 1 files of weights as initial, not 0"):
            load_inputs(group_job, groups[1])
        shipped = load(SHIPPED)
        inputs = load_inputs(group_job, groups[1] | {"initial": [SHIPPED]})
        assert inputs.initialisation == "shipped subjects=240"
        (seen,) = inputs.fitted_on.values()
        assert shipped.fitted_on < set(seen)
        networks = group_job.method.build({})
        others = initialise(networks, group_job.method)
        assert {name.partition(".")[0] for name in others} == {*networks} - {"generator"}
        expected, actual = (dict(part.state_dict()) for part in (shipped.modules.generator, networks["generator"]))
        torch.testing.assert_close(actual, expected)
        for key, value in (("width", 8), ("moves", False)):
            other = kind(kind.Params(**params | {key: value}))
            with pytest.raises(ParamsError, match=rf"auicgan.{key} must be {shape[key]} with initialisation: shipped"):
                weights.check_shipped(other, "auicgan")


def test_clips_to_train_on_are_of_training_subjects(groups):
    for fold, path in zip(GROUPED, groups[2], strict=True):
        by_provenance = {clip.provenance: clip for clip in CLIPS}
        with store.open_file(path, "synth") as file:
            assert file.attrs["held_out"].decode() == ", ".join(sorted(people(fold.test)))
            subjects = {}
            for name, group in file["train"].items():
                face, moves = (by_provenance[store.strings(group[key])[0]] for key in ("source", "trajectory"))
                assert {face.id, moves.id} <= {*fold.train} and face.dataset == moves.dataset
                label = int(group["label"][()])
                assert GROUPS.label(moves) == label and name.startswith(f"{face.dataset}_{GROUPS.classes[label]}_")
                assert group["crop"].shape == (3, 16, 16, 3) and group["offset"][()] == 2
                subjects.setdefault((face.dataset, label), []).append(face.subject)
            # equally many clips of each emotion of a data set, and in each a face of every training subject
            assert {key: len(faces) for key, faces in subjects.items()} == {
                (clip.dataset, GROUPS.label(clip)): 4 for clip in CLIPS
            }
            for (dataset, _), faces in subjects.items():
                expected = {person for person in people(fold.train) if person.startswith(dataset)}
                assert {f"{dataset}/{name}" for name in faces} == expected
            held = {store.strings(group["source"])[0] for group in file["held_out"].values()}
            assert {subject_id(by_provenance[clip].id) for clip in held} == people(fold.test)
            moves = {store.strings(group["trajectory"])[0] for group in file["held_out"].values()}
            assert {by_provenance[clip].id for clip in moves} <= {*fold.train}


def read(root, entry, name, shape):
    """Return an input of the clip that the entry names."""
    dataset, subject, clip = store.strings(entry)[0].split("/")[1:]
    files = {stage: root / f"results/{stage}/{dataset}/{subject}.h5" for stage in ("apex", "aus")}
    return inputs.load({name: shape}, files, [clip])[name][0]


def test_a_face_goes_through_the_intensities_of_another_clip(groups):
    root, _, (path, _) = groups
    with store.open_file(path, "synth") as file:
        for group in list(file["train"].values())[:5]:
            asked = read(root, group["trajectory"], "au_intensities", (3, 17))
            np.testing.assert_array_equal(group["au_asked"][()], np.stack([asked, asked], -1))
            assert group["apex"][()] == np.abs(asked - asked[0]).sum(1).argmax() > 0


def test_famgans_face_goes_through_another_clips_changes_side_by_side(groups, tmp_path):
    """They are added to a tenth of the neutral face's own intensities."""
    root, files, _ = groups
    path = run(tmp_path, files, kind=Famgan)
    with store.open_file(path, "synth") as file:
        for group in list(file["train"].values())[:5]:
            units = read(root, group["source"], "au_intensities", (3, 17))
            change = read(root, group["trajectory"], "au_changes", (3, 17, 2))
            expected = np.clip(0.1 * units[0, :, None] + change, 0, 5)
            np.testing.assert_allclose(group["au_asked"][()], expected, rtol=1e-6)
            left, right = np.moveaxis(group["au_asked"][()], -1, 0)
            assert np.abs(left - right).max() > 0.1 and np.array_equal(left[0], right[0])
            assert group["crop"].shape == (3, 16, 16, 3)


def test_each_frame_gets_other_noise_of_the_same_size_and_the_slow_change_of_its_source_clip():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 2, (1, 16, 3, 32, 32))
    light = np.linspace(0, 12, 16)[None, :, None, None, None]
    video = (100 + noise + light).astype(np.float32)
    added = synthesise.recorded_noise(video, [np.random.default_rng(1)])
    assert not added[:, 0].any()
    frames = (video[:, :1] + added)[0] - 100
    coarse = frames.mean((1, 2, 3))
    assert abs(coarse[0]) < 0.1 and coarse[-1] == pytest.approx(float(light[0, -2].squeeze()), abs=0.3)
    fine = (frames - gaussian_filter(frames, (0, 0, synthesise.COARSE, synthesise.COARSE))).reshape(16, -1)
    deviations = fine.std(1)
    assert deviations.min() > 1.6 and deviations.max() < 2.4  # as the clip's own
    correlations = np.corrcoef(fine) - np.eye(16)
    assert abs(correlations.mean()) < 0.35 and correlations.max() < 0.99
    second = synthesise.recorded_noise(video, [np.random.default_rng(1)])
    np.testing.assert_array_equal(added, second)


def test_counts_go_before_per_class(groups, tmp_path):
    path = run(tmp_path, groups[1], counts={"casme2": {"disgust": 7, "surprise": 0}})
    with store.open_file(path, "synth") as file:
        names = [name.rpartition("_")[0] for name in file["train"]]
    expected = {"casme2_disgust": 7, "casme2_others": 4, "samm_anger": 4, "samm_others": 4, "samm_surprise": 4}
    assert {name: names.count(name) for name in names} == expected


def test_a_file_names_all_that_was_fitted_on_and_is_the_same_bytes_again(groups, tmp_path):
    _, files, paths = groups
    for fold, path in zip(GROUPED, paths, strict=True):
        seen = provenance.read_fitted_on(path, ["casme2/s1"])["casme2/s1"]
        trained_on = {f"generated/{name}" for name in fold.train} | {still.provenance for still, _ in STILLS}
        assert seen == trained_on | {"generated/nobody/n/c"}
    repeated = run(tmp_path, {stage: paths[::-1] for stage, paths in files.items()})
    assert Path(repeated).read_bytes() == Path(paths[0]).read_bytes()


def test_stills_are_sampled_by_the_seed():
    assert synthesise.sample_stills(STILLS, 9, 1) == STILLS and len(synthesise.sample_stills(STILLS, 2, 1)) == 2
    assert {still.id for seed in range(9) for still, _ in synthesise.sample_stills(STILLS, 1, seed)} == {
        still.id for still, _ in STILLS
    }


def test_leak_of_an_au_regressor_fitted_on_someone_of_the_group(tmp_path):
    clip_id = GROUPED[0].test[0]
    files = film_files(tmp_path, [*CLIPS, *(still for still, _ in STILLS)], [f"generated/{clip_id}"])
    with pytest.raises(LeakError, match=f"fold 1of2 was fitted on generated/{clip_id}, a clip of its held-out subject"):
        run(tmp_path, files)


def held_in(protocol, clips=CLIPS):
    by_id = {clip.id: clip for clip in clips}
    return {fold.name: [by_id[name] for name in fold.test] for fold in PROTOCOLS[protocol].folds(clips)}


@pytest.mark.parametrize("protocol", ["loso_casme2_7", "lovo_samm_8"])
def test_a_fold_trains_on_clips_of_the_generator_that_never_saw_its_subject(groups, protocol):
    for unit in ("subject", "clip"):
        for fold, paths in synthetic_clips.select_files(
            {"synthetic_groups": groups[2]}, unit, held_in(protocol)
        ).items():
            (number,) = [n for n, group in enumerate(GROUPED) if "/".join(fold.split("/")[:2]) in people(group.test)]
            assert paths == [groups[2][number]]
    strangers = [clip("smic", "s9", f"c{n}", n) for n in range(3)]  # of no group: any generator will do
    files = {"synthetic_groups": groups[2][::-1]}
    assert synthetic_clips.select_files(files, "subject", {"smic/s9": strangers}) == {"smic/s9": groups[2][:1]}


def test_leak_of_generators_that_each_saw_someone_held_out(groups):
    both = [clip for clip in CLIPS if clip.id in (GROUPED[0].test[0], GROUPED[1].test[0])]
    with pytest.raises(LeakError, match=r"1of2.h5 and others of its kind were each fitted on some of what draw1 holds"):
        synthetic_clips.select_files({"synthetic_groups": groups[2]}, "subject", {"draw1": both})


def learner(protocol):
    chosen = PROTOCOLS[protocol]
    params = MicroExpSTCNN.Params(
        image_size=16, frames=6, kernels=2, depth=3, epochs=1, batch=8, synthetic="auicgan", synthetic_use="pretrain"
    )
    return train.Job(
        "microexpstcnn.auicgan", MicroExpSTCNN(params, len(chosen.classes)), chosen, chosen.select(CLIPS),
        chosen.folds(CLIPS), train.Params(checkpoint_minutes=0), train.SynthParams(), 1,
    )  # fmt: skip


def synthetic_for(learner_job, groups, unit):
    """The clips of all generators on which the folds of a job train."""
    files = synthetic_clips.select_files({"synthetic_groups": groups[2]}, unit, held_in(learner_job.protocol.name))
    labels = {learner_job.by_id[name].provenance: label for name, label in learner_job.labels.items()}
    return synthetic_clips.load(files, "auicgan", learner_job.protocol.name, labels, learner_job.method.inputs)


def test_folds_of_one_group_share_its_synthetic_clips_without_emotions_outside_the_protocol(groups):
    learner_job = learner("lovo_casme2_7")
    synthetic = synthetic_for(learner_job, groups, "clip")
    assert len(synthetic) == 2 * 4 * 3  # of two groups, of each emotion of this data set alone
    shown_in = {clip.id: reaction_mask(clip.emotion) for clip in learner_job.clips}
    data = load_clips(learner_job.method, learner_job.clips, groups[1], learner_job.labels, reacts=shown_in)
    assert data.targets["reacts"].tolist() == [[*reaction_mask(clip.emotion)] for clip in learner_job.clips]
    both, positions = synthetic_clips.append(data, [clip.provenance for clip in learner_job.clips], synthetic)
    assert len({tuple(fold_positions) for fold_positions in positions.values()}) == 2 and len(positions) == 12
    for fold, fold_positions in positions.items():
        fold_clips = [synthetic[n - len(data)] for n in fold_positions]
        assert f"generated/{fold}" not in {clip.source for clip in fold_clips}
        driving_clips = [learner_job.by_id[clip.trajectory.removeprefix("generated/")] for clip in fold_clips]
        targets = {name: values[fold_positions].tolist() for name, values in both.targets.items()}
        assert [row[0] for row in targets["aus"]] == [1] * len(fold_clips)  # as coded of whose movement it shows
        assert targets["label"] == [learner_job.labels[clip.id] for clip in driving_clips]
        assert targets["reacts"] == [[*reaction_mask(clip.emotion)] for clip in driving_clips]
    synthetic = synthetic_for(learner("loso_casme2_3"), groups, "subject")
    assert {clip.label for clip in synthetic} == {0, 2} and len(synthetic) == 2 * 4 * 2


def test_a_shard_names_its_generator_and_all_that_was_fitted_on(groups, tmp_path):
    shard = str(tmp_path / "1of1.h5")
    files = groups[1] | {"synthetic_groups": groups[2]}
    train.run(learner("loso_casme2_7"), files, {"train": shard}, lambda done, total: None)
    with h5py.File(shard) as file:
        assert file.attrs["initialisation"] == b"synthetic_first generator=auicgan"
        for name in ("casme2/s1", "casme2/s2"):
            seen = {entry.decode() for entry in file[name]["fitted_on"]}
            assert {entry.provenance for entry, _ in STILLS} <= seen  # through its generator
            assert not any(entry.startswith(f"generated/{name}/") for entry in seen)
            assert file[name]["loss"].shape[1] == 2  # an epoch on made clips, one on true ones


def test_leak_of_a_generators_clip_with_a_face_held_out(groups, tmp_path):
    """The generator saw no subject of the fold, but a source face is of the group that the file is used for."""
    path = tmp_path / "results/synthesise/auicgan/groups/1of2.h5"
    path.parent.mkdir(parents=True)
    shutil.copy(groups[2][0], path)
    with h5py.File(path, "a") as file:
        first = next(iter(file["train"].values()))
        del first["source"]
        first["source"] = store.text(f"generated/{GROUPED[0].test[0]}")
    fold = subject_id(GROUPED[0].test[0])
    message = f"1of2.h5 and others of its kind were each fitted on some of what {fold} holds"
    with pytest.raises(LeakError, match=message):
        test = [clip for clip in CLIPS if subject_id(clip.id) == fold]
        synthetic_clips.select_files({"synthetic_groups": [path]}, "subject", {fold: test})


def test_without_synthetic_clips_nothing_is_trained(groups, tmp_path):
    with pytest.raises(StoreError, match=r"auicgan must have synthesised clips to train fold casme2/s1 on, found none"):
        train.run(learner("loso_casme2_7"), groups[1], {"train": str(tmp_path / "1of1.h5")}, lambda done, total: None)
