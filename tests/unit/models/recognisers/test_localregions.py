"""Local regions against its text: weights, labels of regions, losses and padding by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from small_generators import stream
from small_methods import clips as all_clips
from small_methods import small

from microexpr.core.clip import Clip
from microexpr.core.facs import NOWHERE, REGIONS, reaction_mask
from microexpr.evaluation.published import cells
from microexpr.models.base import ClipTensors
from microexpr.models.recognisers.localregions import Inception, LocalRegions, focal, mirror_region
from microexpr.protocols import PROTOCOLS
from microexpr.signals.inputs import REGIONS as PATCHES

FACE = "sequence_steady"
EYES, NOSE, CHEEKS, MOUTH = ("region_left_eye", "region_right_eye"), "region_nose", "region_left_cheek", "region_mouth"


def method(classes: int = 3, **changed) -> LocalRegions:
    return small("localregions", classes=classes, **({"frames": 5, "spatial_epochs": 1} | changed))


def clips(method: LocalRegions) -> ClipTensors:
    return all_clips(method)[torch.arange(6)]


def at_hand(method: LocalRegions, data: ClipTensors):
    """Modules with weights, a batch of all clips, and statistics."""
    torch.manual_seed(0)
    statistics = method.statistics(data)
    return SimpleNamespace(**method.build(statistics)), data.inputs | data.targets, statistics


def clip(dataset: str, emotion: str, objective: int | None = None) -> Clip:
    return Clip(dataset, "s", "c", "generated", "", 1, 9, 9, 1, 4, 9, 200, emotion, None, objective, "")


def test_part_b_joins_what_it_got_and_four_sizes_of_filters():
    """Features of the mean: with `full` and `last` out of the way the 72 channels are what is averaged."""
    network = Inception(1, 8, 6, 5, 0.0)
    network.full, network.last = torch.nn.ModuleList(), torch.nn.Identity()
    x = torch.rand(2, 1, 16, 24)
    a = F.max_pool2d(network.next(F.max_pool2d(network.first(x).relu(), 2)).relu(), 2)
    parts = [a, *(branch(a).relu() for branch in network.branches)]
    expected = torch.cat([F.max_pool2d(part, 2).mean((2, 3)) for part in parts], 1)
    assert [branch.kernel_size[0] for branch in network.branches] == [1, 3, 5, 7]
    assert expected.shape == (2, 72)
    torch.testing.assert_close(network(x), expected)


def test_simple_network():
    """3x3 filters, 32, 64 and 128 of them, then the same layers."""
    built = method(network="simple", shrink=1).build({})["network_region_nose"]
    assert [(layer.out_channels, layer.kernel_size) for layer in built.layers] == [(n, (3, 3)) for n in (32, 64, 128)]
    expected = torch.rand(2, 1, 24, 16)
    features = built(expected)
    for layer in built.layers:
        expected = F.max_pool2d(layer(expected).relu(), 2)
    expected = built.full[1](built.full[0](expected.mean((2, 3))).relu()).relu()
    torch.testing.assert_close(features, built.last(expected).relu())


def region_batch(column: int) -> dict[str, torch.Tensor]:
    """Return two clips of each class; the emotions of the first three show in one group of regions."""
    reacts = torch.zeros(6, len(REGIONS), dtype=torch.int64)
    reacts[:3, column] = 1
    return {"label": torch.tensor([0, 1, 2, 0, 1, 2]), "reacts": reacts}


def test_labels_of_a_region_count_the_classes_that_show_there_in_other_protocols_all():
    """MEGC2019 has 3 labels for eyes, 2 for nose, 2 for cheeks, 4 for mouth; 0 is for what does not show.

    A whole face has its clip's label."""
    expected = {EYES[0]: [1, 0, 2], EYES[1]: [1, 0, 2], NOSE: [1, 0, 0], CHEEKS: [0, 1, 0], MOUTH: [1, 2, 3]}
    for (region, labels), column in zip(expected.items(), (0, 0, 1, 2, 3), strict=True):
        assert method().region_labels(region, region_batch(column)).tolist() == [*labels, 0, 0, 0]
        assert method().region_classes(region) == max(labels) + 1
    other, whole = method(5), method(regions="whole_face")
    assert other.region_labels(NOSE, region_batch(1)).tolist() == [1, 2, 3, 0, 0, 0] and other.region_classes(NOSE) == 6
    assert whole.region_labels(FACE, region_batch(1)).tolist() == [0, 1, 2] * 2 and whole.region_classes(FACE) == 3


def test_emotion_of_clips_without_annotated_emotion():
    """SMIC's classes count as their likeliest emotion, AU-based classes as the emotion they resemble."""
    main, objective = PROTOCOLS["megc2019"], PROTOCOLS["objective"]
    for label, emotion in (("Negative", "disgust"), ("Positive", "happiness")):
        assert reaction_mask(main.emotion(clip("smic", label))) == reaction_mask(emotion)
    for number, emotion in enumerate(("happiness", "surprise", "anger", "disgust", "sadness"), 1):
        assert objective.emotion(clip("samm", "contempt", number)) == emotion
    for number in (6, 7):
        assert reaction_mask(objective.emotion(clip("samm", "fear", number))) == NOWHERE
    assert main.emotion(clip("samm", "contempt", 4)) == "contempt"


