"""Six ways in which a held-out data set or subject gets into a result of action units, each planted, each refused.

A leak upstream is refused before a training starts, a leak in a training when it is evaluated.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from coded_clips import coded
from trainings import flow_files, job, trained

from microexpr.core import store
from microexpr.core.errors import LeakError
from microexpr.evaluation import pool_predictions
from microexpr.protocols import UNITS, UNITS_LOSO

CLIPS = coded(subjects=2, clips=4)
OTHERS = ["generated/nobody/s09/*"]  # a subject of no data set here
SET = "casme2"  # left out by one of the folds


def leaking(root: Path, path: str, protocol: str = UNITS) -> str:
    """Return the error of a training that reads the flow of all subjects and the file at `path`."""
    files = flow_files(root, CLIPS)
    with pytest.raises(LeakError) as error:
        trained(root, job(CLIPS, protocol), [*files, str(root / path)])
    assert not list(root.glob("results/train/**/*.h5"))  # refused before it starts
    return str(error.value).replace(f"{root}/", "")


def aus_file(root: Path, fitted_on: Sequence[str]) -> str:
    """Intensities of one subject of another data set, by a reader that was fitted on these."""
    clips = [clip for clip in CLIPS if clip.id.startswith("samm/s02/")]
    path = "results/aus/samm/s02.h5"
    with store.subject_file(root / path, "aus", clips) as file:
        file.put("fitted_on", fitted_on)
        for clip in clips:
            file.group(clip.name).put("raw", np.zeros((2, 17, 3)))
    return path


def weights_file(root: Path, fitted_on: Sequence[str]) -> str:
    """Weights that a network starts from, or thresholds of a reader."""
    path = "results/pretrain/au_reader/population_units.safetensors"
    store.write_tensors(root / path, {"offsets": np.zeros(12, np.float32)}, fitted_on)
    return path


def test_leak_of_a_reader_fitted_on_one_clip_of_the_data_set_left_out(tmp_path):
    entry = f"generated/{SET}/s01/c00"
    message = f"fold {SET} was fitted on {entry}, a clip of its held-out dataset"
    assert leaking(tmp_path, aus_file(tmp_path, [*OTHERS, entry])).endswith(message)


def test_leak_of_thresholds_chosen_on_a_subject_of_the_data_set_left_out(tmp_path):
    entry = f"generated/{SET}/s02/*"
    message = f"fold {SET} was fitted on {entry}, all clips of its held-out dataset"
    assert leaking(tmp_path, weights_file(tmp_path, [*OTHERS, entry])).endswith(message)


def test_leak_of_first_weights_of_the_whole_data_set_left_out(tmp_path):
    entry = "generated/samm/*/*"
    message = f"fold samm was fitted on {entry}, all clips of its held-out dataset"
    assert leaking(tmp_path, weights_file(tmp_path, [entry])).endswith(message)


def test_leak_of_first_weights_of_a_subject_left_out_of_its_own_data_set(tmp_path):
    entry = f"generated/{SET}/s02/*"
    message = f"fold {SET}/s02 was fitted on {entry}, all clips of its held-out subject"
    assert leaking(tmp_path, weights_file(tmp_path, [entry]), UNITS_LOSO).endswith(message)


@pytest.mark.parametrize("protocol", [UNITS, UNITS_LOSO])
def test_leak_of_a_training_that_saw_what_it_tests(tmp_path, protocol):
    """Such as normalisation over all clips: the shard says so, and evaluation refuses it."""
    everyone = job(CLIPS, protocol, planted_leak="held_out_clips")
    shard = trained(tmp_path, everyone, flow_files(tmp_path, CLIPS))
    with pytest.raises(LeakError, match=r"was fitted on generated/.*, a clip of its held-out (dataset|subject)"):
        pool_predictions([shard], "ststnet", everyone.protocol, CLIPS)


def test_leak_of_another_folds_scores(tmp_path):
    training = job(CLIPS, UNITS)
    first, second, *others = training.folds
    folds = [replace(second, name=first.name), replace(first, name=second.name), *others]
    shard = trained(tmp_path, replace(training, folds=folds), flow_files(tmp_path, CLIPS))
    with pytest.raises(
        LeakError, match=f"{shard} fold {first.name} must be of test clips {first.name}/s01/c00, .*, not"
    ):
        pool_predictions([shard], "ststnet", training.protocol, CLIPS)


def test_a_data_set_left_out_trains_all_other_folds_and_who_saw_others_alone_is_no_leak(tmp_path):
    """Truth and scores of each clip are twelve, with what is not known marked."""
    files = [*flow_files(tmp_path, CLIPS), str(tmp_path / aus_file(tmp_path, OTHERS))]
    training = job(CLIPS, UNITS)
    shard = trained(tmp_path, training, files)
    with store.open_file(shard) as file:
        fitted, labels = set(store.fitted_on(file[SET])), file[SET]["labels"][()]
        assert file[SET]["scores"].shape == (1, 5, len(labels), 12) and "truth" not in file[SET]
    assert fitted == {clip.provenance for clip in CLIPS if clip.dataset != SET} | {*OTHERS}
    pooled = pool_predictions([shard], "ststnet", training.protocol, CLIPS)
    assert pooled.truth.shape == (len(CLIPS), 12) and set(np.unique(labels)) == {-1, 0, 1}
