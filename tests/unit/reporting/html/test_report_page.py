"""The page: whole without a network, labelled, escaped, redacted where it must be, the same bytes again."""

import hashlib
import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from os.path import normpath
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element

import cv2
import numpy as np
import pytest
from made_run import EPOCHS, run
from parsed_page import by_id, contents, parse, rows, text, visible

from microexpr.core import store
from microexpr.reporting import papers
from microexpr.reporting.html import PageInputs, page
from microexpr.tasks import TASKS, tables

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)<'
LINKS = ("src", "href", "srcset", "poster", "data", "action", "formaction", "xlink:href", "background", "cite")
LARGEST = 15_000_000


PARTS = [tables.section(name, [], {}, Path()) for name, task in TASKS.items() if task.title]
SECTIONS = page.sections(PARTS)


def made(root: Path, library: str | None = "", inputs: PageInputs | None = None, **changes) -> str:
    return page.html(inputs or run(root, **changes), root / "results", library, PARTS)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def written(root) -> str:
    return made(root)


@pytest.fixture(scope="module")
def seen(written) -> Element:
    return parse(written)


def grey(url: str) -> np.ndarray:
    """Return the grey levels of an image that is part of a page."""
    return cv2.imdecode(np.frombuffer(b64decode(url.split(",")[1]), np.uint8), cv2.IMREAD_GRAYSCALE)


def test_it_loads_nothing_and_is_small_enough(tmp_path):
    elements = [*parse(written := made(tmp_path, None)).iter()]
    loading = [link for element in elements if element.tag != "a" for name, link in element.items() if name in LINKS]
    assert loading and all(link.startswith("data:") for link in loading)
    styles = [element.text if element.tag == "style" else element.get("style", "") for element in elements]
    assert not re.search(r"url\(|@import", " ".join(styles))
    assert 4_000_000 < len(written.encode()) < LARGEST  # plotly is within


def test_each_method_links_to_its_paper_and_files_and_the_tables_are_carried(root, seen):
    outside = ("#", "data:", "https://doi.org/", "https://arxiv.org/")
    files = [unquote(link.get("href")) for link in seen.iter("a") if not link.get("href").startswith(outside)]
    assert {Path(link).suffix for link in files} == {".csv", ".h5"}
    assert [link for link in files if not Path(normpath(root / "results/report" / link)).is_file()] == []
    downloads = {link.get("download"): link.get("href") for link in seen.findall(".//a[@download]")}
    assert {*downloads} == {"megc2019_table.csv", "megc2019_paired.csv"}
    for name, link in downloads.items():
        assert b64decode(link.removeprefix("data:text/csv;base64,")) == (root / "results" / name).read_bytes()
    words = " ".join(text(by_id(seen, "methods")).split())
    assert "Jianhui Yu, Chaoyi Zhang, Yang Song, Weidong Cai: ICE-GAN" in words and "@misc{yu2020ice," in words
    assert seen.find(".//a[@href='https://arxiv.org/abs/2005.04370']") is not None
    params = [[row[0].split()[0], *row[1:]] for row in rows(by_id(seen, "params-icegan"))[1:]]
    assert params == [["width", "8", "64"], ["epochs", "3", "100"]] and by_id(seen, "params-majority") is None


def test_the_headline_and_methods_by_uf1_that_link_to_their_part(seen):
    *_, first, second = rows(by_id(seen, "leaderboard"))
    assert first[:3] == ["1", "icegan", "0.5000"] and second[:3] == ["2", "majority", "0.2000"]
    assert [row[4] for row in (first, second)] == ["0.1000 to 0.7000"] * 2
    assert first[-2] == "0.8450" and second[-2] == "–"  # published
    parts = [element.get("id") for element in seen.findall(".//*[@class='method']")]
    assert parts == ["method-icegan", "method-majority"]
    links = [link.get("href") for link in by_id(seen, "results").iter("a")]
    assert [link for link in links if "#method" in link][:2] == ["#method-icegan", "#method-majority"]
    kinds = {element.get("data-kinds") for element in seen.findall(".//*[@data-kinds]")}
    assert kinds == {"network published", "alike classical"}
    above = " ".join(visible(seen).partition("Leaderboard")[0].split())
    for words in (
        "highest UF1 0.5000 icegan 95 % interval 0.1000 to 0.7000", "UF1 of majority, the floor 0.2000",
        "UAR better than chance 0 of 1 p < 0.05, corrected for 1 test", "not distinguishable from the best 1 of 1",
        "clips 4 2 subjects, leave-one-subject-out", "All figures are of generated faces",
    ):  # fmt: skip
        assert words in above, words
    tests = {row[0]: row[1:] for row in rows(by_id(seen, "tests-table"))}
    assert tests["icegan"][:4] == ["+0.3000", "", "-0.1000 to +0.5000", "0.5"] and tests["icegan"][4] == "–"
    assert tests["majority"][0] == "–" and tests["majority"][4:] == ["-0.3000", "", "-0.5000 to +0.1000", "0.5"]