def test_focal_loss_by_hand_and_without_focus_and_alpha_cross_entropy():
    """Eq. 5 of two frames of three, with p 0.5 and 0.8; the third is no frame."""
    scores = torch.tensor([[0.5, 0.5], [0.2, 0.8], [0.9, 0.1]]).log()
    label, weight, counts = torch.tensor([0, 1, 1]), torch.tensor([0.5, 0.25]), torch.tensor([1.0, 1.0, 0.0])
    expected = (0.5 * 0.5**2 * -np.log(0.5) + 0.25 * 0.2**2 * -np.log(0.8)) / 2
    assert float(focal(scores, label, weight, 2.0, counts)) == pytest.approx(expected, rel=1e-5)
    assert float(focal(scores, label, weight, 2.0, 0 * counts)) == 0
    plain, scores, label = method(loss="cross_entropy"), torch.randn(7, 3), torch.tensor([0, 1, 2, 0, 1, 1, 1])
    loss = plain._loss(scores, label, plain.statistics(clips(plain))["weights"], torch.ones(7))
    torch.testing.assert_close(loss, F.cross_entropy(scores, label))
    for gamma in (0.0, 0.5, 1.0, 2.0):  # what is certain has a slope, too
        certain = torch.tensor([[200.0, 0.0]], requires_grad=True)
        focal(certain, torch.tensor([0]), torch.ones(2), gamma, torch.ones(1)).backward()
        assert certain.grad is not None and certain.grad.isfinite().all()


