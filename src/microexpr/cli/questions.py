"""Commands on questions: `questions` asks them, `answer` answers. Each calls the module that works.

Modules are imported inside the functions, so that a command loads no more than it needs."""

from contextlib import nullcontext
from pathlib import Path

from cyclopts import App

from microexpr.cli.applications import RESULTS, Force, Quiet
from microexpr.cli.screen import console, output_picture, print_rows, progress, say, say_notes
from microexpr.core import outputs
from microexpr.core.errors import DataError, ParamsError

SCORED_RESAMPLES = 1000  # of subjects, for the intervals of a scored log


def add_to(app: App) -> None:
    """Add the commands to a command line."""
    for command in (questions, answer):
        app.command(command)


def questions(directory: Path, /, *, out: Path, force: Force = False) -> int:
    """Write the questions of a challenge on a data set's clips or long videos, with the answers of its annotation.

    examples:
      microexpr questions data/raw/casme2 --out casme2.jsonl

    Args:
        directory: the data set's own folder, such as data/raw/casme2
        out: JSON lines to write, which `answer` answers and with which `score` compares"""
    from microexpr.core import store
    from microexpr.datasets.check import layout_of, origin_of
    from microexpr.evaluation.questions import lines

    if not directory.is_dir():
        raise DataError(f"{directory}: is not a folder")
    output = outputs.table(out, [], force)
    native, origin = layout_of(directory), origin_of(directory)
    if native.kind == "long":
        videos, notes = native.read_videos(directory, origin, None)
        requests = lines.of_videos(videos)
    else:
        clips, notes = native.read(directory, origin)
        requests = lines.of_clips(clips)
        if without := sum(clip.label is None for clip in clips):
            notes.append(f"{directory}: clips without a class of MEGC2019, on which nothing is asked: {without}")
    say_notes(notes)
    if not requests:
        raise DataError(f"{directory}: must have clips of micro-expressions with a class, not none")
    with outputs.publish(output) as part:
        store.write_text(part / output.names[0], lines.text(requests, [str(line.answer) for line in requests]))
    say(f"written: {out}, {len(requests)} questions on {len({(line.subject, line.clip) for line in requests})} clips")
    return 0


def answer(
    questions: Path,
    /,
    *,
    videos: Path | None = None,
    out: Path | None = None,
    question: str | None = None,
    picture: Path | None = None,
    guess: bool = False,
    learn: Path | None = None,
    confidence: bool = False,
    method: str | None = None,
    fps: float | None = None,
    force: Force = False,
    quiet: Quiet = False,
) -> int:
    """Answer the questions of a challenge on clips or long videos, by what is measured in their faces.

    examples:
      microexpr answer me_vqa_samm_to_answer.jsonl --videos samm_test --out answers.jsonl
      microexpr answer take.avi --question "What are the action units?"

    Args:
        questions: JSON lines with id, video and question; or with --question a clip
        videos: folder of the clips, files or folders of frames called as the questions call them
        out: file for the answers, JSON lines as the challenge takes them
        question: one question on one clip; prints the answer, and below it what was measured, with errors in brackets
        picture: with --question, plot of what was measured, .png, .svg, .pdf or .jpg; it shows no face
        guess: answer every clip as the most frequent one, without --videos: the least that a score must exceed
        learn: answer by the questions alone, as those on other subjects in this file of true answers are answered
        confidence: write the probability of each coarse class too, which `score` reads
        method: classify with results/refit/METHOD.safetensors (default: the shipped network)
        fps: frames a second, of folders of frames or where a video's header is wrong"""
    from microexpr.apps import answer as answering
    from microexpr.apps.predict import Models
    from microexpr.core import store
    from microexpr.evaluation.questions import learnt, lines, long_videos

    if question is not None:
        if videos or out or guess or learn or confidence:
            others = "--videos, --guess, --learn, --out, --confidence"
            raise ParamsError(f"--question is for one clip; {others} are for a file of questions")
        if force and not picture:
            raise ParamsError("--force needs --picture; without it --question writes nothing")
        return _answer_one(questions, question, picture, method, fps, force, quiet)
    if out is None or picture or sum(map(bool, (videos, guess, learn))) != 1:
        raise ParamsError(
            "a file of questions needs --out FILE, and --videos DIR, --guess or --learn FILE; a clip needs --question"
        )
    if guess and confidence:
        raise ParamsError("--guess has no probabilities; --confidence is for --videos and --learn")
    if not videos and (method or fps is not None):
        raise ParamsError("--guess and --learn look at no clip; --method and --fps are for --videos")
    output = outputs.table(out, [questions, *([learn] if learn else [])], force)
    requests = lines.read(questions)
    if videos:
        with progress(quiet) as report:
            models = Models.load(method, RESULTS / "refit")
            facts, notes = answering.answers(requests, videos, models, fps, report)
    elif learn:
        of_clip = learnt.from_questions(lines.read(learn, answered=True), requests)
        facts, notes = [of_clip[line.clip_id] for line in requests], []
    else:
        facts, notes = [answering.GUESS] * len(requests), []
    if not videos and (count := sum(line.question.topic in long_videos.FORMS for line in requests)):
        notes.append(f"{count} questions are on long videos, answered as if without expressions: only --videos looks")
    answers, confidences = lines.replies(requests, facts)
    with outputs.publish(output) as part:
        store.write_text(part / output.names[0], lines.text(requests, answers, confidences if confidence else ()))
    for note in notes:
        say(f"warning: {note}")
    say(f"written: {out}, {len(answers)} answers")
    return 0


def _answer_one(
    clip: Path, text: str, picture: Path | None, method: str | None, fps: float | None, force: bool, quiet: bool
) -> int:
    from microexpr.apps import answer as answering
    from microexpr.apps.predict import Models
    from microexpr.evaluation.questions import answer, understand
    from microexpr.videos import Scan

    question = understand(text)
    with output_picture(picture, [clip], force) if picture else nullcontext() as path:
        models = Models.load(method, RESULTS / "refit")
        with progress(quiet) as report:
            measured = answering.measure(Scan(clip, fps), models, report)
        print(answer(question, measured.facts))
        say(measured.describe(measured.errors(models)))
        if path:
            from microexpr.reporting.plots import drawing, prediction

            drawing.plot(prediction.draw, measured.prediction, path=path)
    return 0


def score_answers(path: Path, questions: Path, json: bool, csv: bool) -> int:
    """Print the figures of answers, compared with true ones."""
    from rich.table import Table

    from microexpr.evaluation.questions import lines, scores

    replies, truth = lines.read(path, answered=True), lines.read(questions, answered=True)
    try:
        answers = lines.match(truth, replies)
        rows = scores.rows(truth, texts := {line.id: str(line.answer) for line in answers}, SCORED_RESAMPLES)
        rows += scores.calibration(truth, texts, {line.id: line.confidence for line in answers})
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    left = len(replies) - len(answers)
    notes = [f"{left} answers are to no question of {questions}, and are not scored"] * bool(left)
    say_notes([*notes, *scores.notes(truth, texts)], json or csv)
    if json or csv:
        return print_rows(rows, json, scores.COLUMNS)
    table = Table(*scores.COLUMNS, box=None)
    for row in rows:
        figures = (f"{row[name]:.4f}" if name in row else "" for name in ("value", "low", "high", "shuffled"))
        table.add_row(str(row["questions"]), str(row["figure"]), *figures, str(row["count"]))
    console().print(table)
    return 0
