"""All of params.yaml as one model: the union of every stage's and every method's own Params. Holds no value itself.

A variant is a method under other params, `<method>.<name>` wherever a method's name stands. `variants` has those of the
main table, `papers.variants` those of the papers' tables alone, both as {method: {name: only what differs}}. The name
`grid` has a list of mappings {part of a name: params} instead, and stands for a variant of every combination.
"""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from microexpr.core.errors import ParamsError, nearest
from microexpr.core.store import write_text

PACKAGE = Path(__file__).parents[1]


def load(path: str | Path) -> dict[str, Any]:
    """params.yaml as it stands. Raises ParamsError if it is no YAML mapping."""
    import yaml

    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ParamsError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ParamsError(f"{path}: must be a mapping of sections, not {type(values).__name__}")
    return values


def checked(values: dict[str, Any], source: str = "params.yaml", memory: str | Path = "work/params") -> dict[str, Any]:
    """{"params": every value, "methods", "generators": params of each, what it reads and makes}, validated. Variants
    are methods.

    Checking imports every method, and so torch; the answer is kept under the hash of values and package, since each
    start of Snakemake asks again. `source` names the values in errors. Raises ParamsError naming key and value."""
    digest = hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    kept = Path(memory) / f"{digest.hexdigest()[:24]}.json"
    if kept.exists():
        answer: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return answer
    answer = check(values, source)
    write_text(kept, json.dumps(answer, indent=1))
    return answer


def check(values: dict[str, Any], source: str) -> dict[str, Any]:
    """The same for values already read; `source` names them in errors."""
    values = expand_grids(values, source)
    params = validated(_whole(), values, source, "")
    methods = {name: _about(key, name, own, source) for key, name, own in _named(params, source)}
    makers = {name: _about_generator(name, own or {}, source) for name, own in params.generators.items()}
    for name, about in methods.items():
        _check_generator(name, about["params"]["synthetic"], methods, makers, source)
    params.methods.update({name: methods[name]["params"] for name in params.methods})
    params.generators.update({name: makers[name]["params"] for name in makers})
    return {"params": params.model_dump(mode="json"), "methods": methods, "generators": makers}


def expand_grids(values: dict[str, Any], source: str = "params.yaml") -> dict[str, Any]:
    """Return the values with each grid of `papers.variants` replaced by its variants. Raise ParamsError for no grid."""
    papers = values.get("papers")
    variants = papers.get("variants") if isinstance(papers, dict) else None
    if not isinstance(papers, dict) or not isinstance(variants, dict):
        return values  # validation names the section
    expanded = {method: _expanded(method, named, source) for method, named in variants.items()}
    return values | {"papers": papers | {"variants": expanded}}


def _expanded(method: str, named: Any, source: str) -> Any:
    if not isinstance(named, dict) or "grid" not in named:
        return named
    axes, key = named["grid"], f"{source}: papers.variants.{method}"
    if not (isinstance(axes, list) and all(isinstance(axis, dict) and _mappings(axis.values()) for axis in axes)):
        raise ParamsError(f"{key}.grid must be a list of mappings from part of a name to params, not {axes!r}")
    variants = {name: params for name, params in named.items() if name != "grid"}
    for combination in itertools.product(*(axis.items() for axis in reversed(axes))):  # the last axis varies slowest
        name = "_".join(part for part, _ in reversed(combination) if part)
        if name in variants:
            raise ParamsError(f"{key}.{name} must stand once, not twice")
        variants[name] = {param: value for _, params in combination for param, value in params.items()}
    return variants


