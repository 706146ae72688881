"""The run as `dag.py` knows it before anything runs: protocols, methods, files."""

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
from scratch import ROOT
from small_corpora import write_corpus

from microexpr.cli import config, variants
from microexpr.core import store
from microexpr.core.errors import ParamsError
from microexpr.datasets import MICRO
from microexpr.models import pretrained_weights
from microexpr.protocols import ABLATION, FLOW_PROTOCOLS, PROTOCOLS, TRAINING_SETS, UNIT_PROTOCOLS
from microexpr.protocols.splits import subject_id

LEAK = {"planted_leak": "held_out_clips"}
STARTS = {"initialisation": "population", "population": {"epochs": 3}}
COMPOSITE = "results/pretrain/ststnet/population_composite.safetensors"
ALONE = {"triplet_weight": 0.0, "adversarial_weight": 0.0, "inequality_weight": 0.0}


@pytest.fixture
def dag(tmp_path, monkeypatch) -> Callable[..., Any]:
    """A Dag of params.yaml without its variants and all from scratch, with sections changed; nothing is licensed."""
    monkeypatch.syspath_prepend(str(ROOT / "workflow"))
    from dag import Dag

    values = config.load(ROOT / "params.yaml")
    values["variants"], values["papers"]["variants"] = {}, {}
    values["training_sets"], values["appendix"] = {"corpus": {}, "both": {}}, {}
    for params in values["methods"].values():
        params.pop("population", None)
        if params.get("initialisation") == "population":
            del params["initialisation"]
    monkeypatch.chdir(tmp_path)

    def made(**changed: Any) -> Any:
        changed_values = copy.deepcopy(values)
        for section, value in changed.items():
            changed_values[section] = changed_values[section] | value if isinstance(value, dict) else value
        return Dag(config.check_cached(changed_values))

    return made


def test_every_protocol_of_the_data_sets_here(dag):
    separate = {*FLOW_PROTOCOLS, *UNIT_PROTOCOLS}  # which have rules of their own
    assert set(dag(datasets=list(MICRO)).protocols) == set(PROTOCOLS) - separate
    two = dag(datasets=["casme2", "samm"])
    absent = {"flow", "units", *MICRO} - {"casme2", "samm"}
    assert set(two.protocols) == {
        name for name in PROTOCOLS if not absent & {*name.split("_")}
    }  # composites of the sets that are here
    assert two.sources("cross_casme2_to_samm") == ["casme2", "samm"] and two.sources("loso_samm_3") == ["samm"]


ADDED = [name for name in MICRO if name not in PROTOCOLS["megc2019"].datasets]


@pytest.mark.parametrize("names", [ADDED, ADDED[:1]], ids="+".join)
def test_without_a_data_set_of_the_challenge_all_that_are_here_are_a_composite(dag, names):
    sizes = {name: {"subjects": 2, "clips": 3} for name in names}
    run = dag(datasets=names, render=sizes, train={"rendered_folds": 0})
    assert run.protocol.name == "loso_all_3" and "megc2019" not in run.protocols
    folds = run._protocol_folds("loso_all_3")
    assert len(folds) == 2 * len(names) == len({fold.name for fold in folds})
    assert {clip_id.split("/")[0] for fold in folds for clip_id in fold.test} == set(names)
    assert run.folds("majority", "loso_all_3") == folds  # all, as of the main table
    with pytest.raises(ParamsError, match=r"megc2019_table.csv needs one of smic, casme2, samm in datasets; results/"):
        run.table_inputs(".csv")
    assert len(dag().table_inputs(".csv")) == len(dag().in_table)


def test_a_licensed_copy_alone_whose_clips_share_folders(dag, tmp_path):
    """A video is an input once, and of its frames only those of clips count."""
    planned = write_corpus(tmp_path / "data/raw/casme3", "casme3")
    run = dag(datasets=["smic", "casme3"])
    assert (run.micro_sets, run.left_out, run.protocol.name) == (["casme3"], ["smic"], "loso_all_3")
    first = planned[0].clip
    places = run.native_paths("casme3", first.subject)
    assert len(places) == 4 == len({*places})  # of eight clips
    before = run.native_state("casme3", first.subject)
    path = tmp_path / "data/raw/casme3" / first.folder / f"{first.onset}.jpg"
    (path.parent / f"{first.offset + 1}.jpg").write_bytes(path.read_bytes())
    assert run.native_state("casme3", first.subject) == before
    path.write_bytes(path.read_bytes() + b"more")
    assert run.native_state("casme3", first.subject) != before