def test_a_browser_may_run_its_two_scripts_and_no_other(seen):
    policy = seen.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
    assert "default-src 'none'" in policy and "'unsafe-inline'" not in policy.partition("script-src")[2]
    running = [script.text or "" for script in seen.iter("script") if script.get("type") != "application/json"]
    hashes = [b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in running]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes and len(hashes) == 2
    assert not [name for element in seen.iter() for name in element.attrib if name.startswith("on")]


def test_sections_names_and_tables_are_complete_and_can_be_read_by_ear(seen):
    sections = [*seen.iter("section")]
    assert [section.get("id") for section in sections] == list(SECTIONS)
    ids = [element.get("id") for element in seen.findall(".//*[@id]")]
    links = {link.get("href")[1:] for link in seen.iter("a") if link.get("href").startswith("#")}
    assert {*SECTIONS} <= links <= {*ids} and len(ids) == len({*ids})
    assert {element.get("aria-labelledby") for element in (*sections, *seen.iter("article"))} <= {*ids}
    tables = [*seen.iter("table")]
    assert len(tables) > 10 and all(table[0].tag == "caption" for table in tables)
    assert all(head.get("scope") in ("row", "col", "colgroup") for head in seen.iter("th"))


def test_each_section_with_generated_faces_or_figures_says_so_once(seen):
    badges = {
        section.get("id"): [text(badge) for badge in section.findall(".//*[@class='badge']")]
        for section in seen.iter("section")
    }
    plain = {"papers", "units", "spot", "questions"}  # no table
    assert badges == {name: ["generated faces"] * (name not in plain) for name in SECTIONS}
    for name, chart in contents(seen, "figures").items():
        words = [annotation["text"] for annotation in chart["layout"]["annotations"]]
        assert "generated faces" in words, name
    assert all("alt" in image.attrib for image in seen.iter("img"))


def test_figures_are_those_of_the_stages_and_plotly_knows_every_property(seen):
    from plotly import graph_objects as graphs

    figures = contents(seen, "figures")
    pairs = figures["pairs"]["data"][0]
    assert pairs["y"] == ["icegan 1", "majority 2"] and pairs["z"] == [[None, 0.3], [-0.3, None]]
    assert pairs["text"] == [["", "·"], ["·", ""]]
    assert figures["confusion-icegan-last"]["data"][0]["text"] == [[0, 0, 0], [0, 4, 0], [0, 0, 0]]
    assert figures["confusion-icegan-oracle_best_test"]["data"][0]["text"][1] == [0, 0, 4]
    assert figures["subjects"]["data"][0]["text"] == [["2 of 2", "2 of 2"], ["0 of 2", "0 of 2"]]
    loss, uf1 = figures["curve-icegan"]["data"]
    assert loss["x"] == uf1["x"] == list(range(1, EPOCHS + 1)) and loss["y"][0] == 1
    lines = figures["score-1"]["layout"]["shapes"]
    assert [line["x0"] for line in lines[1:]] == [0, 75, 175, 0]  # onset, apex, offset, and what the page moves; ms
    assert figures["score-1"]["data"][0]["x"][0] == -20  # frame 1 of onset 5 at 200 a second
    assert figures["curve-icegan"]["layout"]["xaxis"]["dtick"] == 1  # epochs are whole
    assert "1 of 2 methods predicted positive" in visible(seen)
    for chart in figures.values():
        graphs.Figure(chart)  # raises ValueError for one that it does not


