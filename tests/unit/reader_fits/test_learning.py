"""Exported graphs compute what their networks do."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from microexpr.core import onnx
from microexpr.training import onnx_export


class Everything(nn.Module):
    """Operators that are exported in a way of our own."""

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
        return torch.sinh(a), torch.asinh(a), a.softmax(-1), a.log_softmax(-1), a + b


@pytest.mark.parametrize("count", [1, 5])
def test_operators_of_our_own_and_a_first_axis_of_one_that_is_no_number_of_pictures(count: int) -> None:
    torch.manual_seed(0)
    a, b = torch.randn(count, 4), torch.randn(1, 4)
    names = ["sinh", "asinh", "softmax", "log_softmax", "sum"]
    network = onnx.run(onnx_export.graph(Everything(), {"a": torch.zeros(2, 4), "b": b}, names))
    outputs = network(a=a.numpy(), b=b.numpy())
    for output, expected in zip(outputs, Everything()(a, b), strict=True):
        assert output.shape == (count, 4) and output == pytest.approx(expected.numpy(), abs=1e-6)
    shapes = [item.shape for item in network.session.get_inputs()]
    assert shapes == [["n", 4], [1, 4]]
    with pytest.raises(Exception, match="b"):
        network(a=np.zeros((3, 4), np.float32), b=np.zeros((2, 4), np.float32))
