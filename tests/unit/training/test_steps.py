"""Steps that all trainings share."""

import torch

from microexpr.models.base import ClipTensors
from microexpr.training.steps import without_means


def test_each_side_loses_the_mean_of_its_own_clips():
    flow = torch.tensor([[1.0, 10.0], [30.0, 7.0], [3.0, 20.0]])
    clips = ClipTensors({"flow": flow}, {"label": torch.tensor([0, 1, 2])})
    centred = without_means(clips, ["licensed", "generated", "licensed"])
    assert centred.inputs["flow"].tolist() == [[-1, -5], [0, 0], [1, 5]]
    assert centred.targets is clips.targets and clips.inputs["flow"] is flow
