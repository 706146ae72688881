"""Commands for videos and photographs: `predict`, `measure`, `reenact`, `film`. Each calls the module that works.

Modules are imported inside the functions, so that a command loads no more than it needs."""

import json as json_text
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Group, Parameter
from cyclopts.validators import LimitedChoice, Number

from microexpr.api import each_input
from microexpr.apps import driving_name
from microexpr.cli.screen import console, progress, say
from microexpr.core import outputs
from microexpr.core.errors import MicroexprError, ParamsError, errors_at, printable
from microexpr.core.validation import validate

if TYPE_CHECKING:
    from microexpr.apps.batch import Plan

RESULTS = Path("results")  # relative to the project's folder
SHOWN = 20  # files, of many that were not read, that are named on the screen
FOLDERS = Group(validator=LimitedChoice())
EXIT_CODES = """
exit codes, of several inputs:
  0  all were read
  1  one that should be readable was not, or nothing was read
  3  all recordings were read, and other files were left out
Each file that was not read is named on the screen and in the table, with the reason. What was done before is kept."""

Out = Annotated[
    Path,
    Parameter(help="folder to write into, new or existing; the command refuses to replace files that it did not write"),
]
Force = Annotated[
    bool, Parameter(help="replace also files that this command did not write, or that were changed since; inputs never")
]


Quiet = Annotated[bool, Parameter(help="show no progress")]
Strengths = Annotated[tuple[float, ...], Parameter(consume_multiple=True, validator=Number(gte=0, lte=10))]


def add_to(app: App) -> None:
    """Add the commands to a command line."""
    for command in (reenact, predict, measure):
        app.command(command, help_epilogue=EXIT_CODES)
    app.command(film)
    app.command(agreement)


