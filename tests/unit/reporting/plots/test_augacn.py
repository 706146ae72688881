"""AU-GACN's Figure 4: its held-out subject, its shares, its plot, and the leak check of its network."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from composites import clip as composite
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from stage_files import figure_of_a_network

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, LeakError
from microexpr.core.facs import AUS
from microexpr.models.recognisers.augacn import AuGacn
from microexpr.reporting.papers import expected_units
from microexpr.reporting.plots import augacn, drawing
from microexpr.reporting.plots.drawing import BLUE, RED
from microexpr.training import refit

EXPECTED = expected_units("augacn", "fig4")
SMALL = {"image_size": 16, "width": 2, "hidden": 2, "epochs": 1, "batch": 4}


def of(subject: str, name: str, emotion: str, units: str) -> Clip:
    return replace(composite(subject=subject, name=name), emotion=emotion, action_units=units)


CLIPS = [
    *(of("s01", "c0", "surprise", "1+2"), of("s01", "c1", "disgust", "4"), of("s01", "c2", "others", "?")),
    *(of("s02", "c0", "surprise", "?"), of("s02", "c1", "surprise", "L2+25"), of("s02", "c2", "surprise", "1 or 2")),
    *(of("s03", "c0", "happiness", "12"), of("s03", "c1", "surprise", "2")),
]
HELD = [recorded for recorded in CLIPS if recorded.subject == "s02"]


@pytest.fixture(scope="module")
def fig4(tmp_path_factory):
    """The network that the rule's own script trains, the files, and the rows that the script wrote."""
    params, root = {"method": SMALL, "protocol": "loso_casme2_7", "seed": 1}, tmp_path_factory.mktemp("fig4")
    paths, outputs = figure_of_a_network("papers_augacn_fig4.py", root, CLIPS, 1, **params)
    return refit.load(outputs["weights"]), paths, store.read_csv(outputs["csv"], augacn.NODE_COLUMNS)


def scoring(scores: dict[int, float], fitted_on=("generated/casme2/s01/c0",)) -> refit.Recogniser:
    """A network whose nodes have these scores in every clip, and no others."""
    node_scores = torch.tensor([scores.get(unit, 9.0) for unit in AUS])[:, None]
    has_node = torch.tensor([float(unit in scores) for unit in AUS])
    modules = SimpleNamespace(stpnet=lambda film: node_scores.expand(len(film), -1, -1))
    return refit.Recogniser(AuGacn(AuGacn.Params(**SMALL), 7), modules, {"present": has_node}, frozenset(fitted_on), {})


def test_the_subject_held_out_and_the_clip_shown_alone():
    assert augacn.held_out(CLIPS, "surprise") == HELD
    assert {recorded.subject for recorded in augacn.held_out(CLIPS[::-1], "happiness")} == {"s03"}
    rest = [recorded for recorded in CLIPS[::-1] if recorded not in HELD]
    assert {recorded.subject for recorded in augacn.held_out(rest, "surprise")} == {"s01"}
    for clips in (HELD, CLIPS[6:7] + CLIPS[1:3]):
        with pytest.raises(DataError, match=r"Fig\. 4 must have clips of 2 subjects, one of them with surprise, not"):
            augacn.held_out(clips, "surprise")
    for clips, names in ((HELD, ["c1", "c2", "c0"]), (HELD[::-1], ["c1", "c2", "c0"]), (CLIPS[:3], ["c0"])):
        assert [recorded.name for recorded in augacn.clips_of_emotion(clips, "surprise")] == names


def test_the_network_has_seen_all_others_and_the_script_writes_its_shares(fig4):
    network, paths, written = fig4
    assert network.fitted_on == {recorded.provenance for recorded in CLIPS if recorded not in HELD}
    with pytest.raises(LeakError, match=r"Fig\. 4 fold casme2/s03 was fitted on generated/casme2/s03/c0"):
        augacn.node_rows(network, CLIPS, CLIPS[6:], paths, EXPECTED)
    rows = augacn.node_rows(network, CLIPS, HELD, paths, EXPECTED)
    assert [(row["panel"], row["unit"], row["share"]) for row in written] == [
        (row["panel"], row["unit"], "" if row["share"] is None else f"{row['share']:.4f}") for row in rows
    ]
    panels = {(row["panel"], row["of"], row["clips"]) for row in written}
    assert panels == {("clip", "casme2/s02/c1", "1"), ("mean", "casme2/s02", "3")}
    share = augacn.shares(network, HELD, paths)
    for panel, expected in (("clip", share[1]), ("mean", share.mean(0))):
        panel_rows = {row["unit"]: row["share"] for row in rows if row["panel"] == panel}
        trained = {f"AU{unit}": pytest.approx(expected[AUS.index(unit)]) for unit in (1, 2, 4, 12)}
        assert panel_rows == trained | {"AU26": None}
    about = {(row["trained_clips"], row["trained_people"], row["origin"]) for row in written}
    assert about == {("5", "2", "generated")}


