"""The fully connected layer that oneDNN computes: products and gradients of torch's own, within rounding."""

import pytest
import torch
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap

from microexpr.models.layers.portable import Linear, is_by_onednn

SHAPES = [(1, 3, 2), (16, 1568, 128), (7, 33, 65)]  # batch, inputs, outputs


@pytest.mark.parametrize("shape", SHAPES)
def test_product_and_gradients_are_those_of_float64(shape):
    batch, inputs, outputs = shape
    torch.manual_seed(0)
    layer, x = Linear(inputs, outputs), torch.randn(batch, inputs, requires_grad=True)
    assert is_by_onednn(x, layer.weight)
    tensors = (x, layer.weight, layer.bias)
    result = layer(x)
    doubles = [tensor.detach().double().requires_grad_() for tensor in tensors]
    expected = F.linear(*doubles)
    torch.testing.assert_close(result.double(), expected, rtol=1e-5, atol=1e-5)
    gradients = torch.autograd.grad(result.sin().sum(), tensors)
    for gradient, double in zip(gradients, torch.autograd.grad(expected.sin().sum(), doubles), strict=True):
        torch.testing.assert_close(gradient.double(), double, rtol=1e-4, atol=1e-4)


def test_float64_and_rows_along_more_axes_are_computed_as_ever():
    layer, x = Linear(8, 3).double(), torch.randn(4, 8, dtype=torch.float64)
    assert not is_by_onednn(x, layer.weight)
    assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias))
    layer, x = Linear(8, 3), torch.randn(2, 5, 4, 8)
    assert torch.equal(layer(x), layer(x.reshape(40, 8)).view(2, 5, 4, 3))
    torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias))


def test_stacked_weights_and_inner_gradients_are_computed_as_ever():
    layer, x = Linear(8, 3), torch.randn(5, 4, 8)
    weights = {name: torch.stack([p.detach() + i for i in range(5)]) for name, p in layer.named_parameters()}
    result = vmap(lambda w, x: functional_call(layer, w, (x,)))(weights, x)
    for i in range(5):
        expected = F.linear(x[i], *(weights[name][i] for name in ("weight", "bias")))
        torch.testing.assert_close(result[i], expected)
    layer, x = Linear(8, 3), torch.randn(4, 8, requires_grad=True)
    (expected,) = torch.autograd.grad(layer(x).sin().sum(), x)
    torch.testing.assert_close(grad(lambda x: layer(x).sin().sum())(x), expected)
