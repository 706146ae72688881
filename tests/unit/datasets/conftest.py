"""Small corpora to read and to break."""

from pathlib import Path

import pytest
from small_corpora import write_corpus


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """corpus(dataset) -> (root, planned), below the working folder as the pipeline has it."""
    monkeypatch.chdir(tmp_path)

    def written(dataset: str):
        root = Path("data/rendered") / dataset
        return root, write_corpus(root, dataset)

    return written


@pytest.fixture
def small_copy(corpus):
    """small_copy(dataset) -> (root, planned), where a copy is compared with the published one."""

    def written(dataset: str):
        root, planned = corpus(dataset)
        Path("data/raw").mkdir()
        return root.rename(Path("data/raw") / dataset), planned

    return written