def predict(
    *footage: Path,
    out: Out | None = None,
    camera: Annotated[int | None, Parameter(validator=Number(gte=0, lte=1000))] = None,
    seconds: float | None = None,
    onset: Path | None = None,
    apex: Path | None = None,
    method: str | None = None,
    fps: float | None = None,
    truth: Path | None = None,
    json: bool = False,
    force: Force = False,
    quiet: Quiet = False,
) -> int:
    """Find micro-expressions in a video or folder of frames: times, classes, action units.

    examples:
      microexpr predict take.avi --out predicted
      microexpr predict --onset frame12.png --apex frame19.png  # two pictures
      microexpr predict videos --out predicted  # a folder each, one page of all

    Args:
        footage: one person's face each, seen from the front; of several, or a folder of videos, each has a folder in
            --out
        camera: number of a camera, in place of a video: records OUT/camera.mkv first
        seconds: length of that recording (default: 30)
        onset: in place of a video: a picture of a face before it moves, with --apex
        apex: a picture of the same face, of the same camera, as it moves most
        method: classify with results/refit/METHOD.safetensors (default: the shipped network)
        fps: frames a second, of a folder or where a video's header is wrong
        truth: true expressions, as `film` writes them or a coder: CSV, .eaf, .TextGrid; compares with them
        json: print only the contents of intervals.json, or the result for two pictures"""
    if onset or apex:
        others = (footage, out, truth, fps is not None, camera is not None, seconds is not None, force)
        if not (onset and apex) or any(others):
            raise ParamsError(
                "--onset and --apex are two pictures in place of a video; nothing is written, so no --out, --fps, "
                "--truth, --seconds or --force"
            )
        return _predict_pair(onset, apex, method, json)
    is_recorded = camera is not None
    if out is None or is_recorded == bool(footage):
        raise ParamsError("predict needs a video or a camera, and --out DIR, or two pictures: --onset and --apex")
    if camera is not None:
        if truth or fps is not None:
            raise ParamsError("--truth and --fps are for a video, not for --camera")
        footage = (_record(camera, 30.0 if seconds is None else seconds, out, json, force, quiet),)
    elif seconds is not None:
        raise ParamsError("--seconds is the length of a recording and needs --camera")
    weights = [RESULTS / f"refit/{method}.safetensors"] if method else []
    path, left_out = footage[0], []
    if len(footage) > 1 or not path.is_file():
        from microexpr.videos import search

        items = search.find(footage, "videos", fps, out)
        left_out = [item for item in items if item.kind == "other" and item.path != path]
        if all(item.reason for item in items) and [item.path for item in items] not in ([], [path]):
            reasons = "; ".join(f"{item.path.name}: {item.reason}" for item in items[:3]) + "; ..." * (len(items) > 3)
            raise MicroexprError(f"{path}: must hold a video ({reasons})")
        if [item.path for item in items if item not in left_out] != [path]:
            if truth or json:
                raise ParamsError("--truth and --json are for one video, not for several")
            from microexpr.apps.predict import limits

            plan = each_input.plan_predictions(items, out, method, RESULTS / "refit", fps, force)
            code = _work_through(plan, quiet)
            say(f"note: {limits.SHORT_NOTICE}; models, their figures and the law: {plan.summary.paths[-1]}")
            return code
    output = each_input.prediction(out, filter(None, [path, truth, *weights]), force, path)
    from microexpr.apps.predict import limits, written
    from microexpr.apps.predict import truth as true_expressions
    from microexpr.videos import Scan

    video = Scan(path, fps)
    coded, notes = (None, []) if truth is None else true_expressions.read(truth, path)
    result, models, true = each_input.predict(video, output, method, RESULTS / "refit", coded, progress(quiet))
    about = [*(f"note: {note}" for note in notes), *(f"left out: {i.path} ({i.reason})" for i in left_out)]
    if json:
        print(json_text.dumps(written.to_document(result, models), indent=2))
        for line in about:
            print(printable(line), file=sys.stderr)
        return 3 if left_out else 0
    for line in written.summary(result):
        say(line)
    if true is not None:
        say(true_expressions.summary(result.spans, true))
    say("written: " + ", ".join(map(str, output.paths)))
    for line in [*(f"warning: {warning}" for warning in result.warnings), *about]:
        say(line)
    say(f"note: {limits.SHORT_NOTICE}; models, their figures and the law: {output.paths[-1]}")
    return 3 if left_out else 0


def _record(number: int, seconds: float, out: Path, json: bool, force: bool, quiet: bool) -> Path:
    """Record from a camera into the folder of the prediction; return the video."""
    if not 1 <= seconds <= 600:
        raise ParamsError(f"--seconds must be 1 to 600, not {seconds:g}")
    each_input.prediction(out, [], force)
    from microexpr.videos import writer

    output = outputs.table(out / writer.FILE, [], force)
    with progress(quiet) as report, outputs.publish(output) as part:
        fps = writer.record(part / writer.FILE, number, seconds, report)
    if not json:
        say(f"recorded: {output.paths[0]}, {fps:.1f} frames a second")
    return output.path


def _predict_pair(first: Path, second: Path, method: str | None, json: bool) -> int:
    """Classify the change from one picture to another, and write nothing."""
    from microexpr.apps.predict import Models, limits, pair
    from microexpr.videos import picture

    alterations = picture.Alterations()
    onset, apex = (picture.read(path, alterations, picture.LONGEST) for path in (first, second))
    warnings = [*alterations.notes(first.parent, 2)]
    models = Models.load(method, RESULTS / "refit")
    result = pair.predict(onset, apex, models, f"{first}, {second}")
    if json:
        print(json_text.dumps({**result.to_document(models), "warnings": warnings}, indent=2))
        return 0
    say(str(result))
    for warning in warnings:
        say(f"warning: {warning}")
    say(f"note: {limits.SHORT_NOTICE}")
    return 0


