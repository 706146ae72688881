"""The observer: what it sees, and that its score is a sum over cells."""

import pytest
import torch

from microexpr.models.observer import CELL, Observer, pair

SIDE = 32


def pictures(count: int, seed: int = 0) -> torch.Tensor:
    """Smooth faces of noise, float32[count, 1, SIDE, SIDE] in grey levels."""
    noise = torch.rand(count, 1, SIDE // 4, SIDE // 4, generator=torch.Generator().manual_seed(seed))
    return 255 * torch.nn.functional.interpolate(noise, scale_factor=4, mode="bicubic").clamp(0, 1)


def test_it_sees_the_face_without_its_light_and_the_change_without_head_motion():
    rest = pictures(3)
    face = rest.clone()
    face[:, :, 20:24, 8:16] += 8
    seen = pair(rest, face)
    torch.testing.assert_close(pair(0.5 * rest + 40, 0.5 * rest + 40)[:, :1], seen[:, :1], atol=0.05, rtol=0)
    assert seen[:, 0].mean().abs() < 1e-5 and seen[:, 0].std() == pytest.approx(1, abs=0.05)
    assert seen[:, 1, 20:24, 8:16].mean() > 0.5 > 0.2 > seen[:, 1].abs().mean()
    moved = rest.roll(1, -1)  # a head that moves by a pixel
    assert pair(rest, moved)[:, 1, 4:-4, 4:-4].abs().mean() < 0.7 * ((moved - rest) / 8)[:, :, 4:-4, 4:-4].abs().mean()


def test_a_score_is_the_sum_of_the_logits_of_cells():
    method = Observer(Observer.Params.model_validate({"image_size": SIDE}), classes=2)
    network = method.build({})["network"]
    torch.nn.init.normal_(network.weight)
    seen = pair(pictures(2), pictures(2, 1))
    cells = network(seen)
    assert cells.shape == (2, SIDE // CELL, SIDE // CELL)
    modules = torch.nn.Module()
    modules.network = network
    torch.testing.assert_close(method.scores(modules, {"pair": seen}, {}), cells.flatten(1))
    seen[1, 1, :8, :8] += 1
    elsewhere = (cells[1] - network(seen)[1]).abs()
    assert elsewhere[0, 0] > 0 and not elsewhere[2:, 2:].any()
