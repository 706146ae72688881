"""A run as planned before anything runs: protocols, methods, files."""

import copy
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stage
from scratch import ROOT
from small_corpora import write_corpus
from stages import Outputs

from microexpr import datasets
from microexpr.cli import config
from microexpr.core import records, store
from microexpr.core.errors import ParamsError
from microexpr.datasets import MICRO
from microexpr.models import pretrained_weights
from microexpr.protocols import ABLATION, FLOW_PROTOCOLS, MAIN, PROTOCOLS, TRAINING_SETS
from microexpr.protocols.splits import subject_id
from microexpr.reporting import papers
from microexpr.tasks import TASKS
from microexpr.tasks.emotion.params import ENDINGS
from microexpr.tasks.run import Run
from reader_fits.population.planned import Population

LEAK = {"planted_leak": "held_out_clips"}
STARTS = {"initialisation": "population", "population": {"epochs": 3}}
COMPOSITE = "results/pretrain/ststnet/population_composite.safetensors"
ALONE = {"triplet_weight": 0.0, "adversarial_weight": 0.0, "inequality_weight": 0.0}


@pytest.fixture
def run_of(tmp_path, monkeypatch) -> Callable[..., Run]:
    """The run of params.yaml without its variants and all from scratch, with sections changed; nothing is licensed."""
    values = config.load(ROOT / "params.yaml")
    values["variants"], values["papers"]["variants"] = {}, {}
    values["training_sets"], values["appendix"] = {"corpus": {}, "both": {}}, {}
    for params in values["methods"].values():
        params.pop("population", None)
        if params.get("initialisation") == "population":
            del params["initialisation"]
    monkeypatch.chdir(tmp_path)

    def made(**changed: Any) -> Run:
        changed_values = copy.deepcopy(values)
        for section, value in changed.items():
            changed_values[section] = changed_values[section] | value if isinstance(value, dict) else value
        return Run(config.check_cached(changed_values), Population)

    return made


def starts(run: Run, method: str, protocol: str, role: str = "population") -> list[str]:
    """The files that a training starts from."""
    return run.first.paths(run.plan.training(method, protocol), role)


def teachers(run: Run, method: str, protocol: str) -> list[str]:
    """The networks of macro-expressions that guide a training."""
    return run.first.teacher_paths(run.plan.training(method, protocol))


def synthetic(run: Run, method: str, protocol: str) -> list[str]:
    """The files of synthesised clips that a training reads."""
    return [path for paths in run.plan.synthetic_inputs(run.plan.training(method, protocol)).values() for path in paths]


def params_of(run: Run, method: str, protocol: str) -> dict[str, Any]:
    return run.plan.training(method, protocol).about.params


def test_every_protocol_of_the_data_sets_here(run_of):
    main = {protocol.name for protocol in TASKS["emotion"].protocols}
    assert set(run_of(datasets=list(MICRO)).plan.allowed) == main
    two = run_of(datasets=["casme2", "samm"])
    absent = {*MICRO} - {"casme2", "samm"}  # composites are of the sets that are here
    assert set(two.plan.allowed) == {name for name in main if not absent & {*name.split("_")}}
    assert two.plan.sources("cross_casme2_to_samm") == ["casme2", "samm"]
    assert two.plan.sources("loso_samm_3") == ["samm"]


ADDED = [name for name in MICRO if name not in PROTOCOLS["megc2019"].datasets]


@pytest.mark.parametrize("names", [ADDED, ADDED[:1]], ids="+".join)
def test_without_a_data_set_of_the_challenge_all_that_are_here_are_a_composite(run_of, names):
    sizes = {name: {"subjects": 2, "clips": 3} for name in names}
    run = run_of(datasets=names, render=sizes, train={"rendered_folds": 0})
    assert run.plan.main.name == "loso_all_3" and "megc2019" not in run.plan.allowed
    folds = run.plan._folds("loso_all_3")
    assert len(folds) == 2 * len(names) == len({fold.name for fold in folds})
    assert {clip_id.split("/")[0] for fold in folds for clip_id in fold.test} == set(names)
    assert run.plan.folds("majority", "loso_all_3") == folds  # all, as of the main table
    with pytest.raises(ParamsError, match=r"megc2019_table.csv needs one of smic, casme2, samm in datasets; results/"):
        run.plan.table_rows("megc2019_table")
    assert len(run_of().plan.table_rows("megc2019_table")) == len(run_of().plan.in_table)