def measure(
    source: Path,
    /,
    *sources: Path,
    out: Path,
    fps: Annotated[float | None, Parameter(group=FOLDERS)] = None,
    pictures: Annotated[bool, Parameter(group=FOLDERS)] = False,
    format: Literal["csv", "parquet", "hdf5"] = "csv",
    force: bool = False,
    quiet: Quiet = False,
) -> int:
    """Measure every face of videos and pictures as tables: landmarks, head pose, action units, quality.

    examples:
      microexpr measure videos --out measured
      microexpr measure frames --fps 100 --out measured
      microexpr measure photographs --pictures --out measured --format hdf5

    Args:
        source: video, picture or folder; has a table NAME.csv with a row for each frame or face, columns named as
            OpenFace 2's; in folders videos are found by content
        sources: further ones
        out: folder to write into, and summary.csv; files that are already there are not measured again
        fps: frames a second of folders of pictures, which are one video each, and of videos
        pictures: folders are of pictures, each read separately, in place of videos
        format: of the tables
        force: measure everything again, and replace files that this command did not write; inputs never"""
    from microexpr.videos import search

    items = search.find([source, *sources], "pictures" if pictures else "videos", fps, out, picture_too=True)
    return _work_through(each_input.plan_tables(items, out, fps, format, force), quiet)


def _face_number(_: type, number: int | str) -> None:
    if isinstance(number, int) and not 1 <= number <= 1000:
        raise ValueError("Must be 1 to 1000, or all.")


def reenact(
    *,
    face: Path,
    face_number: Annotated[int | Literal["all"], Parameter(validator=_face_number)] = 1,
    out: Out,
    driving: str | None = None,
    emotion: str | None = None,
    style: Annotated[int | None, Parameter(validator=Number(gte=1, lte=100))] = None,
    fps: float | None = None,
    strength: Strengths = (1, 2, 4),
    weights: Path | None = None,
    super_resolution: Literal["lanczos", "realsr"] | None = None,
    force: Force = False,
    quiet: Quiet = False,
) -> int:
    """Show a micro-expression on the face of a photograph: frames, video, curves, figures.

    examples:
      microexpr reenact --face me.jpg --out reenacted --emotion sadness --style 2 --strength 3
      microexpr reenact --face group.jpg --face-number all --out reenacted --driving casme2/sub01/EP02_01
      microexpr reenact --face photographs --out reenacted  # a folder each, one table of all

    Args:
        face: the source face: a photograph, or a folder of them
        face_number: which of several faces in it, 1 is the largest; or all, in the same frames
        driving: the driving clip: a shipped sample, negative, positive, surprise; a video or folder of frames; or
            DATASET/SUBJECT/CLIP of this run (default: surprise)
        emotion: in place of a driving clip: happiness, disgust, sadness, fear, ...
        style: which of the emotion's displays, 1 is the most frequent (default: 1)
        fps: frames a second of a folder, or where a video's header is wrong
        strength: factors of the driving clip's changes, 0 to 10; 0 is the photograph
        weights: a generator: results/refit/famgan.safetensors, results/synthesise/famgan/groups/* (default: shipped)
        super_resolution: enlarge the generator's difference to the size in the photograph (default: the shipped
            generator moves the photograph's own pixels; lanczos for one that cannot)"""
    name = driving_name.choose(driving, emotion, style, fps)
    inputs = [face, *driving_name.files(name, RESULTS), *filter(None, [weights])]
    strengths = tuple(dict.fromkeys(map(float, strength)))
    options = {"number": face_number, "strengths": strengths, "kind": super_resolution}
    if face.is_dir():
        from microexpr.videos import search

        items = search.find([face], "each picture", out=out)
        plan = each_input.plan_reenactments(items, out, name, RESULTS, fps, weights, options, force)
        return _work_through(plan, quiet)
    output = each_input.reenactment(out, inputs, force, face)
    from microexpr.apps.reenact import alone

    result = each_input.reenact(face, output, name, RESULTS, fps, weights, options, console(quiet).status)
    for line in (*result.description, *alone.summary(result)):
        say(line)
    say("written: " + ", ".join(map(str, output.paths)))
    return 0


