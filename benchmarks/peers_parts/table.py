"""The measured rows as Markdown, for benchmarks/README.md. Nothing is measured here."""

from collections.abc import Mapping, Sequence
from typing import Any

SIGNALS_TEXT = """\
Signals: CPU milliseconds on one thread, best of the rounds; ratios as above. Frames are rendered, so their truth is
known. `flow.py`, `landmarks.py`, `aus.py` and `aus_readers.py` say what is compared."""
ENGINE = "microexpr"
TRAINED = (
    *("program", "network", "folds, epochs, batch", "seconds", "core-seconds", "memory, MB"),
    *("ratio of seconds, of core-seconds", "UF1, last epoch", "UF1, best test epoch"),
)
SIGNALS = ("signal", "next to", "ours, ms", "theirs, ms", "ratio", "quality")
HOW = """\
- **Same for both of a pair**: clips, folds (leave one subject out), pictures or flow of 28 x 28, epochs, learning rate,
  number of threads. A row is timed from the start of its processes to their end, imports and reading included. A ratio
  above 1 is in favour of microexpr, whose row has it. Measure on an idle machine: threads that wait for
  each other lose more by other work, in core-seconds too, which raises the ratios.
- **Batch**: the authors' own. Where a training set is smaller than a batch, their loop has one step of all its clips,
  and microexpr, whose batches are always full, has a batch of as many clips as the run.
- **Theirs**: the training functions of their clones, unchanged, in one process. STSTNet's and HTNet's have no option
  for epochs: a driver, `benchmarks/peers_parts/drive.py`, replaces that constant in memory. meb is a library: the
  driver gives its validator our folds. The driver seeds torch, which STSTNet and HTNet do not.
- **Ours**: the engine, one process of one thread for each core, with a share of the folds each. Network and
  normalisation of the flow are its own: meb's OFF-ApexNet has one stream and one hidden layer, ours two of each.
  Memory is the sum of its processes; theirs is that of the largest process.
- **UF1** is computed from the printed predictions of all folds. *Best test epoch* chooses each fold's epoch on its test
  subject; `-` where a program has no such predictions. So few epochs say what a training costs, not how good a network
  is: the authors train STSTNet and HTNet for 800 epochs, meb for 200.
- **HTNet** has no counterpart here. Its row includes the detection of landmarks, which it repeats at every start, and
  its weights, which it writes at each new best test epoch."""


def block(results: Mapping[str, Any]) -> str:
    """Return everything between the marks."""
    notes = [HOW, *(f"- Replaced by the driver in this run: {text}." for text in results["stand_ins"])]
    notes += [f"- Left out: {text}." for text in results["left_out"]]
    parts = [_machine(results), trained(results["trained"]), "\n".join(notes)]
    if results["signals"]:
        parts += [
            SIGNALS_TEXT,
            signals(results["signals"]),
        ]
    return "\n\n".join(parts)


def _machine(results: Mapping[str, Any]) -> str:
    facts = results["machine"]
    return (
        f"Measured {facts['date']}, commit `{facts['commit']}`, {facts['cpu']}, {results['cores']} threads on "
        f"{facts['cores']} cores, torch {facts['torch']}, Python {facts['python']}; {results['clips']} "
        f"{results['origin']} clips. Load average of the minute before: {results['load']:.1f}."
    )


def trained(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of trainings; the row of our engine follows that of its peer."""
    lines, peer = [], None
    for row in rows:
        labels = [row["title"], row["network"], f"{row['folds']}, {row['epochs']}, {row['batch']}"]
        usage = row["usage"]
        if usage is None:
            lines.append([*labels, row["reason"].replace("|", "/"), *["-"] * 5])
        else:
            ratio = "-"
            if row["title"] == ENGINE and peer and peer["usage"] and peer["program"] == row["program"]:
                ratios = [peer["usage"][name] / usage[name] for name in ("seconds", "core_seconds")]
                ratio = ", ".join(f"{value:.1f}" for value in ratios)
            costs = [f"{usage[name]:.0f}" for name in ("seconds", "core_seconds", "memory_mb")]
            figures = ["-" if row[name] is None else f"{row[name]:.4f}" for name in ("last", "best")]
            lines.append([*labels, *costs, ratio, *figures])
        peer = row if row["title"] != ENGINE else None
    return table(TRAINED, lines)


def signals(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of signals."""
    lines = []
    for row in rows:
        ours, theirs = row["ours_ms"], row["peer_ms"]
        ratio = f"{theirs / ours:.2g}" if ours and theirs else "-"
        times = ["-" if value is None else f"{value:.2f}" for value in (ours, theirs)]
        lines.append([row["signal"], row["peer"], *times, ratio, (row["reason"] or row["quality"]).replace("|", "/")])
    return table(SIGNALS, lines)


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *lines))