def test_a_licensed_copy_alone_whose_clips_share_folders(run_of, tmp_path):
    """A video is an input once, and of its frames only those of clips count."""
    planned = write_corpus(tmp_path / "data/raw/casme3", "casme3")
    run = run_of(datasets=["smic", "casme3"])
    assert (run.corpus.micro_sets, run.corpus.left_out, run.plan.main.name) == (["casme3"], ["smic"], "loso_all_3")
    first = planned[0].clip
    places = run.corpus.native_paths("casme3", first.subject)
    assert len(places) == 4 == len({*places})  # of eight clips
    before = run.corpus.native_state("casme3", first.subject)
    path = tmp_path / "data/raw/casme3" / first.folder / f"{first.onset}.jpg"
    (path.parent / f"{first.offset + 1}.jpg").write_bytes(path.read_bytes())
    assert run.corpus.native_state("casme3", first.subject) == before
    path.write_bytes(path.read_bytes() + b"more")
    assert run.corpus.native_state("casme3", first.subject) != before


def test_main_protocol_trains_all_folds_and_others_so_many_as_the_tables_of_papers_want(run_of):
    rows = {"ststnet": {"plain": {"mirror": 0.0}}}
    few = run_of(papers={"folds": 2, "draws": 1, "variants": rows}, train={"shards": 3, "rendered_folds": 0}).plan
    others = [name for name in few.allowed if name not in ("megc2019", *TRAINING_SETS.values(), "split70")]
    counts = {name: 1 if name.startswith("cross_") or name == ABLATION else 2 for name in others}
    assert {name: len(few.folds("ststnet", name)) for name in others} == counts
    for name in ("megc2019", "megc2019_corpus", "megc2019_both"):
        assert len(few.folds("ststnet", name)) == 24 and len(few.folds("ststnet.plain", name)) == 2
    assert few.training("ststnet", "megc2019").names == ["1of3", "2of3", "3of3"]
    for method, name in (("ststnet.plain", "megc2019"), ("ststnet", "lovo_samm_8")):
        assert few.training(method, name).names == ["1of2", "2of2"]
    assert few.training("ststnet", "cross_smic_to_samm").names == ["1of1"]
    assert few.training("ststnet", "split70").files == ["results/train/ststnet/split70/1of1.h5"]
    assert len(run_of(papers={"folds": 0}).plan.folds("ststnet", "lovo_samm_8")) == 64


def test_a_set_of_the_users_own_is_tested_in_full(run_of, monkeypatch):
    plan = run_of(papers={"folds": 2}).plan
    assert len(plan.folds("ststnet", "loso_smic_3")) == 2
    monkeypatch.setattr(datasets, "OWN", ("smic",))
    assert len(plan.folds("ststnet", "loso_smic_3")) == 8
    assert len(plan.folds("ststnet", "loso_samm_3")) == 2
    several = run_of(train={"seeds": 2}, papers={"draws": 3}).plan
    assert [fold.draw for fold in several.folds("ststnet", "split70")] == [0, 1, 2]
    assert (several.seeds("split70"), several.seeds("megc2019")) == (3, 2)


