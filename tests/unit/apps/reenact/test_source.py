"""The driving clip read from stage files."""

from dataclasses import replace

import numpy as np
import pytest
from performed import FRAMES, SMILE, rise
from recorded import BEFORE, CLIP, FIRST, RAW, film, stages

from microexpr.apps.reenact.source import read, read_rendered_changes
from microexpr.core.errors import DataError, StoreError
from microexpr.signals import aus


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return stages(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def driving(files):
    return read(CLIP, files, files["truth"])


def test_the_reader_looks_at_one_size_and_at_five_from_onset_to_offset(driving):
    assert np.array_equal(driving.crops, film()[BEFORE : BEFORE + FRAMES])
    assert (driving.apex, driving.onset) == (FRAMES // 2, BEFORE)
    assert driving.clip == CLIP and driving.params == aus.Params()
    values, once = driving.values, driving.at_one_size
    assert values.shape == once.shape == (CLIP.frames, 17, 3)
    assert not np.array_equal(values, once) and np.abs(values - once).max() < 1
    change = values[BEFORE + FRAMES // 2, SMILE] - values[BEFORE, SMILE]
    assert change[0] > 0.5 * rise().max() and abs(change[1]) < 0.3 * rise().max()  # the left alone smiles
    assert change[2] == pytest.approx(change[:2].mean(), abs=1e-5)


def test_what_was_performed_is_the_change_since_the_onset(driving, files):
    true = driving.true_changes()
    np.testing.assert_allclose(true[:, SMILE, 0], rise(), atol=1e-6)
    assert true.shape == (FRAMES, 17, 2) and not np.delete(true, SMILE, 1).any() and not true[..., 1].any()
    frames = np.array([FIRST + BEFORE, FIRST + BEFORE + 3])  # by their numbers
    assert np.array_equal(read_rendered_changes(CLIP, files["truth"], frames), driving.rendered_changes[[0, 3]])


def test_what_others_have_read_is_taken_as_it_is(tmp_path):
    driving = read(CLIP, stages(tmp_path, params=aus.Params(backend="openface", half_window=0.02)))
    assert (driving.values == RAW).all() and driving.at_one_size is None
    assert driving.params.half_window == 0.02


def test_another_clip_and_another_file_are_refused(files):
    with pytest.raises(DataError, match=r"clip must be one of 006_1_5, not 006_1_6 \(.*faces/samm/006.h5\)"):
        read(replace(CLIP, name="006_1_6"), files)
    with pytest.raises(StoreError, match=r"apex/samm/006\.h5"):
        read(CLIP, files | {"faces": files["apex"]})
    with pytest.raises(StoreError, match=r"none\.h5: does not exist"):
        read(CLIP, files | {"aus": "none.h5"})