def _mappings(values: Iterable[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def _whole() -> type[BaseModel]:
    """All sections, each by its stage's own Params; those of methods are left to the methods."""
    from microexpr import evaluation
    from microexpr.datasets import MACRO, MICRO, index
    from microexpr.evaluation import duplicate_subjects
    from microexpr.rendering import plan
    from microexpr.reporting import html, papers, signal_benchmark
    from microexpr.signals import apex, aus, faces, flow
    from microexpr.training import synthesise, train

    sections = {
        "generate": plan.Params, "index": index.Params, "faces": faces.Params, "apex": apex.Params, "flow": flow.Params,
        "aus": aus.Params, "train": train.Params, "synth": synthesise.Params, "evaluate": evaluation.Params,
        "people": duplicate_subjects.Params, "truth": signal_benchmark.Params, "papers": papers.Params,
        "report": html.Params,
    }  # fmt: skip
    return create_model(  # type: ignore[call-overload]
        "Params",
        __config__=ConfigDict(frozen=True, extra="forbid"),
        seed=(int, Field(ge=0)),
        origin=(Literal["auto", "generated"], ...),
        datasets=(list[Literal[tuple(MICRO)]], Field(min_length=1)),  # type: ignore[misc]
        macro=(list[Literal[tuple(MACRO)]], ...),  # type: ignore[misc]
        methods=(dict[str, dict[str, Any] | None], Field(min_length=1)),
        variants=(papers.Variants, {}),
        generators=(dict[str, dict[str, Any] | None], {}),
        **{name: (section, ...) for name, section in sections.items()},
    )


def _about(key: str, name: str, own: dict[str, Any], source: str) -> dict[str, Any]:
    """What is known of a method or variant before it runs; `key` is where it stands in the file."""
    from microexpr.models import base as method
    from microexpr.models import recognisers
    from microexpr.signals import inputs
    from microexpr.training import synthetic_clips

    try:
        kind = recognisers.find(name)
    except ParamsError as error:
        raise ParamsError(f"{source}: {error}") from None
    made = kind(validated(kind.Params, own, source, f"{key}."))
    params = made.params.model_dump(mode="json")
    if params["synthetic"]:
        try:
            synthetic_clips.check_inputs(made.inputs)
        except ParamsError as error:
            raise ParamsError(f"{source}: {key}.{error}") from None
    teacher = made.pretraining() if isinstance(made, method.NetworkMethod) else None
    weights = made.weights if isinstance(made, method.NetworkMethod) and made.weights_fit() else None
    return {
        "params": params,
        "reads": sorted({stage for wanted in made.inputs for stage in inputs.SOURCES[wanted]}),
        "network": isinstance(made, method.NetworkMethod),
        "synthesises": bool(getattr(made, "synthesises", False)),
        "macro": made.macro,
        "macro_source": params.get("macro_source", ""),
        "pretraining": teacher.params.model_dump(mode="json") if teacher else None,
        "shared_prefix": made.shared_prefix() if isinstance(made, method.NetworkMethod) else None,
        "weights": weights.files[0] if weights else "",
        "in_table": not key.startswith("papers."),
    }


def _about_generator(name: str, own: dict[str, Any], source: str) -> dict[str, Any]:
    """The same of a generator with jobs of its own."""
    from microexpr.models import generators
    from microexpr.protocols import GROUPINGS
    from microexpr.signals import inputs

    try:
        kind = generators.find(name)
    except ParamsError as error:
        raise ParamsError(f"{source}: {error}") from None
    made = kind(validated(kind.Params, own, source, f"generators.{name}."), len(GROUPINGS[kind.grouping].classes))
    reads = sorted({stage for wanted in made.inputs for stage in inputs.SOURCES[wanted]})
    return {
        "params": made.params.model_dump(mode="json"),
        "reads": reads,
        "macro": made.macro,
        "grouping": made.grouping,
    }


def _check_generator(name: str, generator: str, methods: dict[str, Any], makers: dict[str, Any], source: str) -> None:
    """Raises ParamsError unless there is who makes the faces or clips that this one, a variant, is to train on.

    A variant, since its row then has a name of its own, and DVC trains variants after all that they may learn from."""
    if not generator:
        return
    if "." not in name:
        wanted = f"variants, as {name}: {{{generator.replace('.', '_')}: {{synthetic: {generator}}}}}"
        raise ParamsError(f"{source}: methods.{name}.synthetic must stand in {wanted}")
    known = [one for one, about in methods.items() if about["synthesises"] and not about["params"]["synthetic"]]
    known += makers
    if generator not in known or generator == name:
        near = nearest(generator, known)
        wanted = " or ".join(known) or "a generator, of which none is here"
        raise ParamsError(f"{source}: {name}.synthetic must be {wanted}, which make faces, not {generator}{near}")


def _named(params: Any, source: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Key in the file, name and params of every method, then of every variant, of which a name stands once."""
    for name, own in params.methods.items():
        yield f"methods.{name}", name, own or {}
    seen: set[str] = set()
    for section, variants in (("variants", params.variants), ("papers.variants", params.papers.variants)):
        for base, named in variants.items():
            if base not in params.methods:
                near = nearest(base, params.methods)
                raise ParamsError(f"{source}: {section}.{base} must be a variant of one of methods{near}")
            for name, own in named.items():
                key = f"{base}.{name}"
                if key in seen:
                    raise ParamsError(f"{source}: {key} must stand once, not in both variants and papers.variants")
                seen.add(key)
                yield f"{section}.{key}", key, (params.methods[base] or {}) | (own or {})


def validated(model: type[BaseModel], values: dict[str, Any], source: str, prefix: str) -> Any:
    """The values as the model, whose keys stand below `prefix`.

    Raises ParamsError, which says every wrong key after `source`: where they are from."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ParamsError(f"{source}: " + "; ".join(_line(model, e, prefix) for e in error.errors())) from None


def _line(model: type[BaseModel], error: Any, prefix: str) -> str:
    key = prefix + ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{key} is no known key{nearest(str(error['loc'][-1]), _keys(model, error['loc'][:-1]))}"
    if error["type"] == "missing":
        return f"{key} is missing"
    return f"{key}: {error['msg'][0].lower()}{error['msg'][1:]}, not {error['input']!r}"


def _keys(model: Any, where: tuple[str | int, ...]) -> list[str]:
    for part in where:
        model = model.model_fields[part].annotation
    return list(model.model_fields)
