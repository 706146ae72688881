"""ncnn networks in plain torch: a text file that lists layers, and a file of their weights. Only RealSR's layers.

What may not come in: what a network is for, and where its files lie. Shapes: images [n, C, H, W].
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from microexpr.core.errors import StoreError
from microexpr.core.files import regular

MAGIC = "7767517"  # first line of every .param
HALF, SINGLE = 0x01306B47, 0  # tags before weights: their precision
WORD = 4  # bytes; every array begins at a multiple of it
ARRAY = -23300  # minus an option's number: the key of an array
INPUT = "Input"  # the kind of the one layer without inputs
Run = Callable[..., Tensor]


class Unknown(Exception):
    """An option or layer that this module does not implement; `read` adds file and layer."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One line of a .param."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    run: Run  # called with the values of `inputs`; its result is the value of each of `outputs`


class Network:
    """Layers in their order; the last one's output is the network's output."""

    def __init__(self, layers: Sequence[Layer]):
        self.layers = layers
        self.last = {name: i for i, layer in enumerate(layers) for name in layer.inputs}

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        values: dict[str, Tensor] = {}
        for i, layer in enumerate(self.layers):
            output = layer.run(*([values[name] for name in layer.inputs] or [images]))
            values |= dict.fromkeys(layer.outputs, output)
            for name in layer.inputs:
                if self.last[name] == i:
                    del values[name]
        return values[self.layers[-1].outputs[0]]


class Options:
    """Options of a layer by number, as a line has them after its blobs: `0=64 1=3 -23310=1,0.2`."""

    def __init__(self, words: Sequence[str]):
        self._unread = dict(word.split("=", 1) for word in words)

    def integer(self, key: int, default: int = 0) -> int:
        return int(self._unread.pop(str(key), default))

    def real(self, key: int, default: float) -> float:
        return float(self._unread.pop(str(key), default))

    def array(self, key: int) -> list[float]:
        count, *values = self._unread.pop(str(ARRAY - key), "0").split(",")
        if len(values) != int(count):
            raise Unknown(f"option {ARRAY - key} must have {count} values, not {len(values)}")
        return [float(value) for value in values]

    def square(self, key: int, default: int) -> int:
        """Return the value for columns; rows, whose key is 10 higher, must have the same. Raises Unknown if not."""
        value = self.integer(key, default)
        self.require(key + 10, value, value)
        return value

    def require(self, key: int, value: int, default: int = 0) -> None:
        """Check an option that may have one value only. Raises Unknown for another value."""
        if (actual := self.integer(key, default)) != value:
            raise Unknown(f"option {key} must be {value}, not {actual}")

    def check_end(self) -> None:
        """Raises Unknown if an option was not read."""
        if self._unread:
            raise Unknown(f"option {min(self._unread)} is unknown")


