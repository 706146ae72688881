"""The subcommands of `microexpr`: each calls the module that does the work, and prints.

Modules are imported inside the functions, so that a command loads no more than it needs.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from microexpr.apps import driving_name
from microexpr.core import csv_file, outputs
from microexpr.core.clip import LABELS
from microexpr.core.errors import MicroexprError, OutputError, ParamsError, StoreError, nearest, printable, remedy
from microexpr.core.files import regular, run_files
from microexpr.reporting import app_folders

if TYPE_CHECKING:
    from rich.console import Console

    from microexpr.apps.batch import Outcome, Plan
    from microexpr.reporting.method_list import Row
    from microexpr.videos.search import Item

RESULTS = Path("results")  # relative to the project's folder
EVALUATIONS = RESULTS / "evaluate/megc2019"  # where the evaluate stage writes
TABLE = RESULTS / "megc2019_table.csv"
TRAINING_SETS = RESULTS / "megc2019_training_sets.csv"
UNIT_TABLES = ("units_table.csv", "units_loso_table.csv")
SPOT_TABLE = "megc2025_table.csv"
SHOWN = 20  # files, of many that were not read, that are named on the screen
SCORED_RESAMPLES = 1000  # of subjects, for the intervals of a scored log
TABLES = (
    f"{TABLE}, {TRAINING_SETS}, {RESULTS}/units_table.csv, {RESULTS}/{SPOT_TABLE}, "
    f"{RESULTS}/flow_folders_table.csv and {RESULTS}/papers/PAPER/TABLE.csv"
)
PAIRED = RESULTS / "megc2019_paired.csv"
DUPLICATES = RESULTS / "duplicate_subjects/duplicates.csv"
SYNTHETIC = RESULTS / "train/icegan/megc2019/faces"  # synthesised faces that the plot of a clip shows


def say(text: str, end: str = "\n") -> None:
    """Print a text that may hold names of a user's files."""
    print(printable(text), end=end)


def _console(quiet: bool = False) -> "Console":
    from rich.console import Console

    return Console(quiet=quiet)


def _rows(rows: Sequence[Mapping[str, Any]], form: str, columns: Sequence[str] = ()) -> int:
    """Print the rows of a table as "json" or "csv", and nothing else; return the exit code.

    `columns` are those of a table that may have no rows."""
    if form == "json":
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        from microexpr.core import store

        print(store.csv_text(columns or list(rows[0]), rows), end="")
    return 0


def inspect(arguments: argparse.Namespace) -> int:
    """Print the tree or the provenance of a file, or plot its contents."""
    if arguments.picture:
        with _output_picture(arguments, [arguments.file]) as picture:
            from microexpr.reporting.plots import contents

            contents.write(arguments.file, picture, arguments.show_licensed_faces)
        return 0
    from microexpr.core import store
    from microexpr.reporting import inspect as inspection

    with store.content_of_a_stage(arguments.file):
        if arguments.form:
            return _rows(inspection.rows(arguments.file), arguments.form, inspection.COLUMNS)
        if arguments.values:
            for line in inspection.values(arguments.file, arguments.values, arguments.limit):
                say(line)
            return 0
        _console().print((inspection.chain if arguments.chain else inspection.tree)(arguments.file))
    return 0


def score(arguments: argparse.Namespace) -> int:
    """Print UF1, UAR and accuracy of an official log, or with videos the figures of what was spotted in them."""
    if arguments.videos:
        return _score_spotting(arguments)
    from rich.table import Table

    from microexpr.datasets import MICRO
    from microexpr.evaluation import megc_log

    table, classes = Table("data set", "clips", "UF1", "UAR", "accuracy"), arguments.classes
    lines = megc_log.read(_log_text(arguments.log), str(arguments.log), classes, MICRO)
    scores = megc_log.scores(lines, classes)
    if arguments.form:
        return _rows([{"dataset": scope, **row} for scope, row in scores.items()], arguments.form)
    for scope, row in scores.items():
        figures = (f"{row[metric]:.4f}" for metric in ("uf1", "uar", "accuracy"))
        table.add_row(scope, f"{row['clips']:.0f}", *figures)
    _console().print(table)
    if classes == len(LABELS) and (difference := megc_log.difference(lines)):
        say(f"note: {difference}; these figures do not compare with the challenge's")
    return 0