def test_pictures_are_of_the_frames_that_they_name_and_synthesised_faces_lie_on_the_neutral_one(seen):
    """A frame's grey is its number."""
    sources = {image.get("alt"): image.get("src") for image in seen.iter("img")}
    apex, onset = (np.median(grey(sources[f"{event} of casme2/sub01/a"])) for event in ("apex", "onset"))
    assert (apex, onset) == (20, 5)
    assert np.median(grey(sources["Apex less onset, magnified, about grey"])) == 128 + 8 * (20 - 5)
    film = contents(seen, "films")["1"]
    assert film["times"][:2] == [-20, -15]
    assert film["numbers"] == list(range(1, 46)) and len(film["frames"]) == 45
    last = grey(film["frames"][44])
    assert last[-14:].max() > 200 > 100 > np.median(last)  # white letters at the lower edge of a grey of 45
    end = " face by icegan"
    faces = [image.get("alt").removesuffix(end) for image in seen.iter("img") if image.get("alt").endswith(end)]
    assert faces[:5] == [
        "synthesised negative", "neutral", "negative: change × 8", "negative: change doubled", "neutral"
    ]  # fmt: skip
    assert len(faces) == 15
    boxes = [box.get("aria-label", "") for box in seen.findall(".//*[@type='checkbox']")]
    assert boxes.count("neutral in place of synthesised negative face by icegan") == 1
    clip = "of casme2/sub01/a"
    assert [name for name in boxes if name.endswith(clip)][-2:] == [
        f"onset in place of apex {clip}", f"onset, magnified in place of apex, magnified {clip}"
    ]  # fmt: skip


def test_licensed_faces_are_shown_only_where_params_say_so(tmp_path):
    redacted, whole = (made(tmp_path / str(show), origin="licensed", show=show) for show in (False, True))
    assert "Pictures of licensed faces are not shown" in redacted and "not shown" not in whole
    assert contents(parse(redacted), "films") == {} and len(contents(parse(whole), "films")["1"]["frames"]) == 45
    pictures = [image.get("src") for image in parse(redacted).iter("img") if image.get("src")]
    assert all(link.startswith("data:image/svg") for link in pictures)  # those of the truth, which is rendered
    assert redacted.count('class="badge">generated faces') == 1  # of the truth alone
    assert "generated" not in redacted[redacted.index('id="clips"') : redacted.index('id="truth"')]


def test_a_hostile_name_stays_text(tmp_path):
    written = made(tmp_path, name=HOSTILE, emotion="<b>glad</b>")
    hostile = parse(written)
    assert HOSTILE in visible(hostile) and "<b>glad</b>" in visible(hostile)
    assert "<img src=x" not in written and "<script>alert" not in written and "<b>glad" not in written
    figures, films, *running = (script.text or "" for script in hostile.iter("script"))
    assert len(running) == 2
    # plotly reads some HTML in its words: no chart has the name
    assert HOSTILE not in json.dumps(json.loads(figures)) and "alert" not in figures + films


def test_the_same_results_give_the_same_bytes(tmp_path, written):
    first, second = (re.sub(r"/[\w/.-]*?/(?=results/)", "", text) for text in (written, made(tmp_path)))
    assert first == second


def test_papers_tables_and_what_has_not_been_made(tmp_path):
    inputs = run(tmp_path)
    path = tmp_path / "results/papers/mtmnet/table2.csv"
    path.parent.mkdir(parents=True)
    row = dict.fromkeys(papers.COLUMNS, "") | {"row": "a <row>", "column": "UF1", "published": "0.9"}
    row |= {"reproduced": "0.4", "origin": "generated", "folds": "4", "metric": "uf1", "status": "reproduced"}
    store.write_csv(path, papers.COLUMNS, [row])
    lacking = {"benchmarks": {}, "clips": ["casme2/sub01/none"]}
    for changes, words in (
        ({"papers": [str(path)]}, ("MTMNet, Table 2", "a <row>", "generated, last epoch, 4 folds")),
        (lacking, ("None exists yet.", "It does not exist yet.", "Left out: casme2/sub01/none")),
    ):
        text_of_page = visible(parse(made(tmp_path, inputs=replace(inputs, **changes))))
        assert [part for part in words if part not in text_of_page] == []
