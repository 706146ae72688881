"""The study of scale: its counts and its extrapolation, without a run."""

from pathlib import Path

import numpy as np
import pytest
from scratch import ROOT


@pytest.fixture
def scale(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "studies"))
    import scale

    return scale


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_a_power_law_above_a_start_is_recovered_and_extrapolated(scale, exponent):
    sizes = [12, 69, 273, 2721]
    values = [7 + 0.3 * (size - 12) ** exponent for size in sizes]
    growth = scale.Growth.fit(sizes, values)
    assert growth.exponent == pytest.approx(exponent) and growth.at(12) == 7
    assert growth.at(68_000) == pytest.approx(7 + 0.3 * (68_000 - 12) ** exponent)
    with pytest.raises(ValueError, match="values must grow"):
        scale.Growth.fit(sizes, [3, 2, 2, 4])


TINY = """\
Job stats:
job                  count
-----------------  -------
annotation_casme2        1
annotation_samm          1
annotation_smic          1
apex                     6
evaluate                 3
faces                    6
flow                     6
index                    3
render_casme2            2
render_samm              2
render_smic              2
table                    1
train                    6
total                   40

"""


def test_submissions_of_the_tiny_preset_are_those_that_slurm_counted(scale):
    """Eight to `cpu` and four to `gpu`, docs/cluster.md: two of subjects, and six trainings of which each is alone."""
    jobs = scale.counts(TINY)
    assert sum(jobs.values()) == 40
    assert scale.submissions(jobs, ["casme2", "samm", "smic"], scale.COMPONENTS) == 8 + 4
    assert scale.submissions(jobs | {"train": 7}, ["casme2", "samm", "smic"], scale.COMPONENTS) == 13
    with pytest.raises(ValueError, match="must print a table"):
        scale.counts("Nothing to be done")


def test_the_published_clips_are_those_of_the_census(scale):
    assert scale.VIDEOS == 164 + 255 + 159


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("data/rendered/casme2/Cropped/sub01/EP01/img1.jpg", "videos"),
        ("data/rendered/truth/samm/006.h5", "videos"),
        ("results/faces/smic/s01.h5", "signals"),
        ("work/logs/flow/samm/006.log", "signals"),
        ("results/faces/mmi/S001.h5", "other"),
        ("results/index/casme2.csv", "other"),
        (".snakemake/metadata/cmVzdWx0cy9mYWNlcy9zbWljL3MwMS5oNQ==", "signals"),
    ],
)
def test_files_belong_to_videos_signals_or_neither(scale, path, kind):
    assert scale.kind(Path(path)) == kind


def test_a_network_costs_folds_times_clips_and_a_machine_its_fits(scale):
    network = scale.Training("n", 14.0, 400.0, 1e6, 88, 12, 12, 2.0)
    assert network.hours(12, 88) * 3600 == pytest.approx(14)
    assert network.hours(24, 188) * 3600 == pytest.approx(2 + 12 * 4)
    assert network.megabytes(88 + 2**20, 2) == pytest.approx(400 + 2e6)
    machine = scale.Training("m", 2.0, 400.0, 1e6, 88, 0, 12, 2.0, scale.Growth(0, 0.0, 1.0, 2.0))
    assert machine.hours(3, 10) * 3600 == pytest.approx(2 + 3 * 100)


def test_numbers_have_three_digits(scale):
    assert [scale.digits(value) for value in (0.12345, 53.84, 340_123.4, np.float64(1234))] == [
        "0.123",
        "53.8",
        "340,000",
        "1,230",
    ]
