"""Commands for data and results: `inspect`, `score`, `check`, `methods`, `doctor`, `table`, `verify`.

Each calls the module that works.

Modules are imported inside the functions, so that a command loads no more than it needs."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Group, Parameter
from cyclopts.validators import LimitedChoice, Number

from microexpr.cli.applications import RESULTS, Force
from microexpr.cli.questions import SCORED_RESAMPLES, score_answers
from microexpr.cli.screen import console, output_picture, paragraphs, print_rows, say, say_notes
from microexpr.core import csv_file, outputs
from microexpr.core.clip import LABELS
from microexpr.core.errors import MicroexprError, ParamsError, StoreError, nearest, remedy
from microexpr.core.files import regular

if TYPE_CHECKING:
    from microexpr.reporting.method_list import Row
    from microexpr.reporting.table import Table
    from microexpr.training.checked import Checked

EVALUATIONS = "evaluate/megc2019"  # where the evaluate stage writes, below a results folder
TABLE = RESULTS / "megc2019_table.csv"
TRAINING_SETS = RESULTS / "megc2019_training_sets.csv"
TABLES = (
    f"{TABLE}, {TRAINING_SETS}, {RESULTS}/units_table.csv, {RESULTS}/megc2025_table.csv, "
    f"{RESULTS}/megc2026_table.csv, {RESULTS}/flow_folders_table.csv and {RESULTS}/papers/PAPER/TABLE.csv"
)
PAIRED, DUPLICATES = "megc2019_paired.csv", "duplicate_subjects/duplicates.csv"  # below a results folder
PRINTED, CHOSEN = Group(validator=LimitedChoice()), Group(validator=LimitedChoice())
Json = Annotated[bool, Parameter(help="print the rows as JSON, alone", group=PRINTED)]
Csv = Annotated[bool, Parameter(help="print the rows as CSV, alone", group=PRINTED)]
ShowLicensedFaces = Annotated[bool, Parameter(help="show licensed faces too, if their licence allows it")]


def add_to(app: App) -> None:
    """Add the commands to a command line."""
    for command in (inspect, score, check, methods, doctor, table, verify):
        app.command(command)


def needs(command: str, options: Mapping[str, Any], purpose: str, is_there: object) -> None:
    """Raises ParamsError for an option that would be passed over: one that is given where its purpose is not there."""
    for option, value in options.items():
        if value and not is_there:
            raise ParamsError(f"{command}: {option} needs {purpose}")


def verify() -> int:
    """Compare every output of a run with what it was when its job ended, reading all of them.

    Prints a line on each that was edited, damaged or deleted since, and then ends with 1.

    examples:
      microexpr verify                          # in the checkout's folder"""
    from microexpr.core import records

    if not records.RECORDS.is_dir():
        raise StoreError(f"{records.RECORDS}: is not there: no run was made in this folder")
    lines = records.verify()
    for line in lines:
        say(line)
    return int(bool(lines))


def inspect(
    file: Path,
    /,
    *,
    chain: Annotated[bool, Parameter(group=PRINTED)] = False,
    png: Annotated[Path | None, Parameter(group=PRINTED)] = None,
    values: Annotated[str | None, Parameter(group=PRINTED)] = None,
    json: Json = False,
    csv: Csv = False,
    limit: Annotated[int | None, Parameter(validator=Number(gte=1, lte=10**9))] = None,
    show_licensed_faces: ShowLicensedFaces = False,
    force: Force = False,
) -> int:
    """Print the contents of an HDF5 file of this project, with axes and units, or of weights.

    examples:
      microexpr inspect results/apex/casme2/sub01.h5
      microexpr inspect results/flow/casme2/sub01.h5 --values 'EP02_01/onset_apex[0,:4,:4]'
      microexpr inspect results/train/ststnet/megc2019/1of1.h5 --chain

    Args:
        file: any .h5, .safetensors or .onnx under results/, data/rendered/truth/
        chain: print the subjects and clips it was fitted on instead
        png: plot it instead, as .png, .svg, .pdf or .jpg: frames with landmarks, or curves
        values: print the values of a DATASET[SLICE] instead; a slice is as in numpy
        limit: most --values that are printed whole, by default 1000"""
    needs("inspect", {"--limit": limit}, "--values", values)
    needs("inspect", {"--show-licensed-faces": show_licensed_faces, "--force": force}, "--png", png)
    if png:
        with output_picture(png, [file], force) as picture:
            from microexpr.reporting.plots import contents, drawing

            drawing.plot(contents.draw, file, show_licensed_faces, path=picture)
        return 0
    from microexpr.core import store
    from microexpr.reporting import inspect as inspection

    with store.content_of_a_stage(file):
        if json or csv:
            return print_rows(inspection.rows(file), json, inspection.COLUMNS)
        if values is not None:
            for line in inspection.values(file, values, limit or 1000):
                say(line)
            return 0
        console().print((inspection.chain if chain else inspection.tree)(file))
    return 0


