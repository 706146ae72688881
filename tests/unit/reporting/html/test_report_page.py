"""The page: whole without a network, labelled, escaped, redacted where it must be, the same bytes again."""

import hashlib
import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_run import EPOCHS, METHODS, run

from microexpr.reporting import papers
from microexpr.reporting.html import page
from microexpr.reporting.papers import page as paper_page

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)<'
LINKS = ("src", "href", "srcset", "poster", "data", "action", "formaction", "xlink:href", "background", "cite")
SECTIONS = (
    "results",
    "learning",
    "subjects",
    "methods",
    "papers",
    "clips",
    "truth",
    "provenance",
    "params",
    "versions",
    "times",
)
LARGEST = 15_000_000


class Seen(HTMLParser):
    """Tags with their attributes, scripts and styles, captions and their words, and whether all is closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.captions: list[str] = []
        self.text = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "link", "input"):
            self.open.append(tag)
        if tag in self.inside:
            self.inside[tag].append("")
        if tag in ("caption", "figcaption"):
            self.captions.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in self.inside:
            self.inside[self.open[-1]][-1] += data
        else:
            self.text += data
            if {"caption", "figcaption"} & {*self.open}:
                self.captions[-1] += data

    def ids(self) -> list[str]:
        return [about["id"] for _, about in self.tags if about.get("id")]

    def json(self, name: str) -> dict:
        scripts = [about for tag, about in self.tags if tag == "script"]
        (index,) = [i for i, about in enumerate(scripts) if about.get("id") == name]
        return json.loads(self.inside["script"][index])


def made(root: Path, library: str | None = "", **asked) -> str:
    return page.html(run(root, **asked), root / "results", root / "work/times", library)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> str:
    return made(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def seen(written) -> Seen:
    return Seen(written)


def test_it_loads_nothing_and_is_small_enough(tmp_path):
    text = made(tmp_path, None)
    parsed = Seen(text)
    links = [value for _, about in parsed.tags for name, value in about.items() if name in LINKS and value]
    assert links and all(re.match(r"#|data:", link) for link in links)
    styles = parsed.inside["style"] + [about["style"] for _, about in parsed.tags if about.get("style")]
    assert not re.search(r"url\(|@import", " ".join(styles))
    assert 4_000_000 < len(text.encode()) < LARGEST  # plotly is within


def test_each_synthesised_face_has_its_change_next_to_it(seen):
    names = [caption.removesuffix("generated faces").strip() for caption in seen.captions]
    first = names.index("synthesised negative")
    expected = ["neutral", "synthesised negative", "negative: change × 8", "negative: change doubled"]
    assert names[first - 1 : first + 3] == expected
    assert sum(name.endswith("change doubled") for name in names) == 3


def test_a_browser_may_run_its_two_scripts_and_no_other(seen):
    (policy,) = [about["content"] for tag, about in seen.tags if about.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy and "'unsafe-inline'" not in policy.partition("script-src")[2]
    running = [text for text, (_, about) in zip(
        seen.inside["script"], [entry for entry in seen.tags if entry[0] == "script"], strict=True
    ) if about.get("type") != "application/json"]  # fmt: skip
    hashes = [b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in running]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes and len(hashes) == 2
    assert not [name for _, about in seen.tags for name in about if name.startswith("on")]


def test_every_section_is_there_and_every_name_once(seen):
    assert [about["id"] for tag, about in seen.tags if tag == "section"] == list(SECTIONS)
    links = {about["href"][1:] for tag, about in seen.tags if tag == "a"}
    assert {*SECTIONS} <= links <= {*seen.ids()} and len(seen.ids()) == len({*seen.ids()})
    named = [about.get("aria-labelledby") for tag, about in seen.tags if tag in ("section", "article")]
    assert {*named} <= {*seen.ids()}


def test_whatever_shows_generated_faces_or_figures_says_so(seen):
    plain = [text for text in seen.captions if "generated" not in text]
    assert [text.split(",")[0].split(";")[0].strip() for text in plain] == [
        "Packages by which this page was made", "Seconds by stage", "All jobs of a stage together",
    ]  # fmt: skip
    for name, chart in seen.json("figures").items():
        words = [annotation["text"] for annotation in chart["layout"]["annotations"]]
        assert ("generated faces" in words) == (name != "times"), name
    assert all("alt" in about for tag, about in seen.tags if tag == "img")


def test_tables_can_be_read_by_ear(seen):
    tables = [number for number, (tag, _) in enumerate(seen.tags) if tag == "table"]
    assert len(tables) > 10 and all(seen.tags[number + 1][0] == "caption" for number in tables)
    assert all(about.get("scope") in ("row", "col", "colgroup") for tag, about in seen.tags if tag == "th")


def test_figures_are_those_of_the_stages(seen):
    figures = seen.json("figures")
    last, oracle, published = figures["table"]["data"]
    assert last["y"] == list(METHODS) and last["x"] == [0.5, 0.5] and oracle["x"] == [0.6, 0.6]
    assert (published["y"], published["x"]) == (["icegan"], [0.845])
    assert figures["confusion-2-last"]["data"][0]["text"] == [[0, 0, 0], [0, 4, 0], [0, 0, 0]]
    assert figures["confusion-2-oracle_best_test"]["data"][0]["text"][1] == [0, 0, 4]
    assert figures["subjects"]["data"][0]["text"] == [["0 of 2", "0 of 2"], ["2 of 2", "2 of 2"]]
    loss, uf1 = figures["curve-2"]["data"]
    assert loss["x"] == uf1["x"] == list(range(1, EPOCHS + 1)) and loss["y"][0] == 1
    assert figures["times"]["data"][0]["x"] == [2, 12.5] and figures["times"]["data"][1]["x"] == [0, 7.5]
    lines = figures["score-1"]["layout"]["shapes"]
    assert [line["x0"] for line in lines[1:]] == [5, 20, 40, 5]  # onset, apex, offset, and what the page moves
    assert "1 of 2 methods predicted positive" in seen.text and "generated/smic" in seen.text


def test_plotly_knows_every_property_of_the_charts(seen):
    from plotly import graph_objects as graphs

    charts = seen.json("figures").values()
    assert charts
    for chart in charts:
        graphs.Figure(chart)  # raises ValueError for one that it does not


def test_a_film_has_all_frames_with_the_word_on_them(seen):
    film = seen.json("films")["1"]
    assert film["numbers"] == list(range(1, 46)) and len(film["frames"]) == 45
    picture = cv2.imdecode(np.frombuffer(b64decode(film["frames"][44].split(",")[1]), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture[-14:].max() > 200 > 100 > np.median(picture)  # white letters at the lower edge of a grey of 45


def test_licensed_faces_are_shown_only_where_params_say_so(tmp_path):
    redacted, visible = (made(tmp_path / str(show), origin="licensed", show=show) for show in (False, True))
    assert "Pictures of licensed faces are not shown" in redacted and "not shown" not in visible
    assert Seen(redacted).json("films") == {} and len(Seen(visible).json("films")["1"]["frames"]) == 45
    pictures = [
        about for tag, about in Seen(redacted).tags if tag == "img" and about.get("src", "").startswith("data:image/")
    ]
    assert {about["alt"] for about in pictures} == {
        about["alt"] for about in pictures if "svg" in about["src"]
    }  # those of the truth, which is rendered
    assert 'class="badge">generated faces' in redacted  # of the truth alone
    assert "generated" not in redacted[redacted.index('id="clips"') : redacted.index('id="truth"')]


def test_a_hostile_name_stays_text(tmp_path):
    text = made(tmp_path, name=HOSTILE, emotion="<b>glad</b>")
    parsed = Seen(text)
    assert HOSTILE in parsed.text and "<b>glad</b>" in parsed.text
    assert "<img src=x" not in text and "<script>alert" not in text and "<b>glad" not in text
    assert len([tag for tag, _ in parsed.tags if tag == "script"]) == 4
    # plotly reads some HTML in its words: no chart has the name
    assert HOSTILE not in json.dumps(parsed.json("figures")) and "alert" not in "".join(parsed.inside["script"][:2])


def test_the_same_results_give_the_same_bytes(tmp_path, written):
    text = made(tmp_path)
    root = re.compile(r"/[\w/.-]*?/(?=results/)")
    assert root.sub("", text) == root.sub("", written)


def test_papers_tables_and_what_has_not_been_made(tmp_path):
    asked = run(tmp_path)
    path = tmp_path / "results/papers/mtmnet/table2.csv"
    (path.parent).mkdir(parents=True)
    name, column = "a <row>", "UF1"
    row = dict.fromkeys(papers.COLUMNS, "") | {"row": name, "column": column, "published": "0.9"}
    rows = [row | {"reproduced": "0.4", "origin": "generated", "folds": "4", "metric": "uf1", "status": "reproduced"}]
    path.write_text(paper_page.to_csv(rows), encoding="utf-8")
    folders = tmp_path / "results", tmp_path / "work/times"
    with_table = Seen(page.html(replace(asked, papers=[str(path)]), *folders, ""))
    assert (
        "MTMNet, Table 2" in with_table.text
        and "a <row>" in with_table.text
        and "generated, last epoch, 4 folds" in with_table.text
    )
    empty = Seen(page.html(replace(asked, benchmarks={}), tmp_path / "results", tmp_path / "nowhere", ""))
    for sentence in ("None exists yet.", "It does not exist yet.", "No benchmark file exists"):
        assert sentence in empty.text


def test_a_clip_that_was_left_out_is_named(tmp_path):
    asked = replace(run(tmp_path), clips=["casme2/sub01/none"])
    assert "Left out: casme2/sub01/none" in Seen(page.html(asked, tmp_path / "results", tmp_path, "")).text
