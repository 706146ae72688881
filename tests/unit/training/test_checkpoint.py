"""Trainings that are interrupted again and again end in the same bytes, and go on from nothing that is not theirs."""

from dataclasses import replace

import numpy as np
import pytest
import small_methods
from toy_networks import Frozen, Hard, clips, folds, toy
from trainings import interrupted

from microexpr.core import store
from microexpr.core.errors import LeakError
from microexpr.models.base import Params
from microexpr.training import checkpoint
from microexpr.training.checkpoint import CheckpointDir, Checkpoints
from microexpr.training.engine import FoldRun, train

PLANS = ("sequential", "stacked")
ABOUT = {"method": "toy", "params": "1f3a"}
ALWAYS = 1e-9  # minutes
COUNT = 200  # of names for clips, more than there are


def store_in(root, minutes=ALWAYS, **changed):
    return Checkpoints(
        CheckpointDir(str(root / "place"), ""), ABOUT | changed, [f"a/b/c/{n}" for n in range(COUNT)], minutes
    )


def results(method, data, chosen, plan, seeds=(7, 8), **options):
    return [
        [result.name, result.parameters, result.scores.tobytes(), result.loss.tobytes()]
        + [(name, value.tobytes()) for name, value in result.statistics.items()]
        + [None if result.faces is None else result.faces.tobytes()]
        for result in train(method, data, chosen, seeds, plan, 3, **options)
    ]


def in_pieces(root, epochs, *arguments, **options):
    """Results of a training that is interrupted whenever so many epochs have been trained, and how often it was."""
    for times in range(30):
        try:
            return results(*arguments, **options, progress=interrupted(epochs), checkpoints=store_in(root)), times
        except InterruptedError:
            pass
    raise AssertionError("this training gets nowhere")


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(
    ("method", "epochs"), [(toy(), 3), (Hard(Params()), 7), (Frozen(Params()), 3)], ids=["toy", "hard", "frozen"]
)
def test_interrupted_again_and_again_is_the_same_bytes(tmp_path, method, epochs, plan):
    """In every phase, between phases and between folds; two seeds. Stacked, three runs are followed by one."""
    arguments = (method, clips(), folds(2), plan)
    resumed, times = in_pieces(tmp_path, epochs, *arguments)
    assert times >= 2
    assert resumed == results(*arguments)


@pytest.mark.parametrize("plan", PLANS)
def test_made_faces_are_kept_with_the_fold_that_made_them(tmp_path, plan):
    method = small_methods.network("icegan", epochs=2)
    asked = {small_methods.folds()[0].name: np.array([[0, 2], [9, 1]])}
    arguments = (method, small_methods.clips(method), small_methods.folds(), plan)
    resumed, times = in_pieces(tmp_path, 2, *arguments, synthesis=asked)
    assert times and resumed == results(*arguments, synthesis=asked)
    assert [faces is None for *_, faces in resumed] == [False, True]


def test_machines_are_not_fitted_twice(tmp_path):
    method = small_methods.small("flow_svm")
    arguments, fits = (method, small_methods.clips(method), small_methods.folds(3), "auto"), []
    expected, fit = results(*arguments), method.fit
    method.fit = lambda *arguments: fits.append(1) or fit(*arguments)
    resumed, times = in_pieces(tmp_path, 4, *arguments)
    assert (times, len(fits)) == (1, 6) and resumed == expected


@pytest.mark.parametrize("plan", PLANS)
def test_what_was_kept_is_not_trained_again_and_counts_as_done(tmp_path, plan):
    arguments = (toy(), clips(), folds(), plan)
    with pytest.raises(InterruptedError):
        results(*arguments, progress=interrupted(4), checkpoints=store_in(tmp_path))
    seen = []
    results(*arguments, progress=lambda done, total: seen.append((done, total)), checkpoints=store_in(tmp_path))
    size = 3 if plan == "stacked" else 1  # runs at once; the epoch that was interrupted is trained again
    assert seen[0] == (3 * size, 24) and seen[-1] == (24, 24)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    results(*arguments, progress=interrupted(0), checkpoints=store_in(tmp_path))  # all is there