def _log_text(path: Path) -> str:
    if not regular(path).is_file():
        raise MicroexprError(f"{path}: is not a file")
    return path.read_text(encoding=csv_file.encoding(path), errors="replace")


def _score_spotting(arguments: argparse.Namespace) -> int:
    from rich.table import Table

    from microexpr import datasets
    from microexpr.datasets.layout import LongLayout
    from microexpr.evaluation import spotting, spotting_log

    native = datasets.layout(arguments.videos.absolute().name)
    if not isinstance(native, LongLayout) or not arguments.videos.is_dir():
        raise MicroexprError(f"{arguments.videos}: must be a folder of long videos named {', '.join(datasets.LONG)}")
    text = _log_text(arguments.log)
    rendered = arguments.videos.absolute().parent.name == datasets.GENERATED.name
    videos = native.read_videos(arguments.videos, "generated" if rendered else "licensed", None)[0]
    intervals = spotting_log.read(text, str(arguments.log), videos)
    rows = list(spotting.rows(arguments.log.stem, videos, intervals, SCORED_RESAMPLES, 1))
    if arguments.form:
        return _rows([{name: row.get(name) for name in spotting.COLUMNS[2:]} for row in rows], arguments.form)
    counts = ("true", "hits", "false", "missed")
    figures = {"F1": "f1", "low": "f1_low", "high": "f1_high", "chance": "chance_f1", "STRS": "strs"}
    table = Table("kind", *counts, *figures, box=None)
    for row in rows:
        values = [row.get(name) for name in figures.values()]
        cells = [f"{value:.4f}" if value is not None else "" for value in values]
        table.add_row(row["kind"], *(str(row[name]) for name in counts), *cells)
    _console().print(table)
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Print every problem of a data set on disk; the exit code is 1 if there is one."""
    from microexpr.datasets.check import check

    result = check(arguments.directory)
    if arguments.form:
        kinds = {"count": result.counts, "note": result.notes, "problem": result.problems}
        rows = [{"kind": kind, "text": line} for kind, lines in kinds.items() for line in lines]
        _rows(rows, arguments.form, ("kind", "text"))
        return 1 if result.problems else 0
    for line in (*result.counts, *(f"note: {note}" for note in result.notes), *result.problems):
        say(line)
    count = len(result.problems)
    verdict = f"{count} problem{'s' * (count > 1)}" if count else result.verdict
    say(f"{arguments.directory}: {verdict}")
    return 1 if result.problems else 0


def doctor(arguments: argparse.Namespace) -> int:
    """Print what is installed, a line each. Return 1 where something of the library is missing or damaged."""
    from microexpr.cli.doctor import findings

    states = {True: "ok", None: "-", False: "error"}
    lines = [*findings()]
    for finding in lines:
        say(f"{states[finding.is_well]:5}  {finding.part:9}  {finding.what}")
    return int(any(finding.is_well is False for finding in lines))


def methods(arguments: argparse.Namespace) -> int:
    """Print the list of methods and variants with two sizes: by params.yaml, if it is here, and by the paper.

    With names, print their params instead."""
    if arguments.names:
        return _method_params(arguments.names, arguments.form)
    from microexpr.reporting import method_list

    path = Path("params.yaml")
    if path.is_file():
        from microexpr.cli import config

        values = config.load(path)
        rows = config.cached("method list", values, lambda: _counted(config.check(values)["methods"]))
    else:
        rows = _counted({})
    if arguments.form:
        return _rows(rows, arguments.form)
    _console().print(method_list.table(rows, arguments.all))
    if hidden := sum(not row["in_table"] for row in rows) * (not arguments.all):
        say(f"{hidden} variants of the papers' tables more: --all; whole lines: --csv, --json")
    return 0


def _method_params(names: Sequence[str], form: str | None) -> int:
    """Print the params of methods, variants and generators: by params.yaml if it is here, and by the paper."""
    from microexpr.cli import config
    from microexpr.core import registry
    from microexpr.models import generators, recognisers
    from microexpr.reporting import param_list, references

    made_by = dict.fromkeys(registry.names(generators), generators.find)
    path = Path("params.yaml")
    checked = config.check_cached(config.load(path)) if path.is_file() else {}
    described = checked.get("methods", {}) | checked.get("generators", {})
    all_names = {*described, *recognisers.names(), *made_by}
    if wrong_name := next((name for name in names if name not in all_names), ""):
        raise ParamsError(f"{wrong_name} must be a method, variant or generator{nearest(wrong_name, all_names)}")
    console, rows = _console(), []
    for name in names:
        kind: Any = made_by.get(name, recognisers.find)(name)
        about = described.get(name, {})
        params = list(param_list.fields(kind.Params, about.get("params", {}), about.get("params_on_pictures")))
        rows += [{"method": name} | param._asdict() for param in params]
        if not form:
            say(f"{name}: {kind.paper}")
            console.print(param_list.table(params))
            if reference := references.find(name):
                say(f"{reference.bibtex}\n")
    return _rows(rows, form) if form else 0


def _counted(methods: Mapping[str, Mapping[str, Any]]) -> "list[Row]":
    """Return the list of methods, as `config.check` describes them: loads torch, which takes seconds."""
    from microexpr.reporting import method_sizes

    return method_sizes.rows(methods)


def table(arguments: argparse.Namespace) -> int:
    """Print the main table, selected methods, or a paper's table."""
    if not arguments.methods and arguments.table.parts[-3:-2] == ("papers",):
        return _paper_table(arguments.table, arguments.form)
    if not arguments.methods and arguments.table.name in UNIT_TABLES:
        return _other_table(arguments.table, arguments.form, "units")
    if not arguments.methods and arguments.table.name == SPOT_TABLE:
        return _other_table(arguments.table, arguments.form, "spot")
    if not arguments.methods and arguments.table != TABLE and not arguments.table.is_file():
        raise MicroexprError(f"{arguments.table}: is not there; tables are {TABLES}")
    from microexpr import evaluation
    from microexpr.datasets import MICRO, index
    from microexpr.evaluation import pairs
    from microexpr.evaluation.rows import read_faces
    from microexpr.models import recognisers
    from microexpr.reporting import main_table, method_tests, terminal_table

    for name in arguments.methods or ():
        if not (EVALUATIONS / f"{name}.csv").is_file():
            recognisers.find(name)
    if arguments.methods:
        rows = main_table.megc2019(evaluation.read(EVALUATIONS / f"{name}.csv") for name in arguments.methods)
    else:
        rows = main_table.read(arguments.table)
    if arguments.form in ("json", "csv"):
        return _rows(list(map(main_table.numbers, rows)) if arguments.form == "json" else rows, arguments.form)
    is_whole = not arguments.methods and arguments.table == TABLE
    compared = pairs.read(PAIRED) if is_whole and PAIRED.exists() else []
    reference = arguments.reference or method_tests.REFERENCE
    if arguments.reference and reference not in (names := [row["method"] for row in rows]):
        raise ParamsError(f"--reference must be a row of the table, not {reference}{nearest(reference, names)}")
    if arguments.form == "markdown":
        say(main_table.markdown(rows), end="")
        lines = [method_tests.better_than_chance(compared)]
    else:
        tests, console = terminal_table.standing(rows, compared), _console()
        console.print(terminal_table.render(rows, tests, console.width))
        lines = terminal_table.legend(rows, tests)
    lines.append(method_tests.indistinguishable_from_best(rows, compared))
    lines += method_tests.against_reference(compared, reference).splitlines()
    for row, faces in ((row, EVALUATIONS / f"{row['method']}_faces.csv") for row in rows):
        if not faces.exists():
            continue
        shards = RESULTS.glob(f"train/{row['method']}/{row['protocol']}/faces/*.h5")
        if any(shard.stat().st_mtime_ns > faces.stat().st_mtime_ns for shard in shards):
            lines.append(f"{faces}: is of earlier synthesised faces than those that are here{remedy(faces)}")
        else:
            lines += main_table.synthesis_summary(read_faces(faces), faces).splitlines()
    lines += [f"note: {note}"] if (note := main_table.duplicate_subjects(DUPLICATES)) else []
    if arguments.notes:
        lines += [f"{row['method']}: {note}" for row in main_table.by_uf1(rows) for note in main_table.notes(row)]
    _paragraphs(lines)
    for path in (RESULTS / "index" / f"{name}.csv" for name in MICRO):
        for reason in index.exclusions(path).values() if path.exists() else ():
            say(f"left out: {reason}")
    return 0


