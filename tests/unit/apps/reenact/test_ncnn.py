"""ncnn's files, written by hand, against torch built by hand."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from ncnn_files import HALF, Written
from torch import Tensor

from microexpr.apps.reenact import ncnn
from microexpr.core.errors import StoreError


def images(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def run(written: Written, folder: Path, inputs: Tensor) -> Tensor:
    return ncnn.read(*written.to(folder))(inputs)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(
    ("side", "stride", "padding", "dilation"), [(3, 1, 1, 1), (1, 1, 0, 1), (3, 2, 0, 1), (3, 1, 2, 2)]
)
def test_a_convolution(tmp_path, half, side, stride, padding, dilation):
    """3 kernels of 3 channels: 27 or 81 numbers, so that halves are padded to whole words."""
    written = Written(half)
    weight, bias = written.convolution("data", "out", (3, 3, side), {3: stride, 4: padding, 2: dilation})
    assert weight.numel() % 2 == 1
    expected = F.conv2d(images(2, 3, 7, 9), weight, bias, stride, padding, dilation)
    torch.testing.assert_close(run(written, tmp_path, images(2, 3, 7, 9)), expected)


@pytest.mark.parametrize(
    ("options", "after"),
    [
        ({9: 1}, F.relu),
        ({9: 2, -23310: "1,2.000000e-01"}, lambda x: torch.where(x > 0, x, 0.2 * x)),
        ({11: 3, 12: 1, 13: 1, 14: 1, 15: 1, 16: 1, 8: 0}, lambda x: x),  # said in full
        ({5: 0}, None),
    ],
)
def test_what_a_convolution_may_say(tmp_path, options, after):
    written = Written()
    weight, bias = written.convolution("data", "out", (2, 3, 3), {4: 1} | options)
    assert (bias is None) == (after is None)
    expected = F.conv2d(images(1, 3, 5, 5), weight, bias, padding=1)
    torch.testing.assert_close(run(written, tmp_path, images(1, 3, 5, 5)), after(expected) if after else expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ReLU r 1 1 data out 0=0.2", lambda x: torch.where(x > 0, x, 0.2 * x)),
        ("ReLU r 1 1 data out", lambda x: x.clamp(min=0)),
        ("BinaryOp b 1 1 data out 0=2 1=1 2=2.000000e-01", lambda x: 0.2 * x),
        ("BinaryOp b 1 1 data out 0=0 1=1 2=3.5", lambda x: x + 3.5),
        ("Interp i 1 1 data out 0=1 1=2.0 2=3.0", lambda x: x.repeat_interleave(2, 2).repeat_interleave(3, 3)),
    ],
)
def test_a_layer_of_one_input(tmp_path, line: str, expected: Callable[[Tensor], Tensor]):
    torch.testing.assert_close(run(Written(lines=[line]), tmp_path, images(2, 3, 4, 4)), expected(images(2, 3, 4, 4)))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Concat c 2 1 a twice out 0=0", lambda x: torch.cat([x, 2 * x], 1)),
        ("BinaryOp b 2 1 a twice out 0=0", lambda x: 3 * x),
        ("BinaryOp b 2 1 a twice out 0=2", lambda x: 2 * x * x),
        ("Eltwise e 2 1 a twice out 0=1", lambda x: 3 * x),
        ("Eltwise e 2 1 twice a out 0=1 -23301=2,0.2,1.0", lambda x: 1.4 * x),
    ],
)
def test_a_layer_of_two_inputs(tmp_path, line: str, expected: Callable[[Tensor], Tensor]):
    lines = ["Split s 1 2 data a b", "BinaryOp t 1 1 b twice 0=2 1=1 2=2", line]
    torch.testing.assert_close(run(Written(lines=lines), tmp_path, images(2, 3, 4, 4)), expected(images(2, 3, 4, 4)))


def test_a_small_network_of_realsrs_kind(tmp_path):
    """A dense block whose result is added at a fifth, then twice the size."""
    written = Written(half=True)
    w1, b1 = written.convolution("data", "first", (4, 3, 3), {4: 1})
    written.lines.append("Split s1 1 3 first f1 f2 f3")
    w2, b2 = written.convolution("f1", "grown", (2, 4, 3), {4: 1, 9: 2, -23310: "1,0.2"})
    written.lines.append("Concat c 2 1 f2 grown dense")
    w3, b3 = written.convolution("dense", "back", (4, 6, 3), {4: 1})
    written.lines += ["Eltwise e 2 1 back f3 summed 0=1 -23301=2,0.2,1.0", "Interp up 1 1 summed large 0=1 1=2 2=2"]
    w4, b4 = written.convolution("large", "out", (3, 4, 3), {4: 1})
    inputs = images(1, 3, 6, 5)
    first = F.conv2d(inputs, w1, b1, padding=1)
    grown = F.leaky_relu(F.conv2d(first, w2, b2, padding=1), 0.2)
    summed = 0.2 * F.conv2d(torch.cat([first, grown], 1), w3, b3, padding=1) + first
    expected = F.conv2d(F.interpolate(summed, scale_factor=2), w4, b4, padding=1)
    output = run(written, tmp_path, inputs)
    assert output.shape == (1, 3, 12, 10)
    torch.testing.assert_close(output, expected)


def test_a_network_holds_what_is_still_to_be_read_and_no_more(tmp_path):
    lines = ["Split s 1 2 data a b", *(f"ReLU r{n} 1 1 {'a' if n == 0 else f'x{n - 1}'} x{n}" for n in range(5))]
    network = ncnn.read(*Written(lines=[*lines, "BinaryOp z 2 1 x4 b out 0=0"]).to(tmp_path))
    assert network.last == {"data": 1, "a": 2, "b": 7, **{f"x{n}": n + 3 for n in range(5)}}
    torch.testing.assert_close(network(images(1, 1, 2, 2)), images(1, 1, 2, 2).clamp(min=0) + images(1, 1, 2, 2))


@pytest.mark.parametrize("half", [False, True])
def test_weights_of_another_length_are_refused(tmp_path, half):
    written = Written(half)
    written.convolution("data", "out", (3, 3, 3), {4: 1})
    param, weights = written.to(tmp_path)
    whole = weights.read_bytes()
    assert len(whole) == 4 + (81 * 2 + 2 if half else 81 * 4) + 3 * 4
    weights.write_bytes(whole[:-4])
    with pytest.raises(StoreError, match=rf"net\.bin: must be {len(whole)} bytes long at least, not {len(whole) - 4}$"):
        ncnn.read(param, weights)
    weights.write_bytes(whole + b"\0\0")
    with pytest.raises(StoreError, match=rf"net\.bin: must be {len(whole)} bytes long, not {len(whole) + 2}$"):
        ncnn.read(param, weights)
    weights.write_bytes(b"")
    with pytest.raises(StoreError, match=r"net\.bin: must be 4 bytes long at least, not 0$"):
        ncnn.read(param, weights)


def test_weights_of_another_kind_are_refused(tmp_path):
    written = Written()
    written.convolution("data", "out", (3, 3, 1))
    param, weights = written.to(tmp_path)
    weights.write_bytes(struct.pack("<I", 0x000D4B38) + weights.read_bytes()[4:])
    with pytest.raises(StoreError, match=r"net\.param, layer Convolution conv_out: weights must be tagged .*0xd4b38"):
        ncnn.read(param, weights)
    assert struct.pack("<I", HALF) == b"\x47\x6b\x30\x01"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Pooling p 1 1 data out 0=1", "layer Pooling p: kind must be one of Input, Split, Convolution"),
        ("ReLU r 1 1 data out 0=0.2 1=6", "layer ReLU r: option 1 is unknown"),
        ("ReLU r 1 1 data out 0=much", "layer ReLU r: could not convert string to float: 'much'"),
        ("ReLU r 1", "layer ReLU r: "),
        ("ReLU r 1 1 other out", "layer ReLU r: no earlier layer has the output other"),
        ("ReLU r 0 1 out", "layer ReLU r: the first, and no other, must be Input"),
        ("Input i 0 1 out", "layer Input i: the first, and no other, must be Input"),
        ("BinaryOp b 1 1 data out 0=3 1=1 2=2", r"layer BinaryOp b: option 0 must be 0 \(sum\) or 2 .*, not 3"),
        ("Eltwise e 1 1 data out 0=2", "layer Eltwise e: option 0 must be 1, not 2"),
        ("Eltwise e 1 1 data out 0=1 -23301=2,0.2", "layer Eltwise e: option -23301 must have 2 values, not 1"),
        ("Interp i 1 1 data out 0=2 1=2 2=2", "layer Interp i: option 0 must be 1, not 2"),
        ("Concat c 1 1 data out 0=1", "layer Concat c: option 0 must be 0, not 1"),
        ("Convolution c 1 1 data out 0=2 1=3 11=1 6=54", "layer Convolution c: option 11 must be 3, not 1"),
        ("Convolution c 1 1 data out 0=2 1=3 4=1 15=2 6=54", "layer Convolution c: option 15 must be 1, not 2"),
        ("Convolution c 1 1 data out 0=2 1=3 4=-233 6=54", "layer Convolution c: 54 weights .*, padding not be -233"),
        ("Convolution c 1 1 data out 0=2 1=3 6=53", "layer Convolution c: 53 weights must make 2 kernels of 3x3"),
        ("Convolution c 1 1 data out 0=2 1=3 6=54 9=4", "layer Convolution c: activation must be .*, not 4 of 0"),
    ],
)
def test_what_nothing_here_does_is_refused_by_file_and_layer(tmp_path, line, message):
    with pytest.raises(StoreError, match=rf"net\.param, {message}"):
        ncnn.read(*Written(lines=[line]).to(tmp_path))


def test_what_is_no_list_of_layers_is_refused(tmp_path):
    param, weights = Written(lines=["ReLU r 1 1 data out"]).to(tmp_path)
    text = param.read_text()
    for changed, message in (
        (text.replace("7767517", "12"), "must begin with 7767517, not 12"),
        ("", "must begin with 7767517, not nothing"),
        ("7767517\n", "must have some layers, not 0"),
        ("7767517\n0 0\n", "must have layers, not none"),
        (text.replace("2 2", "3 3"), "must have 3 layers, not 2"),
    ):
        param.write_text(changed)
        with pytest.raises(StoreError, match=rf"net\.param: {message}$"):
            ncnn.read(param, weights)
    param.write_bytes(np.arange(256, dtype=np.uint8).tobytes())
    with pytest.raises(StoreError, match=r"net\.param: must begin with 7767517"):
        ncnn.read(param, weights)
