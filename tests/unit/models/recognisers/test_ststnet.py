"""STSTNet's size."""

from microexpr.models.recognisers.ststnet import KERNELS, Network


def test_parameter_count():
    convolution = sum(3 * 3 * 3 * k + k for k in KERNELS)
    norm = sum(2 * k for k in KERNELS)
    assert sum(p.numel() for p in Network(0.5, 3).parameters()) == convolution + norm + 400 * 3 + 3 == 1683