def _paragraphs(lines: Iterable[str]) -> None:
    """Print lines that may hold names of a user's files, broken between words alone."""
    console = _console()
    for line in lines:
        if line := printable(line.rstrip("\n")):
            console.print(line, markup=False, highlight=False)


def _other_table(path: Path, form: str | None, kind: Literal["units", "spot"]) -> int:
    """Print a table of action units or of long videos."""
    from microexpr.reporting import spot_table, terminal_table, units_table

    module = units_table if kind == "units" else spot_table
    rows = module.read(path)
    if form in ("json", "csv"):
        return _rows(rows, form)
    if form == "markdown":
        say(module.markdown(rows), end="")
        return 0
    render = terminal_table.render_units if kind == "units" else terminal_table.render_spot
    console = _console()
    console.print(render(rows, console.width))
    for line in module.below(rows):
        say(line)
    return 0


def _paper_table(path: Path, form: str | None) -> int:
    from microexpr.reporting.papers import FIGURES, TARGETS, page

    paper, table = path.parent.name, path.stem
    if form and path.is_file():
        with csv_file.opened(path, StoreError) as (header, rows):
            return _rows([row for _, row in rows], form, header)
    if table in TARGETS.get(paper, {}):
        say(page.markdown(paper, table, page.read(path)), end="")
    elif not form and (markdown := path.with_suffix(".md")).is_file():  # a table that no paper prints
        say(markdown.read_text(encoding="utf-8"), end="")
    elif f"{paper}/{path.name}" in {file for files in FIGURES.values() for file in files}:
        raise MicroexprError(f"{path}: is not there{remedy(path)}")
    else:
        names = [f"{paper}/{table}" for paper, tables in TARGETS.items() for table in tables]
        raise MicroexprError(f"{path}: must be one of {', '.join(names)}{nearest(f'{paper}/{table}', names)}")
    return 0