def test_each_method_trains_on_the_corpus_alone_and_from_the_population_as_the_protocol_says(run_of):
    run = run_of(
        methods={"ststnet": STARTS, "hoof": {}},
        training_sets={"corpus": {"ststnet": {"epochs": 9}}, "both": {"hoof": {"blocks": 4}}},
    )
    ststnet = {name: params_of(run, "ststnet", name) for name in ("megc2019", *TRAINING_SETS.values())}
    assert ststnet["megc2019_both"] == ststnet["megc2019"]
    assert ststnet["megc2019_corpus"].items() >= {"epochs": 9, "initialisation": "scratch"}.items()
    assert starts(run, "ststnet", "megc2019_corpus") == []
    assert starts(run, "ststnet", "megc2019_both") == [COMPOSITE]
    assert [params_of(run, "hoof", name)["blocks"] for name in ("megc2019", "megc2019_both")] == [5, 4]
    assert starts(run, "hoof", "megc2019") == [] and len(starts(run, "hoof", "megc2019_both")) == 1
    # no weights of these classes are shipped
    assert run.plan.training("ststnet", "loso_casme2_5").learns_from == "corpus"
    assert starts(run, "ststnet", "loso_casme2_5") == []
    assert run.plan.by_training_set["ststnet"] == {
        "corpus": "results/evaluate/megc2019_corpus/ststnet.csv",
        "both": "results/evaluate/megc2019/ststnet.csv",
    }
    assert run.plan.by_training_set["majority"] == {"corpus": "results/evaluate/megc2019/majority.csv"}


def test_a_teacher_of_the_corpus_alone_has_a_file_of_its_own(run_of):
    run = run_of(methods={"mtmnet": {"initialisation": "population"}})
    assert teachers(run, "mtmnet", "megc2019") == ["results/pretrain/mtmnet/composite.safetensors"]
    (path,) = teachers(run, "mtmnet", "megc2019_corpus")
    assert path == "results/pretrain/mtmnet/corpus_composite.safetensors" and path in run.first.files
    student = run.first.teachers[path]
    assert student.protocol.name == "megc2019_corpus" and not student.about.teacher_population
    assert run.first.teachers["results/pretrain/mtmnet/composite.safetensors"].about.teacher_population


def test_checkpoints_of_each_training_and_the_result_that_ends_it(run_of):
    run = run_of(train={"shards": 2})
    checkpoints = {folder: result for folder, result in run.checkpoints.items() if "/ststnet/megc2019/" in folder}
    assert checkpoints == {
        "work/checkpoints/ststnet/megc2019/1of2": "results/train/ststnet/megc2019/1of2.h5",
        "work/checkpoints/ststnet/megc2019/2of2": "results/train/ststnet/megc2019/2of2.h5",
        "work/checkpoints/ststnet/megc2019/refit": "results/refit/ststnet.safetensors",
    }
    assert run.checkpoints["work/checkpoints/ststnet/flow_folders/1of2"].startswith("results/flow_folders/train/")
    assert "work/checkpoints/flow_svm/megc2019/refit" not in run.checkpoints  # no network


def test_data_sets_of_questions_that_no_table_tests_are_named_also_where_none_is_left(run_of):
    for names, expected in ((["smic"], ["casme2", "samm"]), (["smic", "samm"], ["casme2"]), (["casme2", "samm"], [])):
        assert run_of(datasets=names).tasks["questions"].left_out == expected


def test_rows_of_precomputed_flow_that_need_the_population_are_left_out_without_it(run_of):
    few = {"population": {"subjects": 2, "takes": 2}, "papers": {"ablation_subjects": 0}}
    full, without = (run_of(**few, flow_folders={"subjects": count, "both": 2}) for count in (2, 0))
    assert full.tasks["flow_folders"].allowed == list(FLOW_PROTOCOLS)
    assert without.tasks["flow_folders"].allowed == ["flow_folders"]
    assert len(full.tasks["flow_folders"].trainings) == 4 * len(without.tasks["flow_folders"].trainings)
    assert not any("population" in path for path in without.tasks["flow_folders"].outputs)