def test_main_protocol_trains_all_folds_and_others_so_many_as_the_tables_of_papers_want(dag):
    rows = {"ststnet": {"plain": {"mirror": 0.0}}}
    few = dag(papers={"folds": 2, "draws": 1, "variants": rows}, train={"shards": 3, "rendered_folds": 0})
    others = [name for name in few.protocols if name not in ("megc2019", *TRAINING_SETS.values(), "split70")]
    assert {name: len(few.folds("ststnet", name)) for name in others} == {
        name: 1 if name.startswith("cross_") or name == ABLATION else 2 for name in others
    }
    for name in ("megc2019", "megc2019_corpus", "megc2019_both"):
        assert len(few.folds("ststnet", name)) == 24 and len(few.folds("ststnet.plain", name)) == 2
    assert few.shards("ststnet", "megc2019") == ["1of3", "2of3", "3of3"]
    assert few.shards("ststnet.plain", "megc2019") == few.shards("ststnet", "lovo_samm_8") == ["1of2", "2of2"]
    assert few.shards("ststnet", "cross_smic_to_samm") == ["1of1"]
    assert few.training_files("ststnet", "split70") == ["results/train/ststnet/split70/1of1.h5"]
    assert len(dag(papers={"folds": 0}).folds("ststnet", "lovo_samm_8")) == 64
    several = dag(train={"seeds": 2}, papers={"draws": 3})
    assert [fold.draw for fold in several.folds("ststnet", "split70")] == [0, 1, 2]
    assert (several.seeds("split70"), several.seeds("megc2019")) == (3, 2)


def test_each_method_trains_on_the_corpus_alone_and_from_the_population_as_the_protocol_says(dag):
    run = dag(
        methods={"ststnet": STARTS, "hoof": {}},
        training_sets={"corpus": {"ststnet": {"epochs": 9}}, "both": {"hoof": {"blocks": 4}}},
    )
    ststnet = {name: run.about("ststnet", name)["params"] for name in ("megc2019", *TRAINING_SETS.values())}
    assert ststnet["megc2019_both"] == ststnet["megc2019"]
    assert (ststnet["megc2019_corpus"]["epochs"], ststnet["megc2019_corpus"]["initialisation"]) == (9, "scratch")
    assert run.first.paths("ststnet", "megc2019_corpus") == []
    assert run.first.paths("ststnet", "megc2019_both") == [COMPOSITE]
    assert run.about("hoof", "megc2019")["params"]["blocks"] == 5
    assert run.about("hoof", "megc2019_both")["params"]["blocks"] == 4
    assert run.first.paths("hoof", "megc2019") == [] and len(run.first.paths("hoof", "megc2019_both")) == 1
    assert run.training("ststnet", "loso_casme2_5") == "corpus"  # no weights of these classes are shipped
    assert run.first.paths("ststnet", "loso_casme2_5") == []
    assert run.training_set_inputs["ststnet"] == {
        "corpus": "results/evaluate/megc2019_corpus/ststnet.csv",
        "both": "results/evaluate/megc2019/ststnet.csv",
    }
    assert run.training_set_inputs["majority"] == {"corpus": "results/evaluate/megc2019/majority.csv"}


def test_a_teacher_of_the_corpus_alone_has_a_file_of_its_own(dag):
    run = dag(methods={"mtmnet": {"initialisation": "population"}})
    assert run.first.teacher_paths("mtmnet", "megc2019") == ["results/pretrain/mtmnet/composite.safetensors"]
    (path,) = run.first.teacher_paths("mtmnet", "megc2019_corpus")
    assert path == "results/pretrain/mtmnet/corpus_composite.safetensors" and path in run.first.files
    protocol = run.first.teacher_protocol(Path(path).stem)
    assert protocol == "megc2019_corpus" and not run.about("mtmnet", protocol)["teacher_population"]
    assert run.about("mtmnet", run.first.teacher_protocol("composite"))["teacher_population"]


