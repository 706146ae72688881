"""The official log: read as others write it, refused where it is not one."""

import pytest
from composites import STSTNET

from microexpr.core.errors import DataError
from microexpr.evaluation.megc_log import COMPOSITE, Line, difference, format_log, read, scores

LOG = "casme2 sub01\nEP02_01f 1 1\nEP19_05f 0 2\nsmic s01\ns01_ne_01 0 0\n"
LINES = [
    Line("casme2", "sub01", "EP02_01f", 1, 1),
    Line("casme2", "sub01", "EP19_05f", 0, 2),
    Line("smic", "s01", "s01_ne_01", 0, 0),
]


@pytest.mark.filterwarnings("ignore:.* is 0/0")
def test_text_and_lines_are_the_same_thing_and_a_log_without_headers_is_scored_as_a_whole():
    assert format_log(LINES) == LOG
    assert read(LOG, "log") == read(LOG.replace("\n", " \r\n") + "\r\n", "log") == LINES  # as other machines write it
    assert set(scores(read("a 0 0\nb 1 2\n", "log"))) == {"full"}
    figures = scores(read(LOG, "log"))
    assert {scope: row["clips"] for scope, row in figures.items()} == {"full": 3, "casme2": 2, "smic": 1}
    assert figures["full"]["accuracy"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("casme2 sub01\nEP02_01f 1 3\n", r"a class must be .*, not '3' \(log, row 2\)"),
        ("casme2 sub01\nEP02_01f 1 1 1\n", r"must be 'db sub' or .*, not 'EP02_01f 1 1 1' \(log, row 2\)"),
        ("casme2 sub01\na 1 1\na 1 1\n", r"casme2/sub01/a must be predicted once, not twice \(log, rows 2 and 3\)"),
        ("casme2 sub01\na 1 1\nCASME2 Sub1\na 1 1\n", r"clip casme2/Sub1/a must .* \(log, rows 2 and 4\)"),
        ("casme2 sub01\na 1 1\ncasme2 01\nb 1 1\n", r"subjects '01' .*row 3. and 'sub01' .*row 1. could be one"),
        *((f"casme2 sub01\nEP1 1 1\n{clip} 1 1\n", rf"EP1 of sub01 \(log, row 2\) and {clip} of .*row 3\) could be")
          for clip in ("ep1", "EP01")),
        *((f"casme2 sub01\nEP1 1 1\n{clip} 1 1\n", rf"sub01/{clip} must be predicted once, .* rows 2 and 3\)")
          for clip in ("EP1.avi", "sub01/EP1")),
        ("casme2 sub01\nsub02/a 1 1\ncasme2 sub02\nb 1 1\n",
         r"a clip must be in a folder of its header's subject, not sub02/a of sub01 \(log, row 2\)"),
        ("a 1 1\ncasme2 sub01\nb 1 1\n", r"a clip must stand below a header 'db sub', .* \(log, row 1\)"),
        ("casme2 sub01\n", "log must hold lines"),
        ("a 1 1\nSubject: 006\n", r"'db sub' with a data set of smic, casme2, samm, not 'Subject: 006' \(log, row 2\)"),
    ],
)  # fmt: skip
def test_refusals(text, message):
    with pytest.raises(DataError, match=message):
        read(text, "log")


def test_a_log_of_another_protocol_holds_more_classes():
    text = "casme2 sub01\na 6 6\nb 0 3\n"
    with pytest.raises(DataError, match="a class must be 0 negative, 1 positive or 2 surprise, not '6'"):
        read(text, "log")
    with pytest.raises(DataError, match=r"a class must be in 0\.\.5, not '6' \(log, row 2\)"):
        read(text, "log", classes=6)
    assert scores(read(text, "log", classes=7), classes=7)["full"]["uf1"] == pytest.approx(1 / 7)


def test_what_a_log_lacks_of_the_composite_is_counted():
    assert {name: sum(map(sum, matrix)) for name, matrix in STSTNET.items()} == COMPOSITE
    complete = [Line(name, "s", str(i), 0, 0) for name, count in COMPOSITE.items() for i in range(count)]
    assert difference(complete) == difference([Line("", "", str(i), 0, 0) for i in range(442)]) == ""
    fewer, more = difference(complete[:-1]), difference([*complete, Line("smic", "s", "x", 0, 0)])
    assert fewer == "441 clips, not MEGC2019's 442: smic 164 of 164, casme2 145 of 145, samm 132 of 133 (1 missing)"
    assert "443 clips, not MEGC2019's 442: smic 165 of 164 (1 too many), casme2" in more
    assert "smic 0 of 164 (164 missing), casme2 2 of 145 (143 missing), samm 0" in difference(LINES[:2])
    assert difference([Line("", "", "a", 0, 0)]) == "1 clips, not MEGC2019's 442"
