"""params.yaml as one model: what variants are, and what is refused by its key."""

from typing import Any

import pytest
from scratch import ROOT

from microexpr.cli import config
from microexpr.core.errors import ParamsError


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