def test_alpha():
    """A half, or so that classes weigh alike: of the clips' classes, and of what each region shows."""
    recogniser = method(alpha="inverse_frequency")
    data = clips(recogniser)
    data.targets["label"] = torch.tensor([0, 0, 0, 0, 1, 2])
    statistics = recogniser.statistics(data)
    assert statistics["weights"].tolist() == pytest.approx([6 / (3 * 4), 2, 2])
    assert statistics["weights_region_nose"].tolist() == pytest.approx([6 / (2 * 2), 6 / (2 * 4)])
    assert method().statistics(data)["weights_region_nose"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("reference", ["boxes", "difference"])
def test_frames_that_are_none_do_not_count(reference):
    """Whatever is in them: neither in statistics nor losses nor scores."""
    recogniser = method(reference=reference)
    data = clips(recogniser)
    other = ClipTensors({name: value.clone() for name, value in data.inputs.items()}, data.targets)
    for name in PATCHES:
        other.inputs[name].movedim(2, 1)[~data.inputs["sequence_real"]] = 77
    modules, batch, statistics = at_hand(recogniser, data)
    changed_statistics, changed_batch = recogniser.statistics(other), other.inputs | other.targets
    assert all(torch.equal(statistics[key], changed_statistics[key]) for key in statistics)
    both = (batch, changed_batch)
    assert torch.equal(*(recogniser.scores(modules, inputs, statistics) for inputs in both))
    assert torch.equal(*(recogniser.spatial_loss(modules, inputs, statistics, stream()) for inputs in both))


@pytest.mark.parametrize(("pad", "same"), [("masked", True), ("zeros", False)])
def test_the_length_that_clips_are_brought_to_matters_only_with_zeros(pad, same):
    short, long = method(pad=pad), method(pad=pad, frames=8)
    data = clips(short)
    more = {
        name: F.pad(value, (0, 0, 0, 0, 0, 3) if name in PATCHES else (0, 3)) for name, value in data.inputs.items()
    }
    modules, batch, statistics = at_hand(short, data)
    first, second = short.scores(modules, batch, statistics), long.scores(modules, more | data.targets, statistics)
    assert torch.allclose(first, second, atol=1e-6) == same


def test_loss_of_sampled_frames_is_that_of_these_frames():
    """If the frames of a clip are equal, any sample gives the loss of all frames."""
    all_frames, sampled_frames = method(), method(pictures=2)
    data = clips(all_frames)
    for name in PATCHES:
        data.inputs[name] = data.inputs[name][:, :, :1].expand_as(data.inputs[name]).contiguous()
    data.inputs["sequence_real"][:] = True
    both = (all_frames, sampled_frames)
    torch.testing.assert_close(*(part.spatial_loss(*at_hand(all_frames, data), stream()) for part in both))


def test_frames_that_differ_little_from_the_first_have_no_label():
    """Shares of the clip's largest change over all regions; frames that are none never have one."""
    recogniser = method(still=0.5, reference="difference")
    change = torch.tensor([[0.0, 2, 4, 8, 3], [0, 1, 1, 9, 9]])
    video = change[:, :, None, None, None].expand(-1, -1, 1, 2, 2)
    real = torch.tensor([[True] * 5, [True, True, True, False, False]])
    labelled = recogniser.labelled({EYES[0]: video, MOUTH: -video}, real)
    assert labelled.tolist() == [[0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
    assert recogniser._sample_frames(labelled.repeat(50, 1), stream()) is None
    index = method(pictures=40)._sample_frames(labelled, stream())
    assert [sorted(set(row)) for row in index.tolist()] == [[2, 3], [1, 2]]
    assert torch.equal(method().labelled({}, real), real.float())


def test_a_mirrored_face_has_its_regions_on_the_other_side():
    """If all clips are mirrored, losses are those of clips whose regions were swapped and flipped before."""
    for name, other in ((EYES[0], EYES[1]), (EYES[1], EYES[0]), (NOSE, NOSE), (MOUTH, MOUTH), (FACE, FACE)):
        assert mirror_region(name) == other
    recogniser, mirroring = method(), method(mirror=1.0)
    data = clips(recogniser)
    flipped = {name: data.inputs[mirror_region(name)].flip(-1) for name in PATCHES}
    modules, batch, statistics = at_hand(recogniser, data)
    for moment in ("mean", "deviation"):
        statistics |= {f"{moment}_{name}": statistics[f"{moment}_{NOSE}"] for name in PATCHES}
    mirrored = batch | flipped
    loss = mirroring.spatial_loss(modules, batch, statistics, stream())
    torch.testing.assert_close(loss, recogniser.spatial_loss(modules, mirrored, statistics, stream()))
    features = mirroring.precompute_features(modules, batch, statistics)
    expected = recogniser.precompute_features(modules, mirrored, statistics)
    torch.testing.assert_close(features["features_mirrored"], expected["features"])
    assert not torch.allclose(features["features"], expected["features"])


def test_patches_have_mean_0_and_deviation_1_are_smaller_or_differ_from_the_first_frame():
    recogniser = method(shrink=1)
    data = clips(recogniser)
    _, batch, statistics = at_hand(recogniser, data)
    patches = recogniser.patches(NOSE, batch, statistics)
    assert patches.shape == (6, 5, 1, 80, 120)
    real_frames = [patches[clip][data.inputs["sequence_real"][clip]] for clip in range(6)]
    assert float(torch.stack([frames.mean() for frames in real_frames]).mean()) == pytest.approx(0, abs=1e-4)
    assert float(torch.stack([frames.square().mean() for frames in real_frames]).mean()) == pytest.approx(1, rel=1e-3)
    assert not patches[~data.inputs["sequence_real"]].any()
    reduced = method().patches(NOSE, batch, statistics)
    expected = patches.unflatten(-1, (30, 4)).unflatten(-3, (20, 4)).mean((-1, -3))
    torch.testing.assert_close(reduced, expected, atol=1e-5, rtol=1e-4)
    recogniser = method(reference="difference")
    video = clips(recogniser).inputs[MOUTH].movedim(2, 1)
    torch.testing.assert_close(recogniser._levels(video), (video.float() - video[:, :1].float()) / 255)


@pytest.mark.parametrize(
    ("regions", "left_out"), [("all", "none"), ("no_nose", "nose"), ("no_cheeks", "cheek"), ("whole_face", "region")]
)
def test_rows_of_table_5_read_what_they_name_and_their_networks_learn_before_the_lstms(regions, left_out):
    recogniser, places = method(regions=regions), [name for name in PATCHES if left_out not in name] or [FACE]
    assert [*recogniser.inputs] == [*places, "sequence_real"]
    networks = {f"{part}_{region}" for part in ("network", "head") for region in places}
    assert set(recogniser.build({})) == networks | {"temporal"}
    (spatial,), (temporal,) = (phase.updates for phase in recogniser.phases())
    assert {*spatial.trains} == networks and {*temporal.trains} == {"temporal"}


def test_patches_have_the_papers_sizes_and_rows_of_tables_5_to_7_are_these_variants():
    sizes = [shape[2:] for name, shape in LocalRegions(LocalRegions.Params()).inputs.items() if name in PATCHES]
    assert sorted(sizes) == [(60, 60), (60, 60), (60, 160), (80, 100), (80, 100), (80, 120)]
    assert method(regions="whole_face").inputs == {FACE: (1, 5, 160, 160), "sequence_real": (5,)}
    tables = ("table5", "table6", "table7")
    printed = {cell.method for cell in cells() if cell.paper == "localregions" and cell.table in tables}
    variants = ("no_cheeks", "no_nose", "whole_face", "simple_cnn", "cross_entropy")
    assert printed == {"localregions", *(f"localregions.{name}" for name in variants)}


@pytest.mark.parametrize("pictures", [0, 2])
def test_precomputed_patches_give_the_same_loss(pictures):
    recogniser = method(pictures=pictures)
    modules, batch, statistics = at_hand(recogniser, clips(recogniser))
    targets = {name: batch[name] for name in ("label", "reacts")}
    precomputed = recogniser.precompute_patches(modules, batch, statistics) | targets
    first, second = (recogniser.spatial_loss(modules, inputs, statistics, stream()) for inputs in (batch, precomputed))
    assert torch.equal(first, second) and precomputed[f"patches_{MOUTH}"].shape == (6, 5, 1, 15, 40)
    assert recogniser.phases()[0].precompute is not None and method(shrink=1).phases()[0].precompute is None
