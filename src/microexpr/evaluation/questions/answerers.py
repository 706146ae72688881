"""Let each answerer answer the same questions, on clips and on long videos, and compare their figures.

Answerers: two that guess, by other subjects' answers or by the questions alone; measurements; methods that predict a
class or action units, with what is most frequent with them; spotters; outside programs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from microexpr.core import store
from microexpr.core.clip import Clip, LongVideo, join_origins
from microexpr.core.errors import DataError, StoreError, remedy
from microexpr.evaluation.metrics.intervals import holm
from microexpr.evaluation.pairs import SELECTION
from microexpr.evaluation.questions import Facts, learnt, lines, long_videos, scores
from microexpr.evaluation.questions.lines import Line
from microexpr.evaluation.rows import PREDICTION_COLUMNS
from microexpr.evaluation.spotting import Intervals

MAJORITY, QUESTIONS, MEASURED, LEARNT = "majority", "questions_alone", "predict", "predict_learnt"
GUESSES = (MAJORITY, QUESTIONS)
ROWS = (*GUESSES, MEASURED, LEARNT)  # in every table
OTHERS = "other subjects"  # whose answers are learnt from
COLUMNS = (
    *("method", "learnt_from", "origin", "task", "subjects", *scores.COLUMNS, "clips"),
    *(f"{p}_{guess}" for guess in GUESSES for p in ("p", "p_holm")),
)
TESTED = (
    *(("coarse class", "UF1"), ("fine class", "UF1"), ("action units", "F1")),
    *(("times", "F1"), ("classes of micro-expressions", "F1")),
)
TASKS = ("clips", "long videos")
Replies = dict[str, tuple[str, float | None]]  # answers and confidences by the ids of questions


@dataclass
class Answerers:
    """Answers to the questions on these clips and videos, by answerer."""

    true: Sequence[Line]
    clips: Sequence[Clip]
    videos: Sequence[LongVideo]
    answers: dict[str, Replies] = field(default_factory=dict)
    learnt_from: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        long = {video.clip.id for video in self.videos}
        self.lines = {
            "clips": [line for line in self.true if line.clip_id not in long],
            "long videos": [line for line in self.true if line.clip_id in long],
        }
        self.facts = lines.facts(self.lines["clips"])
        if unknown := sorted({*self.facts} - {clip.id for clip in self.clips}):
            raise DataError(f"questions must be on clips of the index, not on {unknown[0]}")

    def guess(self) -> None:
        """Answer by other subjects' answers, and by the questions alone."""
        self._reply(MAJORITY, OTHERS, learnt.majority(self.facts))
        self._reply(QUESTIONS, OTHERS, learnt.from_questions(self.lines["clips"], self.lines["clips"]))
        if self.lines["long videos"]:
            self._reply_long(MAJORITY, OTHERS, learnt.guess_videos(self.videos))

    def measured(self, facts: Mapping[str, Facts]) -> None:
        """Answer by what is measured in each clip, and by what that, with the questions, means on other subjects."""
        self._reply(MEASURED, "population", facts)
        learnt_facts = learnt.from_measurements(self.lines["clips"], {clip: facts[clip] for clip in self.facts})
        self._reply(LEARNT, f"population, {OTHERS}", learnt_facts)

    def classes(self, name: str, learnt_from: str, path: str | Path) -> None:
        """Answer by the classes that a method predicts, which its `_predictions.csv` has."""
        predicted = self._predicted(path, [*self.facts])
        self._reply(name, learnt_from, learnt.from_classes(self.facts, predicted))

    def units(self, name: str, learnt_from: str, path: str | Path) -> None:
        """Answer by the action units that a method predicts, which its `_predictions.csv` has.

        Clips without a known unit are not predicted: they get the most frequent answers."""
        texts = self._predicted(path, [clip for clip, facts in self.facts.items() if facts.units])
        predicted = {clip: [int(unit.removeprefix("AU")) for unit in text.split()] for clip, text in texts.items()}
        self._reply(name, learnt_from, learnt.from_units(self.facts, predicted))

    def spotted(self, name: str, intervals: Intervals) -> None:
        """Answer by the intervals of a spotter in long videos."""
        events = {
            v.clip.id: [long_videos.event(v, i.kind, i.onset, i.offset, i.emotion) for i in intervals[v.clip.id]]
            for v in self.videos
        }
        self._reply_long(name, OTHERS, events)

    def program(self, name: str, answers: Sequence[Line]) -> None:
        """Answer as an outside program did."""
        self.learnt_from[name] = "not known"
        self.answers.setdefault(name, {}).update({line.id: (str(line.answer), line.confidence) for line in answers})

    def rows(self, resamples: int) -> list[scores.Row]:
        """Return the figures of all answerers, rows of `COLUMNS`.

        p is that of no difference to a guess, p_holm corrected for the number of answerers."""
        result = list[scores.Row]()
        for task, clips in {"clips": self.clips, "long videos": [video.clip for video in self.videos]}.items():
            truth = self.lines[task]
            ids = {line.id for line in truth}
            of_task = {name: {key: of[key] for key in of if key in ids} for name, of in self.answers.items()}
            texts = {name: {key: text for key, (text, _) in of.items()} for name, of in of_task.items() if of}
            about: scores.Row = {"task": task, "origin": join_origins(clip.origin for clip in clips) if truth else ""}
            about["subjects"] = len({line.subject_id for line in truth})
            about["clips"] = len({line.clip_id for line in truth})
            figures = {name: scores.figures(truth, answers) for name, answers in texts.items()}
            tests = self._tests(figures, resamples)
            for name, answers in texts.items():
                confidences = {key: share for key, (_, share) in of_task[name].items()}
                rows = scores.rows(truth, answers, resamples, figures[name])
                for row in rows + scores.calibration(truth, answers, confidences):
                    p = tests.get((name, str(row["questions"]), str(row["figure"])), {})
                    result.append({"method": name, "learnt_from": self.learnt_from[name], **about, **row, **p})
        return result

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the name of each answerer, and its answers as JSON lines."""
        for name, answers in self.answers.items():
            answered = [line for line in self.true if line.id in answers]
            replies = [answers[line.id] for line in answered]
            yield name, lines.text(answered, [text for text, _ in replies], [share for _, share in replies])

    @staticmethod
    def _tests(figures: Mapping[str, scores.Figures], resamples: int) -> dict[tuple[str, str, str], dict[str, str]]:
        """Return p of each tested figure against each guess, by answerer, questions and figure."""
        others = [name for name in figures if name not in GUESSES]
        tests: dict[tuple[str, str, str], dict[str, str]] = {}
        for key in TESTED:
            for guess in GUESSES:
                if not others or key not in figures.get(guess, {}):
                    continue
                p = [scores.compare(figures[name][key], figures[guess][key], resamples, *key, guess) for name in others]
                for name, of_pair, corrected in zip(others, p, holm(p), strict=True):
                    both = {f"p_{guess}": f"{of_pair:.4g}", f"p_holm_{guess}": f"{corrected:.4g}"}
                    tests.setdefault((name, *key), {}).update(both)
        return tests

    def _reply(self, name: str, learnt_from: str, facts: Mapping[str, Facts], task: str = "clips") -> None:
        requests = self.lines[task]
        texts, confidences = lines.replies(requests, [facts[line.clip_id] for line in requests])
        self.learnt_from.setdefault(name, learnt_from)
        pairs = zip(texts, confidences, strict=True)
        self.answers.setdefault(name, {}).update({line.id: pair for line, pair in zip(requests, pairs, strict=True)})

    def _reply_long(self, name: str, learnt_from: str, events: Mapping[str, Sequence[long_videos.Event]]) -> None:
        facts = {video: Facts("", "", events=of_video) for video, of_video in events.items()}
        self._reply(name, learnt_from, facts, "long videos")

    @staticmethod
    def _predicted(path: str | Path, clips: Sequence[str]) -> dict[str, str]:
        """Return the prediction of the first seed by clip. Raises StoreError for a file that lacks one of these."""
        rows = [r for r in store.read_csv(path, PREDICTION_COLUMNS) if r["selection"] == SELECTION and r["seed"] == "0"]
        predicted = {row["clip"]: row["predicted"] for row in rows}
        if missing := [clip for clip in clips if clip not in predicted]:
            raise StoreError(f"{path}: must have a prediction of {missing[0]}{remedy(path)}")
        return predicted
