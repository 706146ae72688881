"""A job from stage files to a shard: inner subjects choose an epoch and nothing else; draws are a seed's each."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
from composites import composite
from trainings import EPOCHS, flow_files, job, trained

from microexpr.core import store
from microexpr.core.seeds import spawn
from microexpr.models.recognisers.majority import Majority
from microexpr.training import engine, train
from microexpr.training.checkpoint import CheckpointDir
from microexpr.training.steps import load_clips

CLIPS = composite(subjects=3, clips=4)
FEW = 2  # folds that are trained


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """A file for each number of inner subjects, made once."""

    @cache
    def train_shard(inner: int) -> str:
        root = tmp_path_factory.mktemp("inner")
        return trained(root, job(CLIPS, folds=FEW, inner_subjects=inner, seeds=2), flow_files(root, CLIPS))

    return train_shard


def test_inner_subjects_do_not_change_a_byte_of_the_last_epochs_training(shards):
    with h5py.File(shards(0)) as without, h5py.File(shards(3)) as inner:
        for fold in job(CLIPS, folds=FEW).folds:
            for name in ("scores", "loss", "fitted_on", "clip", "truth"):
                assert without[fold.name][name][()].tobytes() == inner[fold.name][name][()].tobytes()
            assert "inner_epoch" not in without[fold.name]
            assert inner[fold.name]["inner_epoch"].shape == (2,)


def test_inner_epoch_is_that_of_a_training_that_never_saw_the_inner_subjects(shards, tmp_path):
    inner_job = job(CLIPS, folds=FEW, inner_subjects=3, seeds=2)
    data = load_clips(inner_job.method, inner_job.clips, flow_files(tmp_path, CLIPS))
    seeds = [int(spawn(1, "train", "ststnet", number).generate_state(1)[0]) for number in range(2)]
    positions = {clip.id: number for number, clip in enumerate(inner_job.clips)}
    chosen = []
    for fold in inner_job.folds:
        sides = (np.array([positions[name] for name in side]) for side in (fold.train, fold.inner))
        indices = engine.FoldIndices(fold.name, *sides)
        (result,) = engine.train(inner_job.method, data, [indices], seeds, "sequential", 1)
        truth = np.array([inner_job.by_id[name].label for name in fold.inner])
        for scores in result.scores:
            right = [int((epoch.argmax(1) == truth).sum()) for epoch in scores]
            chosen.append(right.index(max(right)))
    with h5py.File(shards(3)) as file:
        inner_epochs = np.concatenate([file[fold.name]["inner_epoch"][()] for fold in inner_job.folds])
    assert inner_epochs.tolist() == chosen
    assert len(set(chosen)) > 1 and max(chosen) < EPOCHS


@pytest.mark.parametrize("plan", ["sequential", "stacked"])
def test_a_shard_of_an_interrupted_training_is_the_same_bytes(tmp_path, plan):
    """In the training that chooses epochs and in the other, of two seeds; no file knows how often it was kept."""
    files, checkpoint_dir = flow_files(tmp_path, CLIPS), CheckpointDir(str(tmp_path / "work"), "")
    options = {"folds": FEW, "inner_subjects": 3, "seeds": 2, "plan": plan, "stack": 3}
    undisturbed = trained(tmp_path / "a", job(CLIPS, **options, checkpoint_minutes=0), files, checkpoint_dir)
    assert not (tmp_path / "work").exists()
    resumed, times = "", 0
    while not resumed and times < 30:
        try:
            resumed = trained(tmp_path / "b", job(CLIPS, **options), files, checkpoint_dir, stops=4)
        except InterruptedError:
            times += 1
    assert times >= 5
    assert Path(resumed).read_bytes() == Path(undisturbed).read_bytes()


def test_what_counts_as_one_epoch_needs_no_second_training(tmp_path):
    inner_job = job(CLIPS, folds=FEW, inner_subjects=1, seeds=2)
    one_epoch = replace(inner_job, name="majority", method=Majority(Majority.Params()))
    with h5py.File(trained(tmp_path, one_epoch, flow_files(tmp_path, CLIPS))) as file:
        assert [file[fold.name]["inner_epoch"][()].tolist() for fold in one_epoch.folds] == [[0, 0]] * FEW


def test_each_draw_is_trained_by_its_own_seed(tmp_path):
    files = flow_files(tmp_path, CLIPS)
    split_job = job(CLIPS, "split70", seeds=3)
    assert [fold.draw for fold in split_job.folds] == [0, 1, 2]
    with h5py.File(trained(tmp_path, split_job, files)) as file:
        for number, fold in enumerate(split_job.folds):
            (scores,) = file[fold.name]["scores"][()]
            alone = replace(split_job, folds=[replace(fold, draw=None)])
            with h5py.File(trained(tmp_path / fold.name, alone, files)) as other:
                assert other[fold.name]["scores"][number].tobytes() == scores.tobytes()


def test_a_shard_says_its_classes_and_has_so_many_scores(tmp_path):
    clips = [replace(clip, objective_class=number % 5 + 1) for number, clip in enumerate(CLIPS)]
    objective_job = job(clips, "objective", folds=1)
    with h5py.File(trained(tmp_path, objective_job, flow_files(tmp_path, clips))) as file:
        assert file.attrs["classes"] == b"I, II, III, IV, V"
        group = file[objective_job.folds[0].name]
        assert group["scores"].shape == (1, EPOCHS, len(objective_job.folds[0].test), 5)
        labels = {clip.id: clip.objective_class - 1 for clip in clips}
        assert group["truth"][()].tolist() == [labels[name] for name in store.strings(group["clip"])]


def test_progress_of_several_trainings_never_goes_back(tmp_path):
    inner_job, calls = job(CLIPS, folds=FEW, inner_subjects=1), []
    outputs = {"train": str(tmp_path / "a.h5")}
    train.run(inner_job, flow_files(tmp_path, CLIPS), outputs, lambda done, total: calls.append((done, total)))
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert calls[-1] == (2 * FEW * EPOCHS,) * 2