def test_a_checkpoint_comes_when_its_minutes_have_passed(tmp_path, monkeypatch):
    """By a clock on which each look takes 25 seconds: every third epoch of 24, and what was finished with it."""
    now = iter(range(0, 10**6, 25))
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: next(now))
    written = []
    write = store.write_tensors
    monkeypatch.setattr(store, "write_tensors", lambda path, *a, **k: written.append(path.name) or write(path, *a, **k))
    results(toy(epochs=6), clips(), folds(), "sequential", seeds=(7,), checkpoints=store_in(tmp_path, minutes=1))
    states = [name for name in written if ".state." in name]
    assert 5 <= len(states) <= 10
    assert [name.split("-")[0] for name in written if ".results." in name] == ["s0", "s1", "s2"]
    assert len(list(tmp_path.rglob("*.state.safetensors"))) == 1  # of what is finished none stays


class TestIsNotGoneOnFrom:
    ARGUMENTS = (toy(), clips(), folds(), "sequential", (7,))

    @pytest.fixture
    def left(self, tmp_path):
        """The files of a training that was interrupted in its second fold."""
        with pytest.raises(InterruptedError):
            results(*self.ARGUMENTS, progress=interrupted(5), checkpoints=store_in(tmp_path))
        return sorted(tmp_path.rglob("*.safetensors"))

    def begins_at(self, tmp_path, **changed):
        seen, checkpoints = [], store_in(tmp_path, **changed)
        resumed = results(*self.ARGUMENTS, progress=lambda done, total: seen.append(done), checkpoints=checkpoints)
        assert resumed == results(*self.ARGUMENTS)
        return seen[0]

    def test_but_from_its_own_which_say_whose_clips_they_have_seen(self, tmp_path, left):
        assert [path.name.split(".")[1] for path in left] == ["results", "state"]
        for path, fold in zip(left, folds(), strict=False):
            metadata = store.read_tensors(path)[1]
            assert set(metadata["fitted_on"].split("\n")) == {f"a/b/c/{number}" for number in fold.train}
            assert (metadata["method"], metadata["fold"], metadata["seed"]) == ("toy", fold.name, "7")
        assert self.begins_at(tmp_path) == 4

    def test_other_params_and_the_files_go(self, tmp_path, left):
        assert self.begins_at(tmp_path, params="9c00") == 0
        assert not any(path.exists() for path in left)

    def test_other_code(self, tmp_path):
        seen = []
        for code in ("1f", "1f", "2e"):
            directory = CheckpointDir(str(tmp_path / "place"), code)
            seen.append(Checkpoints(directory, ABOUT, ["a/b/c/d"] * COUNT, ALWAYS).folder)
        assert seen[0] == seen[1] != seen[2]

    @pytest.mark.parametrize("what", ["truncated", "changed", "empty"])
    def test_damaged_ones(self, tmp_path, left, what, caplog):
        for path in left:
            data = bytearray(path.read_bytes())
            data[-9] ^= 1
            path.write_bytes({"truncated": data[:-20], "changed": data, "empty": b""}[what])
        assert self.begins_at(tmp_path) == 0
        assert all(f"{path}" in caplog.text for path in left) and caplog.text.count("are trained again") == 2

    def test_another_method(self, tmp_path, left):
        """Even where the folder's name is right."""
        (folder,) = {path.parent for path in left}
        other = store_in(tmp_path / "elsewhere", method="other").folder
        other.parent.mkdir(parents=True)
        folder.rename(other)
        with pytest.raises(LeakError, match="must be of method other, not toy"):
            self.begins_at(tmp_path / "elsewhere", method="other")

    def test_the_same_fold_without_its_inner_clips(self, tmp_path, left):
        first = folds()[0]
        fewer = FoldRun(replace(first, train=first.train[1:]), 7)
        assert store_in(tmp_path).results([FoldRun(first, 7)]) is not None
        assert store_in(tmp_path).results([fewer]) is None and store_in(tmp_path).results([FoldRun(first, 8)]) is None


def test_a_training_goes_on_where_no_checkpoint_can_be_written(tmp_path, caplog):
    (tmp_path / "place").write_text("a file where the folder should be", encoding="utf-8")
    arguments = (toy(), clips(), folds(), "sequential")
    assert results(*arguments, checkpoints=store_in(tmp_path)) == results(*arguments)
    assert "no checkpoint: " in caplog.text
