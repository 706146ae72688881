"""FAMGAN's task: who may paint, its tables and figures; no licensed face is shown without permission."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from figure_contents import images
from performed import APEX, FRAMES, Brightener, painter, source, target, woman
from PIL import Image
from recorded import CLIP, stages, weights

from microexpr.apps.reenact import Components, onto
from microexpr.core.errors import DataError, LeakError, ParamsError
from microexpr.reporting.papers import transfers
from microexpr.reporting.papers.transfers import Task
from microexpr.reporting.plots import drawing, famgan
from microexpr.signals.aus import regressor

METRICS = {"au_error", "au_r", "asymmetry_error", "au_roughness"}


@cache
def movements():
    """The same smile by two subjects, one with the left half of the face alone."""
    return source(), replace(source(left_alone=True), clip=replace(source().clip, subject="007", name="007_1_1"))


def task(sources=None, paints=None):
    faces = {"woman": (target(), woman())}
    return Task(sources or movements(), faces, painter(paints or Brightener()), "lanczos", regressor.load())


def rows_of(task):
    return list(transfers.rows(task.reenactments(), task.reader, task.kind))


@pytest.fixture(scope="module", autouse=True)
def four_frames():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfers, "MOST", 4)
        yield


@pytest.fixture(scope="module")
def rows():
    return rows_of(task())


@pytest.fixture(scope="module")
def ablation():
    return list(transfers.ablation(task(), 1))


def test_rows_have_every_column_and_their_origin(rows):
    assert all(tuple(sorted(row)) == tuple(sorted(transfers.COLUMNS)) for row in rows)
    assert {row["origin"] for row in rows} == {"generated"} and {row["truth"] for row in rows} == {"rendered"}
    assert {row["source"] for row in rows} == {driving.clip.id for driving in movements()}
    assert {(row["class"], row["target"], row["frames"], row["super_resolution"]) for row in rows} == {
        ("positive", "woman", "4", "lanczos")
    }
    assert {row["shown"]: row["note"] for row in rows} == transfers.NOTES
    keys = [tuple(row[column] for column in ("source", "shown", "region", "metric")) for row in rows]
    assert len({*keys}) == len(keys) and all(np.isfinite(float(row["value"])) for row in rows)


def test_recorded_people_are_labelled():
    driving, _ = movements()
    rows = rows_of(task([replace(driving, rendered_changes=None, clip=replace(driving.clip, origin="licensed"))]))
    assert {(row["origin"], row["truth"]) for row in rows} == {("licensed+generated", "as read of the source")}
    assert {row["shown"] for row in rows} == {"asked", "made", "unchanged"}  # no answer
    assert "(licensed+generated; ours" in transfers.markdown(rows)


def test_the_page_has_the_medians_of_the_rows(rows):
    page = transfers.markdown(rows)
    assert "Movements of 2 clips on 1 faces (generated; ours, the paper prints no table)." in page
    assert "Medians over 2 reenactments" in page
    medians = []
    for output in ("asked", "made"):
        cell = (output, "face", "au_error")
        values = [float(row["value"]) for row in rows if (row["shown"], row["region"], row["metric"]) == cell]
        assert len(values) == 2
        medians.append(f"{np.median(values):.3f}")
    assert f"| au_error | face | {' | '.join(medians)} |" in page
    assert "| flow_cosine | face | - |" in page  # of what is asked there is no film


def test_all_devices_and_each_taken_away_from_the_same_again(ablation, rows):
    assert list(transfers.ablation(task(), 1)) == ablation and rows_of(task()) == rows
    assert all(tuple(row) == transfers.ABLATED for row in ablation)
    assert list(dict.fromkeys(row["devices"] for row in ablation)) == list(Components.ablations())
    assert len(Components.ablations()) == 5 and {row["origin"] for row in ablation} == {"generated"}
    expected = {(output, metric) for output in ("asked", "made") for metric in (*METRICS, "first_frame")}
    expected |= {("made", "film_roughness")}
    for name in Components.ablations():
        assert {(row["shown"], row["metric"]) for row in ablation if row["devices"] == name} == expected
    assert {(row["sources"], row["transfers"]) for row in ablation} == {("2", "2")}


def test_a_difference_is_between_two_values_and_within_its_interval(ablation):
    values = {(row["devices"], row["shown"], row["metric"]): float(row["value"]) for row in ablation}
    for row in ablation:
        if row["devices"] == "all":
            assert row["difference"] == row["low"] == row["high"] == ""
            continue
        less = values[row["devices"], row["shown"], row["metric"]] - values["all", row["shown"], row["metric"]]
        assert float(row["difference"]) == pytest.approx(less, abs=1.1e-4)
        assert float(row["low"]) - 1e-4 <= float(row["difference"]) <= float(row["high"]) + 1e-4
    assert values["no_relative", "asked", "au_error"] == pytest.approx(values["all", "asked", "au_error"], abs=0.05)
    assert values["no_sides", "asked", "asymmetry_error"] > values["all", "asked", "asymmetry_error"] + 0.01


def test_a_reading_at_one_size_has_no_other_sizes():
    first, second = movements()
    rows = list(transfers.ablation(task([first, replace(second, at_one_size=None)]), 1))
    assert {row["devices"] for row in rows} == {"all", "no_filter", "no_relative", "no_sides"}


class Sleeper(Brightener):
    """Paints what it is given."""

    def forward(self, face, intensity):
        return face, face[:, :1]


def test_what_stands_still_follows_nothing(ablation):
    rows = list(transfers.ablation(task(paints=Sleeper()), 1))
    values = {(row["devices"], row["metric"]): float(row["value"]) for row in rows if row["shown"] == "made"}
    assert {metric for _, metric in values} == {*METRICS, "first_frame", "film_roughness"} - {"au_roughness"}
    assert values["all", "au_r"] == values["all", "first_frame"] == 0
    assert not [row for row in rows if "nan" in row.values()]
    assert "| made | film_roughness | all | 0.0000 | - | - |" in transfers.ablation_markdown(rows)


def test_a_figure_that_not_all_have_is_of_those_that_do():
    first, second = movements()
    still = replace(second, rendered_changes=np.zeros_like(second.rendered_changes))
    alone, both = ([*transfers.ablation(task(sources), 1)] for sources in ([first], [first, still]))
    counts = {(row["metric"], row["sources"], row["transfers"]) for row in both if row["shown"] == "asked"}
    assert counts == {(name, *("1" if name == "au_r" else "2") * 2) for name in (*METRICS, "first_frame")}
    cells = [[row for row in rows if (row["shown"], row["metric"]) == ("asked", "au_r")] for rows in (alone, both)]
    assert cells[0] == cells[1] != []
    assert "Means over 2 reenactments of 2 driving clips" in transfers.ablation_markdown(both)


def test_intervals_are_of_sources():
    """Two of one source are not two sources; the mean of four is, at its ends, that of either source."""
    values, names = np.array([0.0, 2.0, 5.0, 7.0]), np.array(["a", "a", "b", "b"])
    assert transfers._interval(values, names, np.random.default_rng(0)) == (1, 6)
    assert transfers._interval(values[:2], names[:2], np.random.default_rng(0)) == (1, 1)


@pytest.mark.parametrize("entry", ["generated/samm/006/006_1_1", "generated/samm/006/*", "generated/samm/*/*"])
def test_a_leak_of_a_generator_that_has_seen_a_sources_person_and_a_source_of_no_clip_are_refused(tmp_path, entry):
    path = str(weights(tmp_path / "1of2.safetensors", seen=entry))
    with pytest.raises(LeakError, match=r"1of2.safetensors fold samm/006/006_1_5 was fitted on"):
        Task.load([source().clip], [], {}, path, "lanczos", 1, (320, 240))
    path = str(weights(tmp_path / "1of2.safetensors"))
    with pytest.raises(ParamsError, match=r"not samm/006/006_1_6 \(did you mean 'samm/006/006_1_5'"):
        Task.load([source().clip], ["samm/006/006_1_6"], {}, path, "lanczos", 1, (320, 240))


def of_files(root, truth=True):
    paths = {stage: [path] for stage, path in stages(root).items() if truth or stage != "truth"}
    return Task.load([CLIP], [], paths, str(weights(root / "1of2.safetensors")), "lanczos", 1, woman().size)


def test_out_of_a_runs_files_onto_two_rendered_people(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    famgan_task = of_files(tmp_path)
    (driving,) = famgan_task.driving_clips
    assert driving.clip == CLIP and driving.rendered_changes is not None
    assert list(famgan_task.faces) == ["woman", "man"]
    face, rendered = famgan_task.faces["woman"]
    assert rendered == woman() and np.array_equal(face.image, woman().image)
    assert not np.array_equal(famgan_task.resting_aus["woman"], famgan_task.resting_aus["man"])
    assert of_files(tmp_path, truth=False).driving_clips[0].rendered_changes is None


def test_a_picture_under_its_name_is_taken_in_place_of_a_rendered_person(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    transfers.PICTURES.mkdir(parents=True)
    Image.fromarray(woman().image).save(transfers.PICTURES / "man.png")
    famgan_task = of_files(tmp_path)
    assert [rendered for _, rendered in famgan_task.faces.values()] == [woman(), None]
    assert np.array_equal(famgan_task.faces["man"][0].image, woman().image)
    results = [(each.face_name, each.origin, each.ground_truth is None) for each in famgan_task.reenactments()]
    assert results == [("woman", "generated", False), ("man", "licensed+generated", True)]
    Image.new("RGB", (200, 200)).save(transfers.PICTURES / "man.png")
    with pytest.raises(DataError, match=r"data/raw/targets/man\.png"):
        of_files(tmp_path)


NOTHING = np.zeros((17, 2), np.float32)


def draw(name, path, reenactment, figure_task, show):
    if name == "fig2":
        return drawing.plot(famgan.fig2, reenactment, figure_task, show, path=path)
    return drawing.plot(famgan.sequence, name, reenactment, figure_task, {"negative": ["AU4"]}, show, path=path)


def transfer(person=None, origin="generated", left_alone=True):
    driving = source(left_alone)
    driving = replace(driving, clip=replace(driving.clip, origin=origin))
    return onto.reenact(driving, target(), NOTHING, person or woman(), painter(Brightener()), "lanczos", most=4)


@pytest.fixture(scope="module")
def figure_task():
    return Task((source(),), {"woman": (target(), woman())}, painter(Brightener()), "lanczos", regressor.load())


@pytest.fixture(scope="module")
def by_origin():
    """By origin of the source, and whether the target is somebody's picture."""
    return {"generated": transfer(), "licensed": transfer(origin="licensed"), "picture": transfer(person="man")}