def score(
    log: Path,
    /,
    *,
    videos: Path | None = None,
    questions: Path | None = None,
    classes: Annotated[int | None, Parameter(validator=Number(gte=2, lte=100))] = None,
    json: Json = False,
    csv: Csv = False,
) -> int:
    """Print UF1 and UAR of any official MEGC2019 log, or figures of any log of spotting, or of answers to questions.

    examples:
      microexpr score log.txt
      microexpr score samm_pred.csv --videos data/raw/samm_long
      microexpr score answers.jsonl --questions true_answers.jsonl

    Args:
        log: text: 'db sub' for each fold, then 'clip truth predicted'; with --videos a CSV of video, onset, offset;
            with --questions JSON lines with answers
        videos: folder of long videos in which LOG tells when expressions were spotted
        questions: JSON lines of the same questions with true answers
        classes: number of classes in its protocol, by default 3"""
    if videos and questions:
        raise ParamsError("score needs --videos, --questions or neither, not both")
    needs(
        "score", {"--classes": classes}, "a log of classes, without --videos or --questions", not (videos or questions)
    )
    classes = classes or len(LABELS)
    if videos:
        return _score_spotting(log, videos, json, csv)
    if questions:
        return score_answers(log, questions, json, csv)
    from rich.table import Table

    from microexpr.datasets import MICRO
    from microexpr.evaluation import megc_log

    table = Table("data set", "clips", "UF1", "UAR", "accuracy")
    lines = megc_log.read(_log_text(log), str(log), classes, MICRO)
    scores = megc_log.scores(lines, classes)
    if json or csv:
        return print_rows([{"dataset": scope, **row} for scope, row in scores.items()], json)
    for scope, row in scores.items():
        figures = (f"{row[metric]:.4f}" for metric in ("uf1", "uar", "accuracy"))
        table.add_row(scope, f"{row['clips']:.0f}", *figures)
    console().print(table)
    if classes == len(LABELS) and (difference := megc_log.difference(lines)):
        say(f"note: {difference}; these figures do not compare with the challenge's")
    return 0


def _log_text(path: Path) -> str:
    if not regular(path).is_file():
        raise MicroexprError(f"{path}: is not a file")
    return path.read_text(encoding=csv_file.encoding(path), errors="surrogateescape")


def _score_spotting(log: Path, folder: Path, json: bool, csv: bool) -> int:
    from rich.table import Table

    from microexpr import datasets
    from microexpr.evaluation import spotting, spotting_log

    by_folder = {datasets.root(name, "licensed").name: datasets.layout(name) for name in datasets.LONG}
    native = by_folder.get(folder.absolute().name)
    if native is None or not folder.is_dir():
        raise MicroexprError(f"{folder}: must be a folder of long videos named {', '.join(sorted(by_folder))}")
    text = _log_text(log)
    rendered = folder.absolute().parent.name == datasets.GENERATED.name
    videos, notes = native.read_videos(folder, "generated" if rendered else "licensed", None)
    intervals, more = spotting_log.read(text, str(log), videos)
    say_notes([*notes, *more], json or csv)
    rows = list(spotting.rows(log.stem, videos, intervals, SCORED_RESAMPLES, 1))
    if json or csv:
        return print_rows([{name: row.get(name) for name in spotting.COLUMNS[2:]} for row in rows], json)
    counts = ("true", "hits", "false", "missed")
    figures = {"F1": "f1", "low": "f1_low", "high": "f1_high", "chance": "chance_f1", "STRS": "strs"}
    table = Table("kind", *counts, *figures, box=None)
    for row in rows:
        values = [row.get(name) for name in figures.values()]
        cells = [f"{value:.4f}" if value is not None else "" for value in values]
        table.add_row(row["kind"], *(str(row[name]) for name in counts), *cells)
    console().print(table)
    return 0