def test_rows_of_a_study_that_begin_alike_share_a_job(dag):
    rows = {"tri": {"adversarial_weight": 0.0}, "alone": ALONE, "lir": {"triplet_weight": 0.0}, "oulu": {"width": 4}}
    rows |= {"plain": {"disentangle": False}}
    variants = {"mtmnet": rows, "icegan": {"wide": {"width": 16}, "thin": {"width": 4}}}
    run = dag(papers={"variants": variants})
    assert run.studies == {"study_mtmnet_tri": ["mtmnet.tri", "mtmnet.alone", "mtmnet.lir"]}  # others begin otherwise
    assert {*run.outside_studies} == {*run.methods} - {"mtmnet.tri", "mtmnet.alone", "mtmnet.lir"}
    synthetic_rows = {name: {"synthetic": "icegan", "input_mode": "apex"} | params for name, params in rows.items()}
    assert not dag(papers={"variants": variants | {"mtmnet": synthetic_rows}}).studies  # their jobs also read faces
    two = dag(papers={"variants": variants, "together": 2})
    assert two.studies == {"study_mtmnet_tri": ["mtmnet.tri", "mtmnet.alone"]} and "mtmnet.lir" in two.outside_studies
    assert not dag(papers={"variants": variants, "together": 1}).studies
    assert not dag(variants=variants).studies  # rows of the main table are each a job of their own


def test_checkpoints_of_each_training_and_the_result_that_ends_it(dag):
    run = dag(train={"shards": 2})
    checkpoints = {folder: result for folder, result in run.checkpoints.items() if "/ststnet/megc2019/" in folder}
    assert checkpoints == {
        "work/checkpoints/ststnet/megc2019/1of2": "results/train/ststnet/megc2019/1of2.h5",
        "work/checkpoints/ststnet/megc2019/2of2": "results/train/ststnet/megc2019/2of2.h5",
        "work/checkpoints/ststnet/megc2019/refit": "results/refit/ststnet.safetensors",
    }
    assert run.checkpoints["work/checkpoints/ststnet/flow_folders/1of2"].startswith("results/flow_folders/train/")
    assert "work/checkpoints/flow_svm/megc2019/refit" not in run.checkpoints  # no network


def test_rows_of_precomputed_flow_that_need_the_population_are_left_out_without_it(dag):
    with_population, without = (dag(population={"subjects": 2}, flow_folders={"subjects": count}) for count in (2, 0))
    assert with_population.flow_protocols == list(FLOW_PROTOCOLS) and without.flow_protocols == ["flow_folders"]
    assert len(with_population.flow_rows) == 4 * len(without.flow_rows)
    assert not any("population" in path for path in without.flow_folder_files)
    with pytest.raises(ParamsError, match=r"flow_folders\.subjects must be at most population\.subjects, 2, not 3"):
        _ = dag(population={"subjects": 2}, flow_folders={"subjects": 3}).flow_population_files


def test_checkpoints_stay_until_snakemake_has_recorded_the_result(dag, monkeypatch):
    import stage

    run = dag()
    folders = {
        name: Path(f"work/checkpoints/{name}/megc2019/1of1") for name in ("ststnet", "icegan", "flow_svm", "gone")
    }
    for folder in folders.values():
        (folder / "key").mkdir(parents=True)
    for name in ("ststnet", "icegan"):
        result = Path(run.checkpoints[str(folders[name])])
        result.parent.mkdir(parents=True)
        result.touch()
    done = Path(run.checkpoints[str(folders["ststnet"])])
    monkeypatch.setattr(stage, "is_as_recorded", lambda path, ended: path == done)
    stage.prune_checkpoints(run)
    assert [name for name, folder in folders.items() if folder.exists()] == ["icegan", "flow_svm"]


def test_what_declares_a_leak_is_in_no_table_and_has_a_folder_of_its_own(dag):
    run = dag(methods={"majority": LEAK})
    assert "majority" in run.methods and "majority" not in run.ranked and "majority" not in run.flow_methods
    assert run.evaluation_files("majority", "megc2019")[0] == "results/evaluate/leaky/megc2019/majority.csv"
    outputs = run.expected_outputs["evaluate"]
    assert "results/evaluate/leaky/objective/majority.csv" in outputs
    assert "results/evaluate/megc2019/majority.csv" not in outputs