def test_what_a_figure_names_or_the_nearest_or_what_is_asked_of_one_side_alone(by_origin):
    reenactment = by_origin["generated"]

    def like(person, label, dataset):
        clip = replace(reenactment.driving.clip, label=label, dataset=dataset)
        return replace(reenactment, face_name=person, driving=replace(reenactment.driving, clip=clip))

    reenactments = [like(*values) for values in (("man", 0, "casme2"), ("woman", 0, "samm"), ("woman", 0, "casme2"))]
    assert famgan.choose(reenactments, "fig3") is reenactments[2]
    assert famgan.choose(reenactments[:2], "fig3") is reenactments[1]  # the face, then the class, then the data set
    assert famgan.choose(reenactments, "fig4") is reenactments[2]  # no surprise here
    assert famgan.choose(reenactments, "fig5") is reenactments[0]
    assert famgan.most_asymmetric([transfer(left_alone=False), reenactment]) is reenactment


def test_halves_are_driven_by_one_sides_intensities(by_origin, figure_task):
    reenactment = by_origin["generated"]
    films = {name: famgan.drive_by_side(reenactment, figure_task, side) for side, name in enumerate(("left", "right"))}
    films["joined"] = reenactment.crops
    at, still = reenactment.apex, target().crop.astype(int)
    moved = {name: film[at].astype(int) - still for name, film in films.items()}
    left, right = slice(170, 250), slice(30, 110)  # the subject's own, in columns of a picture
    assert min(moved["left"][100:200, side].mean() for side in (left, right)) > 4
    assert max(abs(moved["right"][100:200, side].mean()) for side in (left, right)) < 1
    assert moved["joined"][100:200, left].mean() > 4 > 1 > abs(moved["joined"][100:200, right].mean())