def check(
    directory: Path | None = None,
    /,
    *,
    template: Path | None = None,
    json: Json = False,
    csv: Csv = False,
    force: Force = False,
) -> int:
    """Check that a data set on disk has its published layout and counts, or that recordings of your own are annotated.

    examples:
      microexpr check data/raw/casme2
      microexpr check data/rendered/casme2
      microexpr check --template annotations.csv  # to annotate your own recordings

    Args:
        directory: the data set's own folder, such as data/raw/casme2
        template: in place of it: the table of annotations to write, with two examples"""
    from microexpr.coding import tables
    from microexpr.core import store
    from microexpr.datasets.check import check

    if (directory is None) == (template is None):
        raise ParamsError("check needs the folder of a data set, or --template FILE.csv")
    needs("check", {"--force": force}, "--template", template)
    needs("check", {"--json": json, "--csv": csv}, "the folder of a data set", directory)
    if template:
        output = outputs.table(template, [], force)
        with outputs.publish(output) as part:
            store.write_text(part / output.names[0], tables.template())
        say(f"written: {output.paths[0]}")
        return 0
    assert directory is not None
    result = check(directory)
    if json or csv:
        kinds = {"count": result.counts, "note": result.notes, "problem": result.problems}
        rows = [{"kind": kind, "text": line} for kind, lines in kinds.items() for line in lines]
        print_rows(rows, json, ("kind", "text"))
        return 1 if result.problems else 0
    for line in (*result.counts, *(f"note: {note}" for note in result.notes), *result.problems):
        say(line)
    count = len(result.problems)
    verdict = f"{count} problem{'s' * (count > 1)}" if count else result.verdict
    say(f"{directory}: {verdict}")
    return 1 if result.problems else 0


def doctor() -> int:
    """Print the installed parts, those that are missing for a purpose, and how to add them.

    The exit code is 1 where a part of the library is missing or damaged."""
    from microexpr.cli.doctor import findings

    states = {True: "ok", None: "-", False: "error"}
    lines = [*findings()]
    for finding in lines:
        say(f"{states[finding.is_well]:5}  {finding.part:9}  {finding.what}")
    return int(any(finding.is_well is False for finding in lines))


def methods(*names: str, all: bool = False, json: Json = False, csv: Csv = False) -> int:
    """List every method and variant: weights by params.yaml and in its paper, inputs, paper; or its params.

    examples:
      microexpr methods
      microexpr methods ststnet icegan.change
      microexpr methods --csv > methods.csv

    Args:
        names: every param of these: its value here and in the paper, allowed values, meaning
        all: also the variants of the papers' tables"""
    needs("methods", {"--all": all}, "the list, without names of methods", not names)
    needs("methods", {"--all": all}, "the list as text: --csv and --json have all rows", not (json or csv))
    if names:
        return _method_params(tuple(dict.fromkeys(names)), json, csv)
    from microexpr.reporting import method_list

    path = Path("params.yaml")
    if path.is_file():
        from microexpr.cli import config
        from microexpr.tasks import described

        values = config.load(path)
        rows = config.cached("method list", values, lambda: _counted(described.check(values)))
    else:
        rows = _counted(None)
    if json or csv:
        return print_rows(rows, json)
    console().print(method_list.table(rows, all))
    if hidden := sum(not row["in_table"] for row in rows) * (not all):
        say(f"{hidden} variants of the papers' tables more: --all; whole lines: --csv, --json")
    return 0


def _method_params(names: Sequence[str], json: bool, csv: bool) -> int:
    """Print the params of methods, variants and generators: by params.yaml if it is here, and by the paper."""
    from microexpr.cli import config
    from microexpr.models import generators, module_names, recognisers
    from microexpr.reporting import method_list

    made_by = dict.fromkeys(module_names(generators), generators.find)
    path = Path("params.yaml")
    checked = config.check_cached(config.load(path)) if path.is_file() else None
    described: dict[str, Any] = {**checked.methods, **checked.rows["synthesise"]} if checked else {}
    all_names = {*described, *recognisers.names(), *made_by}
    if wrong_name := next((name for name in names if name not in all_names), ""):
        raise ParamsError(f"{wrong_name} must be a method, variant or generator{nearest(wrong_name, all_names)}")
    screen, rows = console(), []
    for name in names:
        kind: Any = made_by.get(name, recognisers.find)(name)
        row = described.get(name)
        pictured = checked.rows["flow_folders"].get(name) if checked else None
        values = row.params if row else {}, pictured.params if pictured else None
        params = list(method_list.fields(kind.Params, *values))
        rows += [{"method": name} | param._asdict() for param in params]
        if not (json or csv):
            say(f"{name}: {kind.paper}")
            screen.print(method_list.params_table(params))
            if reference := method_list.find_reference(name):
                say(f"{reference.bibtex}\n")
    return print_rows(rows, json) if json or csv else 0


