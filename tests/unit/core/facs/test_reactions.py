"""Where an emotion shows, against the paper's Table 1 as it is kept."""

from microexpr.core.facs.reactions import NOWHERE, REACTIONS, REGIONS, reacts
from microexpr.evaluation.published import cells

COLUMNS = dict(zip(("eyes and eyebrows*", "nose", "cheeks*", "mouth"), REGIONS, strict=True))


def test_it_is_the_papers_table_1():
    printed = [cell for cell in cells() if (cell.paper, cell.table) == ("localregions", "table1")]
    assert len(printed) == 24 and {cell.column for cell in printed} == {*COLUMNS}
    for cell in printed:
        mark = reacts(cell.row.lower())[REGIONS.index(COLUMNS[cell.column])]
        assert mark == {"✓": 1, "✗": 0}[cell.published], (cell.row, cell.column)
    assert {*REACTIONS} - {cell.row.lower() for cell in printed} == {"anger", "fear"}  # the two that are ours


def test_what_is_no_emotion_shows_nowhere():
    assert reacts("others") == reacts("other") == reacts("") == NOWHERE == (0, 0, 0, 0)