def test_checkpoints_stay_until_the_result_is_recorded(run_of):
    run, names = run_of(), ("ststnet", "icegan", "flow_svm", "gone")
    folders = {name: Path(f"work/checkpoints/{name}/megc2019/1of1") for name in names}
    for folder in folders.values():
        (folder / "key").mkdir(parents=True)
    for name in ("ststnet", "icegan"):
        result = Path(run.checkpoints[str(folders[name])])
        result.parent.mkdir(parents=True)
        result.touch()
    records.take(run.checkpoints[str(folders["ststnet"])])
    stage.prune_checkpoints(run)
    assert [name for name, folder in folders.items() if folder.exists()] == ["icegan", "flow_svm"]


def test_what_declares_a_leak_is_in_no_table_and_has_a_folder_of_its_own(run_of):
    run = run_of(methods={"majority": LEAK})
    assert "majority" in run.plan.methods
    assert "majority" not in run.plan.ranked and "majority" not in run.tasks["flow_folders"].methods
    assert run.plan.training("majority", "megc2019").evaluation[0] == "results/evaluate/leaky/megc2019/majority.csv"
    evaluated = Outputs(run).expected["evaluate"]
    assert "results/evaluate/leaky/objective/majority.csv" in evaluated
    assert "results/evaluate/megc2019/majority.csv" not in evaluated


def test_whose_faces_are_measured_and_whose_people_are_compared(run_of):
    run = run_of()
    assert {*run.plan.synthesising} == {"icegan", "displays"}
    evaluated, leaky = Outputs(run).expected["evaluate"], run_of(methods={"icegan": LEAK, "displays": LEAK})
    assert "results/evaluate/megc2019/icegan_faces.csv" in evaluated
    assert not [path for path in evaluated if "ststnet_faces" in path]
    assert not leaky.plan.synthesising
    assert not [path for path in Outputs(leaky).expected["evaluate"] if "_faces" in path]
    macro = ["ckplus", "mmi", "oulu_casia"]  # of pictures nobody knows whose
    assert run.corpus.subject_sets == [*run.corpus.micro_sets, *macro]


def test_more_inner_subjects_than_train_are_refused_before_anything_runs(run_of):
    with pytest.raises(ParamsError, match=r"train\.inner_subjects must be < the 18 subjects that fold 1of4 of"):
        run_of(train={"inner_subjects": 18})
    few = run_of(train={"inner_subjects": 7})  # of eight subjects none would be left
    assert "loso_samm_3" not in few.plan.allowed


def test_rendered_subjects_are_held_out_in_groups_where_the_table_says_so(run_of):
    """Each subject once, a quarter of each data set's in each fold, the same for all rows."""
    plan = run_of().plan
    folds = plan.folds("ststnet", "megc2019")
    for same in (folds, plan.folds("majority", "megc2019_both")):
        assert [fold.name for fold in same] == ["1of4", "2of4", "3of4", "4of4"]
    tested = [sorted({subject_id(clip) for clip in fold.test}) for fold in folds]
    assert len(set().union(*tested)) == 24 == sum(map(len, tested))
    assert all(sum(name.startswith("samm") for name in group) == 2 for group in tested)
    for fold, group in zip(folds, tested, strict=True):
        assert {subject_id(clip) for clip in fold.train}.isdisjoint(group)
    first, *others = plan.folds("ststnet", "loso_samm_3")
    assert len(others) == 3 and "samm/006" in first.name


def test_a_variant_has_files_of_its_own_and_a_row_where_it_was_asked_for(run_of):
    of_papers = {"variants": {"icegan": {"wide": {"width": 16}}}}
    run = run_of(variants={"ststnet": {"plain": {"mirror": 0.0}}}, papers=of_papers)
    assert run.plan.in_table == [*run.corpus.params["methods"], "ststnet.plain"]
    assert run.plan.ranked == [*run.plan.in_table, "icegan.wide"]
    assert run.plan.training("ststnet.plain", "megc2019").files == ["results/train/ststnet.plain/megc2019/1of1.h5"]
    assert "results/train/icegan.wide/split70/faces/1of1.h5" in Outputs(run).expected["train"]
    assert "results/evaluate/split70/icegan.wide.csv" in Outputs(run).expected["evaluate"]
    of_pictures = run.tasks["flow_folders"].methods
    assert "ststnet.plain" in of_pictures and "icegan.wide" not in of_pictures


