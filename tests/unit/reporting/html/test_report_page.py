"""The page: whole without a network, labelled, escaped, redacted where it must be, the same bytes again."""

import hashlib
import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from html.parser import HTMLParser
from os.path import normpath
from pathlib import Path
from urllib.parse import unquote

import cv2
import h5py
import numpy as np
import pytest
from made_run import EPOCHS, run

from microexpr.core import store
from microexpr.core.errors import ParamsError
from microexpr.reporting import papers
from microexpr.reporting.html import page, table_of

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)<'
LINKS = ("src", "href", "srcset", "poster", "data", "action", "formaction", "xlink:href", "background", "cite")
LARGEST = 15_000_000


class Seen(HTMLParser):
    """Tags with their attributes, scripts and styles, words by section, rows of tables, and that all is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.sections: dict[str, str] = {}  # words by section
        self.rows: dict[str, list[list[str]]] = {}  # cells by a table's id
        self.links: list[tuple[str, dict[str, str | None]]] = []  # section and attributes
        self._section = self._table = ""
        self.text = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        self.tags.append((tag, about))
        if tag not in ("meta", "img", "link", "input", "br", "wbr"):
            self.open.append(tag)
        if tag in self.inside:
            self.inside[tag].append("")
        if tag == "section":
            self._section = about["id"]
            self.sections[self._section] = ""
        if tag == "table":
            self._table = about.get("id", "")
            self.rows[self._table] = []
        if tag == "tr":
            self.rows[self._table].append([])
        if tag in ("td", "th"):
            self.rows[self._table][-1].append("")
        if tag == "a":
            self.links.append((self._section, about))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "section":
            self._section = ""

    def handle_data(self, data):
        if self.open and self.open[-1] in self.inside:
            self.inside[self.open[-1]][-1] += data
            return
        self.text += data
        if self._section:
            self.sections[self._section] += data
        if {"td", "th"} & {*self.open}:
            self.rows[self._table][-1][-1] += data

    def ids(self) -> list[str]:
        return [about["id"] for _, about in self.tags if about.get("id")]

    def json(self, name: str) -> dict:
        scripts = [about for tag, about in self.tags if tag == "script"]
        (index,) = [i for i, about in enumerate(scripts) if about.get("id") == name]
        return json.loads(self.inside["script"][index])


FACTS = {"commit of the page": "0123abc of 2026-01-02", "CPU of the page": "<Z80>"}


def made(root: Path, library: str | None = "", **asked) -> str:
    return page.html(run(root, **asked), root / "results", root / "work/times", library, FACTS)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def written(root) -> str:
    return made(root)


@pytest.fixture(scope="module")
def seen(written) -> Seen:
    return Seen(written)


def test_it_loads_nothing_and_is_small_enough(tmp_path):
    text = made(tmp_path, None)
    parsed = Seen(text)
    loading = [value for tag, about in parsed.tags if tag != "a" for name, value in about.items() if name in LINKS]
    assert loading and all(re.match(r"data:", link) for link in loading)
    styles = parsed.inside["style"] + [about["style"] for _, about in parsed.tags if about.get("style")]
    assert not re.search(r"url\(|@import", " ".join(styles))
    assert 4_000_000 < len(text.encode()) < LARGEST  # plotly is within


def test_links_lead_to_files_of_the_run_and_carry_the_tables(root, seen):
    papers = ("https://doi.org/", "https://arxiv.org/")
    files = [about["href"] for _, about in seen.links if not about["href"].startswith(("#", "data:", *papers))]
    assert {Path(link).suffix for link in files} == {".csv", ".h5"}
    missing = [link for link in files if not Path(normpath(root / "results/report" / unquote(link))).is_file()]
    assert missing == []
    downloads = {about["download"]: about["href"] for _, about in seen.links if "download" in about}
    assert {*downloads} == {"megc2019_table.csv", "megc2019_paired.csv"}
    for name, link in downloads.items():
        assert b64decode(link.removeprefix("data:text/csv;base64,")) == (root / "results" / name).read_bytes()


def test_methods_are_by_uf1_and_link_to_their_part(seen):
    *_, first, second = seen.rows["leaderboard"]
    assert first[:3] == ["1", "icegan", "0.5000"] and second[:3] == ["2", "majority", "0.2000"]
    assert [row[4] for row in (first, second)] == ["0.1000 to 0.7000"] * 2
    assert first[-2] == "0.8450" and second[-2] == "–"  # published
    parts = [about["id"] for _, about in seen.tags if about.get("class") == "method"]
    assert parts == ["method-icegan", "method-majority"]
    ranked = [about["href"] for section, about in seen.links if section == "results" and "#method" in about["href"]]
    assert ranked[:2] == ["#method-icegan", "#method-majority"]
    kinds = {about["data-kinds"] for tag, about in seen.tags if "data-kinds" in about}
    assert kinds == {"network published", "alike classical"}


def test_the_first_lines_are_the_headline(seen):
    start = seen.text.index("Micro-expressions: results of a run")
    first = " ".join(seen.text[start : seen.text.index("Leaderboard")].split())
    for words in (
        "highest UF1 0.5000 icegan 95 % interval 0.1000 to 0.7000", "UF1 of majority, the floor 0.2000",
        "UAR better than chance 0 of 1 p < 0.05, corrected for 1 test", "not distinguishable from the best 1 of 1",
        "clips 4 2 subjects, leave-one-subject-out", "All figures are of generated faces",
        "commit of the page 0123abc of 2026-01-02", "CPU of the page <Z80>",
        "seconds 14 of 2 jobs together, 9 of CPU", "params SHA-256 ",
    ):  # fmt: skip
        assert words in first, words


def test_each_method_is_tested_against_majority_and_the_best(seen):
    rows = {row[0]: row[1:] for row in seen.rows["tests-table"]}
    assert rows["icegan"][:4] == ["+0.3000", "", "-0.1000 to +0.5000", "0.5"] and rows["icegan"][4] == "–"
    assert rows["majority"][0] == "–" and rows["majority"][4:] == ["-0.3000", "", "-0.5000 to +0.1000", "0.5"]


def pictures(seen: Seen, end: str) -> list[str]:
    """Return the alternative texts of pictures that have this end, without it."""
    return [about["alt"].removesuffix(end) for tag, about in seen.tags if tag == "img" and about["alt"].endswith(end)]


def test_each_synthesised_face_is_in_the_neutral_ones_place_and_has_its_change_next_to_it(seen):
    names = pictures(seen, " face by icegan")
    assert names[:5] == [
        "synthesised negative", "neutral", "negative: change × 8", "negative: change doubled", "neutral"
    ]  # fmt: skip
    assert len(names) == 15
    boxes = [
        about["aria-label"] for tag, about in seen.tags if about.get("type") == "checkbox" and "aria-label" in about
    ]
    assert boxes.count("neutral in place of synthesised negative face by icegan") == 1
    clip = "of casme2/sub01/a"
    assert [name for name in boxes if name.endswith(clip)][-2:] == [
        f"onset in place of apex {clip}", f"onset, magnified in place of apex, magnified {clip}"
    ]  # fmt: skip


def test_apex_and_onset_of_a_pair_are_those_frames(seen):
    sources = {about["alt"]: about["src"] for tag, about in seen.tags if tag == "img"}
    for event, number in (("apex", 20), ("onset", 5)):  # a frame's grey is its number
        data = np.frombuffer(b64decode(sources[f"{event} of casme2/sub01/a"].split(",")[1]), np.uint8)
        assert np.median(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)) == number


def test_hard_clips_are_those_that_most_methods_got_wrong(tmp_path, seen):
    assert "No clip is classified wrongly by more than half" in seen.sections["hardest"]  # one of two methods
    asked = run(tmp_path)
    path = tmp_path / "results/evaluate/megc2019/icegan_predictions.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    wrong = [line.replace("positive,positive", "positive,surprise") if "/sub01/b" in line else line for line in lines]
    path.write_text("\n".join(wrong) + "\n", encoding="utf-8")
    parsed = Seen(page.html(asked, tmp_path / "results", tmp_path / "work/times", ""))
    words = " ".join(parsed.sections["hardest"].split())
    assert "casme2/sub01/b positive; wrong: 2 of 2 answers. surprise ✗ icegan negative ✗ majority" in words
    assert "casme2/sub01/a" not in words and pictures(parsed, " of casme2/sub01/b") == ["apex", "onset"]


def test_a_method_has_its_paper_and_both_values_of_each_param_that_differs(seen):
    words = " ".join(seen.sections["methods"].split())
    assert "Jianhui Yu, Chaoyi Zhang, Yang Song, Weidong Cai: ICE-GAN" in words and "@misc{yu2020ice," in words
    assert "https://arxiv.org/abs/2005.04370" in [about["href"] for _, about in seen.links]
    rows = [[row[0].split()[0], *row[1:]] for row in seen.rows["params-icegan"][1:]]
    assert rows == [["width", "8", "64"], ["epochs", "3", "100"]] and "params-majority" not in seen.rows


def test_a_run_is_compared_with_another(tmp_path):
    asked, other = run(tmp_path / "here"), tmp_path / "there"
    run(other)
    table = other / "results/megc2019_table.csv"
    text = table.read_text(encoding="utf-8").replace("icegan,", "ststnet,").replace("0.2000", "0.3456")
    table.write_text(text.replace("last,1,", "last,2,"), encoding="utf-8")
    for upsample, folder in enumerate((tmp_path / "here", other)):
        with h5py.File(folder / "results/faces/casme2/sub01.h5", "r+") as file:
            file.attrs["params"] = np.bytes_(json.dumps({"faces": {"upsample": upsample, "settle": 0.5}}))
    assert table_of(str(other / "results")) == table_of(str(table)) == str(table)
    folders = tmp_path / "here/results", tmp_path / "here/work/times"
    parsed = Seen(page.html(replace(asked, against=str(table)), *folders, ""))
    assert parsed.rows["against-table"][1:] == [
        ["icegan", "0.5000", "–", "–"], ["majority", "0.2000", "0.3456", "-0.1456"], ["ststnet", "–", "0.5000", "–"]
    ]  # fmt: skip
    assert parsed.rows["against-params"][1:] == [["faces.upsample", "0", "1"]]
    assert "Not the same clips or rules: seeds 1 here, 2 there" in parsed.text
    alone = tmp_path / "alone.csv"
    alone.write_bytes(table.read_bytes())
    assert "files are not next to its table" in Seen(page.html(replace(asked, against=str(alone)), *folders, "")).text
    with pytest.raises(ParamsError, match=r"report\.against must be a results folder"):
        table_of(str(tmp_path / "nowhere"))


def test_every_package_is_found_under_any_spelling_of_its_name(seen):
    assert "not installed" not in seen.sections["versions"] and "face-recognition" in seen.sections["versions"]


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
    assert list(seen.sections) == list(page.SECTIONS)
    links = {about["href"][1:] for _, about in seen.links if about["href"].startswith("#")}
    assert {*page.SECTIONS} <= links <= {*seen.ids()} and len(seen.ids()) == len({*seen.ids()})
    named = [about.get("aria-labelledby") for tag, about in seen.tags if tag in ("section", "article")]
    assert {*named} <= {*seen.ids()}


def test_each_section_with_generated_faces_or_figures_says_so_once(written, seen):
    badges = {
        text.split('"')[0]: text.count('class="badge">generated faces') for text in written.split('<section id="')[1:]
    }
    plain = {"papers", "units", "spot", "provenance", "params", "versions", "times"}  # first: no table
    assert badges == {name: int(name not in plain) for name in page.SECTIONS}
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
    pairs = figures["pairs"]["data"][0]
    assert pairs["y"] == ["icegan 1", "majority 2"] and pairs["z"] == [[None, 0.3], [-0.3, None]]
    assert pairs["text"] == [["", "·"], ["·", ""]]
    assert figures["confusion-icegan-last"]["data"][0]["text"] == [[0, 0, 0], [0, 4, 0], [0, 0, 0]]
    assert figures["confusion-icegan-oracle_best_test"]["data"][0]["text"][1] == [0, 0, 4]
    assert figures["subjects"]["data"][0]["text"] == [["2 of 2", "2 of 2"], ["0 of 2", "0 of 2"]]
    loss, uf1 = figures["curve-icegan"]["data"]
    assert loss["x"] == uf1["x"] == list(range(1, EPOCHS + 1)) and loss["y"][0] == 1
    assert figures["times"]["data"][0]["x"] == [2, 12.5] and figures["times"]["data"][1]["x"] == [1.5, 7.5]
    lines = figures["score-1"]["layout"]["shapes"]
    assert [line["x0"] for line in lines[1:]] == [0, 75, 175, 0]  # onset, apex, offset, and what the page moves; ms
    assert figures["score-1"]["data"][0]["x"][0] == -20  # frame 1 of onset 5 at 200 a second
    assert figures["curve-icegan"]["layout"]["xaxis"]["dtick"] == 1  # epochs are whole
    assert "1 of 2 methods predicted positive" in seen.text and "generated/smic" in seen.text


def test_plotly_knows_every_property_of_the_charts(seen):
    from plotly import graph_objects as graphs

    charts = seen.json("figures").values()
    assert charts
    for chart in charts:
        graphs.Figure(chart)  # raises ValueError for one that it does not


def test_a_film_has_all_frames_with_the_word_on_them(seen):
    film = seen.json("films")["1"]
    assert film["times"][:2] == [-20, -15]
    assert film["numbers"] == list(range(1, 46)) and len(film["frames"]) == 45
    picture = cv2.imdecode(np.frombuffer(b64decode(film["frames"][44].split(",")[1]), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture[-14:].max() > 200 > 100 > np.median(picture)  # white letters at the lower edge of a grey of 45


def test_the_difference_picture_is_of_apex_less_onset(seen):
    (picture,) = [
        about["src"] for _, about in seen.tags if about.get("alt", "") == "Apex less onset, magnified, about grey"
    ]
    pixels = cv2.imdecode(np.frombuffer(b64decode(picture.split(",")[1]), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.median(pixels) == 128 + 8 * (20 - 5)  # a frame's grey is its number


def test_licensed_faces_are_shown_only_where_params_say_so(tmp_path):
    redacted, visible = (made(tmp_path / str(show), origin="licensed", show=show) for show in (False, True))
    assert "Pictures of licensed faces are not shown" in redacted and "not shown" not in visible
    assert Seen(redacted).json("films") == {} and len(Seen(visible).json("films")["1"]["frames"]) == 45
    pictures = [
        about for tag, about in Seen(redacted).tags if tag == "img" and about.get("src", "").startswith("data:image/")
    ]
    assert all("svg" in about["src"] for about in pictures)  # those of the truth, which is rendered
    assert redacted.count('class="badge">generated faces') == 1  # of the truth alone
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
    store.write_csv(path, papers.COLUMNS, rows)
    folders = tmp_path / "results", tmp_path / "work/times"
    with_table = Seen(page.html(replace(asked, papers=[str(path)]), *folders, ""))
    for words in ("MTMNet, Table 2", "a <row>", "generated, last epoch, 4 folds"):
        assert words in with_table.text
    empty = Seen(page.html(replace(asked, benchmarks={}), tmp_path / "results", tmp_path / "nowhere", ""))
    for sentence in ("None exists yet.", "It does not exist yet.", "No job’s times exist"):
        assert sentence in empty.text


def test_a_clip_that_was_left_out_is_named(tmp_path):
    asked = replace(run(tmp_path), clips=["casme2/sub01/none"])
    assert "Left out: casme2/sub01/none" in Seen(page.html(asked, tmp_path / "results", tmp_path, "")).text
