"""The list of methods that is shipped, against networks built now."""

import json

from scratch import ROOT

from microexpr.reporting import method_list


def test_the_shipped_list_is_of_the_committed_params_and_of_this_code(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT / "workflow"))
    import method_list as command

    values, paper = command.presets()
    method_list.write(tmp_path / "methods.json", values, command.rows(values, paper))
    expected, shipped = (json.loads(path.read_text()) for path in (tmp_path / "methods.json", method_list.COMMITTED))
    assert shipped == expected, "`python workflow/method_list.py` writes it"