def test_one_network_of_strong_expressions_guides_all_folds_and_all_who_want_the_same(run_of):
    rows = {"tri": {"adversarial_weight": 0.0}, "mmi": {"macro_source": "mmi"}, "alone": ALONE}
    run = run_of(papers={"variants": {"mtmnet": rows}})
    (path,) = teachers(run, "mtmnet", "megc2019")
    assert path == "results/pretrain/mtmnet/composite.safetensors" == teachers(run, "mtmnet.tri", "loso_smic_3")[0]
    assert teachers(run, "mtmnet.mmi", "loso_casme2_5") == ["results/pretrain/mtmnet.mmi/casme2_5.safetensors"]
    assert teachers(run, "mtmnet.alone", "megc2019") == teachers(run, "nmer", "megc2019") == []
    names = ("mtmnet", "mtmnet.mmi", "mtmnet.alone")
    assert [run.plan.macro_sets(name) for name in names] == [["ckplus"], ["mmi"], []]
    assert {Path(teacher).parent.name for teacher in run.first.teachers} == {"mtmnet", "mtmnet.mmi"}
    assert path in Outputs(run).expected["pretrain"]
    assert run.checkpoints["work/checkpoints/mtmnet/pretrain/composite"] == path
    assert run.first.protocol_of_classes["composite"] == "megc2019"


def test_figures_are_drawn_where_what_they_show_is_here(run_of):
    def drawn(paper: str, **changed: Any) -> set[str]:
        paths = map(Path, Outputs(run_of(**changed)).expected["papers"])
        return {path.name for path in paths if path.parent.name == paper and path.name.startswith("fig")}

    two = ["smic", "samm"]
    rows = {"variants": {"mtmnet": {"eidnet": ALONE | {"epochs": 0}}}}
    assert drawn("mtmnet", papers=rows) == {"fig1.png", "fig3.png", "fig3.safetensors"}
    assert drawn("mtmnet", papers=rows, datasets=two) == set()
    other = {"mtmnet": {"macro_source": "mmi"}}  # whose Fig. 1 is of CK+ all the same
    assert drawn("mtmnet", papers=rows, macro=["mmi"], methods=other) == {"fig3.png", "fig3.safetensors"}
    assert drawn("localregions", methods={"localregions": None}) >= {"fig3.png", "fig5.png", "fig7.png"}
    nodes, clips = {"fig4.png", "fig4.csv", "fig4.safetensors"}, {"fig3.png", "fig3.gif", "fig5.png"}
    rows = {"variants": {"augacn": {"nodes": {"input_mode": "change"}}}}
    assert nodes <= drawn("augacn", papers=rows)
    for changed in ({"datasets": two}, {"methods": {"augacn": LEAK}}):
        assert not nodes & drawn("augacn", papers=rows, **changed)
    assert drawn("augacn") & (nodes | clips) == clips
    assert drawn("augacn", datasets=two) & clips == {"fig5.png"}
    assert not clips & drawn("augacn", datasets=["smic"])


