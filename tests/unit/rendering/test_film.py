"""People who are filmed, and coders who err: what they mark is near the truth and less than it."""

import numpy as np

from facs_faces.take import Params
from microexpr import coding
from microexpr.rendering import film
from microexpr.videos import excerpt


def test_a_folder_has_videos_with_truth_and_two_coders(tmp_path):
    params = Params(seconds=5, fps=25, micro=1, macro=1, blinks=0, width=320, height=240)
    paths = film.write_own(tmp_path / "mine", film.People(subjects=2), params, 1)
    assert [path.relative_to(tmp_path / "mine").as_posix() for path in paths] == ["s01/take1.mp4", "s02/take1.mp4"]
    for path in paths:
        times = excerpt.times(path)
        assert len(times) == 125 and np.allclose(times, np.arange(125) / 25)
        true, _ = coding.read(path.with_suffix(".eaf"))
        assert sorted(event.kind for event in true) == ["macro", "micro"]
        assert all(event.frames(times)[1] is not None and event.emotion for event in true)
        for coder in ("anna", "ben"):
            marked = tmp_path / "mine/_coders" / coder / path.parent.name / "take1.eaf"
            assert coding.media(marked).samefile(path) and {e.coder for e in coding.read(marked)[0]} <= {coder}


def test_coders_are_late_miss_what_is_faint_and_confuse_emotions():
    from facs_faces.performance import Performer
    from facs_faces.take import perform, sample_events
    from microexpr.core.seeds import generator

    params, counts, late, confused = Params(seconds=60, fps=50, micro=20, macro=0, blinks=0), [], [], []
    for habits in film.CODERS_HABITS:
        rng = generator(3, "film", "events")
        events = sample_events(params, rng)
        performance = perform(Performer.sample(rng), events, params, rng)
        marked = film.coded(events, performance, params.fps, habits, generator(3, "own", "take", habits.name))
        pairs = [(a, b) for a in events for b in marked if abs(a.apex - b.apex) < 8]
        counts.append(len(pairs))
        late.append(np.mean([b.onset - a.onset for a, b in pairs]))
        confused.append(sum(a.emotion != b.emotion for a, b in pairs))
    assert 20 > counts[0] >= counts[1] > 8 and 0 < late[0] < late[1] and 0 < sum(confused) < sum(counts) / 3
