"""Long takes of the population, from which spotters learn."""

import cv2

from microexpr.population import Params, takes
from microexpr.rendering import take

PARAMS = Params()
SUBJECTS = PARAMS.training_subjects()[:40]


def test_each_subject_has_a_take_of_its_own_and_annotated_expressions():
    plans, repeated = ({subject: takes.plan_take(PARAMS, subject) for subject in SUBJECTS} for _ in range(2))
    assert plans == repeated
    assert len({tuple((e.kind, e.onset) for e in events) for _, events in plans.values()}) == len(SUBJECTS)
    assert {settings.difficulty for settings, _ in plans.values()} == {"easy", "standard", "hard"}
    kinds = {event.kind for _, events in plans.values() for event in events}
    assert kinds == {*take.SECONDS}
    for subject, (_, events) in plans.items():
        video = takes.video_of(PARAMS, subject)
        expressions = [event for event in events if event.kind in ("micro", "macro")]
        assert [(e.onset - 1, e.offset - 1) for e in video.expressions] == [(e.onset, e.offset) for e in expressions]
        assert all(video.clip.first <= e.onset < e.offset <= video.clip.last for e in video.expressions)
        assert video.clip.provenance == f"generated/population/{subject}/take"


def test_frames_are_those_of_the_plan(tmp_path, monkeypatch):
    few = {"MICRO": (1, 1), "MACRO": (0, 0), "BLINKS": (0, 0), "GLANCES": (0, 0), "SPEECH": 0, "SECONDS": 2.0}
    for name, value in few.items():
        monkeypatch.setattr(takes, name, value)
    paths = takes.film_take(tmp_path, PARAMS, "s0001")
    assert [path.name for path in paths] == [f"{number:05}.jpg" for number in range(1, 61)]
    assert cv2.imread(str(paths[0])).shape == (takes.SIZE[1], takes.SIZE[0], 3)
    contents = [path.read_bytes() for path in paths]
    assert len({*contents}) == len(contents)
    assert [path.read_bytes() for path in takes.film_take(tmp_path / "again", PARAMS, "s0001")] == contents
