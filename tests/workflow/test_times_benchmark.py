"""The times of a run: each file once, and shares of what is shown."""

import times

from microexpr.core import store


def test_shares_are_of_all_core_seconds_shown(tmp_path):
    """Files of 10 s and 5 s of two methods, 5 s of faces, and 1 s each of two jobs of precomputed flow."""
    files = {"train/ststnet/megc2019/1of1": 10, "train/icegan/megc2019/1of1": 5, "faces/smic/s01": 5}
    files |= {"flow_folders/train/hoof/flow_folders_both/1of1": 1, "flow_folders/population": 1}
    for name, seconds in files.items():
        store.write_text(tmp_path / f"{name}.tsv", f"s\tcpu_time\tmax_rss\n{seconds}\t{seconds - 1}\t{seconds * 10}\n")
    columns = [list(column.cells) for column in times.table(times.read(tmp_path)).columns]
    assert [row for row in zip(*columns, strict=True)] == [
        ("faces", "1", "4.0", "5.0", "24%", "50"),
        ("flow_folders/population", "1", "0.0", "1.0", "0%", "10"),
        ("flow_folders/train", "1", "0.0", "1.0", "0%", "10"),
        ("  hoof", "1", "0.0", "1.0", "0%", "10"),
        ("train", "2", "13.0", "15.0", "76%", "100"),
        ("  icegan", "1", "4.0", "5.0", "24%", "50"),
        ("  ststnet", "1", "9.0", "10.0", "53%", "100"),
        ("all", "5", "17.0", "22.0", "100%", "100"),
    ]
