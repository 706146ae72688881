"""Ground truth from a table, by hand."""

import pytest

from microexpr.apps.predict import truth
from microexpr.apps.predict.truth import TrueExpression
from microexpr.core.errors import DataError


def test_a_table_without_emotions_has_no_class_and_one_with_them_has(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text("kind,onset,offset\nmicro,1,9\nblink,2,3\n")
    assert truth.read(path) == [TrueExpression(1, 9)] and str(truth.read(path)[0]) == ""
    path.write_text("kind,emotion,onset,offset\nmicro,Happiness,1,9\nmicro,others,20,30\nmicro,surprise,40,50\n")
    assert [str(interval) for interval in truth.read(path)] == ["positive (Happiness)", "others", "surprise"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_that_excel_saved_is_read(encoding, tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text(
        "kind;onset;offset;emotion\r\nmicro;1;9,0;fear\r\nblink;2;3\r\n;;;\r\n", encoding=encoding, newline=""
    )
    assert truth.read(path) == [TrueExpression(1, 9, "fear")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind,onset\n", ": column 'offset' is missing in row 1 .did you mean 'onset'"),
        ("kind,onset,offset\nmicro,1,x\n", ", row 2: offset must be a whole number, not 'x'"),
        ("kind,onset,offset\nmicro,1\n", ", row 2: offset must be a whole number, not ''"),
        ("kind,onset,offset\nmicro,nan,3\n", ", row 2: onset must be a whole number, not 'nan'"),
        ("kind,onset,offset\nmicro,9,3\n", ", row 2: onset must be <= offset, not 9 > 3"),
        (
            "kind,onset,offset\nmirco,1,3\n",
            ", row 2: kind must be one of micro, macro, blink, glance, speech, not 'mir",
        ),
    ],
)
def test_other_columns_numbers_and_kinds_are_named(text, message, tmp_path):
    (tmp_path / "truth.csv").write_text(text)
    with pytest.raises(DataError, match=f"truth.csv{message}"):
        truth.read(tmp_path / "truth.csv")


def test_each_spotted_expression_has_the_true_one_it_hits():
    true = [TrueExpression(100, 109, "fear"), TrueExpression(0, 9, "disgust")]
    spotted = [(1, 10), (0, 9), (40, 49)]
    assert truth.match(spotted, true) == {(0, 9): true[1]}
    assert truth.summary(spotted, true).startswith("hits 1, false 2, missed 1 at IoU 0.5")