def plot_table(arguments: argparse.Namespace) -> int:
    """Plot the main table."""
    with _output_picture(arguments, [TABLE]) as picture:
        from microexpr.reporting import main_table
        from microexpr.reporting.plots import table

        table.write(main_table.read(TABLE), picture)
    return 0


def plot_clip(arguments: argparse.Namespace) -> int:
    """Plot one clip's way through the stages."""
    synthetic = sorted(SYNTHETIC.glob("*.h5"))
    with _output_picture(arguments, [*run_files(arguments.clip, RESULTS), *synthetic]) as picture:
        from microexpr.datasets import index
        from microexpr.reporting import journey
        from microexpr.reporting.plots import journey as plot

        clip = index.find(arguments.clip, RESULTS)
        files = {stage: RESULTS / stage / clip.dataset / f"{clip.subject}.h5" for stage in journey.STAGES}
        plot.write(journey.read(clip, files, synthetic), picture, arguments.show_licensed_faces)
    return 0


def plot_training(arguments: argparse.Namespace) -> int:
    """Plot the curves of a training."""
    with _output_picture(arguments, arguments.shards) as picture:
        from microexpr.core import store
        from microexpr.evaluation import curves
        from microexpr.reporting.plots import training

        with store.content_of_a_stage(*arguments.shards):
            training.write(curves.read(map(str, arguments.shards)), picture)
    return 0


def plot_signal(arguments: argparse.Namespace) -> int:
    """Plot one signal of a clip."""
    with _output_picture(arguments, run_files(arguments.clip, RESULTS)) as picture:
        from microexpr.datasets import index
        from microexpr.reporting.plots.drawing import refuse_licensed

        clip = index.find(arguments.clip, RESULTS)
        refuse_licensed([clip], arguments.show_licensed_faces)
        import_module(f"microexpr.reporting.plots.{arguments.signal}").write(clip, RESULTS, picture)
    return 0


def reenact(arguments: argparse.Namespace) -> int:
    """Give a movement to faces of a photograph, or of each in a folder."""
    name = driving_name.choose(arguments.driving, arguments.emotion, arguments.style)
    inputs = [arguments.face, *driving_name.files(name, RESULTS), *filter(None, [arguments.weights])]
    if arguments.face.is_dir():
        return _reenact_many(arguments, name, inputs)
    out = app_folders.reenactment(arguments.out, arguments.face, inputs, arguments.force)
    from microexpr.apps.reenact import alone, driving
    from microexpr.apps.reenact.photograph import Photograph

    console = _console(arguments.quiet)
    with console.status("[1/4] looking for faces in the photograph"):
        photograph = Photograph.read(arguments.face)
        photograph.choose(arguments.face_number)
    with console.status("[2/4] reading the action units of the driving clip"):
        curves = driving.read(name, arguments.fps, RESULTS)
    strengths = tuple(dict.fromkeys(arguments.strength))
    with console.status("[3/4] moving the face, and reading it"):
        result = alone.reenact(
            curves, photograph, arguments.face_number, strengths, arguments.weights, arguments.super_resolution
        )
    with console.status("[4/4] writing"), outputs.publish(out) as part:
        app_folders.write_reenactment(part, result)
    for line in (*result.description, *alone.summary(result)):
        say(line)
    say("written: " + ", ".join(map(str, out.paths)))
    return 0


