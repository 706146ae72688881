"""MTMNet's Figure 3: who is held out, what is put together of whose parts, and that the network has not seen them."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from composites import composite
from figure_contents import texts
from stage_files import figure_of_a_network

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, LeakError
from microexpr.models.recognisers.mtmnet import Mtmnet
from microexpr.protocols import PROTOCOLS
from microexpr.reporting.plots import drawing, mtmnet
from microexpr.training import refit
from microexpr.training.steps import load_clips

CLIPS = PROTOCOLS["megc2019"].select(composite(subjects=4, clips=4))
SMALL = {"image_size": 32, "width": 2, "features": 4, "identities": 12, "batch": 6, "pretrain_epochs": 1, "epochs": 0}
SMALL |= dict.fromkeys(("triplet_weight", "adversarial_weight", "inequality_weight"), 0)
HELD = ["s01", "s02"]


@pytest.fixture(scope="module")
def fig3(tmp_path_factory):
    """The network that the rule's own script trains, and the files."""
    params = {"method": SMALL, "protocol": "megc2019", "seed": 1, "show": False}
    root = tmp_path_factory.mktemp("fig3")
    paths, outputs = figure_of_a_network("papers_mtmnet_fig3.py", root, CLIPS, 3, **params)
    assert Path(outputs["figure"]).is_file()
    return refit.load(outputs["weights"]), paths


def of(*people: str, dataset: str = "casme2") -> list[Clip]:
    return [clip for clip in CLIPS if clip.dataset == dataset and clip.subject in people]


def test_the_held_out_subject_and_the_clips_shown():
    assert mtmnet.held_out(CLIPS) == of("s01", "s02")
    assert mtmnet.held_out([*of("s02", "s03", "s04"), *of("s01", dataset="samm")]) == of("s02")
    with pytest.raises(DataError, match=r"casme2 must have 2 subjects for Fig\. 3, one of them held out, not 1"):
        mtmnet.held_out(of("s01"))
    by_subject = mtmnet.choose_classes(CLIPS[::-1], of("s02"))
    assert list(by_subject) == ["s02", "s01", "s03"]
    assert [clip.id for clip in by_subject["s02"]] == [f"casme2/s02/c{number:02}" for number in range(3)]


def test_the_network_has_not_seen_whom_it_draws_and_faces_are_of_their_own_parts(fig3, tmp_path):
    network, paths = fig3
    seen = {entry.rsplit("/", 1)[0] for entry in network.fitted_on}
    assert seen == {f"generated/{c.dataset}/{c.subject}" for c in CLIPS} - {f"generated/casme2/{n}" for n in HELD}
    with pytest.raises(LeakError, match=r"Fig\. 3 fold casme2 was fitted on generated/casme2/s03/c00"):
        drawing.plot(mtmnet.fig3, network, CLIPS, of("s01", "s03"), paths, False, path=tmp_path / "fig3.png")
    assert not (tmp_path / "fig3.png").exists()
    clips = of("s01", "s03")
    data = load_clips(network.method, clips, paths)
    parts = mtmnet.encode(network, clips, paths)
    with torch.no_grad():
        expression, _ = network.modules.encoder(data.inputs["apex"].float() / 255)
        _, identity = network.modules.encoder(data.inputs["onset"].float() / 255)
        expected = network.modules.decoder(expression, identity)
    faces = mtmnet.decode(network, parts.expression, parts.identity)
    assert faces.dtype == np.uint8 and faces.shape == (8, 32, 32, 3)
    np.testing.assert_allclose(faces.transpose(0, 3, 1, 2), expected.numpy() * 255, atol=0.51)


def test_rows_are_identities_and_columns_expressions_and_errors_are_in_grey_levels():
    def decoder(expression, identity):
        return torch.stack([expression[:, 0], identity[:, 0], 0 * identity[:, 0]], 1)[:, :, None, None] / 255

    network = refit.Recogniser(Mtmnet(Mtmnet.Params()), SimpleNamespace(decoder=decoder), {}, frozenset(), {})
    expression, identity = torch.tensor([[10.0], [20.0], [30.0]]), torch.tensor([[1.0], [2.0], [3.0]])
    parts = mtmnet.FaceParts(torch.zeros(3, 3, 1, 1), torch.zeros(3, 3, 1, 1), expression, identity)
    faces = mtmnet.cross_faces(network, parts, np.array([0, 2]))
    assert faces[:, :, 0, 0, :2].tolist() == [[[10, 1], [30, 1]], [[10, 3], [30, 3]]]
    first, second = np.array([[0, 10]], np.uint8), np.array([[3, 6]], np.uint8)
    assert mtmnet.rms_difference(first, second) == pytest.approx(np.sqrt(12.5))


def test_licensed_faces_are_hidden(fig3):
    network, paths = fig3
    licensed, held = ([replace(clip, origin="licensed") for clip in clips] for clips in (CLIPS, of(*HELD)))
    rendered = drawing.plot(mtmnet.fig3, network, CLIPS, of(*HELD), paths, False)
    redacted, visible = (drawing.plot(mtmnet.fig3, network, licensed, held, paths, show) for show in (False, True))
    heights = [page.get_figheight() for page in (rendered, redacted, visible)]
    assert heights[1] == 1.5 < 2 < heights[0] == heights[2]
    assert "generated" in texts(rendered) and "generated" not in texts(visible)