def test_whose_faces_are_measured_and_whose_people_are_compared(dag):
    run = dag()
    assert {*run.synthesising} == {"icegan", "displays"}
    assert "results/evaluate/megc2019/icegan_faces.csv" in run.expected_outputs["evaluate"]
    assert not [path for path in run.expected_outputs["evaluate"] if "ststnet_faces" in path]
    leaky = dag(methods={"icegan": LEAK, "displays": LEAK})
    assert not leaky.synthesising and not [path for path in leaky.expected_outputs["evaluate"] if "_faces" in path]
    assert run.subject_sets == [*run.micro_sets, "ckplus", "mmi", "oulu_casia"]  # of pictures nobody knows whose


def test_more_inner_subjects_than_train_are_refused_before_anything_runs(dag):
    with pytest.raises(ParamsError, match=r"train\.inner_subjects must be < the 18 subjects that fold 1of4 of"):
        dag(train={"inner_subjects": 18})
    assert "loso_samm_3" not in dag(train={"inner_subjects": 7}).protocols  # of eight subjects none would be left


def test_rendered_subjects_are_held_out_in_groups_where_the_table_says_so(dag):
    """Each subject once, a quarter of each data set's in each fold, the same for all rows."""
    run = dag()
    folds = run.folds("ststnet", "megc2019")
    assert (
        [fold.name for fold in folds]
        == ["1of4", "2of4", "3of4", "4of4"]
        == [fold.name for fold in run.folds("majority", "megc2019_both")]
    )
    tested = [sorted({subject_id(clip) for clip in fold.test}) for fold in folds]
    assert len(set().union(*tested)) == 24 == sum(map(len, tested))
    assert all(sum(name.startswith("samm") for name in group) == 2 for group in tested)
    for fold, group in zip(folds, tested, strict=True):
        assert {subject_id(clip) for clip in fold.train}.isdisjoint(group)
    assert len(run.folds("ststnet", "loso_samm_3")) == 4 and "samm/006" in run.folds("ststnet", "loso_samm_3")[0].name


def test_a_variant_has_files_of_its_own_and_a_row_where_it_was_asked_for(dag):
    run = dag(
        variants={"ststnet": {"plain": {"mirror": 0.0}}}, papers={"variants": {"icegan": {"wide": {"width": 16}}}}
    )
    assert run.in_table == [*run.params["methods"], "ststnet.plain"] and run.ranked == [*run.in_table, "icegan.wide"]
    assert run.training_files("ststnet.plain", "megc2019") == ["results/train/ststnet.plain/megc2019/1of1.h5"]
    assert "results/train/icegan.wide/split70/faces/1of1.h5" in run.expected_outputs["train"]
    assert "results/evaluate/split70/icegan.wide.csv" in run.expected_outputs["evaluate"]
    assert "ststnet.plain" in run.flow_methods and "icegan.wide" not in run.flow_methods


def test_one_network_of_strong_expressions_guides_all_folds_and_all_who_want_the_same(dag):
    rows = {"tri": {"adversarial_weight": 0.0}, "mmi": {"macro_source": "mmi"}, "alone": ALONE}
    run = dag(papers={"variants": {"mtmnet": rows}})
    (path,) = run.first.teacher_paths("mtmnet", "megc2019")
    assert (
        path
        == "results/pretrain/mtmnet/composite.safetensors"
        == run.first.teacher_paths("mtmnet.tri", "loso_smic_3")[0]
    )
    assert run.first.teacher_paths("mtmnet.mmi", "loso_casme2_5") == [
        "results/pretrain/mtmnet.mmi/casme2_5.safetensors"
    ]
    assert run.first.teacher_paths("mtmnet.alone", "megc2019") == run.first.teacher_paths("nmer", "megc2019") == []
    assert (run.macro_sets("mtmnet"), run.macro_sets("mtmnet.mmi"), run.macro_sets("mtmnet.alone")) == (
        ["ckplus"],
        ["mmi"],
        [],
    )
    assert {Path(teacher).parent.name for teacher in run.first.teachers} == {"mtmnet", "mtmnet.mmi"}
    assert path in run.expected_outputs["pretrain"]
    assert run.checkpoints["work/checkpoints/mtmnet/pretrain/composite"] == path
    assert run.protocol_of_classes["composite"] == "megc2019"