def test_synthetic_clips_come_from_a_generator_without_the_test_subjects(run_of):
    rows = {"folds": 1, "variants": {"capsulenet": {"made": {"synthetic": "auicgan"}}}}
    run = run_of(papers=rows, synthesise={"groups": 4})
    files = run.generators.clips("auicgan")
    assert files == [f"results/synthesise/auicgan/groups/{n}of4.h5" for n in (1, 2, 3, 4)]
    assert {*files} <= Outputs(run).expected["synthesise"]
    (fold,) = run.plan.folds("capsulenet.made", "loso_samm_8")
    (group_name,) = [group.name for group in run.generators.groups("auicgan") if fold.test[0] in group.test]
    path = f"results/synthesise/auicgan/groups/{group_name}.h5"
    assert synthetic(run, "capsulenet.made", "loso_samm_8") == [path]
    assert synthetic(run, "capsulenet", "loso_samm_8") == []
    assert synthetic(run, "capsulenet.made", "loso_smic_3") == files[:1]  # whom no generator knows
    two = [f"results/synthesise/auicgan/groups/{n}of2.h5" for n in (1, 2)]
    assert synthetic(run_of(papers=rows | {"folds": 0}), "capsulenet.made", "megc2019") == two
    assert run.generators.still_sets("famgan") == ["affectnet"] and run.generators.still_sets("auicgan") == []
    assert run.generators.sets("auicgan") == ["casme2", "samm"]
    lacking = run_of(datasets=["smic"], papers=rows)
    assert lacking.generators.groups("auicgan") == [] == lacking.generators.clips("auicgan")
    *_, last = run_of(synthesise={"groups": 17}).generators.groups("auicgan")
    assert last.name == "16of16"  # a person each


def test_a_row_that_learns_from_made_clips_tests_the_same_groups_of_subjects_as_others(run_of):
    """Unless the generator's groups split these: then each subject is tested by itself."""
    variants = {"capsulenet": {"made": {"synthetic": "auicgan"}}}
    run = run_of(variants=variants)
    folds, others = (run.plan.folds(name, "megc2019") for name in ("capsulenet.made", "ststnet"))
    assert [fold.test for fold in folds] == [fold.test for fold in others]
    for fold in folds:
        tested = {subject_id(clip) for clip in fold.test}
        learned = [{subject_id(clip) for clip in group.train} for group in run.generators.groups("auicgan")]
        assert any(not tested & subjects for subjects in learned)
    assert {*run.plan.table_generators} == {"auicgan"} and Outputs(run).of_table["synthesise"]
    assert Outputs(run_of()).of_table["synthesise"] == []  # without such rows
    other_groups = run_of(variants=variants, synthesise={"groups": 3})
    assert len(other_groups.plan.folds("capsulenet.made", "megc2019")) == 24
    smic_run = run_of(variants=variants, datasets=["smic"])
    assert "capsulenet.made" not in smic_run.plan.in_table
    assert smic_run.plan.without_clips == {"capsulenet.made": "auicgan needs two subjects of casme2 or samm"}


def test_training_on_macro_expressions_reads_their_sets_and_needs_one(run_of):
    run = run_of(macro=["affectnet", "mmi"], methods={"mtmnet": {"macro_source": "mmi"}})
    assert run.plan.macro_sets("nmer") == ["mmi"] and run.plan.macro_sets("ststnet") == []
    of_pictures = run.tasks["flow_folders"].methods  # which has no macro sets
    assert "nmer" not in of_pictures and "ststnet" in of_pictures
    for macro, message in ((["affectnet"], "nmer needs one of ckplus, mmi, oulu_casia"), (["mmi"], "mtmnet .* ckplus")):
        with pytest.raises(ParamsError, match=f"method {message} in macro, not none"):
            run_of(macro=macro)