def _reenact_many(arguments: argparse.Namespace, name: str, inputs: Iterable[Path]) -> int:
    """Give a movement to each photograph in a folder."""
    from microexpr.reporting import many_inputs
    from microexpr.videos import search

    items = search.find([arguments.face], "each picture", out=arguments.out)
    plan = many_inputs.plan_reenactments(items, arguments.out, inputs, arguments.force)
    from microexpr.apps.reenact import alone, driving, generator
    from microexpr.cli.progress import progress

    curves, strengths = driving.read(name, arguments.fps, RESULTS), tuple(dict.fromkeys(arguments.strength))
    options = {"number": arguments.face_number, "strengths": strengths, "kind": arguments.super_resolution}
    move = partial(alone.reenact, curves, weights=arguments.weights, **options)
    weights, files = arguments.weights or generator.SHIPPED, driving_name.files(name, RESULTS)
    params = [name, arguments.fps, options]
    outcomes = []
    with progress(arguments.quiet) as report:
        for outcome in many_inputs.reenact(plan, move, weights, params, files, report):
            outcomes.append(outcome._replace(result=None))
            if outcome.result:
                faces = len(outcome.result.numbers)
                is_weak = any(face.metrics.get("au_r", 1) < alone.WEAK_R for face in outcome.result.outcomes)
                warning = "; warning: the movement is hardly read back" * is_weak
                say(f"moved: {outcome.job.item.path}, {faces} face{'s' * (faces > 1)}{warning}")
    return _sum_up(plan, outcomes)


def _sum_up(plan: "Plan", outcomes: "Sequence[Outcome]") -> int:
    """Print what was not read, and where the files are; return the exit code."""
    from microexpr.apps import batch

    problems = [f"problem: {outcome.problem}" for outcome in outcomes if outcome.problem]
    lines = [*problems, *(f"left out: {item.path} ({item.reason})" for item in plan.left_out)]
    for line in lines[:SHOWN]:
        say(line)
    if len(lines) > SHOWN:
        say(f"and {len(lines) - SHOWN} more, see {plan.summary.paths[0]}")
    states = Counter(outcome.state for outcome in outcomes)
    claimed = f"{states['claimed']} left to another process, " * bool(states["claimed"])
    counts = f"{states['done before']} done before, {claimed}{len(problems)} with a problem"
    say(f"{len(plan.jobs)} input{'s' * (len(plan.jobs) != 1)}, {counts}, {len(plan.left_out)} left out")
    say("written: " + ", ".join(map(str, plan.summary.paths)))
    return batch.exit_code(plan, outcomes)


def film(arguments: argparse.Namespace) -> int:
    """Render a video with expressions at known times, or a data set of them."""
    if arguments.layout:
        return _film_data_set(arguments)
    out = outputs.video(arguments.video, arguments.force)
    from microexpr.cli import config
    from microexpr.cli.progress import progress
    from microexpr.rendering import film, take

    values = {name: value for name, value in vars(arguments).items() if name in take.Params.model_fields}
    with config.errors_at("film: "):
        params = config.validate(take.Params, values, "--")
    with _claimed(arguments.video), progress(arguments.quiet) as report, outputs.publish(out) as part:
        film.write(part / out.names[0], params, arguments.seed, partial(report, str(arguments.video)))
    size = out.paths[0].stat().st_size / 1e6
    say(f"written: {out.paths[0]} ({size:.0f} MB), {out.paths[1]}; rendered, no person is shown")
    return 0


@contextmanager
def _claimed(path: Path) -> Iterator[None]:
    """Keep other processes from writing the same file or folder meanwhile. Raises OutputError if one does already."""
    with outputs.claim(path.resolve().parent, path.name) as is_ours:
        if not is_ours:
            raise OutputError(f"{path}: must not be written by two processes, and another one writes it now")
        yield


