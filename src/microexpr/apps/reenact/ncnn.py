"""ncnn's networks in plain torch: a text file that lists layers, a file of their weights. Of layers those of RealSR.

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

MAGIC = "7767517"  # first line of every .param
HALF, SINGLE = 0x01306B47, 0  # before weights: how they are written
WORD = 4  # bytes; all that is read begins at a multiple of it
ARRAY = -23300  # less a number: the key of an array
PICTURE = "Input"  # the kind of the one layer that reads nothing
Run = Callable[..., Tensor]


class Unknown(Exception):
    """What a layer asks for and nothing here does; `read` adds file and layer."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One line of a .param."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    run: Run  # of what `inputs` hold; each of `outputs` is its result


class Network:
    """Layers in their order; the last one's output is the network's."""

    def __init__(self, layers: Sequence[Layer]):
        self.layers = layers
        self.last = {name: number for number, layer in enumerate(layers) for name in layer.inputs}

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        held: dict[str, Tensor] = {}
        for number, layer in enumerate(self.layers):
            made = layer.run(*([held[name] for name in layer.inputs] or [images]))
            held |= dict.fromkeys(layer.outputs, made)
            for name in layer.inputs:
                if self.last[name] == number:
                    del held[name]
        return held[self.layers[-1].outputs[0]]


class Options:
    """What a line says after its blobs: `0=64 1=3 -23310=1,0.2`, by number. Whatever nobody takes is unknown."""

    def __init__(self, words: Sequence[str]):
        self._left = dict(word.split("=", 1) for word in words)

    def number(self, key: int, default: int = 0) -> int:
        return int(self._left.pop(str(key), default))

    def real(self, key: int, default: float) -> float:
        return float(self._left.pop(str(key), default))

    def array(self, key: int) -> list[float]:
        count, *values = self._left.pop(str(ARRAY - key), "0").split(",")
        if len(values) != int(count):
            raise Unknown(f"option {ARRAY - key} must have {count} values, not {len(values)}")
        return [float(value) for value in values]

    def both(self, key: int, default: int) -> int:
        """Of columns, and the same of rows, whose key is 10 higher."""
        value = self.number(key, default)
        self.only(key + 10, value, value)
        return value

    def only(self, key: int, value: int, default: int = 0) -> None:
        """Raises Unknown if it is there and is another."""
        if (found := self.number(key, default)) != value:
            raise Unknown(f"option {key} must be {value}, not {found}")

    def end(self) -> None:
        if self._left:
            raise Unknown(f"option {min(self._left)} is not known here")


