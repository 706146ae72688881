"""The folds of every protocol: whole units apart, published numbers of clips, whatever the order of the input."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from composites import clip, composite
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from microexpr.core.clip import LABELS, POPULATION, Clip
from microexpr.core.errors import DataError, ParamsError
from microexpr.datasets import MICRO
from microexpr.protocols import ABLATION, MAIN, TRAINING_SETS, shard, splits
from microexpr.rendering import plan
from microexpr.tasks import PROTOCOLS, TASKS
from reader_fits import population
from reader_fits.population import scenes

MEGC = PROTOCOLS["megc2019"]
EMOTIONS = {
    "smic": ("negative", "positive", "surprise"),
    "casme2": ("disgust", "fear", "happiness", "others", "repression", "sadness", "surprise"),
    "samm": ("anger", "contempt", "disgust", "fear", "happiness", "other", "sadness", "surprise"),
}
ADDED = [name for name in MICRO if name not in EMOTIONS]  # by whoever adds one: three classes, and no table of a paper
# Folds (None: unpublished), and clips of each class in the order of the protocol's: facts of workbooks and challenge.
MEGC_CLIPS = (250, 109, 83)
THREE = {"casme2": (24, (88, 32, 25)), "samm": (28, (92, 26, 15)), "smic": (16, (70, 51, 43))}
PUBLISHED = {
    **dict.fromkeys(("megc2019", "flow_folders", "flow_folders_both"), (68, MEGC_CLIPS)),
    **dict.fromkeys(("flow_folders_population", "flow_folders_means"), (1, MEGC_CLIPS)),
    "objective": (None, (49, 28, 119, 34, 23)),
    **{f"loso_{name}_3": folds_and_clips for name, folds_and_clips in THREE.items()},
    "loso_casme2_5": (26, (63, 32, 99, 27, 25)),
    "loso_casme2_7": (26, (63, 2, 32, 99, 27, 7, 25)),
    "loso_samm_7": (28, (57, 12, 9, 8, 26, 6, 15)),
    "loso_samm_8": (29, (57, 12, 9, 8, 26, 26, 6, 15)),
    **{f"lovo_{name}_3": (sum(clips), clips) for name, (_, clips) in THREE.items()},
    "lovo_casme2_7": (255, (63, 2, 32, 99, 27, 7, 25)),
    "lovo_samm_8": (159, (57, 12, 9, 8, 26, 26, 6, 15)),
    **{f"cross_{one}_to_{name}": (1, clips) for name, (_, clips) in THREE.items() for one in THREE if one != name},
    **{f"cross_{'_'.join(sorted({*THREE} - {name}))}_to_{name}": (1, clips) for name, (_, clips) in THREE.items()},
    "cross_objective_casme2_to_samm": (1, (24, 13, 20, 8, 3)),
    "cross_objective_samm_to_casme2": (1, (25, 15, 99, 26, 20)),
}


@pytest.fixture(scope="module")
def published() -> list[Clip]:
    """Corpora of published size, planned but not rendered."""
    params = plan.Params(smic="published", casme2="published", samm="published")
    rendered = scenes.clips_of(population.Params(), ["s0001"], ("micro", "macro"))
    return [*(event.clip for name in EMOTIONS for event in plan.plan_clips(name, params, seed=4)), *rendered]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_counts(published, name):
    protocol = PROTOCOLS[name]
    clips_by_id = {clip.id: clip for clip in published}
    folds = protocol.folds(published)
    tested = [clips_by_id[name] for fold in folds for name in fold.test]
    counts = Counter(protocol.classes[protocol.label(clip)] for clip in tested)
    people, clips = PUBLISHED[name]
    assert (len(folds) if people else None, tuple(counts[word] for word in protocol.classes)) == (people, clips)
    assert {clip.dataset for clip in tested} == set(protocol.datasets)


def test_every_protocol_of_the_papers_is_there_and_two_of_each_added_data_set():
    expected = {f"{kind}_{name}_3" for kind in ("loso", "lovo") for name in ADDED}
    ours = {*TRAINING_SETS.values(), ABLATION, *(protocol.name for protocol in TASKS["units"].protocols)}
    assert set(PROTOCOLS) == {*PUBLISHED, "split70", "loso_all_3", *ours, *expected}
    assert set(MAIN) < set(PROTOCOLS)
    for name, protocol in PROTOCOLS.items():
        assert name == protocol.name and (protocol.unit == "clip") == name.startswith("lovo_")


def test_drawn_split_has_the_published_numbers_of_subjects(published):
    draws = PROTOCOLS["split70"].folds(published, seed=1, seeds=5)
    for number, fold in enumerate(draws):
        train, test = ({name.rpartition("/")[0] for name in side} for side in (fold.train, fold.test))
        assert Counter(person.split("/")[0] for person in train) == {"smic": 11, "casme2": 17, "samm": 20}
        assert Counter(person.split("/")[0] for person in test) == {"smic": 5, "casme2": 7, "samm": 8}
        assert (fold.name, fold.draw) == (f"draw{number + 1}", number)
    assert len({fold.test for fold in draws}) == 5
    assert PROTOCOLS["split70"].folds(published, seed=1, seeds=2) == draws[:2]  # one more seed changes no other
    assert PROTOCOLS["split70"].folds(published, seed=2) != draws[:1]


@st.composite
def corpora(draw) -> list[Clip]:
    """Up to four people a data set, each with up to five clips of any emotion and class, named alike across sets."""
    clips = []
    for dataset in (*EMOTIONS, ADDED[0], POPULATION):
        for subject in draw(st.lists(st.sampled_from(["01", "011", "1", "02"]), unique=True, max_size=4)):
            for number in range(draw(st.integers(1, 5))):
                whole = clip(dataset, subject, f"{subject}_{number}", draw(st.sampled_from([None, 0, 1, 2])))
                coded = None if dataset == "smic" else draw(st.integers(1, 7))
                emotion = draw(st.sampled_from(EMOTIONS.get(dataset, LABELS)))
                units = draw(st.sampled_from(["", "?", "12", "1+L2", "R12 or R14"]))  # coded but for the first two
                clips.append(replace(whole, emotion=emotion, objective_class=coded, action_units=units))
    return clips


UNITS = {  # of a clip's id, written out by hand
    "clip": lambda name: name,
    "subject": lambda name: name[: name.rindex("/")],
    "dataset": lambda name: name[: name.index("/")],
}
of = UNITS["dataset"]
KINDS = {  # a protocol of each kind; its folds follow from these
    (p.unit, p.share, p.alone, len(p.datasets), len(p.trained_on), p.also_trained_on, p.class_name): name
    for name, p in PROTOCOLS.items()
    if {*p.datasets} & {*EMOTIONS}
}


@pytest.mark.parametrize("name", KINDS.values())
@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(clips=corpora(), inner=st.integers(0, 2), draws=st.integers(1, 3), seed=st.integers(0, 9), data=st.data())
def test_folds(name, clips, inner, draws, seed, data):
    protocol = PROTOCOLS[name]
    try:
        folds = protocol.folds(clips, seed, inner, draws)
    except (DataError, ParamsError):
        assume(False)
    selected = {clip.id for clip in clips if protocol.label(clip) is not None and clip.dataset in protocol.sources}
    tested = {name for name in selected if of(name) in protocol.datasets}
    if protocol.alone:
        subjects = {UNITS["subject"](name) for name in selected}
        selected = tested = {name for name in selected if sum(of(who + "/") == of(name) for who in subjects) > 1}
    unit = UNITS[protocol.unit]
    for fold in folds:
        others = {name for name in selected if not protocol.alone or of(name) == of(fold.test[0])}
        assert others == {*fold.train, *fold.inner, *fold.test} and fold.train and fold.test
        assert len(others) == len(fold.train) + len(fold.inner) + len(fold.test)
        assert not {unit(name) for name in fold.test} & {unit(name) for name in fold.train + fold.inner}
        inner_subjects, train = ({UNITS["subject"](name) for name in side} for side in (fold.inner, fold.train))
        assert not inner_subjects & train and len(inner_subjects) == inner
    if protocol.share is None:
        assert sorted(name for fold in folds for name in fold.test) == sorted(tested)
        units = {unit(name) for name in tested}
        together = "_".join(name for name in protocol.datasets if name in units)  # tested by the same training
        assert [fold.name for fold in folds] == ([together] if protocol.trained_on else sorted(units))
    shuffled = data.draw(st.permutations(clips))
    assert protocol.folds(shuffled, seed, inner, draws) == folds


def test_drawn_subjects_depend_on_seed_and_fold_alone():
    """Written out: the order of a set of names differs from process to process, not within one."""
    clips = composite(6, 3)
    (split,) = PROTOCOLS["split70"].folds(clips, seed=1)
    folds = MEGC.folds(clips, seed=1, inner_subjects=3)
    tested, inner = (sorted({UNITS["subject"](name) for name in side}) for side in (split.test, folds[0].inner))
    assert tested == ["casme2/s01", "casme2/s04", "samm/s03", "samm/s04", "smic/s01", "smic/s04"]
    assert inner == ["samm/s03", "smic/s03", "smic/s04"]
    assert folds != MEGC.folds(clips, seed=2, inner_subjects=3)
    assert len({fold.inner for fold in folds}) > len(folds) // 2
    with pytest.raises(ParamsError, match="must be < the 17 subjects that fold casme2/s01 of megc2019 trains on"):
        MEGC.folds(clips, inner_subjects=17)


def test_classes_are_native_ones_unlabelled_clips_mix_nothing_and_rendered_subjects_are_in_no_fold(published):
    sample = replace(clip(label=None), emotion="disgust", objective_class=4)  # an apex on the onset leaves MEGC2019
    assert [PROTOCOLS[f"loso_casme2_{count}"].label(sample) for count in (3, 5, 7)] == [None, 0, 0]
    assert PROTOCOLS["objective"].label(sample) == 3
    assert PROTOCOLS["objective"].label(replace(sample, objective_class=6)) is None
    clips = [clip(), clip(name="EP02_01")]  # of one person every clip may be left out in turn
    assert [fold.test for fold in PROTOCOLS["lovo_casme2_3"].folds(clips)] == [(sample.id,) for sample in clips]
    labelled = composite(2, 3)
    assert MEGC.select([*labelled, replace(labelled[0], name="x", label=None, origin="licensed")]) == MEGC.select(
        labelled
    )
    corpus, both = (PROTOCOLS[name] for name in ("flow_folders", "flow_folders_both"))
    assert corpus.folds(published) == both.folds(published)
    others = both.macro(clip for clip in published if clip.dataset == POPULATION)
    assert len(others) == 18 and {label for _, label in others} == {0, 1, 2}


@pytest.mark.parametrize(
    ("name", "clips", "message"),
    [
        ("megc2019", [clip(), clip()], "casme2/sub01/EP01_01 must be there once, not twice"),
        ("megc2019", [clip(), clip(name="EP02", origin="licensed")], "one origin, not generated and licensed"),
        ("megc2019", [clip(), clip(name="EP02")], "must have at least 2 subjects with labelled clips, not 1"),
        ("lovo_casme2_3", [clip()], "must have at least 2 labelled clips, not 1"),
        ("cross_casme2_to_samm", composite()[:24], "must have labelled clips of samm, not none"),
        ("flow_folders_population", composite(), "must have labelled clips of population, not none"),
        ("split70", [clip(subject="1"), clip("samm", "2")], "must have clips on both sides of each fold"),
    ],
)
def test_refusals(name, clips, message):
    with pytest.raises(DataError, match=message):
        PROTOCOLS[name].folds(clips)


@pytest.mark.parametrize(("count", "sizes"), [(1, [6]), (4, [1, 2, 1, 2]), (6, [1] * 6)])
def test_shards_are_contiguous_and_even(count, sizes):
    folds = MEGC.folds(composite())
    parts = [shard(folds, f"{number}of{count}") for number in range(1, count + 1)]
    assert [len(part) for part in parts] == sizes and [fold for part in parts for fold in part] == folds
    for beyond in (0, 7):
        with pytest.raises(ParamsError, match=f"between 1 and the 6 folds, not {beyond}"):
            shard(folds, f"1of{beyond}")


def test_a_few_folds_are_spread_over_all_and_clips_of_a_unit_must_be_contiguous():
    clips = random.Random(1).sample(composite(4), 72)
    folds = MEGC.folds(clips)
    assert [fold.name for fold in MEGC.folds(clips, limit=4)] == ["casme2/s01", "casme2/s04", "samm/s03", "smic/s02"]
    assert MEGC.folds(clips, limit=1) == folds[:1]
    assert MEGC.folds(clips, limit=12) == MEGC.folds(clips, limit=99) == folds
    split = PROTOCOLS["split70"]
    assert split.folds(clips, seeds=3, limit=1) == split.folds(clips, seeds=3)  # each is a seed's
    with pytest.raises(ValueError, match="must be sorted"):
        splits.leave_one_out([clip(subject=subject, name=subject) for subject in ("b", "a", "b")], "subject")