def _work_through(plan: "Plan", quiet: bool) -> int:
    """Run a plan, print the inputs that were not read and the paths of the files; return the exit code."""
    with progress(quiet) as report:
        for job, _ in plan.run(report):
            if job.note:
                say(job.note)
    problems = [f"problem: {job.problem}" for job in plan.jobs if job.problem]
    lines = [*problems, *(f"left out: {item.path} ({item.reason})" for item in plan.left_out)]
    more = [f"and {len(lines) - SHOWN} more, see {plan.summary.paths[0]}"] * (len(lines) > SHOWN)
    for line in lines[:SHOWN] + more:
        say(line)
    before = sum(job.state == "done before" for job in plan.jobs)
    counts = f"{before} done before, {len(problems)} with a problem, {len(plan.left_out)} left out"
    say(f"{len(plan.jobs)} input{'s' * (len(plan.jobs) != 1)}, {counts}")
    say("written: " + ", ".join(map(str, plan.summary.paths)))
    return plan.exit_code()


def film(
    video: Path,
    /,
    *,
    layout: Literal["casme3_long", "casme_sq", "samm_long", "smic_long", "own"] | None = None,
    subjects: int | None = None,
    videos: int | None = None,
    seed: Annotated[int, Parameter(validator=Number(gte=0, lt=2**63))] = 1,
    seconds: float = 60,
    fps: int | None = None,
    micro: int = 5,
    macro: int = 3,
    blinks: int = 10,
    glances: int = 0,
    speech: int = 0,
    difficulty: Literal["easy", "standard", "hard"] = "standard",
    force: Force = False,
    quiet: Quiet = False,
) -> int:
    """Render a video with micro-expressions at known times.

    examples:
      microexpr film take.mp4 --seconds 20 --micro 3 --macro 1 --blinks 4 --difficulty hard --seed 2
      microexpr film mine/samm_long --layout samm_long --subjects 3 --videos 2 --seconds 20 --micro 2 --blinks 2
      microexpr film data/raw/mine --layout own --subjects 12 --seconds 20 --fps 50 --micro 3 --macro 1 --blinks 4

    Args:
        video: OUT.avi or OUT.mp4 is written, and OUT.csv with its expressions; see --force. An .avi has 9 MB a second,
            an .mp4 half a MB; with --layout a new folder
        layout: write long videos as this data set has them, with its workbooks and frame rate; own: a folder for each
            subject, videos with ELAN's .eaf next to them, and those of two coders who err below _coders
        subjects: of --layout (default: 2)
        videos: of each, of --layout (default: 1)
        seed: each seed has its own subject
        seconds: length
        fps: frames a second, but of a --layout that has its own rate (default: 100)
        micro: micro-expressions
        macro: macro-expressions
        blinks: blinks
        glances: glances to the side and back
        speech: stretches of speech"""
    if not layout and (subjects, videos) != (None, None):
        raise ParamsError("film: --subjects and --videos are of --layout; one video has one subject, that of --seed")
    if layout and layout != "own" and fps is not None:
        raise ParamsError(f"film: --fps needs one video or --layout own; {layout} has its own rate")
    if layout and force:
        raise ParamsError("film: --force needs one video; --layout writes into a new folder")
    subjects, videos = 2 if subjects is None else subjects, 1 if videos is None else videos
    fps = 100 if fps is None else fps
    arguments = dict(locals())
    output = None if layout else outputs.file(video, outputs.VIDEOS, (), force, ".csv")
    from facs_faces import take
    from microexpr.rendering import film
    from microexpr.rendering.corpus import Scene
    from microexpr.rendering.long_videos import LongCorpus

    model: Any = LongCorpus if layout and layout != "own" else take.Params
    with errors_at("film: "):
        values = {name: value for name, value in arguments.items() if name in model.model_fields}
        params = validate(model, values, "--")
    with progress(quiet) as report:
        if output:
            with outputs.publish(output) as part:
                film.write(part / output.names[0], params, seed, partial(report, str(video)))
        else:
            report_videos = partial(report, f"{video}, videos")
            with outputs.reserve(video.resolve().parent, video.name, video):
                if layout == "own":
                    people = film.People(subjects=subjects, videos=videos)
                    count = len(film.write_own(video, people, params, seed, report_videos))
                else:
                    scene = Scene(difficulty, 640, 480)
                    count = len(film.write_data_set(video, str(layout), params, scene, seed, report_videos))
    if output is None:
        plural = "s" * (count > 1)
        say(f"written: {count} video{plural} in {video}, with their annotation; rendered, no person is shown")
        return 0
    size = output.paths[0].stat().st_size / 1e6
    say(f"written: {output.paths[0]} ({size:.0f} MB), {output.paths[1]}; rendered, no person is shown")
    return 0


