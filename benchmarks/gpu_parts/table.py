"""The results as Markdown, for docs/engine.md. Nothing is measured here."""

from collections.abc import Mapping, Sequence
from typing import Any

NOT_MEASURED = (
    "**No GPU has been measured yet.** Below is a run on a CPU at a small size, which shows that the command works and "
    "says nothing about the speed or memory of a GPU."
)
CURVE = {
    **{"step": "step", "discriminator": "D", "generator": "G", "margin": "margin loss", "pixel": "pixel loss"},
    **{"primary_mean": "primary capsules, mean", "primary_max": "largest", "own_class": "ExpCaps of the own class"},
}
Results = Mapping[str, Any]


def block(results: Sequence[Results]) -> str:
    """All results one after the other; runs on a CPU only where no GPU has been measured."""
    measured = [result for result in results if result["machine"]["kind"] == "cuda"]
    parts = [section(result) for result in measured or results]
    return "\n\n".join(parts if measured else [NOT_MEASURED, *parts])


def section(results: Results) -> str:
    """One run: the machine, then a table for each part that was measured."""
    parts = results["parts"]
    texts = [
        machine(results),
        plans(parts.get("plans", {}), parts.get("textbook", {})),
        icegan(parts.get("icegan", {}), results["size"]),
        precision(parts.get("precision", {})),
        profile(parts.get("profile", {})),
        missing(results),
    ]
    return "\n\n".join(text for text in texts if text)


def machine(results: Results) -> str:
    """One line of facts."""
    facts = results["machine"]
    card = ""
    if facts["kind"] == "cuda":
        card = f" ({facts['memory_gib']} GiB, driver {facts['driver']}, CUDA {facts['cuda']}, cuDNN {facts['cudnn']})"
    return (
        f"**{facts['name']}**{card}, on {facts['date']}, commit `{facts['commit']}`, torch {facts['torch']}, Python "
        f"{facts['python']}, CPU {facts['cpu']}; size `{results['size']}`, {results['seconds']:.0f} s in all."
    )


def plans(plans: Results, textbook: Results) -> str:
    """Seconds and ratios of both plans and the textbook loop, then how far scores differ."""
    names = [name for name in {**plans, **textbook} if not name.endswith("_agreement")]
    rows = []
    for name in names:
        engine, loop = plans.get(name, {}), textbook.get(name, {})
        size = engine or loop
        rows.append(
            [
                *(f"`{name}`", f"{size['folds']} folds, {size['steps']} steps of {size['batch']}"),
                *(number(engine.get(key), ".2f") for key in ("sequential_seconds", "stacked_seconds", "ratio")),
                *(number(loop.get(key), ".2f") for key in ("textbook_seconds", "stacked_seconds", "ratio")),
            ]
        )
    head = ["", "training", "sequential, s", "stacked, s", "ratio", "textbook, s", "stacked, s", "ratio"]
    agreements = {name.removesuffix("_agreement"): part for name, part in plans.items() if name.endswith("_agreement")}
    modes = list(dict.fromkeys(mode for part in agreements.values() for mode in part["differences"]))
    differences = [
        [f"`{name}`", str(part["steps"]), *(number(part["differences"].get(mode), ".1e") for mode in modes)]
        for name, part in agreements.items()
    ]
    agreement = markdown(["largest difference of a score", "steps", *modes], differences)
    return "\n\n".join(text for text in (markdown(head, rows), agreement) if text)


def icegan(part: Results, size: str) -> str:
    """ICE-GAN's speed and memory in a sentence, its curve as a table."""
    texts = []
    if speed := part.get("speed"):
        peak = "" if speed["peak_gib"] is None else f" (peak memory {speed['peak_gib']:.1f} GiB)"
        texts.append(
            f"ICE-GAN, size `{size}`: {speed['image_size']} pixels, {speed['parameters'] / 1e6:.1f} M parameters a "
            f"fold, perceptual loss by {speed['perceptual']}. {speed['stack']} folds stacked{peak} make "
            f"{speed['steps_per_second']:.2f} steps a second, {speed['fold_steps_per_second']:.1f} counted by fold; "
            f"{speed['folds']} folds of {speed['epochs']} epochs would take {speed['loso_hours']:.2f} h."
        )
    if curve := part.get("curve"):
        rows = [[number(row.get(key), "d" if key == "step" else ".3f") for key in CURVE] for row in curve["rows"]]
        texts.append(f"Losses and lengths of capsules, means over the folds of a stack of {curve['folds']}:")
        texts.append(markdown(list(CURVE.values()), rows))
    if "diverged" in part:
        texts.append(f"It diverged: {part['diverged']}")
    return "\n\n".join(texts)


def precision(part: Results) -> str:
    """Ratio to IEEE float32 and difference of the losses, by mode."""
    rows = [
        [
            *(f"`{name}`", mode, number(values.get("epoch_seconds"), ".3f"), number(values.get("ratio"), ".2f")),
            *(number(values.get("loss_difference"), ".1e"), "yes" if values["finite"] else "no"),
        ]
        for name, modes in part.items()
        for mode, values in modes.items()
    ]
    return markdown(["", "products in", "an epoch, s", "ratio", "largest difference of a loss", "finite"], rows)


def profile(part: Results) -> str:
    """The operations that take most of an epoch, a line for each network."""
    lines = []
    for name, values in part.items():
        busy = f", {values['busy']:.0%} of it kernels, {values['launches']} launches" if "busy" in values else ""
        largest = values.get("kernels", values["operations"])[:4]
        most = ", ".join(f"`{operation['name'][:60]}` {operation['seconds']:.3f} s" for operation in largest)
        waits = ", ".join(f"{count} at `{line}`" for line, count in values.get("waits", {}).items())
        lines.append(
            f"- `{name}`, stack of {values['folds']}: {values['epoch_seconds']:.3f} s an epoch "
            f"(steps: {values['steps']}){busy}; "
            f"sampling its clips takes {values['draw_seconds']:.4f} s. Most time: {most}."
            + f" Waits for the device: {waits}."
            * bool(waits)
        )
    return "\n".join(lines)


def missing(results: Results) -> str:
    """The measurements that were skipped or failed."""
    skipped = [f"- skipped for lack of time: {name}" for name in results["skipped"]]
    failed = [f"- failed: {error['part']}, {error['name']}: {error['error']}" for error in results.get("errors", [])]
    return "\n".join([*skipped, *failed])


def number(value: float | None, form: str) -> str:
    """A number, or "-" for none."""
    return "-" if value is None else format(value, form)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, "" without rows."""
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
