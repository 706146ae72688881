"""Ground truth from a table, by hand."""

from microexpr.apps.predict import truth
from microexpr.apps.predict.truth import TrueExpression


def test_a_table_without_emotions_has_no_class_and_one_with_them_has(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text("kind,onset,offset\nmicro,1,9\nblink,2,3\n")
    assert truth.read(path) == [TrueExpression(1, 9)] and str(truth.read(path)[0]) == ""
    path.write_text("kind,emotion,onset,offset\nmicro,Happiness,1,9\nmicro,others,20,30\nmicro,surprise,40,50\n")
    assert [str(interval) for interval in truth.read(path)] == ["positive (Happiness)", "others", "surprise"]


def test_each_spotted_expression_has_the_true_one_it_hits():
    true = [TrueExpression(100, 109, "fear"), TrueExpression(0, 9, "disgust")]
    spotted = [(1, 10), (0, 9), (40, 49)]
    assert truth.match(spotted, true) == {(0, 9): true[1]}
    assert truth.summary(spotted, true).startswith("hits 1, false 2, missed 1 at IoU 0.5")
