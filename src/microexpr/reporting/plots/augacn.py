"""AU-GACN's Figure 4, the largest nodes of a held-out subject, and Figures 3 and 5, clips that AU-ICGAN synthesised.

These show one clip of each emotion, of one held-out subject after another: the first by name, not the best. No clip is
chosen by a network's output.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.core.facs import AUS, UNKNOWN, occurrence
from microexpr.evaluation.read_back import SynthesisedClip
from microexpr.evaluation.rows import Row
from microexpr.models.recognisers.augacn import AuGacn
from microexpr.protocols import provenance
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, RED
from microexpr.signals.aus import ACTION_UNITS, regressor
from microexpr.signals.inputs import Files
from microexpr.training.refit import Recogniser
from microexpr.training.steps import load_clips

TOP = 5  # nodes of a panel
ENLARGED = 8  # factor for differences from the first frame
MOST = 3  # action units with plotted curves
SIDE, PAUSE = 160, 200  # of the animation: side of a face in pixels, milliseconds of a frame
WORD = "synthesised by AU-ICGAN, not recorded"
NODE_COLUMNS = (
    *("panel", "of", "clips", "class", "unit", "share", "frequency", "expected", "annotated", "coded"),
    *("trained_clips", "trained_people", "input", "origin"),
)


def held_out(clips: Sequence[Clip], emotion: str) -> list[Clip]:
    """Return all clips of the subject with the most clips of an emotion; of several, the first by name. Raises
    DataError if no subject shows it, or if no other subject is left to train on."""
    counts = Counter(clip.subject for clip in clips if clip.emotion == emotion)
    subjects = {clip.subject for clip in clips}
    if not counts or len(subjects) < 2:
        actual = f"{len(subjects)}, {len(counts)} of them with it"
        raise DataError(f"Fig. 4 must have clips of 2 subjects, one of them with {emotion}, not of {actual}")
    most = min(counts, key=lambda name: (-counts[name], name))
    return [clip for clip in clips if clip.subject == most]


def clips_of_emotion(held: Iterable[Clip], emotion: str) -> list[Clip]:
    """Return the clips of an emotion by name, those with any AU coding first; the first one has a separate panel."""
    matching = (clip for clip in held if clip.emotion == emotion)
    return sorted(matching, key=lambda clip: ((au_codes([clip]) == UNKNOWN).all(), clip.id))


@torch.no_grad()
def shares(network: Recogniser, clips: Sequence[Clip], files: Files) -> np.ndarray:
    """Return float[N, A]: each node's probability as a share of all nodes' sum; 0 for AUs without a node. The paper
    does not define its "proportion"; this definition is ours."""
    assert isinstance(network.method, AuGacn)
    data = load_clips(network.method, clips, files, dict.fromkeys((clip.id for clip in clips), 0))
    scores = network.method.au_scores(network.modules, data.inputs, network.statistics)
    probabilities = scores.sigmoid() * network.statistics["present"]
    return (probabilities / probabilities.sum(1, keepdim=True)).numpy()


def frequency(clips: Iterable[Clip]) -> np.ndarray:
    """Return float[A]: the shares that a network would give if it knew only how often these clips show each AU."""
    codes = au_codes(clips)
    rate = (codes == 1).sum(0) / np.maximum((codes != UNKNOWN).sum(0), 1)
    return np.asarray(rate / max(rate.sum(), 1e-9))


def au_codes(clips: Iterable[Clip]) -> np.ndarray:
    """Return int[N, A]: 1 if a coder saw the AU, 0 if not, -1 if it was not coded."""
    return np.array([occurrence(clip.action_units) for clip in clips])


def node_rows(
    network: Recogniser, clips: Sequence[Clip], held: Sequence[Clip], files: Files,
    expected: Mapping[str, Sequence[str]],
) -> list[Row]:  # fmt: skip
    """Return rows of one clip, then of the mean of all clips of its class.

    There is a row for each node, largest first, and one for each expected AU that has no node. `clips` are those that
    the network may have seen, `held` the held-out subject's; `expected` has a class with its AUs. Raises LeakError if
    the network has seen the subject, StoreError if a file cannot be read."""
    assert isinstance(network.method, AuGacn)
    ((emotion, units),) = expected.items()
    subject = f"{held[0].dataset}/{held[0].subject}"
    provenance.check("the network of Fig. 4", subject, "subject", held, network.fitted_on)
    trained = [clip for clip in clips if clip.provenance in network.fitted_on]
    chosen, training_frequency = clips_of_emotion(held, emotion), frequency(trained)
    share, codes = shares(network, chosen, files), au_codes(chosen)
    mode, paper_mode = network.method.params.input_mode, AuGacn.Params.model_validate({}).input_mode
    shared = {
        "class": emotion,
        "origin": held[0].origin,
        "trained_clips": len(trained),
        "trained_people": len({clip.subject for clip in trained}),
        "input": mode if mode == paper_mode else f"{mode} (ours; the paper's is {paper_mode})",
    }
    present, table = network.statistics["present"].numpy() > 0, list[Row]()
    for panel, of, count in (("clip", chosen[0].id, 1), ("mean", subject, len(chosen))):
        mean, panel_codes = share[:count].mean(0), codes[:count]
        for i in np.argsort(-mean, kind="stable"):
            unit, unit_codes = f"AU{AUS[i]}", panel_codes[:, i]
            if present[i] or unit in units:
                row: Row = {"panel": panel, "of": of, "clips": count, "unit": unit}
                row |= {"share": float(mean[i]) if present[i] else None, "frequency": float(training_frequency[i])}
                row |= {"expected": "yes" if unit in units else "no", "annotated": int((unit_codes == 1).sum())}
                table.append(shared | row | {"coded": int((unit_codes != UNKNOWN).sum())})
    return table


def fig4(page: Figure, rows: Sequence[Row]) -> None:
    """Plot rows of `node_rows`: the five largest shares of each panel, and the ranks of the expected AUs."""
    page.set_figheight(3.6)
    page.suptitle(title(rows[0]), x=0.015, y=0.97, ha="left", va="top", linespacing=1.4)
    for axes, panel in zip(page.subplots(1, 2), ("clip", "mean"), strict=True):
        bars(axes, [row for row in rows if row["panel"] == panel])
    page.subplots_adjust(left=0.06, right=0.98, top=0.67, bottom=0.24, wspace=0.16)
    for colour, label in ((RED, "unit the paper expects"), (BLUE, "another")):
        page.axes[0].bar(0, 0, color=colour, label=label)
    handles, labels = page.axes[0].get_legend_handles_labels()
    page.legend(handles, labels, loc="lower left", ncols=3, fontsize=8, bbox_to_anchor=(0.05, -0.01))


def title(row: Row) -> str:
    """Return the title, with the clips and subjects of the training."""
    origin, subjects = "rendered faces, " if row["origin"] == "generated" else "", row["trained_people"]
    trained = f"{row['trained_clips']} clips of {subjects} subject{'s' * (subjects != 1)}"
    description = f"AU-GACN's {TOP} largest nodes, each as a share of all nodes (sigmoid by sum of sigmoids)"
    return f"Fig. 4: {description}\ninput: {row['input']}\n{origin}{trained} trained it, none of the subject shown"


def bars(axes: Axes, rows: Sequence[Row]) -> None:
    """Plot one panel: the largest shares, the annotation of each, and below them the rank of each expected AU."""
    nodes, first = [row for row in rows if row["share"] is not None], rows[0]
    top = nodes[:TOP]
    for i, row in enumerate(top):
        axes.barh(i, row["share"], 0.7, color=RED if row["expected"] == "yes" else BLUE)
        end, label = (max(row["share"], row["frequency"]), i), f"{row['share']:.3f}, {annotation(row)}"
        axes.annotate(label, end, (7, 0), textcoords="offset points", va="center")
    frequencies = [row["frequency"] for row in top]
    axes.plot(frequencies, range(len(top)), "D", color=GREY, markersize=5, label="share by frequency in training clips")
    axes.set_yticks(range(len(top)), [row["unit"] for row in top])
    axes.set(ylim=(TOP - 0.5, -0.5), xlim=(0, 1.9 * max(*frequencies, *(row["share"] for row in top))))
    ranks = {row["unit"]: f"rank {rank} of {len(nodes)} nodes" for rank, row in enumerate(nodes, 1)}
    expected = [row["unit"] for row in rows if row["expected"] == "yes"]
    axes.set_xlabel("; ".join(f"{unit}: {ranks.get(unit, 'no node, in no training clip')}" for unit in expected))
    clips = "one clip" if first["panel"] == "clip" else f"mean of {first['clips']} clip{'s' * (first['clips'] > 1)}"
    axes.set_title(f"{first['of']}: {first['class']}, {clips}")


def annotation(row: Row) -> str:
    """Return the annotation of an AU in the clips of a row."""
    if not row["coded"]:
        return "not coded"
    if row["panel"] == "clip":
        return "annotated" if row["annotated"] else "not annotated"
    return f"annotated in {row['annotated']} of {row['coded']}"


def choose_clips(synthetic_clips: Sequence[SynthesisedClip]) -> list[SynthesisedClip]:
    """Return one clip of each emotion, of one subject after another."""
    subjects = sorted({synthetic.source.subject for synthetic in synthetic_clips})
    clips = []
    for i, emotion in enumerate(sorted({synthetic.emotion for synthetic in synthetic_clips})):
        of_emotion = [synthetic for synthetic in synthetic_clips if synthetic.emotion == emotion]
        by_subject = {synthetic.source.subject: synthetic for synthetic in reversed(of_emotion)}
        start = i % len(subjects)
        clips.append(next(by_subject[name] for name in subjects[start:] + subjects if name in by_subject))
    return clips


def dominant(synthetic: SynthesisedClip) -> list[int]:
    """Return the AUs with the largest change of target intensity, largest first."""
    ranges = np.ptp(synthetic.target_aus, axis=0)
    return [int(unit) for unit in np.argsort(-ranges, kind="stable")[:MOST] if ranges[unit] > 0]


def draw_clips(page: Figure, synthetic_clips: Sequence[SynthesisedClip], title: str, show_licensed: bool) -> None:
    """Plot the frames of each clip, their changes, and changes of the dominant AUs: target and, dashed, read back."""
    rows = choose_clips(synthetic_clips)
    if drawing.hide_licensed(page, [synthetic.source for synthetic in rows], show_licensed, title):
        return
    model, n_frames = regressor.load(), len(rows[0].frames)
    page.set_figheight(1.0 + 1.75 * len(rows))
    generated = any(synthetic.source.origin == "generated" for synthetic in rows)
    remark = "; faces are rendered, no person is shown" * generated
    text = f"{title}: clips that AU-ICGAN synthesised of held-out subjects{remark}"
    page.suptitle(text, x=0.015, y=1 - 0.1 / page.get_figheight(), ha="left", va="top", fontsize=10)
    shape = {"left": 0.01, "right": 0.985, "top": 1 - 0.75 / page.get_figheight(), "bottom": 0.02}
    outer = page.add_gridspec(len(rows), 2, **shape, width_ratios=(n_frames, 3), wspace=0.12, hspace=0.25)
    for row, synthetic in enumerate(rows):
        source, grid = synthetic.source, outer[row, 0].subgridspec(2, n_frames, wspace=0.04, hspace=0.04)
        heading = f"{source.dataset}/{source.subject}, target: {synthetic.emotion}"
        for line, film in enumerate(_films(synthetic)):
            for column, image in enumerate(film):
                title = "" if line or column else heading
                axes = drawing.show_cell(page, grid[line, column], image, title, source, 7)
                if line and not column:
                    axes.text(0.03, 0.87, f"change x {ENLARGED}", fontsize=5, transform=axes.transAxes)
        axes, read_back = page.add_subplot(outer[row, 1]), synthetic.read_intensities(model)
        styles = ((synthetic.target_aus, "-"), (read_back, "--"))
        curves = [(values - values[0], style, 1.0) for values, style in styles]
        units, colours = dominant(synthetic), (BLUE, RED, GREEN)
        drawing.plot_units(axes, range(len(read_back)), curves, units, colours, ACTION_UNITS)
        axes.set_title("change of intensity: target, and - - read back", fontsize=6)
        axes.tick_params(labelsize=6)
        axes.legend(fontsize=6, loc="upper left")


def _films(synthetic: SynthesisedClip) -> tuple[np.ndarray, np.ndarray]:
    return synthetic.frames, drawing.amplify_change(synthetic.frames, synthetic.frames[:1], ENLARGED)


def write_animation(path: str | Path, synthetic_clips: Sequence[SynthesisedClip], show_licensed: bool) -> None:
    """Write each clip above its changes as an endless GIF."""
    clips, pages = choose_clips(synthetic_clips), list[Image.Image]()
    generated = [synthetic.source.origin == "generated" for synthetic in clips]
    visible = show_licensed or all(generated)
    heading = f"{WORD}{'; faces are rendered' * any(generated)}; below: change x {ENLARGED}"
    for frame in range(len(clips[0].frames) if visible else 1):
        page = Image.new("RGB", (SIDE * len(clips), 2 * SIDE + 40) if visible else (SIDE * 3, SIDE), "white")
        pages.append(page)
        draw = ImageDraw.Draw(page)
        draw.text((4, 4), heading if visible else drawing.HIDDEN, fill="black")
        for column, synthetic in enumerate(clips if visible else ()):
            draw.text((column * SIDE + 4, 22), f"{synthetic.emotion}, {synthetic.source.subject}", fill="black")
            for line, film in enumerate(_films(synthetic)):
                image = np.ascontiguousarray(np.broadcast_to(film[frame], (*film.shape[1:3], 3)))
                face = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.NEAREST)
                page.paste(face, (column * SIDE, 40 + line * SIDE))
    with store.atomic(path) as part:
        pages[0].save(part, "GIF", save_all=True, append_images=pages[1:], duration=PAUSE, loop=0)
