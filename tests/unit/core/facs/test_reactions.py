"""Regions of emotions agree with Table 1 of the paper."""

from microexpr.core.facs.reactions import NOWHERE, REACTIONS, REGIONS, reaction_mask
from microexpr.evaluation.published import cells

COLUMNS = dict(zip(("eyes and eyebrows*", "nose", "cheeks*", "mouth"), REGIONS, strict=True))


def test_it_is_the_papers_table_1():
    printed = [cell for cell in cells() if (cell.paper, cell.table) == ("localregions", "table1")]
    assert len(printed) == 24 and {cell.column for cell in printed} == {*COLUMNS}
    for cell in printed:
        mark = reaction_mask(cell.row.lower())[REGIONS.index(COLUMNS[cell.column])]
        assert mark == {"✓": 1, "✗": 0}[cell.published], (cell.row, cell.column)
    assert {*REACTIONS} - {cell.row.lower() for cell in printed} == {"anger", "fear"}  # the two that are ours


def test_what_is_no_emotion_shows_nowhere():
    assert reaction_mask("others") == reaction_mask("other") == reaction_mask("") == NOWHERE == (0, 0, 0, 0)