def _counted(checked: "Checked | None") -> "list[Row]":
    """Return the list of methods, as `described.check` returns them: loads torch, which takes seconds."""
    from microexpr.reporting import method_sizes

    return method_sizes.rows(checked.methods, checked.rows["flow_folders"]) if checked else method_sizes.rows({}, {})


def table(
    path: Annotated[Path, Parameter(group=CHOSEN)] = TABLE,
    /,
    *,
    methods: Annotated[tuple[str, ...] | None, Parameter(consume_multiple=True, group=CHOSEN)] = None,
    reference: str | None = None,
    notes: bool = False,
    json: Json = False,
    csv: Csv = False,
    markdown: Annotated[bool, Parameter(group=PRINTED)] = False,
) -> int:
    """Print the MEGC2019 table, or a paper's, next to published figures.

    examples:
      microexpr table
      microexpr table --reference flow_svm
      microexpr table results/megc2019_training_sets.csv

    Args:
        path: this, or results/papers/PAPER/TABLE.csv
        methods: only these, as evaluated
        reference: test all other rows against this one (default: ststnet)
        notes: also sentences on each row, such as what it starts from
        markdown: all figures, in Markdown"""
    form = "json" if json else "csv" if csv else "markdown" if markdown else None
    options: dict[str, Any] = {"--reference": reference, "--notes": notes}
    if methods == ():
        raise ParamsError("--methods needs names of methods")
    from microexpr.tasks import tables

    is_of_paper = path.parts[-3:-2] == ("papers",)
    other = tables.own_table(path.stem) if path.suffix == ".csv" else None
    if not methods and (is_of_paper or other):
        needs("table", options, f"the main table, {TABLE}, not {path}", False)
        _other_table(other, path, form) if other and not is_of_paper else _paper_table(path, form)
        say_notes([f"nothing here says with which params {path} was made"], to_stderr=form is not None)
        return 0
    needs("table", options, "the table as text or in --markdown, without --json and --csv", form in (None, "markdown"))
    if not methods and path != TABLE and not path.is_file():
        raise MicroexprError(f"{path}: is not there; tables are {TABLES}")
    from microexpr import evaluation
    from microexpr.datasets import MICRO, index
    from microexpr.evaluation import pairs
    from microexpr.evaluation.rows import FACE_COLUMNS
    from microexpr.models import recognisers
    from microexpr.reporting import main_table, method_tests, terminal_table
    from microexpr.reporting.table import by_figure

    home = RESULTS if methods else path.parent  # all that is shown with a table is of its results folder
    evaluations: dict[Path, list[Any]] = {}
    for name in methods or ():
        file = home / EVALUATIONS / f"{name}.csv"
        if file in evaluations or Path(name).name != name:
            raise ParamsError(f"--methods must be names of rows, each once, not {' '.join(methods or ())}")
        if not file.is_file():
            recognisers.find(name)
        evaluations[file] = evaluation.read(file)
        if stranger := next((row["method"] for row in evaluations[file] if row["method"] != name), ""):
            raise StoreError(f"{file}: must have rows of {name}, not of {stranger}{remedy(file)}")
    rows = main_table.megc2019(evaluations.values()) if methods else main_table.TABLE.read(path)
    of_clips = compare_params(home, rows, [*evaluations] or [path])
    if form in ("json", "csv"):
        say_notes(of_clips, to_stderr=True)
        return print_rows(list(map(main_table.numbers, rows)) if json else rows, json)
    is_whole = not methods and path.name == TABLE.name
    compared = evaluation.read(home / PAIRED, pairs.COLUMNS) if is_whole and (home / PAIRED).exists() else []
    if mismatch := method_tests.mismatch(rows, compared):
        compared = []
    needs("table", {"--reference": reference}, f"a table with paired tests, {TABLE} next to {PAIRED}", compared)
    is_chosen, reference = bool(reference), reference or method_tests.REFERENCE
    if is_chosen and reference not in (names := [row["method"] for row in rows]):
        raise ParamsError(f"--reference must be a row of the table, not {reference}{nearest(reference, names)}")
    if form == "markdown":
        say(main_table.TABLE.markdown(rows), end="")
        lines = [method_tests.better_than_chance(compared)]
    else:
        marks, screen = terminal_table.marks(rows, compared), console()
        screen.print(terminal_table.render(rows, marks, screen.width))
        lines = terminal_table.legend(rows, marks)
    lines.append(method_tests.indistinguishable_from_best(rows, compared))
    lines += method_tests.against_reference(compared, reference).splitlines()
    for row, faces in ((row, home / f"evaluate/{row['protocol']}/{row['method']}_faces.csv") for row in rows):
        if not faces.exists():
            continue
        shards = home.glob(f"train/{row['method']}/{row['protocol']}/faces/*.h5")
        if any(shard.stat().st_mtime_ns > faces.stat().st_mtime_ns for shard in shards):
            lines.append(f"{faces}: is of earlier synthesised faces than those that are here{remedy(faces)}")
        else:
            lines += main_table.synthesis_summary(evaluation.read(faces, FACE_COLUMNS), faces).splitlines()
    lines += [f"note: {note}"] if (note := main_table.duplicate_subjects(home / DUPLICATES)) else []
    if mismatch:
        advice = remedy(home / PAIRED)
        lines.append(f"note: {home / PAIRED}: is not of this table, so nothing is tested: {mismatch}{advice}")
    lines += [of_clips[0], *(f"note: {note}" for note in of_clips[1:])]
    if notes:
        lines += [f"{row['method']}: {note}" for row in by_figure(rows, "full_uf1") for note in main_table.notes(row)]
    paragraphs(lines)
    for index_path in (home / "index" / f"{name}.csv" for name in MICRO):
        for reason in index.exclusions(index_path).values() if index_path.exists() else ():
            say(f"left out: {reason}")
    return 0


