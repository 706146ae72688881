"""A rendered video, and its tracked face."""

import pytest

import microexpr


@pytest.fixture(scope="package")
def path(tmp_path_factory):
    return microexpr.example_video(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="package")
def tracked(path):
    return microexpr.track_faces(path)