def test_figures_are_drawn_where_what_they_show_is_here(dag):
    def drawn(**changed):
        rows = {"variants": {"mtmnet": {"eidnet": ALONE | {"epochs": 0}}}}
        pictures = (
            Path(path) for path in dag(papers=rows, **changed).expected_outputs["papers"] if "/mtmnet/fig" in path
        )
        return sorted(path.name for path in pictures)

    assert drawn() == ["fig1.png", "fig3.png", "fig3.safetensors"]
    assert drawn(datasets=["smic", "samm"]) == []
    other = {"mtmnet": {"macro_source": "mmi"}}  # whose Fig. 1 is of CK+ all the same
    assert drawn(macro=["mmi"], methods=other) == ["fig3.png", "fig3.safetensors"]
    regions = {f"results/papers/localregions/fig{number}.png" for number in (3, 5, 7)}
    assert regions <= dag(methods={"localregions": None}).expected_outputs["papers"]
    nodes = {f"results/papers/augacn/fig4.{ending}" for ending in ("png", "csv", "safetensors")}
    rows = {"variants": {"augacn": {"nodes": {"input_mode": "change"}}}}
    assert nodes <= dag(papers=rows).expected_outputs["papers"]
    assert not nodes & dag().expected_outputs["papers"]
    for changed in ({"datasets": ["smic", "samm"]}, {"methods": {"augacn": LEAK}}):
        assert not nodes & dag(papers=rows, **changed).expected_outputs["papers"]
    clips = {f"results/papers/augacn/{name}" for name in ("fig3.png", "fig3.gif", "fig5.png")}
    assert clips <= dag().expected_outputs["papers"]
    assert clips & dag(datasets=["smic", "samm"]).expected_outputs["papers"] == {"results/papers/augacn/fig5.png"}
    assert not clips & dag(datasets=["smic"]).expected_outputs["papers"]


def test_who_learns_from_made_clips_needs_the_groups_of_those_whom_its_folds_test(dag):
    rows = {"folds": 1, "variants": {"capsulenet": {"made": {"synthetic": "auicgan"}}}}
    run = dag(papers=rows, synthesise={"groups": 4})
    files = run.synthetic_clips("auicgan")
    assert files == [f"results/synthesise/auicgan/groups/{n}of4.h5" for n in (1, 2, 3, 4)]
    assert {*files} <= run.expected_outputs["synthesise"]
    (fold,) = run.folds("capsulenet.made", "loso_samm_8")
    (group_name,) = [group.name for group in run.groups("auicgan") if fold.test[0] in group.test]
    path = f"results/synthesise/auicgan/groups/{group_name}.h5"
    assert run.synthetic_inputs("capsulenet.made", "loso_samm_8") == [path]
    assert run.synthetic_inputs("capsulenet", "loso_samm_8") == []
    assert run.synthetic_inputs("capsulenet.made", "loso_smic_3") == files[:1]  # whom no generator knows
    assert dag(papers=rows | {"folds": 0}).synthetic_inputs("capsulenet.made", "megc2019") == [
        f"results/synthesise/auicgan/groups/{n}of2.h5" for n in (1, 2)
    ]
    assert run.still_sets("famgan") == ["affectnet"] and run.still_sets("auicgan") == []
    assert run.generator_sets("auicgan") == ["casme2", "samm"]
    lacking = dag(datasets=["smic"], papers=rows)
    assert lacking.groups("auicgan") == [] == lacking.synthetic_clips("auicgan")
    assert [fold.name for fold in dag(synthesise={"groups": 17}).groups("auicgan")][-1] == "16of16"  # a person each


def test_a_row_that_learns_from_made_clips_tests_the_same_groups_of_subjects_as_others(dag):
    """Unless the generator's groups split these: then each subject is tested by itself."""
    variants = {"capsulenet": {"made": {"synthetic": "auicgan"}}}
    run = dag(variants=variants, appendix={})
    assert [fold.test for fold in run.folds("capsulenet.made", "megc2019")] == [
        fold.test for fold in run.folds("ststnet", "megc2019")
    ]
    for fold in run.folds("capsulenet.made", "megc2019"):
        tested = {subject_id(clip) for clip in fold.test}
        learned = [{subject_id(clip) for clip in group.train} for group in run.groups("auicgan")]
        assert any(not tested & subjects for subjects in learned)
    assert {*run.table_generators} == {"auicgan"} and run.table_outputs["synthesise"]
    other_groups = dag(variants=variants, appendix={}, synthesise={"groups": 3})
    assert len(other_groups.folds("capsulenet.made", "megc2019")) == 24
    smic_run = dag(variants=variants, appendix={}, datasets=["smic"])
    assert "capsulenet.made" not in smic_run.in_table
    assert smic_run.without_clips == {"capsulenet.made": "auicgan needs two subjects of casme2 or samm"}


