"""Papers of methods: of each that has one, and the same paper that its class names."""

from pathlib import Path

import pytest

from microexpr.core import registry
from microexpr.models import generators, recognisers
from microexpr.reporting import references

FINDERS = dict.fromkeys(recognisers.names(), recognisers.find) | dict.fromkeys(
    registry.names(generators), generators.find
)


@pytest.mark.parametrize("method", FINDERS)
def test_the_paper_is_that_of_the_class(method):
    paper, reference = FINDERS[method](method).paper, references.find(method)
    assert (reference is None) == paper.startswith("None")
    if reference:
        first = reference.authors[0].split()
        assert paper.startswith((first[-1], " ".join(first[-2:]))) and reference.year in paper
        start = reference.title.lower().replace("-", " ").split()[:2]
        assert " ".join(start) in paper.lower().replace("-", " ")


def test_a_variant_has_its_methods_paper_with_link_and_bibtex():
    reference = references.find("icegan.change")
    assert reference == references.find("icegan") and references.find("majority") is None
    assert reference.text.startswith("Jianhui Yu, Chaoyi Zhang, Yang Song, Weidong Cai: ICE-GAN: identity-aware")
    assert (reference.identifier, reference.link) == ("arXiv 2005.04370", "https://arxiv.org/abs/2005.04370")
    assert references.find("ststnet").identifier == "DOI 10.1109/FG.2019.8756567"
    assert reference.bibtex.startswith("@misc{yu2020ice,\n") and reference.bibtex.endswith("\n}")


def test_no_entry_is_lost_between_file_and_methods():
    text = Path(references.__file__).with_name("references.bib").read_text(encoding="utf-8")
    assert text.count("\n@") + 1 == len({references.find(name).key for name in FINDERS if references.find(name)})
