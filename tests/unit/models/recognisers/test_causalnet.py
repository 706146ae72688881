"""CausalNet's directions against OpenCV's hues, its attention against loops."""

import cv2
import numpy as np
import torch

from microexpr.models.recognisers.causalnet import Attention, CausalBlock, Passing, direction


def test_directions_are_opencvs_hues():
    """But for its hues, which are whole multiples of 2 degrees: 8.5 grey levels."""
    grey = np.random.default_rng(0).uniform(0, 255, (28, 28, 2)).astype(np.float32)
    grey[0, 0], grey[0, 1] = 0, 255  # so that stretching changes nothing
    hsv = np.full((28, 28, 3), 255, np.uint8)
    hsv[..., 0] = cv2.cartToPolar(grey[..., 0], grey[..., 1])[1] * 180 / np.pi / 2
    flow = torch.cat([torch.from_numpy(grey).movedim(-1, 0), torch.zeros(1, 28, 28)])
    actual = direction(flow[None] / 3 - 7)[0].movedim(0, -1).numpy()
    np.testing.assert_allclose(actual * 255, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), atol=9.5)


def test_directions_of_a_still_face_are_numbers():
    assert direction(torch.zeros(1, 3, 28, 28)).isfinite().all()


def test_the_opposite_position_takes_a_share_of_the_attention_and_gives_nothing():
    """For each position: logits of itself and its two neighbours, minus gamma (j + 1) for the opposite one."""
    torch.manual_seed(0)
    layer, tokens, context = Attention(6, 1, 0.5, 0.3), torch.randn(1, 4, 6), torch.randn(1, 4, 6)
    query, (key, value) = layer.query(tokens[0]), layer.read(context[0]).chunk(2, -1)
    expected = []
    for i in range(4):
        opposite = 3 - i
        logits = torch.stack(
            [0.3 * (query[i] @ key[j]) if j != opposite else torch.tensor(-0.5 * (j + 1)) for j in range(4)]
        )
        weights = logits.exp() / logits.exp().sum()
        expected.append(layer.write(sum(weights[j] * value[j] for j in range(4) if j != opposite)))
    torch.testing.assert_close(layer(tokens, context)[0], torch.stack(expected))


def test_a_position_of_the_later_phase_sees_itself_and_its_own_past_alone():
    torch.manual_seed(0)
    layer, earlier, later = Passing(6, 2), torch.randn(2, 4, 6), torch.randn(2, 4, 6)
    before = layer(earlier, later)
    earlier[:, 1] += 1
    later[:, 2] += 1
    changed = (layer(earlier, later) - before).abs().amax((0, 2)) > 1e-6
    assert changed.tolist() == [False, True, True, False]


def test_both_orders_of_time_are_treated_alike():
    """Exchanged phases exchange the second and the third part of the result."""
    torch.manual_seed(0)
    block, first, second = CausalBlock(6, 2, 0.5), torch.randn(2, 4, 6), torch.randn(2, 4, 6)
    forwards, backwards = block(first, second).chunk(3, 1), block(second, first).chunk(3, 1)
    torch.testing.assert_close(forwards[1], backwards[2])
    torch.testing.assert_close(forwards[2], backwards[1])