def compare_params(home: Path, rows: Sequence[Mapping[str, str]], sources: Sequence[Path]) -> list[str]:
    """Return a line on the data sets and params of a table read from `sources`, and a note on params changed since."""
    from microexpr.cli import config
    from microexpr.reporting import made_with, main_table

    names = ", ".join(main_table.datasets(rows)) or "data sets of your own"
    origins, root = " and ".join(dict.fromkeys(row["origin"] for row in rows)), Path(normpath(home / ".."))
    line, path = f"Clips of {names}, {origins}", root / "params.yaml"
    try:
        recorded = made_with.recorded(sources, root)
        values = config.load(path)
        # checked values are cached in the current folder, for its own params.yaml alone
        check = config.check_cached if home == RESULTS else import_module("microexpr.tasks.described").check
        is_whole = sources[0].name in (TABLE.name, TRAINING_SETS.name)
        difference = made_with.differences([*map(check, recorded)], check(values), rows, is_whole)
    except StoreError as error:
        return [f"{line}; {error}"]
    except (MicroexprError, ModuleNotFoundError) as error:
        return [f"{line}; not compared with {path}: {error}"]
    return [line, difference] if difference else [f"{line}; params as in {path}"]


def _other_table(table: "Table", path: Path, form: str | None) -> None:
    """Print a table of another form than the main one."""
    rows = table.read(path)
    if form in ("json", "csv"):
        print_rows(rows, form == "json")
    elif form == "markdown":
        say(table.markdown(rows), end="")
    else:
        screen = console()
        screen.print(table.terminal(rows, screen.width))
        for line in table.below(rows):
            say(line)


def _paper_table(path: Path, form: str | None) -> None:
    from microexpr.reporting import papers
    from microexpr.reporting.papers import FIGURES, TARGETS

    paper, table = path.parent.name, path.stem
    if form in ("json", "csv") and path.is_file():
        with csv_file.opened(path, StoreError) as (header, rows):
            print_rows([row for _, row in rows], form == "json", header)
        return
    if table in TARGETS.get(paper, {}):
        say(papers.markdown(paper, table, papers.read(path)), end="")
    elif form in (None, "markdown") and (markdown := path.with_suffix(".md")).is_file():  # a table that no paper prints
        say(markdown.read_text(encoding="utf-8"), end="")
    elif f"{paper}/{path.name}" in {file for files in FIGURES.values() for file in files}:
        raise MicroexprError(f"{path}: is not there{remedy(path)}")
    else:
        names = [f"{paper}/{table}" for paper, tables in TARGETS.items() for table in tables]
        raise MicroexprError(f"{path}: must be one of {', '.join(names)}{nearest(f'{paper}/{table}', names)}")
