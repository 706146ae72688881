"""The page of an agreement: both coders on one line of time, their disagreements, and all figures. No script."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from microexpr.apps import agreement
from microexpr.apps.agreement import Recording
from microexpr.core import store
from microexpr.core.clip import EVENTS
from microexpr.reporting import html

SCALE, LEFT = 60, 130  # pixels a second, and before the first
FILES = ("agreement.jinja", "page.css", "prediction.css", "agreement.css")


def write(
    path: Path, names: tuple[str, str], recordings: Sequence[Recording], figures: Sequence[Mapping[str, Any]],
    notes: Sequence[str],
) -> None:  # fmt: skip
    """Write the page. Raises StoreError when the disk is full."""
    confused: Counter[tuple[str, str]] = agreement.confusion(recordings)
    page = html.render(
        FILES, names=names, scale=SCALE, left=LEFT, notes=notes, figures=figures, confusion=confused,
        minutes=sum(len(r.times) / r.fps for r in recordings) / 60,
        agreed={row["of"]: row["value"] for row in figures if row["measure"] == "F1"},
        emotions=sorted({name for pair in confused for name in pair}),
        recordings=[_recording(i, recording, names) for i, recording in enumerate(recordings)],
    )  # fmt: skip
    store.write_text(path, page)


def _recording(number: int, recording: Recording, names: tuple[str, str]) -> dict[str, Any]:
    seconds, targets = float(recording.times[-1]) + 1 / recording.fps, dict[int, str]()
    listed = []
    for i, (frame, text) in enumerate(agreement.disagreements(recording, names)):
        targets.setdefault(frame, f"r{number}d{i}")
        listed.append({"id": targets[frame], "seconds": float(recording.times[frame]), "text": text})
    rows, alone = [], [{id(event) for event in events} for events in recording.alone]
    for kind in (kind for kind in EVENTS if any(e.kind == kind for e in (*recording.first, *recording.second))):
        for side, events in enumerate((recording.first, recording.second)):
            bars = []
            for event in (event for event in events if event.kind == kind):
                start, stop = recording.times[event.onset], recording.times[event.offset] + 1 / recording.fps
                title = ": ".join(filter(None, [f"{kind} {start:.2f} to {stop:.2f} s", event.emotion, event.code]))
                bar = {"kind": kind, "left": LEFT + round(SCALE * start), "title": title, "text": event.emotion}
                bar |= {"width": max(3, round(SCALE * (stop - start))), "alone": id(event) in alone[side]}
                bars.append(bar | {"id": targets.pop(event.onset, "")})
            rows.append({"who": f"{kind} {names[side]}", "bars": bars})
    width = LEFT + round(SCALE * seconds) + 1
    return {"name": recording.name, "seconds": int(seconds), "width": width, "rows": rows, "disagreements": listed}