def _film_data_set(arguments: argparse.Namespace) -> int:
    from microexpr.cli import config
    from microexpr.cli.progress import progress
    from microexpr.rendering import film
    from microexpr.rendering.corpus import Scene
    from microexpr.rendering.long_videos import LongCorpus

    values = {name: value for name, value in vars(arguments).items() if name in LongCorpus.model_fields}
    with config.errors_at("film: "):
        size = config.validate(LongCorpus, values, "--")
    scene, root = Scene(arguments.difficulty, 640, 480), arguments.video
    with _claimed(root), progress(arguments.quiet) as report:
        videos = film.write_data_set(
            root, arguments.layout, size, scene, arguments.seed, partial(report, f"{root}, videos")
        )
    count = f"{len(videos)} video{'s' * (len(videos) > 1)}"
    say(f"written: {count} in {root}, with their workbooks; rendered, no person is shown")
    return 0


def show_help(arguments: argparse.Namespace) -> int:
    """Print the help of the program or of one command."""
    arguments.parsers[arguments.command].print_help()
    return 0


def predict(arguments: argparse.Namespace) -> int:
    """Spot and classify the micro-expressions of a video, or of many."""
    if arguments.onset or arguments.apex:
        return _predict_pair(arguments)
    is_recorded = arguments.camera is not None
    if arguments.out is None or is_recorded == bool(arguments.footage):
        raise ParamsError("predict needs a video or a camera, and --out DIR, or two pictures: --onset and --apex")
    if is_recorded:
        if arguments.truth or arguments.fps:
            raise ParamsError("--truth and --fps are for a video, not for --camera")
        arguments.footage = [_record(arguments)]
    weights = [RESULTS / f"refit/{arguments.method}.safetensors"] if arguments.method else []
    path, left_out = arguments.footage[0], []
    if len(arguments.footage) > 1 or not path.is_file():
        from microexpr.videos import search

        items = search.find(arguments.footage, "videos", arguments.fps, arguments.out)
        left_out = [item for item in items if item.kind == "other" and item.path != path]
        if all(item.reason for item in items) and [item.path for item in items] not in ([], [path]):
            reasons = "; ".join(f"{item.path.name}: {item.reason}" for item in items[:3]) + "; ..." * (len(items) > 3)
            raise MicroexprError(f"{path}: must hold a video ({reasons})")
        if [item.path for item in items if item not in left_out] != [path]:
            return _predict_many(arguments, items, weights)
    inputs = filter(None, [path, arguments.truth, *weights])
    out = app_folders.prediction(arguments.out, path, inputs, arguments.force)
    from microexpr.apps import predict as prediction
    from microexpr.apps.predict import limits, truth, written
    from microexpr.cli.progress import progress
    from microexpr.videos import Scan

    video = Scan(path, arguments.fps)
    true = None if arguments.truth is None else truth.read(arguments.truth)
    models = prediction.Models.load(arguments.method, RESULTS / "refit")
    with progress(arguments.quiet) as report:
        result = prediction.predict(video, models, report)
        with outputs.publish(out) as part:
            app_folders.write_prediction(part, result, models, true, report)
    if arguments.json:
        print(json.dumps(written.to_document(result, models), indent=2))
        for item in left_out:
            print(printable(f"left out: {item.path} ({item.reason})"), file=sys.stderr)
        return 3 if left_out else 0
    for line in written.summary(result):
        say(line)
    if true is not None:
        say(truth.summary(result.spans, true))
    say("written: " + ", ".join(map(str, out.paths)))
    for warning in result.warnings:
        say(f"warning: {warning}")
    for item in left_out:
        say(f"left out: {item.path} ({item.reason})")
    say(f"note: {limits.SHORT_NOTICE}; models, their figures and the law: {out.paths[-1]}")
    return 3 if left_out else 0


def _record(arguments: argparse.Namespace) -> Path:
    """Record from a camera into the folder of the prediction; return the video."""
    if not 1 <= arguments.seconds <= 600:
        raise ParamsError(f"--seconds must be 1 to 600, not {arguments.seconds:g}")
    app_folders.prediction(arguments.out, None, [], arguments.force)
    from microexpr.cli.progress import progress
    from microexpr.videos import camera

    out = outputs.table(arguments.out / camera.FILE, [], arguments.force)
    with progress(arguments.quiet) as report, outputs.publish(out) as part:
        fps = camera.record(part / camera.FILE, arguments.camera, arguments.seconds, report)
    if not arguments.json:
        say(f"recorded: {out.paths[0]}, {fps:.1f} frames a second")
    return out.root / camera.FILE


