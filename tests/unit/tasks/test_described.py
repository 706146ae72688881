"""params.yaml as one model: what variants are, and what is refused by its key."""

import math
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from scratch import ROOT

from facs_faces import take
from microexpr import evaluation
from microexpr.cli import config
from microexpr.core.errors import ParamsError
from microexpr.core.value_cache import CACHE, cached
from microexpr.datasets import MACRO, MICRO, index
from microexpr.evaluation import duplicate_subjects
from microexpr.models import generators, recognisers
from microexpr.rendering import plan
from microexpr.reporting import html, papers, signal_benchmark
from microexpr.signals import apex, aus, faces, flow
from microexpr.tasks import described
from microexpr.training import synthesise, train

SECTIONS = {
    "render": plan, "index": index, "faces": faces, "apex": apex, "flow": flow, "aus": aus, "train": train,
    "duplicate_subjects": duplicate_subjects, "synthesise": synthesise, "evaluate": evaluation,
    "signal_benchmark": signal_benchmark, "report": html, "papers": papers,
}  # fmt: skip
DEFAULTS = ("index", "faces", "apex", "flow", "aus", "duplicate_subjects")  # sections that show those of the code


def fields(model: type[BaseModel]) -> dict[str, Any]:
    """Keys of a section, with those of the models in it, each {} or keys of its own."""
    nested = {name: field.annotation for name, field in model.model_fields.items()}
    return {
        name: fields(kind) if isinstance(kind, type) and issubclass(kind, BaseModel) else {}
        for name, kind in nested.items()
    }


def uncommented(node: yaml.MappingNode, lines: list[str], prefix: str) -> list[str]:
    """Keys of a section, and of the sections in it, on whose line nothing says what they are."""
    keys = []
    for key, value in node.value:
        keys += [] if " # " in lines[key.start_mark.line] else [f"{prefix}{key.value}"]
        if isinstance(value, yaml.MappingNode) and not value.flow_style and key.value != "variants":
            keys += uncommented(value, lines, f"{prefix}{key.value}.")
    return keys


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """Return values of the committed file with others at these keys."""
    values = config.load(ROOT / "params.yaml")
    for key, value in changes.items():
        *sections, name = key.split(".")
        section = values
        for part in sections:
            section = section.setdefault(part, {})
        section[name] = value
    return values


