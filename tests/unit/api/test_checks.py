"""The API refuses bad input, each in one line: nothing that it measures is wrong because of the type of an array."""

import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

import microexpr
from microexpr.core.errors import DataError, MicroexprError, ParamsError

CROP = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
LEVELS = CROP / 255
FLOW = np.zeros((2, 4, 4))
LABELS, SUBJECTS = np.tile([0, 1, 2], 4), np.repeat(["s1", "s2", "s3", "s4"], 3)
INPUTS = np.random.default_rng(1).normal(size=(12, 5))
TWO = (["a", "b"], ["a", "b"], ["s1", "s2"])
UNITS = pd.DataFrame(
    [[1.0, 2.0]],
    pd.MultiIndex.from_tuples([(0, 0.0)], names=["frame", "seconds"]),
    pd.MultiIndex.from_tuples([("AU1", "left"), ("AU1", "both")], names=["unit", "side"]),
)
FILM = np.zeros((20, 8, 8, 3), np.uint8)


def network():
    return nn.Linear(5, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (partial(microexpr.flow, LEVELS, LEVELS), r"onset must be .*, not float64\[32, 32\]; \(255 \* image\)"),
        (partial(microexpr.flow, CROP, LEVELS.astype(np.float32)), r"apex must be .*, not float32\[32, 32\];"),
        (partial(microexpr.flow, CROP, np.stack([LEVELS] * 3, -1)), r"apex must be .*, not float64\[32, 32, 3\];"),
        (partial(microexpr.flow, CROP, CROP.astype(int)), r"apex must be .*, not int64\[32, 32\]$"),
        (partial(microexpr.flow, CROP[:30], CROP), r"onset must be a square crop, .*, not uint8\[30, 32\]"),
        (partial(microexpr.flow, CROP, CROP[1:, 1:]), "onset and apex must be of one size, not 32 and 31 pixels wide"),
        (partial(microexpr.strain, "x"), "flow must be an array of numbers, not <U1"),
        (partial(microexpr.strain, FLOW * np.nan), r"flow must hold finite numbers, not nan at \[0, 0, 0\]"),
        (partial(microexpr.strain, FLOW[:, :1]), r"H and W 2 or more, not \[2, 1, 4\]"),
        (partial(microexpr.strain, FLOW.T), r"flow must have the shape \[2 or 3, H, W\], .* not \[4, 4, 2"),
        *((partial(microexpr.strain, FLOW, s), f"spacing must be .* above 0, not {s}") for s in (0, np.inf, True)),
        (partial(microexpr.read_video, 3), "a video must be a path or an array .*, not int"),
        (partial(microexpr.track_faces, [1, 2]), "a video must be a path or an array .*, not list"),
        (partial(microexpr.read_video, "a.avi", fps="x"), "fps must be a number of frames a second, not 'x'"),
        (partial(microexpr.read_video, FILM), "fps must be the frames a second of an array, not None"),
        (partial(microexpr.read_video, FILM, 9), "array: must have 10 to 1000 frames a second, not 9"),
        (partial(microexpr.read_video, FILM / 255, 60), r"array: must be uint8\[T, H, W, 3\] or .*, not float64"),
        (partial(microexpr.read_video, FILM[:2], 60), "array: must last at least 0.1 s, 6 frames, not 2"),
        (partial(microexpr.action_units, FILM), "fps must be the frames a second of an array, not None"),
        (partial(microexpr.action_units, FILM[0], curve="relative"), "a picture, which has no onset"),
        (partial(microexpr.reenact, "a.png", "suprise"), r"there is no suprise \(did you mean 'surprise'\?\)"),
        (partial(microexpr.open_stage, "none.csv"), "none.csv: does not exist"),
        (partial(microexpr.open_stage, "none.h5"), r"^labelled arrays need xarray: pip install 'microexpr\[xarray\]'$"),
        (partial(microexpr.evaluate, TWO[0], ["a", "c"], [1, 2], TWO[0]), "predicted 1 must be one of a, b, not c"),
        (partial(microexpr.evaluate, [0, 1], [0, 3], [1, 2], ["a", "b"]), "predicted 1 must be one of a, b, not 3"),
        (partial(microexpr.evaluate, ["a", "b"], ["a"], [1, 2]), "predicted must have 2 values, as truth has, not 1"),
        (partial(microexpr.evaluate, *TWO[:2], [1]), "subjects must have 2 values, as truth has, not 1"),
        (partial(microexpr.evaluate, [0, 1], [0, np.nan], [1, 2], ["a", "b"]), "predicted 1 must be a class, not nan"),
        (partial(microexpr.evaluate, *TWO[:2], ["s1", None]), "subject 1 must be a name or number, not None"),
        (partial(microexpr.evaluate, *TWO, resamples=0), "resamples must be a whole number from 1 to 100000, not 0"),
        (partial(microexpr.evaluate, *TWO, resamples=10**12), "resamples must be .* to 100000, not 1000000000000"),
        (partial(microexpr.evaluate, ["a", "a"], *TWO[1:], ["a"]), "there must be two classes or more, not a alone"),
        (partial(microexpr.evaluate, TWO[0], [0, "b"], [1, 2], TWO[0]), "predicted 0 must be one of a, b, not 0"),
        (partial(microexpr.evaluate, *TWO, ["a", "b", None]), "classes 2 must be a class, not None"),
        (partial(microexpr.evaluate, *TWO, ["a", "b", ""]), "classes 2 must be a class, not ''"),
        (partial(microexpr.evaluate, *TWO, "ab"), "classes must be a list of different names, not 'ab'"),
        (partial(microexpr.compare, TWO[0], [np.nan, "b"], *TWO[1:]), "first 0 must be a class, not nan"),
        (partial(microexpr.read_video, FILM[0], 60), r"array: must be uint8\[T, H, W, 3\] or .*, not uint8\[8, 8, 3\]"),
        (partial(microexpr.flow, CROP, CROP, {"size": 64}), r"params must be microexpr.signals.flow.Params\(...\),"),
        (partial(microexpr.track_faces, FILM, 60, {}), r"params must be microexpr.signals.faces.Params\(...\), not"),
        (partial(microexpr.find_apex, FILM, 60, {}), r"params must be microexpr.signals.apex.Params\(...\), not dict"),
        (partial(microexpr.predict_pair, None, CROP), "onset must be the path of a picture, not NoneType"),
        (partial(microexpr.predict_pair, CROP, [CROP]), "apex must be the path of a picture, not list"),
        (partial(microexpr.reenact, CROP), r"face must be the path of a picture, not uint8\[32, 32\]"),
        (partial(microexpr.reenact, "a.png", strength=[]), r"strength must be 0 to 10, not \[\]"),
        (partial(microexpr.reenact, "a.png", strength=[[1], [2]]), r"strength must be 0 to 10"),
        (partial(microexpr.reenact, "a.png", strength=11), r"strength must be 0 to 10, not 11"),
        (partial(microexpr.reenact, "a.png", emotion="fear", style=0), "style must be a whole number from 1, not 0"),
        (partial(microexpr.reenact, "a.png", super_resolution="lanczso"), "super_resolution must be one of lanczos,"),
        (partial(microexpr.measure, []), "source must be a video, a picture or a list of them, not an empty list"),
        (partial(microexpr.predict, FILM, fps=60, progress=5), "progress must be a function, not 5"),
        (partial(microexpr.open_stage, "a.csv", "EP1"), "a.csv: must be an HDF5 file to hold a clip, EP1"),
        (partial(microexpr.plot, np.full((3, 4, 4), "a")), r"result must be what .*, not <U1\[3, 4, 4\]"),
        (partial(microexpr.plot, UNITS.iloc[:0]), "action units must be of frames, and of both left and right"),
        (partial(microexpr.plot, UNITS), "action units must be of frames, and of both left and right"),
        (partial(microexpr.plot, 3), "result must be what track_faces, .* or reenact returned, not int"),
    ],
)
def test_what_would_be_measured_wrongly_is_refused(call, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(MicroexprError, match=message):
        call()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimiser": "adam"}, "optimiser must be a function of a list of parameters, .*, not 'adam'"),
        ({"optimiser": len}, "optimiser must return a torch.optim.Optimizer, not int"),
        ({"loss": "ce"}, "loss must be a function of scores and class indices, .* not 'ce'"),
        ({"method": nn.Linear(5, 3)}, "a function that returns a new torch.nn.Module, not Linear"),
        ({"method": lambda: 3}, "method must return a torch.nn.Module, not int"),
        ({"method": lambda: nn.Linear(5, 2)}, r"the network must return scores float32\[32, 3\], not float32\[32, 2\]"),
        ({"method": nn.Linear}, r"functools.partial\(Linear, ...\): Linear alone is missing .* 'in_features'"),
        ({"method": LogisticRegression}, r"method must be an estimator, such as LogisticRegression\(\), not its class"),
        ({"inputs": INPUTS * np.nan}, r"input must hold finite numbers, not nan at \[0, 0\]"),
        ({"inputs": [["a"]] * 12}, r"input must be an array of numbers, not <U1\[12, 1\]"),
        ({"subjects": [*SUBJECTS[:-1], None]}, "subject 11 must be a name or number, not None"),
        ({"subjects": ["s1"] * 12}, "subjects must be two or more, not s1"),
        ({"subjects": ["s1"]}, "subjects must have 12 rows, as labels has, not 1"),
        ({"folds": [([0], [12])]}, r"fold 1 must test on positions in 0..11, not \[12\]"),
        ({"folds": 5}, "folds must be pairs of positions"),
        ({"folds": [[[0]]]}, "folds must be pairs of positions"),
        ({"epochs": "3"}, "epochs must be a whole number from 1, not '3'"),
        ({"batch": 2.5}, "batch must be a whole number from 1, not 2.5"),
        ({"epochs": True}, "epochs must be a whole number from 1, not True"),
        ({"subjects": [True, False] * 6}, "subject 0 must be a name or number, not True"),
        ({"inputs": INPUTS[:, :0]}, r"input must hold a number of each clip, not be float64\[12, 0\]"),
        ({"labels": np.full(12, "a")}, "there must be two classes or more, not a alone"),
        ({"labels": LABELS + 0.5}, r"label 0 must be a class, not \d\.5"),
        ({"labels": np.where(LABELS == 1, np.inf, 0)}, "label .* must be a class, not inf"),
        ({"fitted_on": "s1"}, "fitted_on must be a list of subjects, not 's1'"),
    ],
)
def test_what_cannot_be_trained_is_one_line(change, message):
    arguments = {"method": network, "inputs": INPUTS, "labels": LABELS, "subjects": SUBJECTS, "epochs": 1}
    with pytest.raises((DataError, ParamsError), match=message) as caught:
        microexpr.loso(**arguments | change)
    assert isinstance(caught.value, MicroexprError) and "\n" not in str(caught.value)


def test_arrays_of_other_kinds_are_read_as_numbers():
    lists = microexpr.loso(network, torch.tensor(INPUTS), LABELS.tolist(), SUBJECTS.tolist(), epochs=1)
    assert lists.equals(microexpr.loso(network, INPUTS, LABELS, SUBJECTS, epochs=1))
    with_one_channel = microexpr.flow(CROP[..., None], np.roll(CROP, 1)[..., None])
    assert np.array_equal(with_one_channel, microexpr.flow(CROP, np.roll(CROP, 1)))
    assert np.array_equal(microexpr.strain(FLOW.tolist()), microexpr.strain(FLOW.astype(np.float32)))
