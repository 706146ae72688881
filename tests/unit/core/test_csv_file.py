"""CSV files as Excel and editors write them are read alike; what cannot be read is named in one line."""

import csv

import pytest

from microexpr.core import csv_file, store
from microexpr.core.errors import DataError

TEXT = 'kind,onset,note\r\nmicro,0.5,"a, b"\r\n\r\nmacro,7,é\r\n'
ROWS = [(2, {"kind": "micro", "onset": "0.5", "note": "a, b"}), (4, {"kind": "macro", "onset": "7", "note": "é"})]


def separated(separator: str) -> str:
    return TEXT.replace(",", separator).replace(f"a{separator} b", "a, b")


@pytest.fixture
def read(tmp_path):
    """read(content): the rows of a file of these bytes."""

    def rows(content: bytes):
        (tmp_path / "a.csv").write_bytes(content)
        with csv_file.opened(tmp_path / "a.csv") as (header, lines):
            assert header[:3] in (["kind", "onset", "note"], ["Marks"]) and header[3:] in ([], ["column 4", "x"])
            return list(lines)

    return rows


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.replace("\r\n", "\n").encode(),
        TEXT.replace("\r\n", "\r").encode(),
        TEXT.encode("utf-8-sig"),
        separated(";").encode("utf-8-sig"),
        separated("\t").encode("utf-16"),
        b"\xfe\xff" + separated("\t").encode("utf-16-be"),
        TEXT.replace("\r\n\r\n", "\r\n,,\r\n").encode(),
        TEXT.replace("note", "note,,").replace("é", "é,,").encode(),
        TEXT.replace("kind,", " kind ,").encode(),
        TEXT.replace("kind,onset,note", "kind,onset,note,,x").encode(),
    ],
)
def test_the_same_table_is_read_from_each_form_of_it(content, read):
    assert [(line, {name: row[name] for name in ROWS[0][1]}) for line, row in read(content)] == ROWS
    assert read(b"kind,onset,note\nmicro\n") == [(2, {"kind": "micro", "onset": "", "note": ""})]  # by Excel


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be a CSV file with a header, not empty"),
        (b"\xef\xbb\xbf\n \n", "must be a CSV file with a header, not empty"),
        (TEXT.encode("latin-1"), "must be a CSV file in UTF-8, not so after row 3 .byte 0xe9"),
        (TEXT.encode("utf-16-le"), "must be a CSV file in UTF-8, not so after row 0 .byte 0x00"),
        (TEXT.encode() + b"a\0b", "not so after row 4 .byte 0x00"),
        (TEXT.encode() + b"," * 2**18, "not so after row 4 .a line of more than 131072 characters"),
        (TEXT.encode() + b'"' + b"x\n" * 2**17, "not so after row 4 .field larger than field limit"),
        (TEXT.encode() + b'"x', "not so after row 4 .unexpected end of data"),
        (b"kind,onset,note\n1,2,3,4\n", "row 2: must have 3 cells like the header, not 4$"),
        (b"sep=;\nkind;onset;note\n1;2;3;4\n", "row 3: must have 3 cells like the header, not 4$"),
        (b"Marks\nkind,onset\n", "row 2: must have 1 cells like the header, not 2; a header, not 'Marks', must come"),
        (b"kind,onset,kind\n", "column 'kind' must be there once, not 2 times"),
    ],
)
def test_what_is_no_table_is_named(content, message, read):
    with pytest.raises(DataError, match=rf"a\.csv(:|,) .*{message}"):
        read(content)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (csv_file.number, "0,5", 0.5), (csv_file.number, " 1e-3", 0.001), (csv_file.whole, "12", 12),
        (csv_file.whole, "12,0", 12), (csv_file.figure, "-0,50", "-0.50"), (csv_file.figure_if_any, "", ""),
        (csv_file.one_of("ab"), "b", "b"), (csv_file.milliseconds, "1200,5", 1200.5),
        (csv_file.milliseconds, "0.125", 0.125),
    ],
)  # fmt: skip
def test_a_cell_is_of_its_kind(kind, text, value):
    assert csv_file.cells("a.csv", 3, {"x": text}, {"x": kind}) == {"x": value}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        *((csv_file.number, text, "a number") for text in ("nan", "inf", "1,234.5", "", "1e999")),
        *((csv_file.whole, text, "a whole number") for text in ("1.5", "9" * 5000, "nan", "")),
        *((csv_file.milliseconds, text, "a number without a sign between .*") for text in ("1.200", "3,200")),
        (csv_file.figure, "", "a number"), (csv_file.figure_if_any, "x", "a number"),
        (csv_file.one_of("ab"), "c", "one of a, b"),
    ],
)  # fmt: skip
def test_a_cell_of_another_kind_is_named(kind, text, expected):
    with pytest.raises(DataError, match=f"a.csv, row 3: x must be {expected}, not '"):
        csv_file.cells("a.csv", 3, {"x": text}, {"x": kind})


@pytest.mark.parametrize(
    "cell", ["=1+1", "+A1", "-A1", "@SUM(A1)", "-1+1", "\t=1", "\r=1", "'=1", "''-x", "- A1", "\uff1d1"]
)
def test_a_cell_that_a_spreadsheet_would_run_is_a_text_there_and_itself_here(cell, tmp_path):
    path = tmp_path / "table.csv"
    store.write_csv(path, [cell, "b"], [{cell: cell, "b": "x"}])
    with path.open(encoding="utf-8", newline="") as file:
        assert [*csv.reader(file)] == [[f"'{cell}", "b"], [f"'{cell}", "x"]]
    (row,) = store.read_csv(path, [cell, "b"])
    assert row == {cell: cell, "b": "x"}


@pytest.mark.parametrize(
    "cell",
    ["-0.5", "+3", "-1e-05", "-.5", "-inf", "-nan", "-", "- / L_cls", "x=1", "a-b", "'quoted'", "", " =1", "'", "'-1"],
)
def test_numbers_and_other_texts_are_written_as_they_are(cell, tmp_path):
    path = tmp_path / "table.csv"
    store.write_csv(path, ["a", "b"], [{"a": cell, "b": -0.5}])
    assert path.read_text() == f"a,b\n{cell},-0.5\n"
    assert store.read_csv(path, ["a", "b"])[0]["a"] == cell


@pytest.mark.parametrize("cell, written", [("a;=1", "a;'=1"), ("a;'=1|-x;5", "a;''=1|'-x;5"), ("a; -5;b", "a; -5;b")])
def test_what_follows_a_sign_that_may_end_a_cell_is_none_that_a_spreadsheet_runs(cell, written):
    assert csv_file.as_text(cell) == written and csv_file.original(written) == cell
