"""params.yaml as one model: what variants are, and what is refused by its key."""

from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from scratch import ROOT

from microexpr import evaluation
from microexpr.cli import config
from microexpr.core.errors import ParamsError
from microexpr.datasets import MACRO, MICRO, index
from microexpr.evaluation import duplicate_subjects
from microexpr.rendering import plan
from microexpr.reporting import html, papers, signal_benchmark
from microexpr.signals import apex, aus, faces, flow
from microexpr.training import synthesise, train

SECTIONS = {
    "render": plan, "index": index, "faces": faces, "apex": apex, "flow": flow, "aus": aus, "train": train,
    "duplicate_subjects": duplicate_subjects, "synthesise": synthesise, "evaluate": evaluation,
    "signal_benchmark": signal_benchmark, "report": html, "papers": papers,
}  # fmt: skip
DEFAULTS = (
    "index",
    "faces",
    "apex",
    "flow",
    "aus",
    "duplicate_subjects",
)  # sections that show the defaults of the code


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


def methods(variants: Any = None, in_papers: Any = None) -> dict[str, Any]:
    """Return the descriptions of methods with these variants."""
    values = config.load(ROOT / "params.yaml")
    values["variants"] = variants or {}
    values["papers"]["variants"] = in_papers or {}
    descriptions: dict[str, Any] = config.check(values, "params.yaml")["methods"]
    return descriptions


@pytest.mark.parametrize(
    ("method", "generator", "message"),
    [
        ("ststnet", "icegan", r"variants\.ststnet\.a\.synthetic must be for a method that reads pictures alone"),
        (
            "capsulenet",
            "icegans",
            r"capsulenet\.a\.synthetic must be icegan or auicgan or famgan, which make faces, not icegans \(did you",
        ),
        (
            "capsulenet",
            "ststnet",
            r"capsulenet\.a\.synthetic must be icegan or auicgan or famgan, which make faces, not ststnet",
        ),
        (
            "icegan",
            "icegan.a",
            r"icegan\.a\.synthetic must be icegan or auicgan or famgan, which make faces, not icegan\.a",
        ),
    ],
)
def test_who_makes_no_faces_for_it_is_refused(method, generator, message):
    assert methods({"capsulenet": {"a": {"synthetic": "icegan"}}})["capsulenet.a"]["params"]["synthetic"] == "icegan"
    with pytest.raises(ParamsError, match=message):
        methods({method: {"a": {"synthetic": generator}}})


def test_what_learns_from_made_faces_is_a_variant():
    values = config.load(ROOT / "params.yaml")
    values["methods"]["capsulenet"]["synthetic"] = "icegan"
    message = r"methods\.capsulenet\.synthetic must stand in variants, as capsulenet: {icegan: {synthetic: icegan}}"
    with pytest.raises(ParamsError, match=message):
        config.check(values, "params.yaml")


def test_a_variant_is_its_method_but_for_what_differs():
    descriptions = methods({"ststnet": {"plain": {"mirror": 0.0}}}, {"icegan": {"wide": {"width": 16}, "same": None}})
    plain, whole = descriptions["ststnet.plain"], descriptions["ststnet"]
    assert whole["params"]["mirror"] == 0.5 and plain["params"] == whole["params"] | {"mirror": 0.0}
    assert plain["reads"] == whole["reads"] == ["flow"]
    assert (
        descriptions["icegan.same"]["params"] == descriptions["icegan"]["params"]
        and descriptions["icegan.wide"]["params"]["width"] == 16
    )
    assert descriptions["icegan.wide"]["synthesises"]
    assert [name for name, about in descriptions.items() if not about["in_table"]] == ["icegan.wide", "icegan.same"]


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        (
            {"ststnets": {"a": {}}},
            r"variants\.ststnets must be a variant of one of methods \(did you mean 'ststnet'\?\)",
        ),
        ({"ststnet": {"a.b": {}}}, r"variants\.ststnet\.a\.b.*should match pattern"),
        (
            {"ststnet": {"a": {"mirrors": 1}}},
            r"variants\.ststnet\.a\.mirrors is no known key \(did you mean 'mirror'\?\)",
        ),
        ({"ststnet": {"a": {"mirror": 7}}}, r"variants\.ststnet\.a\.mirror: input should be less than .* not 7"),
        ({"icegan": {"wide": {}}}, r"icegan\.wide must stand once, not in both variants and papers\.variants"),
    ],
)
def test_what_is_no_variant_is_refused_by_its_key(variants, message):
    with pytest.raises(ParamsError, match=message):
        methods(variants, {"icegan": {"wide": {}}})


@pytest.mark.parametrize("section", SECTIONS)
def test_the_committed_file_shows_every_key_of_a_section_and_says_what_it_is(section):
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    values, model = yaml.safe_load(text)[section], SECTIONS[section].Params
    keys = fields(model)
    if section == "render":  # data sets that the file does not ask for may have a size
        unused = {*MICRO, *MACRO}.difference(yaml.safe_load(text)["datasets"], yaml.safe_load(text)["macro"])
        keys = {name: nested for name, nested in keys.items() if name not in unused}
    assert set(values) == set(keys)
    for name, nested in keys.items():
        assert not nested or set(values[name]) == set(nested)
    if section in DEFAULTS:
        assert model(**values) == model()
    nodes = {key.value: node for key, node in yaml.compose(text, yaml.SafeLoader).value}
    assert uncommented(nodes[section], text.splitlines(), f"{section}.") == []


def test_a_grid_is_every_combination():
    grid = [{"still": {"mirror": 0.0}, "": {}}, {"fast": {"lr": 0.1, "epochs": 1}, "slow": {"lr": 0.001}}]
    found = methods(in_papers={"ststnet": {"alone": {"epochs": 2}, "grid": grid}})
    names = ["alone", "still_fast", "fast", "still_slow", "slow"]
    assert [name for name, about in found.items() if not about["in_table"]] == [f"ststnet.{name}" for name in names]
    whole = found["ststnet"]["params"]
    assert found["ststnet.still_fast"]["params"] == whole | {"mirror": 0.0, "lr": 0.1, "epochs": 1}
    assert found["ststnet.slow"]["params"] == whole | {"lr": 0.001}


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"grid": {"a": {}}}, r"papers\.variants\.ststnet\.grid must be a list of mappings .*, not {'a': {}}"),
        (
            {"grid": [{"a": None}]},
            r"papers\.variants\.ststnet\.grid must be a list of mappings .*, not \[{'a': None}\]",
        ),
        ({"a": {}, "grid": [{"a": {}}]}, r"papers\.variants\.ststnet\.a must stand once, not twice"),
        ({"grid": [{"a": {}}, {"B": {}}]}, r"papers\.variants\.ststnet\.a_B.*should match pattern"),
    ],
)
def test_what_is_no_grid_is_refused_by_its_key(named, message):
    with pytest.raises(ParamsError, match=message):
        methods(in_papers={"ststnet": named})


def test_sections_of_earlier_versions_are_refused_with_their_new_names():
    values = config.load(ROOT / "params.yaml")
    values |= {"synth": values.pop("synthesise")}
    with pytest.raises(ParamsError, match=r"^params.yaml: section synth is now named synthesise$"):
        config.check(values, "params.yaml")
