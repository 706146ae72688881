"""ncnn's two files of a network, as its own converters write them, for tests. No assertions here."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

HALF = 0x01306B47  # before weights in half precision


@dataclass
class Written:
    """Lines and weights of a network, which reads `data`."""

    half: bool = False
    lines: list[str] = field(default_factory=list)
    weights: bytes = b""

    def convolution(
        self, given: str, made: str, shape: tuple[int, int, int], options: Mapping[int, object] = {}, **values: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Adds one of `shape` (out, in, side), of `values` or of random ones; `weight` and `bias` as it is to have
        them."""
        out, inward, side = shape
        rng = torch.Generator().manual_seed(len(self.lines))
        weight = values.get("weight", torch.randn(out, inward, side, side, generator=rng))
        bias = values.get("bias", torch.randn(out, generator=rng)) if options.get(5, 1) else None
        weight = weight.half().float() if self.half else weight
        said = {0: out, 1: side, 5: 1, 6: weight.numel()} | dict(options)
        words = " ".join(f"{key}={value}" for key, value in said.items())
        self.lines.append(f"Convolution conv_{made} 1 1 {given} {made} {words}")
        raw = (weight.half() if self.half else weight).numpy().tobytes()
        self.weights += struct.pack("<I", HALF if self.half else 0) + raw + bytes(-len(raw) % 4)
        self.weights += b"" if bias is None else bias.numpy().tobytes()
        return weight, bias

    def to(self, folder: Path, name: str = "net") -> tuple[Path, Path]:
        """Writes <name>.param and <name>.bin."""
        lines = ["Input            data             0 1 data", *self.lines]
        blobs = sum(int(line.split()[3]) for line in lines if len(line.split()) > 3)
        param, weights = folder / f"{name}.param", folder / f"{name}.bin"
        param.write_text("\n".join(["7767517", f"{len(lines)} {blobs}", *lines]) + "\n")
        weights.write_bytes(self.weights)
        return param, weights
