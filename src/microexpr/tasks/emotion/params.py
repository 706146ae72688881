"""Methods and variants of the main table and of papers' tables, as params.yaml has them.

A variant is a method under other params, `<method>.<name>` wherever a method's name is expected. `variants` has those
of the main table, `papers.variants` those of the papers' tables only, both as {method: {name: changed params}}. The
name `grid` has a list of mappings {part of a name: params} instead, and stands for a variant of every combination.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, get_args

from microexpr.core.errors import ParamsError, errors_at, nearest
from microexpr.datasets import MACRO
from microexpr.models import base, recognisers
from microexpr.protocols import TrainingSet
from microexpr.reporting import papers
from microexpr.tasks.rows import check_distinct, check_names, described_row, recogniser, usual
from microexpr.training import synthetic_clips, training_sets
from microexpr.training.checked import MethodSpec

# variants of papers' figures and a grid, whose params may be those of their method
COPIES = ("augacn.nodes", *(f"mtmnet.{name}" for name in MACRO))
ENDINGS = ("_confusion", "_predictions", "_faces")  # after a method's name, in files of its evaluation


class Listed(NamedTuple):
    """A method or variant as params.yaml has it."""

    key: str  # position of its params
    name: str
    method: str  # in `methods`
    of_method: dict[str, Any]
    changes: dict[str, Any]  # of a variant: params that differ

    @property
    def of_papers(self) -> bool:
        """Whether it is in papers' tables alone."""
        return self.key.startswith("papers.")