def methods(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the descriptions of methods where the committed file has other values at these keys, and no variants."""
    values = changed({"variants": {}, "papers.variants": {}} | changes)
    return described.check(values).methods


def outside_of_tables(descriptions: dict[str, Any]) -> list[str]:
    return [name for name, about in descriptions.items() if not (about.in_table or about.appendix)]


GRID = "papers.variants.ststnet"
ON_PICTURES = "flow_folders.methods"
FILE = config.load(ROOT / "params.yaml")
ROWS = [*FILE["methods"], *(f"{name}.{row}" for name, rows in FILE["variants"].items() for row in rows)]
SIGNED = {"signed": True, "sums": "clip", "kernel": "rbf", "bins": 8}  # as variants.hoof.signed
NO_INITIALISATION = "^params.yaml: training_sets.{} must not have initialisation, which `methods` and `{}` set$"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("variants.ststnet.a.synthetic", "icegan", " must be for a method that reads pictures alone"),
        ("variants.capsulenet.a.synthetic", "famgans", r" must be icegan .*, not famgans \(did you mean 'famgan'\?\)"),
        ("methods.capsulenet.synthetic", "icegan", " must stand in variants, as capsulenet: {icegan: {synthetic: ice"),
        ("variants.ststnets", {"a": {}}, r" must be a variant of one of methods \(did you mean 'ststnet'\?\)"),
        ("variants.ststnet", {"a.b": {}}, r"\.a\.b: string should match pattern"),
        ("variants.ststnet._a", {}, ": string should match pattern"),
        ("variants.ststnet." + "a" * 65, {}, ": string should have at most 64 characters"),
        ("variants.ststnet.plain_predictions", {}, " must not end in _predictions"),
        ("variants.ststnet.a.mirrors", 1, r" is no known key \(did you mean 'mirror'\?\)"),
        ("variants.ststnet.a.mirror", 7, ": input should be less than .* not 7"),
        ("variants.icegan.no_gan", {}, r" must stand once in methods, variants and papers\.variants, not twice"),
        (f"{GRID}.grid", {"a": {}}, " must be a list of mappings .*, not {'a': {}}"),
        (f"{GRID}.grid", [{"a": None}], r" must be a list of mappings .*, not \[{'a': None}\]"),
        (GRID, {"a": {}, "grid": [{"a": {}}]}, r"\.a must stand once, not twice"),
        (GRID, {"grid": [{}, {"a": {"lr": 0.1}}]}, r"\.grid must be a list of mappings .*"),
        (GRID, {"grid": [{"a": {"lr": 0.1}}, {"b": {"lr": 0.2}}]}, r"\.grid must have lr in one of its mappings alone"),
        (GRID, {"a": {}}, r"\.a must differ from ststnet in a param, or go"),
        ("papers.variants.icegan.no_skips.skips", True, r"^.*\.no_skips must differ from icegan in a param"),
        ("papers.variants.icegan.a.exp_size", 8, r"^.*\.icegan\.a must differ from icegan\.expcaps8 in"),
        (GRID, {"grid": [{"a": {}}, {"B": {}}]}, r"\.a_B: string should match pattern"),
        ("training_sets.corpus.ststnets", {}, " must be a method or variant"),
        ("training_sets.corpus.ststnet.epoch", 1, " is no known key"),
        ("faces.look_again", 30, " is now detect_every"),
        ("training_sets.all", {}, " is no known key"),
        ("training_sets.both.flow_cnn.lrr", 0.1, r" is no known key \(did you mean 'lr'\?\)"),
        ("training_sets.both.ststnet.epoch", 1, r" is no known key \(did you mean 'epochs'\?\)"),
        ("training_sets.corpus.mer_gcn", {"epochs": 3}, " must go: by its own params mer_gcn trains on `corpus` "),
        ("training_sets.ablation.ststnet", {"epochs": 4}, " must be one of icegan, mtmnet, localregions, whose tables"),
        ("training_sets.corpus.majority", {"population": {}}, " must be a method that learns: Majority learns from no"),
        (
            "training_sets.corpus.ststnet.initialisation",
            "population",
            NO_INITIALISATION.format("corpus.ststnet", "corpus"),
        ),
        ("training_sets.corpus.htnet", {"population": {"lr": 0.1}}, " must not have population, which `methods` and"),
        ("training_sets.corpus.ststnet", {"planted_leak": "held_out_clips"}, " must not have planted_leak, which `me"),
        ("training_sets.both.lbp_sip", {"planted_leak": "held_out_clips"}, " must not have planted_leak, which `met"),
        ("training_sets.ablation.icegan", {"planted_leak": "held_out_clips"}, " must not have planted_leak, which "),
        ("training_sets.corpus.icegan", {"synthetic": "famgan"}, " must not have synthetic, which `methods` and "),
        ("training_sets.both.lbp_sip.initialisation", "scratch", NO_INITIALISATION.format("both.lbp_sip", "both")),
        (
            "training_sets.ablation.localregions.initialisation",
            "population",
            NO_INITIALISATION.format("ablation.localregions", "ablation"),
        ),
        ("appendix", dict.fromkeys(ROWS, "no row"), "^params.yaml: methods must have a row for the main table: "),
        ("aus.sizes", [101], r"\.0: input should be less than or equal to 100, not 101$"),
        ("appendix.hog", "grey", " must be a method or a variant of one"),
        ("appendix", {"capsulenet.icegan_chnge": "one frame"}, r".* mean 'capsulenet.icegan_change'\?\)"),
        ("variants.slstt.a.patch", 7, r"^[\w.: ]+\.slstt\.a\.patch must .*, and heads width, not 7 of 32, 4 of 32$"),
        ("variants.slstt.a.heads", 5, r"^[\w.: ]+\.slstt\.a\.patch must .*, and heads width, not 8 of 32, 5 of 32$"),
        ("variants.causalnet.a.block_heads", 5, r"^.*causalnet\.a\.block_heads must divide width, .*, not 5 and 2 of"),
        ("variants.htnet", {"a": {"heads": 16, "width": 4}}, r"\.a\.heads must be <= width, not 16 > 4$"),
        ("variants.capsulenet.a.kernel", 5, r"^.*\.a\.kernel must be <= 4 at image_size 64, not 5$"),
        ("variants.microexpstcnn.a.frames", 8, r"^.*\.a\.frames must be >= depth \+ 2 = 9, not 8$"),
        ("variants.icegan.a.macro_strength", [1, 0.3], r"^.*\.a\.macro_strength must be low <= high, not \[1"),
        ("variants.hoof.again", SIGNED, " must differ from hoof.sig"),
        ("variants.hoof.a.synthetic_use", "pretrain", ": pretrain needs synthetic, a generator's name"),
        ("units.methods.hoof.synthetic_use", "pretrain", ": pretrain needs synthetic, a generator's name"),
        ("methods", {"hoof": {}, "hoof.signed": {}}, r"^.*: hoof\.signed must stand once in methods, "),
        ("methods.lbp_sip.population", {"image_size": 32}, " needs initialisation: population, not scratch$"),
        ("units.methods.flow_cnn.population", {"epochs": 3}, " needs initialisation: population, not scratch$"),
        ("methods.lbp_sip.image_size", 64.0, ": input should be 64, not 64.0$"),
        ("methods", {"flow_svm../../x": {}}, r"\.flow_svm../../x must be a method or <method>\.<na"),
        ("units.methods", {"flow_svm.../../x": {}}, r"\.flow_svm.../../x must be a method or "),
        ("spot.methods", {"predict.A": {}}, r"\.predict\.A must be .*, of a to z, 0 to 9 and _$"),
        ("flow_folders.methods.sssnet", {"epochsss": 6}, r"\.epochsss is no known key \(did you mean 'epochs'\?\)"),
        ("questions.units", ["htnet"], r" must be rows of units.methods: prevalence, .*, not htnet \(did you mean"),
        ("questions.spotters", ["predicts"], r" must be rows of spot.methods: .* \(did you mean 'predict'\?\)"),
        ("flow.size", 64, "^params.yaml: flow.stored_size must be at most flow.size, not 128 > 64"),
        ("questions.programs", {"toy": "toy {questions} {answers}"}, r"\.toy: value error, must have \{videos\}"),
        (
            "questions.programs",
            {"toy": "toy {questions} {videos} {answers} {model}"},
            r"\.toy: .* alone, not {model}",
        ),
        ("questions.programs", {"predict": "toy {questions} {videos} {answers}"}, r"\.predict must have another name"),
        ("appendix.hog3d", " ", " must say why the row is not in the main table"),
        (f"{ON_PICTURES}.ststnets", {}, r" must be a method \(did you mean 'ststnet'\?\)"),
        (f"{ON_PICTURES}.ststnet.epoch", 1, r" is no known key \(did you mean 'epochs'\?\)"),
        (f"{ON_PICTURES}.ststnet.lr", 70, ": input should be less than .* not 70"),
        (f"{ON_PICTURES}.ststnet", {"initialisation": "scratch"}, " must not have initialisation, which is the same"),
        (f"{ON_PICTURES}.microexpr", {"blur": 2}, " must be a method that reads flow alone"),
        (f"{ON_PICTURES}.nmer", {"epochs": 3}, " must be a method that reads flow alone, without macro-"),
        ("methods.ststnet.initialisation", "published", " must be scratch or population, not published"),
        ("methods.majority.initialisation", "population", " must be scratch, not population"),
        ("methods.majority.population", {"seed": 1}, " must be empty: Majority learns from no clip"),
        ("methods.ststnet.population.initialisation", "published", " must be scratch, not published$"),
        ("generators.auicgan.decay_epochs", 5, " must be at most epochs, not 5 > 1$"),
        ("spot.movement.regions", 65, " must be at most spot.movement.size, not 65 > 64$"),
        ("methods.ststnet.population.epoch", 2, r" is no known key \(did you mean 'epochs'\?\)"),
        ("methods.ststnet.population.epochs", 0, ": input should be greater than or equal to 1"),
        ("methods.ststnet.population", {"planted_leak": "held_out_clips"}, " must not have planted_leak"),
        ("generators.famgan.initialisation", "population", ": input should be 'scratch' or 'shipped', not 'popul"),
        ("generators.famgan.width", 8, " must be 16 with initialisation: shipped, not 8$"),
        ("methods.ststnet.batchh", 3, r" is no known key \(did you mean 'batch'\?\)"),
        ("index.min_frame", 5, r" is no known key \(did you mean 'min_frames'\?\)"),
        ("render.max_frames", "many" * 99, r": input should be a valid integer.* not '(many)+man\.\.\.$"),
        ("datasets", ["smic", "casme4"], r"\.1: .*'casme4'"),
        ("evaluate.resamples", 10**12, ": input should be less than or equal to 100000, not 10+"),
        ("synthesise.counts.casme2.fear", -3, ": input should be greater than or equal to 0, not -3"),
        ("synthesise.counts.casme9", {}, ": input should be .*'casme9'"),
        ("synthesise.counts.mmew", {"negative": 3}, " must be clips by emotion of one of smic, casme2, samm$"),
        ("synthesise.counts.casme2", {}, " must be clips by emotion of one of smic, casme2, samm$"),
        ("signal_benchmark.difficulties", ["easy", "easy"], " must have each value once, not easy 2 times"),
        ("duplicate_subjects.licensed", math.inf, ": .*, not inf"),
        ("seed", True, ": input should be a valid integer, not True"),
        ("seed", "7", ": input should be a valid integer, not '7'"),
        ("faces.smooth", False, ": input should be a valid number, not False"),
        ("flow.equalise", 1, ": input should be a valid boolean, not 1"),
        ("methods.ststnet.epochs", True, ": input should be a valid integer, not True"),
        ("methods.htnet.layers", [True, 1, 2], r"\.0: input should be a valid integer, not True"),
        ("population.takes", 300, " must be at most population.subjects, not 300 > 240$"),
        ("population.micro", 4, ": input should be a multiple of 3, not 4"),
        ("flow_folders.both", 100, " must be at most flow_folders.subjects, not 100 > 60$"),
        ("flow_folders.subjects", 300, " must be at most population.subjects, not 300 > 240$"),
        ("flow_folders.region", [0.8, 0.2, 0.1, 0.9], r" must be left < right .*, not \[0.8, 0.2, 0.1, 0.9\]$"),
        ("flow_folders.region", "aut", r": input should be 'auto', not 'aut' \(did you mean 'auto'\?\)$"),
        ("flow_folders.region", [0.1, 0.9], r"\.2 is missing; flow_folders\.region\.3 is missing$"),
        ("papers.ablation_subjects", 300, " must be at most population.subjects, not 300 > 240$"),
        ("variants.hoof", {"signed": {}}, r"\.signed must differ from hoof in a param, or go"),
        ("variants.hoof.signed", {"signed": False}, " must differ from hoof in a param, or go"),
        ("units.methods", {"flow_svm": {}, "flow_svm.a": {}}, r"\.flow_svm\.a must differ from flow_svm in a param"),
        ("spot.methods", {"mdmd": {}, "mdmd.a": {}}, r"\.mdmd\.a must differ from mdmd in a param"),
        ("methods.ststnets", {}, r": method must be one of .*, not ststnets \(did you mean 'ststnet'\?\)"),
        ("generators.famgans", {}, r": generator must be one of .*, not famgans \(did you mean 'famgan'\?\)"),
        ("synthesise.counts", {"casme2": {"hapiness": 3}}, r".casme2 must have .*, not hapiness \(did .*'happiness'"),
        ("synthesise.counts", {"smic": {"happiness": 3}}, ".smic must have negative, positive, surprise, not hap"),
        ("report.clips", ["casme3/sub01/EP02"], r" must be data set/subject/clip, of smic, .*'casme2'"),
        ("report.clips", ["casme2/sub01"], " must be data set/subject/clip, of .*, not casme2/sub01"),
        ("datasets", ["smic", "smic"], " must have each value once, not smic 2 times"),
        ("render.smic", {"subject": 8}, r"\.subjects is missing; .*\.smic\.subject is no known key .*'subjects'"),
        ("render.smic", {"subjects": 8, "clips": 2}, r"\.clips: input should be greater than or equal to 3, not 2$"),
        ("render.smic", "publish", r": input should be 'published', not 'publish' \(did you mean 'published'\?\)$"),
        ("render.smic", 8, ": input should be a mapping, not 8$"),
        ("render.samm_long", {"subjects": 1, "videos": 1, "seconds": 5, "blink": 1}, r"\.blink is no .*'blinks'"),
        ("origin", "generate", r": input should be .*, not 'generate' \(did you mean 'generated'\?\)$"),
        ("aus.sizes", [0, 0], " must have each value once, not 0 2 times"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_key(key, value, message):
    name = re.escape(key.removeprefix("variants."))
    pattern = message if message.startswith("^") else rf"^params\.yaml: (variants\.)?{name}{message}"
    with pytest.raises(ParamsError, match=pattern) as error:
        described.check(changed({key: value}))
    assert len(str(error.value)) < (500 if "one of" in message or value == "famgans" else 250)  # those list every name


def test_sides_of_a_region_and_sizes_of_layers_may_repeat_and_without_subjects_no_number_of_them_is_too_large():
    region = {"flow_folders.region": [0.1, 0.9, 0.1, 0.9], "training_sets.corpus.htnet": {"layers": [1, 1, 2]}}
    checked = described.check(changed(region | {"flow_folders.subjects": 0})).params["flow_folders"]
    assert (checked["region"], checked["subjects"], checked["both"]) == ([0.1, 0.9, 0.1, 0.9], 0, 24)


@pytest.mark.parametrize("name", [path.stem for path in (ROOT / "workflow/presets").glob("*.yaml")])
def test_every_preset_is_accepted(name, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "workflow")
    import preset

    values = config.load(ROOT / "params.yaml")
    preset.merge(values, config.load(ROOT / f"workflow/presets/{name}.yaml"))
    described.check(values)


def test_a_variant_is_its_method_but_for_what_differs():
    of_papers = {"icegan": {"wide": {"width": 16}}, "augacn": {"nodes": None}}
    descriptions = methods({"variants.ststnet.plain": {"mirror": 0.0}, "papers.variants": of_papers})
    plain, whole = descriptions["ststnet.plain"], descriptions["ststnet"]
    assert whole.params["mirror"] == 0.5 and plain.params == whole.params | {"mirror": 0.0}
    assert plain.reads == whole.reads == ["flow"]
    wide = descriptions["icegan.wide"]
    assert descriptions["augacn.nodes"].params == descriptions["augacn"].params
    assert wide.params["width"] == 16 and wide.synthesises
    assert outside_of_tables(descriptions) == ["icegan.wide", "augacn.nodes"]


def test_on_flow_pictures_nothing_starts_from_the_population():
    """Which has no such pictures: params are those of a training on the corpus alone, but for what differs there."""
    values = config.load(ROOT / "params.yaml")
    values["methods"]["ststnet"] |= {"initialisation": "population", "population": {"lr": 0.002, "mirror": 0.25}}
    values["training_sets"] = {"corpus": {"ststnet": {"epochs": 70, "batch": 8}}, "both": {}}
    values["flow_folders"]["methods"] = {"ststnet": {"epochs": 3}}
    on_pictures = described.check(values).rows["flow_folders"]["ststnet"].params
    expected = {"epochs": 3, "batch": 8, "lr": 0.002, "mirror": 0.25, "initialisation": "scratch", "population": {}}
    assert {key: on_pictures[key] for key in expected} == expected


def test_params_on_flow_pictures_are_those_of_the_method_but_for_what_differs_and_decide_what_it_reads_there():
    values = config.load(ROOT / "params.yaml")
    values["variants"] = {"ststnet": {"plain": {"mirror": 0.0}, "long": {"epochs": 9}}}
    values["methods"]["ststnet"] |= {"initialisation": "scratch", "population": {}}
    del values["methods"]["off_apexnet"], values["training_sets"]["corpus"]["ststnet"]
    values["flow_folders"]["methods"] = {"ststnet": {"epochs": 3, "lr": 0.01}, "off_apexnet": {"epochs": 1}}
    checked = described.check(values)
    on_pictures = checked.rows["flow_folders"]
    committed = described.check(changed({"variants": {}, "papers.variants": {}}))
    ours = committed.methods["microexpr"], committed.rows["flow_folders"]["microexpr"]
    assert [row.reads for row in ours] == [["apex", "aus", "flow"], ["flow"]]
    differences = {
        name: {key: value for key, value in on_pictures[name].params.items() if value != about.params[key]}
        for name, about in checked.methods.items()
        if about.params["initialisation"] != "population"
    }
    assert {name: changes for name, changes in differences.items() if changes} == {
        "ststnet": {"epochs": 3, "lr": 0.01},
        "ststnet.plain": {"epochs": 3, "lr": 0.01},
        "ststnet.long": {"lr": 0.01},
    }


def test_a_row_of_the_appendix_is_in_no_other_table_and_trains_as_before():
    values = config.load(ROOT / "params.yaml")
    without = described.check(values | {"appendix": {}}).methods["hog3d"]
    moved = described.check(values | {"appendix": {"hog3d": "grey levels"}}).methods["hog3d"]
    assert (moved.in_table, moved.appendix, without.in_table) == (False, "grey levels", True)
    assert moved.params == without.params


@pytest.mark.parametrize("section", SECTIONS)
def test_the_committed_file_shows_every_key_of_a_section_and_says_what_it_is(section):
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    read, model = yaml.safe_load(text), SECTIONS[section].Params
    values, keys = read[section], fields(model)
    if section == "render":  # data sets that the file does not ask for may have a size
        unused = {*MICRO, *MACRO}.difference(*(read[name] for name in ("datasets", "macro")), read["units"]["datasets"])
        keys = {name: nested for name, nested in keys.items() if name not in unused}
    assert set(values) == set(keys)
    for name, nested in keys.items():
        assert not nested or set(values[name]) == set(nested)
    if section in DEFAULTS:
        assert model(**values) == model()
    nodes = {key.value: node for key, node in yaml.compose(text, yaml.SafeLoader).value}
    assert uncommented(nodes[section], text.splitlines(), f"{section}.") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"seed: 1\nrender:\n  width: 320\n  width: 640\n", "line 4: width must stand once, not in line 3 too"),
        (b"a: &a {x: 1}\nb: [{}, {y: 1, y: *a}]\n", "line 2: y must stand once, not in line 2 too"),
        (b"a: &a [*a]\n3: 4\n", "line 2: a key must be text, not 3 \\(int\\)"),
        (b"seed: 1\nmethods: {yes: {}}\n", "line 2: a key must be text, not yes \\(bool\\)"),
        (b"? [a]\n: 1\n", "line 1: a key must be text, not a seq"),
        ("seed: 1\n# é\n".encode("latin-1"), "line 2: must be UTF-8, not byte 0xe9"),
        ("seed: 1\n".encode("utf-16"), "line 1: must be UTF-8, not byte 0xff"),
        (b"seed: 1\n\tb: 1\n", "line 2: must be YAML: found a tab character that violates indentation"),
        (b"seed: !!bool perhaps\n", "line 1: must be true or false, not perhaps, which YAML reads as bool"),
        (b"a: 1\nb: [yes]\n", "line 2: must be true or false, not yes, which YAML reads as bool; in quotes it is text"),
        (b"seed: 010\n", "line 1: must be digits alone, without 0 before them, not 010, which YAML reads as int"),
        (b"seed: 1_000\n", "line 1: must be digits alone, .*, not 1_000, which"),
        (b"seed: 1:30\n", "line 1: must be digits alone, .*, not 1:30, which"),
        (b"seed: 0x1f\n", "line 1: must be digits alone, .*, not 0x1f, which"),
        (b"seed: 1_0.5\n", "line 1: must be digits, point and exponent, not 1_0.5, which YAML reads as float"),
        (b"seed: 2026-13-45\n", "line 1: must be text, .*, not 2026-13-45, which YAML reads as timestamp"),
        (b"seed: !!set {a}\n", "line 1: must be a list or mapping, not a set"),
        (b"seed: 0x" + b"f" * 5000, "line 1: a number must have at most 100 digits"),
        (b"a: " + b"[" * 10**5, "line 1: must be nested at most 32 deep"),
        (b"a: &a [*a]\n", ": must have at most 100000 values"),
        (
            b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [%s]\n" % (i, i, b"*a%d, " % (i - 1) * 9) for i in range(1, 10)),
            ": must have at most 100000 values, where an alias is what it stands for",
        ),
        (
            b"- &a0 [x]\n" + b"".join(b"- &a%d %s*a%d%s\n" % (i, b"[" * 30, i - 1, b"]" * 30) for i in range(1, 70)),
            ": must have at most 33 levels, where an alias is what it stands for",
        ),
        (b"seed: 1\nSeed: 2\n", "line 2: Seed must stand once, not in line 1 too"),
        (b"", ": must be a mapping of sections, not NoneType"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_line(text, message, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(text)
    with pytest.raises(ParamsError, match=f"^{path}(, )?{message}") as error:
        config.load(path)
    assert "\n" not in str(error.value)


def test_a_damaged_cache_is_computed_again_and_without_a_place_for_it_each_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cached("sum", [1], lambda: 5) == cached("sum", [1], lambda: 6) == 5
    (path,) = CACHE.iterdir()
    path.write_text("[1, ")
    assert cached("sum", [1], lambda: 6) == 6
    shutil.rmtree("work")
    Path("work").touch()  # where no folder can be made, also by root
    assert cached("sum", [1], lambda: 5) == 5 and cached("sum", [1], lambda: 6) == 6


def test_aliases_and_merges_numbers_and_text_in_quotes_are_read_as_they_are_written(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: *a\n")
    assert config.load(path) == {"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 2}, "c": {"x": 1, "y": 2}}
    path.write_text("a: [7, -3, 0, 0.5, 1e-3, 2E+3, True, .inf]\nb: ['yes', '010', !!str 010, 1.2.3, e5]\n")
    numbers = config.load(path)["a"]
    assert numbers == [7, -3, 0, 0.5, 0.001, 2000.0, True, math.inf]
    assert [type(number).__name__ for number in numbers] == [*["int"] * 3, *["float"] * 3, "bool", "float"]
    assert config.load(path)["b"] == ["yes", "010", "010", "1.2.3", "e5"]


def numbers(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the key and the JSON schema of every number in a model, of lists and mappings those of their items."""
    schema = model.model_json_schema()
    waiting = [(prefix + name, part) for name, part in schema["properties"].items()]
    for key, part in waiting:
        if "$ref" in part:
            part = schema["$defs"][part["$ref"].split("/")[-1]]
            waiting += [(f"{key}.{name}", nested) for name, nested in part["properties"].items()]
        items = [*part.get("prefixItems", []), *part.get("anyOf", [])]
        items += [part[name] for name in ("items", "additionalProperties") if isinstance(part.get(name), dict)]
        waiting += [(f"{key}[]", item) for item in items]
        if part.get("type") in ("integer", "number") and not {"const", "enum"} & part.keys():
            yield key, part


def test_every_number_has_bounds():
    models = {"": described._params_model(), "film.": take.Params}
    models |= {f"methods.{name}.": recognisers.find(name).Params for name in recognisers.names()}
    models |= {f"generators.{name}.": generators.find(name).Params for name in ("auicgan", "famgan")}
    schemas = dict(item for prefix, model in models.items() for item in numbers(model, prefix))
    assert {"seed", "synthesise.counts[][]", "aus.sizes[]", "methods.icegan.reconstruction[]"} <= {*schemas}
    assert {"render.smic[].subjects", "flow.tvl1.warps", "generators.famgan.lr"} <= {*schemas}
    bounds = ({"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"})
    assert [key for key, schema in schemas.items() for names in bounds if not names & schema.keys()] == []


def test_a_grid_is_every_combination():
    grid = [{"still": {"mirror": 0.0}, "": {}}, {"fast": {"lr": 0.1, "epochs": 1}, "slow": {"lr": 0.002}}]
    entries = methods({GRID: {"alone": {"epochs": 2}, "grid": grid}})
    names = ["alone", "still_fast", "fast", "still_slow", "slow"]
    assert outside_of_tables(entries) == [f"ststnet.{name}" for name in names]
    whole = entries["ststnet"].params
    assert entries["ststnet.still_fast"].params == whole | {"mirror": 0.0, "lr": 0.1, "epochs": 1}
    assert entries["ststnet.slow"].params == whole | {"lr": 0.002}