def test_who_learns_from_macro_expressions_reads_their_sets_and_needs_one(dag):
    run = dag(macro=["affectnet", "mmi"], methods={"mtmnet": {"macro_source": "mmi"}})
    assert run.macro_sets("nmer") == ["mmi"] and run.macro_sets("ststnet") == []
    assert "nmer" not in run.flow_methods and "ststnet" in run.flow_methods  # which has no macro sets
    for macro, message in ((["affectnet"], "nmer needs one of ckplus, mmi, oulu_casia"), (["mmi"], "mtmnet .* ckplus")):
        with pytest.raises(ParamsError, match=f"method {message} in macro, not none"):
            dag(macro=macro)


def test_published_weights_are_a_param_of_who_starts_from_them(dag, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    wide = {"capsulenet": {"width": 64}}

    def digest_of(name: str) -> str:
        run = dag(methods=wide)
        return run.first.published(run.methods[name]["weights"])

    assert digest_of("capsulenet") == ""
    path = tmp_path / "home/hub/checkpoints/resnet18-f37072fd.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()[:8]
    monkeypatch.setitem(pretrained_weights.PUBLISHED, path.name, replace(pretrained_weights.RESNET18, digest=digest))
    assert digest_of("capsulenet") == digest and digest_of("ststnet") == digest_of("nmer") == ""  # nmer is narrower


def test_a_network_starts_from_the_first_that_the_population_trains_alike(dag):
    rows = {"other": {"population": {"epochs": 4}}, "scratch": {"initialisation": "scratch"}}
    rows["same"] = {"planted_leak": "held_out_clips"}
    run = dag(methods={"ststnet": STARTS}, papers={"variants": {"ststnet": rows}})
    assert run.first.paths("ststnet", "megc2019") == run.first.paths("ststnet.same", "loso_smic_3") == [COMPOSITE]
    assert run.first.paths("ststnet.other", "lovo_casme2_7") == [
        "results/pretrain/ststnet.other/population_casme2_7.safetensors"
    ]
    assert run.first.paths("ststnet.scratch", "megc2019") == run.first.paths("nmer", "megc2019") == []
    assert COMPOSITE in run.expected_outputs["pretrain"] and COMPOSITE in run.table_outputs["pretrain"]
    assert run.checkpoints["work/checkpoints/ststnet/pretrain/population_composite"] == COMPOSITE
    assert run.first.note().startswith(
        f"note: no shipped weights have the params of {COMPOSITE}; 1 jobs train them, after 240"
    )
    plain = dag()
    assert plain.first.needed() == [] == plain.table_outputs["pretrain"][1:] and plain.first.note() == ""
    in_table = {path for paths in plain.table_outputs.values() for path in paths}
    files = {*plain.population_training_files, *plain.population_held_out_files}
    assert len(files) == 264 and not files & in_table


def test_rows_of_action_units_start_from_networks_of_their_own(dag):
    run = dag(methods={"ststnet": STARTS}, units={"methods": {"ststnet": STARTS, "ststnet.same": STARTS, "hoof": {}}})
    path = "results/pretrain/ststnet/population_units.safetensors"
    for name in ("ststnet", "ststnet.same"):
        assert run.first.paths(name, "units_loso") == run.first.paths(name, "units_cross_dataset") == [path]
    assert run.first.paths("hoof", "units_loso") == [] and run.first.needed() == [COMPOSITE]
    assert run.first.package_files[path] == "src/microexpr/weights/initial/ststnet.units.safetensors"
    assert path in run.expected_outputs["pretrain"]


def test_a_teacher_may_start_from_the_population_too(dag):
    run = dag(methods={"mtmnet": {"initialisation": "population", "population": {"identities": 240}}})
    (student,), (teacher,) = (
        run.first.paths("mtmnet", "megc2019", role) for role in ("population", "teacher_population")
    )
    assert (Path(student).stem, Path(teacher).stem) == ("population_composite", "teacher_population_composite")
    assert run.first.needed() == [student, teacher]


def test_shipped_weights_stand_in_for_those_that_the_run_would_train(dag, tmp_path):
    """Equal in params, classes and recordings of the population; otherwise the run trains its own."""
    run = dag(methods={"ststnet": STARTS})
    path = tmp_path / "src/microexpr/weights/initial/ststnet.safetensors"
    metadata = {
        "schema": "initial/1",
        "network": "ststnet",
        "params": json.dumps(run.methods["ststnet"]["population"], sort_keys=True),
        "classes": "negative, positive, surprise",
        "population": run.recorded,
    }
    store.write_tensors(path, {"a": np.zeros(1)}, ["generated/population/s0001/*"], **metadata)
    shipped = str(path.relative_to(tmp_path))
    run = dag(methods={"ststnet": STARTS})
    assert run.first.paths("ststnet", "megc2019") == [shipped] and run.first.needed() == []
    assert run.first.digests("ststnet", "megc2019") == {shipped: hashlib.sha256(path.read_bytes()).hexdigest()}
    assert run.first.paths("ststnet", "lovo_casme2_7") != [shipped]
    assert dag(methods={"ststnet": STARTS}, population={"held_out": 3}).first.needed() == []
    for changed in ({"population": {"micro": 3}}, {"faces": {"upsample": 1}}, {"flow": {"average": 0}}):
        other = dag(methods={"ststnet": STARTS}, **changed)
        assert (
            other.first.paths("ststnet", "megc2019") == [COMPOSITE] and other.first.digests("ststnet", "megc2019") == {}
        )
    more = {"ststnet": STARTS | {"population": {"epochs": 4}}}
    assert dag(methods=more).first.paths("ststnet", "megc2019") == [COMPOSITE]


def test_planning_a_run_imports_nothing_slow():
    """Each start of Snakemake plans; torch, scipy, OpenCV and plots would be most of its time."""
    program = "import sys, dag; print(*{'torch', 'sklearn', 'matplotlib', 'scipy', 'pandas', 'cv2'} & {*sys.modules})"
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'workflow'}:{ROOT / 'src'}"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, check=True, text=True, capture_output=True)
    assert run.stdout.strip() == ""


