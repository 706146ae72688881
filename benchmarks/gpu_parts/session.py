"""One call of the benchmark: its size, its device, its clock, what it has measured so far."""

import gc
import json
import statistics
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from gpu_parts.sizes import Size

RESERVE = 0.95  # of the time budget is given to parts; the rest is for what a last measurement runs over


class Session:
    """Measures, prints and saves. `results` is what the JSON file holds."""

    def __init__(self, size: Size, device: torch.device, begin: float, minutes: float, path: Path):
        """`begin` is `time.perf_counter()` at the start of the process."""
        self.size, self.device, self.begin, self.path = size, device, begin, path
        self.on_cuda = device.type == "cuda"
        self.end = self.deadline = begin + 60 * RESERVE * minutes
        self.results: dict[str, Any] = {"format": 1, "size": size.name, "minutes": minutes, "skipped": [], "parts": {}}

    def say(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        print(f"[{time.perf_counter() - self.begin:6.1f} s] {text}", flush=True)

    def left(self) -> float:
        """Seconds until the current part has used up its time."""
        return self.deadline - time.perf_counter()

    def keep(self, part: str, name: str, values: Any) -> None:
        """Add to the results, and save all of them."""
        self.results["parts"].setdefault(part, {})[name] = values
        self.save()

    def save(self) -> None:
        """Write the results; a file that is there is replaced as a whole."""
        self.results["seconds"] = round(time.perf_counter() - self.begin, 1)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text(json.dumps(self.results, indent=1) + "\n", encoding="utf-8")
        unfinished.replace(self.path)

    @contextmanager
    def measurement(self, part: str, name: str) -> Iterator[None]:
        """Run one measurement. An error is printed and kept, and the next measurement follows."""
        self.free()
        try:
            yield
        except Exception as error:  # a GPU is rare: whatever fails, what comes after is still measured
            text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            self.say(f"{part}, {name}: failed: {text}")
            failed = {"part": part, "name": name, "error": text, "traceback": traceback.format_exc().splitlines()[-12:]}
            self.results.setdefault("errors", []).append(failed)
            self.save()
        self.free()

    def has_time(self, part: str, name: str, seconds: float = 0.0) -> bool:
        """Whether so many seconds are left for a measurement; if not, it is noted as skipped."""
        if self.left() > seconds:
            return True
        self.say(f"{part}, {name}: skipped, the time budget is used up")
        self.results["skipped"].append(f"{part}: {name}")
        self.save()
        return False

    def free(self) -> None:
        """Give the memory of groups that are no longer used back to the device."""
        gc.collect()
        if self.on_cuda:
            torch.cuda.empty_cache()

    def synchronise(self) -> None:
        """Wait until the device has done all that it was given."""
        if self.on_cuda:
            torch.cuda.synchronize()

    def seconds(self, run: Callable[[], Any]) -> float:
        """Wall-clock time of one run, the device's work included."""
        self.synchronise()
        start = time.perf_counter()
        run()
        self.synchronise()
        return time.perf_counter() - start

    def median_seconds(self, run: Callable[[], Any], most: int | None = None) -> tuple[float, int]:
        """Median of up to `most` runs, at least one, as many as the time allows; and how many there were."""
        taken: list[float] = []
        while not taken or (len(taken) < (most or self.size.repeats) and self.left() > taken[-1]):
            taken.append(self.seconds(run))
        return statistics.median(taken), len(taken)