class Bytes:
    """A .bin, read from its beginning."""

    def __init__(self, path: Path):
        self._path, self._whole, self._at = path, path.read_bytes(), 0

    def taken(self, kind: str, count: int) -> np.ndarray:
        """That many numbers, written as `kind`. Raises StoreError if the file ends before."""
        start, self._at = self._at, self._at + -(-count * np.dtype(kind).itemsize // WORD) * WORD
        if self._at > len(self._whole):
            raise StoreError(f"{self._path}: must be {self._at} bytes long at least, not {len(self._whole)}")
        return np.frombuffer(self._whole, kind, count, start)

    def weights(self, count: int) -> np.ndarray:
        """float32[count], by the tag before them."""
        start, tag = self._at, int(self.taken("<u4", 1)[0])
        if tag not in (HALF, SINGLE):
            raise Unknown(f"weights must be tagged {HALF:#x} or {SINGLE:#x}, not {tag:#x} ({self._path}, byte {start})")
        return self.taken("<f2" if tag == HALF else "<f4", count).astype(np.float32)

    def end(self) -> None:
        if self._at != len(self._whole):
            raise StoreError(f"{self._path}: must be {self._at} bytes long, not {len(self._whole)}")


def _picture(options: Options, data: Bytes) -> Run:
    for key in (0, 1, 2):  # width, height, channels: of any picture
        options.number(key)
    return _same


def _same(x: Tensor) -> Tensor:
    return x


def _convolution(options: Options, data: Bytes) -> Run:
    out, side = options.number(0), options.both(1, 0)
    dilation, stride, padding = options.both(2, 1), options.both(3, 1), options.both(4, 0)
    for key in (15, 16):  # right and below
        options.only(key, padding, padding)
    for key in (8, 18):  # int8; what is padded with
        options.only(key, 0)
    biased, count = options.number(5), options.number(6)
    after = _activation(options.number(9), options.array(10))
    if min(out, side, dilation, stride, padding + 1) < 1 or count < 1 or count % (out * side**2):
        raise Unknown(f"{count} weights must make {out} kernels of {side}x{side}, padding not be {padding}")
    weight = torch.from_numpy(data.weights(count)).view(out, -1, side, side)
    bias = torch.from_numpy(data.taken("<f4", out).astype(np.float32)) if biased else None
    return lambda x: after(F.conv2d(x, weight, bias, stride, padding, dilation))


def _activation(kind: int, values: list[float]) -> Run:
    if kind == 0:
        return _same
    if kind == 1:
        return torch.relu
    if kind == 2 and len(values) == 1:
        return lambda x: F.leaky_relu(x, values[0])
    raise Unknown(f"activation must be 0, 1, or 2 of one value, not {kind} of {len(values)}")


def _relu(options: Options, data: Bytes) -> Run:
    slope = options.real(0, 0)
    return lambda x: F.leaky_relu(x, slope)


def _concat(options: Options, data: Bytes) -> Run:
    options.only(0, 0)  # along channels
    return lambda *many: torch.cat(many, 1)


def _split(options: Options, data: Bytes) -> Run:
    return _same


def _binary(options: Options, data: Bytes) -> Run:
    number, scalar, value = options.number(0), options.number(1), options.real(2, 0)
    if number not in (0, 2):
        raise Unknown(f"option 0 must be 0 (sum) or 2 (product), not {number}")
    made = torch.add if number == 0 else torch.mul
    return (lambda x: made(x, value)) if scalar else lambda x, y: made(x, y)


def _eltwise(options: Options, data: Bytes) -> Run:
    options.only(0, 1)  # a sum
    shares = options.array(1)

    def weighted(*many: Tensor) -> Tensor:
        parts = [share * x for share, x in zip(shares, many, strict=True)] if shares else many
        return reduce(torch.add, parts)

    return weighted


def _interp(options: Options, data: Bytes) -> Run:
    options.only(0, 1)  # nearest
    for key in (3, 4, 5, 6):  # to a size, aligned corners
        options.only(key, 0)
    rows, columns = (options.real(key, 1) for key in (1, 2))
    return lambda x: F.interpolate(x, scale_factor=(rows, columns), mode="nearest")


KINDS: dict[str, Callable[[Options, Bytes], Run]] = {
    PICTURE: _picture,
    "Split": _split,
    "Convolution": _convolution,
    "ReLU": _relu,
    "Concat": _concat,
    "BinaryOp": _binary,
    "Eltwise": _eltwise,
    "Interp": _interp,
}


def read(param: Path, weights: Path) -> Network:
    """The network of a .param and its .bin.

    Raises StoreError, naming file and layer, for what is no such file or has what nothing here does; for weights too
    short or too long."""
    lines = [line for line in param.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    if not lines or lines[0].strip() != MAGIC:
        raise StoreError(f"{param}: must begin with {MAGIC}, not {lines[0].strip()[:20] if lines else 'nothing'}")
    count, own, data = lines[1].split()[0] if len(lines) > 1 else "some", lines[2:], Bytes(weights)
    if count != str(len(own)):
        raise StoreError(f"{param}: must have {count} layers, not {len(own)}")
    layers: list[Layer] = []
    for line in own:
        try:
            layers.append(_layer(line, data))
        except (Unknown, ValueError, IndexError) as error:  # of words that are no numbers, or too few
            name = " ".join(line.split()[:2])
            raise StoreError(f"{param}, layer {name}: {error}") from error
    data.end()
    _check(param, layers)
    return Network(layers)


def _layer(line: str, data: Bytes) -> Layer:
    kind, name, takes, gives, *rest = line.split()
    inward, outward = int(takes), int(gives)
    if kind not in KINDS:
        raise Unknown(f"its kind must be one of {', '.join(KINDS)}")
    options = Options(rest[inward + outward :])
    run = KINDS[kind](options, data)
    options.end()
    return Layer(kind, name, tuple(rest[:inward]), tuple(rest[inward : inward + outward]), run)


def _check(param: Path, layers: Sequence[Layer]) -> None:
    """Raises StoreError unless every layer reads what one before it made, and only the first reads none."""
    made: set[str] = set()
    for number, layer in enumerate(layers):
        if missing := [name for name in layer.inputs if name not in made]:
            raise StoreError(f"{param}, layer {layer.kind} {layer.name}: nothing before it makes {missing[0]}")
        if (layer.kind == PICTURE) != (number == 0) or bool(layer.inputs) != (number > 0) or not layer.outputs:
            raise StoreError(f"{param}, layer {layer.kind} {layer.name}: the first, and no other, must be {PICTURE}")
        made.update(layer.outputs)
    if not layers:
        raise StoreError(f"{param}: must have layers, not none")