def test_planning_again_gives_the_same_plan(dag):
    """The second time from work/params, where JSON has kept it."""
    first, second = dag(macro=["mmi", "ckplus"]), dag(macro=["mmi", "ckplus"])
    assert first.plans == second.plans and first.benchmark_plans == second.benchmark_plans
    assert len(list(Path("work/params").iterdir())) == 3
    assert dag(seed=2).plans != first.plans


def test_no_variant_may_be_called_like_a_file_of_an_evaluation(dag):
    run = dag()
    files = run.evaluation_files("icegan", run.protocol.name)
    endings = {Path(path).stem.removeprefix("icegan") for path in files} - {""}
    assert endings == {*variants.ENDINGS}


def test_papers_tables_train_what_they_compare_from_scratch_on_rendered_subjects(dag):
    changes = {"ablation": {"ststnet": {"epochs": 9}}}
    run = dag(methods={"ststnet": STARTS}, training_sets=changes, papers={"ablation_subjects": 3})
    params = run.about("ststnet", ABLATION)["params"]
    assert (params["epochs"], params["initialisation"]) == (9, "scratch")
    assert run.first.paths("ststnet", ABLATION) == []
    (fold,) = run.folds("ststnet", ABLATION)
    assert {name.rpartition("/")[0] for name in fold.train} == {f"population/s000{i}" for i in (1, 2, 3)}
    assert len(fold.train) == 3 * run.population.micro and fold.test
    assert run.indices(run.sources(ABLATION))[-1] == "results/index/smic.csv"
    assert "results/index/population.csv" in run.indices(run.sources(ABLATION))
    assert set(run.per_subject("flow", ["population"])) == {f"results/population/s000{i}.h5" for i in (1, 2, 3)}
    assert not dag(papers={"ablation_subjects": 0}).ablates
    assert ABLATION not in dag(papers={"ablation_subjects": 0}).protocols