class Bytes:
    """A .bin file, read from its beginning."""

    def __init__(self, path: Path):
        self._path, self._content, self._position = path, regular(path, StoreError).read_bytes(), 0

    def take(self, kind: str, count: int) -> np.ndarray:
        """Return the next `count` numbers of dtype `kind`. Raises StoreError if the file ends before."""
        start, self._position = self._position, self._position + -(-count * np.dtype(kind).itemsize // WORD) * WORD
        if self._position > len(self._content):
            raise StoreError(f"{self._path}: must be {self._position} bytes long at least, not {len(self._content)}")
        return np.frombuffer(self._content, kind, count, start)

    def weights(self, count: int) -> np.ndarray:
        """Return float32[count], of the precision that the tag before them names."""
        start, tag = self._position, int(self.take("<u4", 1)[0])
        if tag not in (HALF, SINGLE):
            raise Unknown(f"weights must be tagged {HALF:#x} or {SINGLE:#x}, not {tag:#x} ({self._path}, byte {start})")
        return self.take("<f2" if tag == HALF else "<f4", count).astype(np.float32)

    def check_end(self) -> None:
        """Raises StoreError if the file goes on."""
        if self._position != len(self._content):
            raise StoreError(f"{self._path}: must be {self._position} bytes long, not {len(self._content)}")


def _input(options: Options, data: Bytes) -> Run:
    for key in (0, 1, 2):  # width, height, channels: any image will do
        options.integer(key)
    return _identity


def _identity(x: Tensor) -> Tensor:
    return x


def _convolution(options: Options, data: Bytes) -> Run:
    out, side = options.integer(0), options.square(1, 0)
    dilation, stride, padding = options.square(2, 1), options.square(3, 1), options.square(4, 0)
    for key in (15, 16):  # right and below
        options.require(key, padding, padding)
    for key in (8, 18):  # int8; value of the padding
        options.require(key, 0)
    has_bias, count = options.integer(5), options.integer(6)
    after = _activation(options.integer(9), options.array(10))
    if min(out, side, dilation, stride, padding + 1) < 1 or count < 1 or count % (out * side**2):
        raise Unknown(f"{count} weights must make {out} kernels of {side}x{side}, padding not be {padding}")
    weight = torch.from_numpy(data.weights(count)).view(out, -1, side, side)
    bias = torch.from_numpy(data.take("<f4", out).astype(np.float32)) if has_bias else None
    return lambda x: after(F.conv2d(x, weight, bias, stride, padding, dilation))


def _activation(kind: int, values: list[float]) -> Run:
    if kind == 0:
        return _identity
    if kind == 1:
        return torch.relu
    if kind == 2 and len(values) == 1:
        return lambda x: F.leaky_relu(x, values[0])
    raise Unknown(f"activation must be 0, 1, or 2 of one value, not {kind} of {len(values)}")


def _relu(options: Options, data: Bytes) -> Run:
    slope = options.real(0, 0)
    return lambda x: F.leaky_relu(x, slope)


def _concat(options: Options, data: Bytes) -> Run:
    options.require(0, 0)  # along channels
    return lambda *tensors: torch.cat(tensors, 1)


def _split(options: Options, data: Bytes) -> Run:
    return _identity


def _binary(options: Options, data: Bytes) -> Run:
    kind, scalar, value = options.integer(0), options.integer(1), options.real(2, 0)
    if kind not in (0, 2):
        raise Unknown(f"option 0 must be 0 (sum) or 2 (product), not {kind}")
    operation = torch.add if kind == 0 else torch.mul
    return (lambda x: operation(x, value)) if scalar else lambda x, y: operation(x, y)


def _eltwise(options: Options, data: Bytes) -> Run:
    options.require(0, 1)  # a sum
    factors = options.array(1)

    def weighted_sum(*tensors: Tensor) -> Tensor:
        terms = [factor * x for factor, x in zip(factors, tensors, strict=True)] if factors else tensors
        return reduce(torch.add, terms)

    return weighted_sum


def _interp(options: Options, data: Bytes) -> Run:
    options.require(0, 1)  # nearest
    for key in (3, 4, 5, 6):  # to a size, aligned corners
        options.require(key, 0)
    rows, columns = (options.real(key, 1) for key in (1, 2))
    return lambda x: F.interpolate(x, scale_factor=(rows, columns), mode="nearest")


KINDS: dict[str, Callable[[Options, Bytes], Run]] = {
    INPUT: _input,
    "Split": _split,
    "Convolution": _convolution,
    "ReLU": _relu,
    "Concat": _concat,
    "BinaryOp": _binary,
    "Eltwise": _eltwise,
    "Interp": _interp,
}


def read(param: Path, weights: Path) -> Network:
    """Read a network from a .param and its .bin file.

    Raises StoreError, naming file and layer, if a file is of another format, has a layer or option that is not
    implemented here, or has too few or too many weights.
    """
    lines = [
        line
        for line in regular(param, StoreError).read_text(encoding="utf-8", errors="replace").splitlines()
        if line.strip()
    ]
    if not lines or lines[0].strip() != MAGIC:
        raise StoreError(f"{param}: must begin with {MAGIC}, not {lines[0].strip()[:20] if lines else 'nothing'}")
    count, layer_lines, data = lines[1].split()[0] if len(lines) > 1 else "some", lines[2:], Bytes(weights)
    if count != str(len(layer_lines)):
        raise StoreError(f"{param}: must have {count} layers, not {len(layer_lines)}")
    layers: list[Layer] = []
    for line in layer_lines:
        try:
            layers.append(_layer(line, data))
        except (Unknown, ValueError, IndexError) as error:  # words that are no numbers, or too few words
            name = " ".join(line.split()[:2])
            raise StoreError(f"{param}, layer {name}: {error}") from error
    data.check_end()
    _check(param, layers)
    return Network(layers)


def _layer(line: str, data: Bytes) -> Layer:
    kind, name, inputs_count, outputs_count, *rest = line.split()
    n_inputs, n_outputs = int(inputs_count), int(outputs_count)
    if kind not in KINDS:
        raise Unknown(f"kind must be one of {', '.join(KINDS)}")
    options = Options(rest[n_inputs + n_outputs :])
    run = KINDS[kind](options, data)
    options.check_end()
    return Layer(kind, name, tuple(rest[:n_inputs]), tuple(rest[n_inputs : n_inputs + n_outputs]), run)


def _check(param: Path, layers: Sequence[Layer]) -> None:
    """Raises StoreError unless each layer reads outputs of earlier layers, and only the first reads none."""
    available: set[str] = set()
    for i, layer in enumerate(layers):
        if missing := [name for name in layer.inputs if name not in available]:
            raise StoreError(f"{param}, layer {layer.kind} {layer.name}: no earlier layer has the output {missing[0]}")
        if (layer.kind == INPUT) != (i == 0) or bool(layer.inputs) != (i > 0) or not layer.outputs:
            raise StoreError(f"{param}, layer {layer.kind} {layer.name}: the first, and no other, must be {INPUT}")
        available.update(layer.outputs)
    if not layers:
        raise StoreError(f"{param}: must have layers, not none")