def colours(path):
    with Image.open(path) as page:
        pixels = np.asarray(page.convert("RGB"), np.uint32)
    return page.size, len(np.unique(pixels @ np.array([1 << 16, 1 << 8, 1], np.uint32)))


@pytest.mark.parametrize("name", ["fig2", "fig3"])
def test_pages_are_the_same_bytes_again_and_hide_who_may_not_be_shown(name, by_origin, figure_task, tmp_path):
    contents = {}
    for i, which in enumerate(("generated", "generated", "licensed", "licensed", "picture")):
        draw(name, path := tmp_path / f"{i}.png", by_origin[which], figure_task, show=i == 2)
        contents[i] = path.read_bytes()
    assert contents[0] == contents[1] != contents[2] and contents[3] == contents[4]
    assert colours(tmp_path / "0.png")[1] > 2000 < colours(tmp_path / "2.png")[1]
    assert colours(tmp_path / "3.png")[1] < 300 and colours(tmp_path / "3.png")[0] == (1100, 165)


@pytest.mark.parametrize(("which", "word"), [("generated", famgan.WORD), ("licensed", famgan.MADE)])
def test_no_page_says_that_nobody_is_shown_where_somebody_is(which, word, by_origin, figure_task):
    titles = [draw(name, None, by_origin[which], figure_task, True).get_suptitle() for name in ("fig2", "fig3")]
    assert [text.splitlines()[-1] for text in titles] == [word, word]
    assert "the text sees" not in titles[0] and "the text sees AU4" in titles[1]


def test_the_apex_is_drawn(figure_task):
    """Six of seven frames are shown, evenly spaced, and the fourth would not be among them."""
    reenactment = onto.reenact(source(), target(), NOTHING, "x", painter(Brightener()), "lanczos")
    page = drawing.plot(famgan.sequence, "fig3", reenactment, figure_task, {}, True)
    crops = np.broadcast_to(reenactment.driving.crops, (FRAMES, 288, 288, 3))
    row = [i for _, image in images(page)[: famgan.FRAMES] for i in range(FRAMES) if np.array_equal(image, crops[i])]
    assert row == [0, 1, APEX, 4, 5, 6]