def test_published_weights_are_a_param_of_who_starts_from_them(run_of, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    wide = {"capsulenet": {"width": 64}}

    def digest_of(name: str) -> str:
        run = run_of(methods=wide)
        return run.first.published(run.plan.rows[name].weights)

    assert digest_of("capsulenet") == ""
    path = tmp_path / "home/hub/checkpoints/resnet18-f37072fd.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()[:8]
    monkeypatch.setitem(pretrained_weights.PUBLISHED, path.name, replace(pretrained_weights.RESNET18, digest=digest))
    assert digest_of("capsulenet") == digest and digest_of("ststnet") == digest_of("nmer") == ""  # nmer is narrower


def test_a_network_starts_from_the_first_that_the_population_trains_alike(run_of):
    rows = {"other": {"population": {"epochs": 4}}, "scratch": {"initialisation": "scratch"}}
    rows["same"] = {"planted_leak": "held_out_clips"}
    run = run_of(methods={"ststnet": STARTS}, papers={"variants": {"ststnet": rows}})
    assert starts(run, "ststnet", "megc2019") == starts(run, "ststnet.same", "loso_smic_3") == [COMPOSITE]
    other = "results/pretrain/ststnet.other/population_casme2_7.safetensors"
    assert starts(run, "ststnet.other", "lovo_casme2_7") == [other]
    assert starts(run, "ststnet.scratch", "megc2019") == starts(run, "nmer", "megc2019") == []
    assert COMPOSITE in Outputs(run).expected["pretrain"] and COMPOSITE in Outputs(run).of_table["pretrain"]
    assert run.checkpoints["work/checkpoints/ststnet/pretrain/population_composite"] == COMPOSITE
    note = f"note: no shipped weights have the params of {COMPOSITE}; 1 jobs train them, after 240"
    assert run.first.note().startswith(note)
    plain = run_of()
    assert plain.first.needed() == [] == Outputs(plain).of_table["pretrain"][1:] and plain.first.note() == ""
    in_table = {path for paths in Outputs(plain).of_table.values() for path in paths}
    files = {path for use in ("training", "held_out") for path in plain.corpus.population_files[use]}
    assert len(files) == 264 and not files & in_table


def test_the_shipped_weights_have_the_committed_params(monkeypatch):
    monkeypatch.chdir(ROOT)
    run = Run(config.check_cached(config.load("params.yaml")), Population)
    assert run.first.needed() == [] and run.first.note() == ""


def test_guesses_of_papers_tables_are_of_the_subjects_that_methods_are_tested_on(run_of):
    plan = run_of(papers={"ablation_subjects": 0, "folds": 2}, train={"rendered_folds": 4}).plan
    for name in plan.allowed:
        clips = [clip for source in plan.sources(name) for clip in plan.clips(source)]
        floor = papers.PaperRun(**plan.of_papers, clips=clips).floor(name, few=name not in MAIN)
        tested = {subject_id(clip) for fold in plan.folds("ststnet", name) for clip in fold.test}
        assert floor.subjects["full"] == len(tested)


def test_rows_of_action_units_start_from_networks_of_their_own(run_of):
    rows = {"ststnet": STARTS, "ststnet.same": STARTS | {"epochs": 7}, "hoof": {}}
    run = run_of(methods={"ststnet": STARTS}, units={"methods": rows}, questions={"units": []})
    path = "results/pretrain/ststnet/population_units.safetensors"
    units = run.tasks["units"]
    for name in ("ststnet", "ststnet.same"):
        for protocol in ("units_loso", "units_cross_dataset"):
            assert run.first.paths(units.training(name, protocol)) == [path]
    assert run.first.paths(units.training("hoof", "units_loso")) == [] and run.first.needed() == [COMPOSITE]
    assert run.first.package_files[path] == "src/microexpr/weights/initial/ststnet.units.safetensors"
    assert path in Outputs(run).expected["pretrain"]


def test_a_teacher_may_start_from_the_population_too(run_of):
    run = run_of(methods={"mtmnet": {"initialisation": "population", "population": {"identities": 240}}})
    (student,), (teacher,) = (starts(run, "mtmnet", "megc2019", role) for role in ("population", "teacher_population"))
    assert (Path(student).stem, Path(teacher).stem) == ("population_composite", "teacher_population_composite")
    assert run.first.needed() == [student, teacher]


def test_shipped_weights_stand_in_for_those_that_the_run_would_train(run_of, tmp_path):
    """Equal in params, classes and recordings of the population; otherwise the run trains its own."""
    run = run_of(methods={"ststnet": STARTS})
    path = tmp_path / "src/microexpr/weights/initial/ststnet.safetensors"
    params = json.dumps(run.plan.rows["ststnet"].population, sort_keys=True)
    metadata = {"schema": "initial/1", "network": "ststnet", "params": params, "population": run.corpus.recorded}
    metadata["classes"] = "negative, positive, surprise"
    store.write_tensors(path, {"a": np.zeros(1)}, ["generated/population/s0001/*"], **metadata)
    shipped = str(path.relative_to(tmp_path))
    run = run_of(methods={"ststnet": STARTS})
    assert starts(run, "ststnet", "megc2019") == [shipped] and run.first.needed() == []
    digests = {shipped: hashlib.sha256(path.read_bytes()).hexdigest()}
    assert run.first.digests(run.plan.training("ststnet", "megc2019")) == digests
    assert starts(run, "ststnet", "lovo_casme2_7") != [shipped]
    assert run_of(methods={"ststnet": STARTS}, population={"held_out": 3}).first.needed() == []
    for changed in ({"population": {"micro": 3}}, {"faces": {"upsample": 1}}, {"flow": {"average": 0}}):
        other = run_of(methods={"ststnet": STARTS}, **changed)
        assert starts(other, "ststnet", "megc2019") == [COMPOSITE]
        assert other.first.digests(other.plan.training("ststnet", "megc2019")) == {}
    more = {"ststnet": STARTS | {"population": {"epochs": 4}}}
    assert starts(run_of(methods=more), "ststnet", "megc2019") == [COMPOSITE]


def test_planning_a_run_imports_nothing_slow():
    """Each start of Snakemake plans; torch, scipy, OpenCV and plots would be most of its time."""
    program = (
        "import sys, stages; print(*{'torch', 'sklearn', 'matplotlib', 'scipy', 'pandas', 'cv2'} & {*sys.modules})"
    )
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'workflow'}:{ROOT / 'src'}"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, check=True, text=True, capture_output=True)
    assert run.stdout.strip() == ""


