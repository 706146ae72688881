"""The papers of methods and generators, from `references.bib`; its entries name them in `keywords`. Loads no torch.

A DOI or page that is not certain is left out there.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

ENTRY = re.compile(r"^@\w+\{(\w+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (\w+) = \{(.*)\},$", re.MULTILINE)
VENUES = ("journal", "booktitle", "howpublished")


class Reference(NamedTuple):
    """One paper."""

    key: str  # of BibTeX
    authors: list[str]  # given name first
    title: str
    venue: str
    year: str
    link: str  # of its DOI, else of arXiv; "" where neither is known
    bibtex: str

    @property
    def identifier(self) -> str:
        """The DOI or arXiv number, with its kind; "" where neither is known."""
        host, _, number = self.link.removeprefix("https://").partition("/")
        return {"doi.org": f"DOI {number}", "arxiv.org": f"arXiv {number.removeprefix('abs/')}"}.get(host, "")

    @property
    def text(self) -> str:
        """Authors, title, venue and year on one line."""
        return f"{', '.join(self.authors)}: {self.title}. {self.venue}, {self.year}"


def find(method: str) -> Reference | None:
    """Return the paper of a method, of a variant's method, or of a generator; None for one without a paper."""
    return _by_method().get(method.partition(".")[0])


@cache
def _by_method() -> dict[str, Reference]:
    text = Path(__file__).with_name("references.bib").read_text(encoding="utf-8")
    by_method: dict[str, Reference] = {}
    for entry in ENTRY.finditer(text):
        fields = dict(FIELD.findall(entry[2]))
        names = ["et al." if name == "others" else name for name in fields["author"].split(" and ")]
        authors = [" ".join(reversed(name.split(", "))) for name in names]
        venue = next(fields[name] for name in VENUES if name in fields)
        link = f"https://doi.org/{fields['doi']}" if "doi" in fields else ""
        if not link and "eprint" in fields:
            link = f"https://arxiv.org/abs/{fields['eprint']}"
        reference = Reference(entry[1], authors, fields["title"], venue, fields["year"], link, entry[0])
        by_method |= dict.fromkeys(fields["keywords"].split(", "), reference)
    return by_method