def _predict_pair(arguments: argparse.Namespace) -> int:
    """Classify the change from one picture to another, and write nothing."""
    others = (arguments.footage, arguments.out, arguments.truth, arguments.fps, arguments.camera is not None)
    if not (arguments.onset and arguments.apex) or any(others):
        raise ParamsError("--onset and --apex are two pictures in place of a video; nothing is written, so no --out")
    from microexpr.apps.predict import Models, limits, pair
    from microexpr.videos import picture

    paths, alterations = (arguments.onset, arguments.apex), picture.Alterations()
    onset, apex = (picture.read(path, alterations, picture.LONGEST) for path in paths)
    warnings = [*alterations.notes(arguments.onset.parent, len(paths))]
    models = Models.load(arguments.method, RESULTS / "refit")
    result = pair.predict(onset, apex, models, f"{arguments.onset}, {arguments.apex}")
    if arguments.json:
        print(json.dumps({**result.to_document(models), "warnings": warnings}, indent=2))
        return 0
    say(str(result))
    for warning in warnings:
        say(f"warning: {warning}")
    say(f"note: {limits.SHORT_NOTICE}")
    return 0


def _predict_many(arguments: argparse.Namespace, items: "Sequence[Item]", weights: list[Path]) -> int:
    """Predict many videos, each into a folder of its own."""
    if arguments.truth or arguments.json:
        raise ParamsError("--truth and --json are for one video, not for several")
    from microexpr.reporting import many_inputs

    plan = many_inputs.plan_predictions(items, arguments.out, weights, arguments.force)
    from microexpr.apps import predict as prediction
    from microexpr.apps.predict import limits, recognition
    from microexpr.cli.progress import progress

    path = recognition.weights_path(arguments.method, RESULTS / "refit")
    models = prediction.Models.load(arguments.method, RESULTS / "refit")
    with progress(arguments.quiet) as report:
        predicted = many_inputs.predict(plan, models, path, arguments.fps, report)
        outcomes = [outcome._replace(result=None) for outcome in predicted]
    code = _sum_up(plan, outcomes)
    say(f"note: {limits.SHORT_NOTICE}; models, their figures and the law: {plan.summary.paths[-1]}")
    return code


def measure(arguments: argparse.Namespace) -> int:
    """Measure the faces of videos and pictures."""
    from microexpr.reporting import many_inputs
    from microexpr.videos import search

    seek: search.Seek = "pictures" if arguments.pictures else "videos"
    items = search.find(arguments.inputs, seek, arguments.fps, arguments.out, picture_too=True)
    plan = many_inputs.plan_tables(items, arguments.out, arguments.fps, arguments.format, arguments.force)
    from microexpr.cli.progress import progress

    with progress(arguments.quiet) as report:
        outcomes = [outcome._replace(result=None) for outcome in many_inputs.measure(plan, arguments.fps, report)]
    return _sum_up(plan, outcomes)


def completion(arguments: argparse.Namespace) -> int:
    """Print the script with which a shell completes the command's words."""
    from microexpr.cli import shells

    print(shells.script(arguments.parser, arguments.shell))
    return 0


def plot_faces(arguments: argparse.Namespace) -> int:
    """Plot a contact sheet of all subjects."""
    with _output_picture(arguments, [*RESULTS.glob("index/*.csv"), *RESULTS.glob("*/*/*.h5")]) as picture:
        from microexpr.datasets import MICRO, index, layout
        from microexpr.reporting.plots import sheet

        for name in arguments.datasets or ():
            layout(name)
        tables = [RESULTS / "index" / f"{name}.csv" for name in arguments.datasets or MICRO]
        clips = [clip for table in tables if arguments.datasets or table.exists() for clip in index.read(table)]
        sheet.write(sheet.entries(clips, RESULTS), picture, arguments.show_licensed_faces)
    return 0


@contextmanager
def _output_picture(arguments: argparse.Namespace, inputs: Iterable[Path]) -> Iterator[Path]:
    """Yield the path to write a picture to; it is moved to the name in the arguments when the block ends."""
    out = outputs.picture(arguments.picture, inputs, arguments.force)
    with outputs.publish(out) as part:
        yield part / out.names[0]
    say(f"written: {', '.join(map(str, out.paths))}")