def test_planning_again_gives_the_same_plan(run_of):
    """The second time from work/params, where JSON has kept it."""
    first, second = run_of(macro=["mmi", "ckplus"]), run_of(macro=["mmi", "ckplus"])
    assert first.corpus.plans == second.corpus.plans and first.corpus.benchmark_plans == second.corpus.benchmark_plans
    assert len(list(Path("work/params").iterdir())) == 3
    assert run_of(seed=2).corpus.plans != first.corpus.plans


def test_no_variant_may_be_called_like_a_file_of_an_evaluation(run_of):
    run = run_of()
    files = run.plan.training("icegan", run.plan.main.name).evaluation
    endings = {Path(path).stem.removeprefix("icegan") for path in files} - {""}
    assert endings == {*ENDINGS}


def test_papers_tables_train_what_they_compare_from_scratch_on_rendered_subjects(run_of):
    changes = {"ablation": {"icegan": {"epochs": 9}}}
    run = run_of(methods={"ststnet": STARTS}, training_sets=changes, papers={"ablation_subjects": 3})
    assert params_of(run, "icegan", ABLATION).items() >= {"epochs": 9, "initialisation": "scratch"}.items()
    assert starts(run, "ststnet", ABLATION) == []
    (fold,) = run.plan.folds("ststnet", ABLATION)
    assert {name.rpartition("/")[0] for name in fold.train} == {f"population/s000{i}" for i in (1, 2, 3)}
    assert len(fold.train) == 3 * run.corpus.population.micro and fold.test
    assert run.corpus.indices(run.plan.sources(ABLATION))[-1] == "results/index/smic.csv"
    assert "results/index/population.csv" in run.corpus.indices(run.plan.sources(ABLATION))
    files = run.plan.training("ststnet", ABLATION).signals
    assert files["population"] == [f"results/population/s000{i}.h5" for i in (1, 2, 3)]
    assert files["flow"] == run.corpus.per_subject("flow", run.corpus.micro_sets)
    without = run_of(papers={"ablation_subjects": 0}).plan
    assert not without.ablates and ABLATION not in without.allowed
