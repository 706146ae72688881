"""Small corpora to read and to break."""

from pathlib import Path

import pytest
from small_corpora import write_corpus


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """corpus(dataset) -> (root, planned), below the working folder as the pipeline has it."""
    monkeypatch.chdir(tmp_path)

    def written(dataset: str):
        root = Path("data/generated") / dataset
        return root, write_corpus(root, dataset)

    return written