def test_shares_are_probabilities_by_their_sum_and_frequencies_those_of_coded_clips(fig4):
    odds = {1: 1 / 4, 2: 4.0, 12: 1.0}  # 0.2, 0.8, 0.5
    shares = augacn.shares(scoring({unit: float(np.log(value)) for unit, value in odds.items()}), HELD, fig4[1])
    assert shares.shape == (3, len(AUS))
    expected = {1: 0.2 / 1.5, 2: 0.8 / 1.5, 12: 0.5 / 1.5}
    np.testing.assert_allclose(shares, [[expected.get(unit, 0) for unit in AUS]] * 3, rtol=1e-6)
    shares = dict(zip(AUS, augacn.frequency([*HELD, CLIPS[0]]), strict=True))
    # of AU 1 and 2 two clips say something, of the others three
    assert {unit: share for unit, share in shares.items() if share} == pytest.approx({1: 3 / 11, 2: 6 / 11, 25: 2 / 11})
    assert not augacn.frequency(HELD[:1]).any()


def test_rows_say_what_is_expected_and_what_coders_saw(fig4):
    network = scoring({1: 3.0, 2: 1.0, 25: 2.0})
    rows = augacn.node_rows(network, CLIPS, HELD, fig4[1], EXPECTED)
    values = [[row[key] for key in ("unit", "expected", "annotated", "coded")] for row in rows]
    clip_rows = [["AU1", "no", 0, 1], ["AU25", "no", 1, 1], ["AU2", "yes", 1, 1], ["AU26", "yes", 0, 1]]
    mean_rows = [["AU1", "no", 0, 1], ["AU25", "no", 1, 2], ["AU2", "yes", 1, 1], ["AU26", "yes", 0, 2]]
    assert values == clip_rows + mean_rows


def test_each_panel_has_five_bars_of_its_rows_in_two_colours(fig4):
    network = scoring({1: 3.0, 2: 2.0, 4: 1.0, 5: 0.5, 12: -1.0, 25: -2.0})
    rows = augacn.node_rows(network, CLIPS, HELD, fig4[1], EXPECTED)
    for panel, words in (("clip", "annotated"), ("mean", "annotated in 1 of 1")):
        panel_rows = [row for row in rows if row["panel"] == panel]
        axes = Figure().add_subplot()
        augacn.bars(axes, panel_rows)
        assert [bar.get_width() for bar in axes.patches] == [row["share"] for row in panel_rows[:5]]
        assert [to_hex(bar.get_facecolor()) for bar in axes.patches] == [BLUE, RED, BLUE, BLUE, BLUE]
        assert [tick.get_text() for tick in axes.get_yticklabels()] == ["AU1", "AU2", "AU4", "AU5", "AU12"]
        assert axes.texts[1].get_text() == f"{panel_rows[1]['share']:.3f}, {words}"
        assert axes.get_xlabel() == "AU2: rank 2 of 6 nodes; AU26: no node, in no training clip"
    uncoded = dict.fromkeys(("coded", "annotated"), 0)
    assert augacn.annotation(rows[0] | uncoded) == "not coded" and augacn.annotation(rows[0]) == "not annotated"
    titles = [axes.get_title("left") for axes in drawing.plot(augacn.fig4, rows).axes]
    assert titles == ["casme2/s02/c1: surprise, one clip", "casme2/s02: surprise, mean of 3 clips"]
    # the title says whose faces and how many trained
    network = scoring({1: 3.0, 2: 2.0}, [recorded.provenance for recorded in CLIPS if recorded not in HELD])
    rows = augacn.node_rows(network, CLIPS, HELD, fig4[1], EXPECTED)
    title = augacn.title(rows[0])
    assert "\nrendered faces, 5 clips of 2 subjects trained it" in title and "\ninput: film\n" in title
    changed = scoring({1: 3.0}, network.fitted_on)
    changed = replace(changed, method=AuGacn(AuGacn.Params(**SMALL, input_mode="change"), 7))
    (row, *_) = augacn.node_rows(changed, CLIPS, HELD, fig4[1], EXPECTED)
    assert "\ninput: change (ours; the paper's is film)\n" in augacn.title(row)
    assert "generated" not in augacn.title(rows[0] | {"origin": "licensed"})