def expand_grids(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with each grid of `papers.variants` replaced by its variants. Raise ParamsError for no grid."""
    section = values.get("papers")
    variants = section.get("variants") if isinstance(section, dict) else None
    if not isinstance(section, dict) or not isinstance(variants, dict):
        return values  # validation names the section
    expanded = {}
    for method, named in variants.items():
        expanded[method] = named
        if not isinstance(named, dict) or "grid" not in named:
            continue
        axes, key = named["grid"], f"papers.variants.{method}"
        if not isinstance(axes, list) or not all(
            isinstance(axis, dict) and axis and all(isinstance(params, dict) for params in axis.values())
            for axis in axes
        ):
            raise ParamsError(f"{key}.grid must be a list of mappings from part of a name to params, not {axes!r}")
        expanded[method] = {name: params for name, params in named.items() if name != "grid"}
        for combination in itertools.product(*(axis.items() for axis in reversed(axes))):  # the last varies slowest
            name = "_".join(part for part, _ in reversed(combination) if part)
            if name in expanded[method]:
                raise ParamsError(f"{key}.{name} must stand once, not twice")
            expanded[method][name] = changes = dict[str, Any]()
            for _, params in combination:
                if twice := changes.keys() & params:
                    raise ParamsError(f"{key}.grid must have {min(twice)} in one of its mappings alone")
                changes |= params
    return values | {"papers": section | {"variants": expanded}}


def list_methods(params: Any) -> Iterator[Listed]:
    """Yield every method, then every variant.

    Raises ParamsError if a variant has no method, or its name occurs twice or could be that of another's file."""
    for name, of_method in params.methods.items():
        yield Listed(f"methods.{name}", name, name, of_method or {}, {})
    names = {*params.methods}
    for section, variants in (("variants", params.variants), ("papers.variants", params.papers.variants)):
        for method, changes in variants.items():
            if method not in params.methods:
                near = nearest(method, params.methods)
                raise ParamsError(f"{section}.{method} must be a variant of one of methods{near}")
            for variant, variant_changes in changes.items():
                name = f"{method}.{variant}"
                if ending := next(filter(variant.endswith, ENDINGS), ""):
                    raise ParamsError(f"{section}.{name} must not end in {ending}, as files of {method} do")
                if name in names:
                    raise ParamsError(f"{name} must stand once in methods, variants and papers.variants, not twice")
                names.add(name)
                yield Listed(f"{section}.{name}", name, method, params.methods[method] or {}, variant_changes or {})


def checked_rows(params: Any, rows: Mapping[str, Mapping[str, MethodSpec]]) -> dict[str, MethodSpec]:
    """Return by name the methods and variants, each also with the training sets that its params do not select."""
    listed = [*list_methods(params)]
    methods = {item.name: _row(item, params.generators) for item in listed}
    main = {item.name: methods[item.name] for item in listed if not item.of_papers}
    check_distinct("variants", main)
    check_distinct("papers.variants", {name: row for name, row in methods.items() if name not in COPIES})
    _check_synthetic(params, methods)
    _check_training_sets(params, methods)
    _check_appendix(params, methods)
    if all(row.params["planted_leak"] or name in params.appendix for name, row in main.items()):
        raise ParamsError("methods must have a row for the main table: without planted_leak, and not in appendix")
    return {item.name: _with_trainings(item, methods[item.name], params) for item in listed}


def _row(item: Listed, makers: Collection[str]) -> MethodSpec:
    """Return the row of a method or variant; `makers` are the generators of clips."""
    method = recogniser(item.key, item.name, item.of_method | item.changes)
    params = method.params
    if params.synthetic:
        with errors_at(f"{item.key}."):
            synthetic_clips.check_inputs(method.inputs, params.synthetic in makers)
    return described_row(method)


def _with_trainings(item: Listed, row: MethodSpec, params: Any) -> MethodSpec:
    """Return the row of a method or variant with those of other training sets."""
    trainings, name = dict[TrainingSet, MethodSpec](), item.name
    learns = recognisers.find(name).learns
    for kind in sorted({*get_args(TrainingSet)} - {training_sets.declared(row.params)}) if learns else ():
        values = params.training_sets.params_for(kind, name, row.params, usual(name))
        trained = described_row(recogniser(f"training_sets.{kind}.{name}", name, values))
        trainings[kind] = trained.model_copy(update={"reads": row.reads})  # the files of its params are read by all
    appendix, in_table = params.appendix.get(name, ""), not item.of_papers and name not in params.appendix
    return row.model_copy(update={"in_table": in_table, "appendix": appendix, "trainings": trainings})


def _check_synthetic(params: Any, methods: Mapping[str, MethodSpec]) -> None:
    """Raises ParamsError for a row that trains on synthetic clips of none, or is no variant.

    Variants have names of their own, and DVC trains them after all generators."""
    makers = [name for name, row in methods.items() if row.synthesises and not row.params["synthetic"]]
    makers += params.generators
    used = {name: str(row.params["synthetic"]) for name, row in methods.items() if row.params["synthetic"]}
    for name, generator in used.items():
        if "." not in name:
            expected = f"variants, as {name}: {{{generator.replace('.', '_')}: {{synthetic: {generator}}}}}"
            raise ParamsError(f"methods.{name}.synthetic must stand in {expected}")
        if generator not in makers:
            expected = " or ".join(makers) or "a generator, but there is none"
            near = nearest(generator, makers)
            raise ParamsError(f"{name}.synthetic must be {expected}, which make faces, not {generator}{near}")


def _check_training_sets(params: Any, methods: Mapping[str, MethodSpec]) -> None:
    """Raises ParamsError for a method or param of `training_sets` that cannot have an effect; those of a row that this
    run lacks are unused."""
    method_names = recognisers.names()
    for training, named in params.training_sets:
        for name, changes in named.items():
            key = f"training_sets.{training}.{name}"
            if name not in methods and name not in method_names:
                raise ParamsError(f"{key} must be a method or variant{nearest(name, methods)}")
            if not (kind := recognisers.find(name)).learns:
                raise ParamsError(f"{key} must be a method that learns: {kind.__name__} learns from no clip")
            chosen = {"precision", *(["population"] * (training == "both"))}  # others of these are not a training's own
            if fixed := sorted((base.Params.model_fields.keys() - chosen) & changes.keys()):
                raise ParamsError(f"{key} must not have {fixed[0]}, which `methods` and `{training}` set")
            check_names(name, changes, key)
            concerned = [row.params for other, row in methods.items() if name in (other, other.partition(".")[0])]
            if {*map(training_sets.declared, concerned)} == {training}:
                raise ParamsError(f"{key} must go: by its own params {name} trains on `{training}` already")
            if training == "ablation" and name.partition(".")[0] not in papers.ABLATIONS:
                raise ParamsError(
                    f"{key} must be one of {', '.join(papers.ABLATIONS)}, whose tables train on such subjects"
                )


def _check_appendix(params: Any, methods: Mapping[str, MethodSpec]) -> None:
    """Raises ParamsError for a row of `appendix` that there is none of, or without a reason."""
    method_names = recognisers.names()
    for name, reason in params.appendix.items():
        method, dot, _ = name.partition(".")
        variants = [f"{method}.{variant}" for variant in params.variants.get(method, ()) if dot]
        if method not in method_names or (variants and name not in methods):
            raise ParamsError(
                f"appendix.{name} must be a method or a variant of one{nearest(name, variants or method_names)}"
            )
        if not reason.strip():
            raise ParamsError(f"appendix.{name} must say why the row is not in the main table")