def agreement(
    first: Path,
    second: Path | None = None,
    /,
    *,
    coders: tuple[str, str] | None = None,
    out: Path | None = None,
    fps: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
    force: Force = False,
) -> int:
    """Compare what two coders mark in the same recordings, or a coder and `predict`: times, emotions, action units.

    examples:
      microexpr agreement data/raw/mine/_coders/anna data/raw/mine/_coders/ben --out agreement
      microexpr agreement annotations.csv --coders anna ben
      microexpr agreement predicted data/raw/mine --out agreement  # what is left to a coder

    Args:
        first: a file of events, .eaf, .TextGrid or a table, or a folder of such files
        second: the same, of the other; files in folders have the same names
        coders: the names of both in one table
        out: folder for agreement.csv with all figures, disagreements.csv and agreement.html with both on a line of time
        fps: frames a second, where no video is found"""
    from microexpr.apps import agreement as agreements
    from microexpr.core.subjects import Subjects

    if (second is None) == (coders is None):
        raise ParamsError("agreement needs two files or folders, or one table and --coders FIRST SECOND")
    if force and out is None:
        raise ParamsError("agreement: --force needs --out, without which nothing is written")
    if coders and (not all(map(str.strip, coders)) or len(Subjects(coders, "coders").keys) < 2):
        raise ParamsError(f"--coders must be two names, not {' and '.join(map(repr, coders))}")
    if second and first.exists() and second.exists() and first.samefile(second):
        raise ParamsError(f"agreement needs two files or folders, not {first} twice")
    names = coders or (first.stem, second.stem if second else "")
    if not coders and second and names[0] == names[1]:
        names = (first.absolute().parent.name, second.absolute().parent.name)
    read = [first, *filter(None, [second])]
    output = out and outputs.Output(out, read, force, command="agreement", names=agreements.FILES)
    (marks, notes), (others, more) = (
        agreements.gather(path, coder, coders or ())
        for path, coder in zip((first, second or first), coders or ("", ""), strict=True)
    )
    recordings, about = agreements.compare_all(marks, others, fps)
    figures, notes = agreements.rows(recordings), [*notes, *more, *about]
    from rich.markup import escape
    from rich.table import Table

    title = f"{names[0]} (first), {names[1]} (second)"
    table = Table("of", "measure", "value", "count", box=None, title=escape(printable(title)))
    for row in figures:
        table.add_row(row["of"], row["measure"], "" if row["value"] is None else f"{row['value']:g}", str(row["count"]))
    console().print(table)
    left = ", ".join(f"{name} {value:g}" for name, value in agreements.work(recordings).items())
    say(f"micro-expressions of the first as proposals to the second: {left}")
    for note in dict.fromkeys(notes):
        say(f"note: {note}")
    if output:
        from microexpr.reporting.html import agreement as page

        with outputs.publish(output) as part:
            agreements.write(part, recordings, figures, names)
            page.write(part / "agreement.html", names, recordings, figures, notes)
        say("written: " + ", ".join(map(str, output.paths)))
    return 0
