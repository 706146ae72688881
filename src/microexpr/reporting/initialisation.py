"""Word column `initialisation`: codes of the weights and the further clips that a training starts from.

Out of scope: a decision that reads the words back; `parse` has the codes.
"""

from collections.abc import Iterable, Mapping

from microexpr.core.errors import StoreError

WORDS = {  # by code, as modules of `training` and `models` write them; a column joins several by "; "
    "population": "from {clips} clips of {subjects} subjects of the population",
    "shipped": "from the shipped generator, fitted on {subjects} subjects of no corpus",
    "reader": "on action units read by a model of {subjects} subjects of the population",
    "published": "from {file}",
    "absent": "from scratch: {file} is not here",
    "unsuited": "from scratch: {file} is not for these params",
    "perceptual": "perceptual loss by VGG-16, from {file}",
    "perceptual_trunk": "perceptual loss by the discriminator's own trunk: {file} is not here",
    "also": "also on {clips} clips of the {sets}",
    "means": "with the means of the clips tested, without their labels, taken off",
    "synthetic": "on what {generator} made of its training clips, beside these",
    "synthetic_first": "at first alone on what {generator} made of its training clips, beside these",
    "guided": "{guided} of {clips} clips guided by {sets}",
}
Codes = dict[str, dict[str, str]]  # values by name of each code


def parse(text: str) -> Codes:
    """Return the codes of a cell, such as "population clips=9 subjects=3". Raises StoreError for other text."""
    codes: Codes = {}
    for part in filter(None, text.split("; ")):
        code, *pairs = part.split(" ")
        if code not in WORDS or not all("=" in pair for pair in pairs):
            raise StoreError(f"initialisation must be of {', '.join(WORDS)}, not {part!r}; train and evaluate again")
        codes[code] = dict(pair.split("=", 1) for pair in pairs)
    return codes


def words(text: str) -> str:
    """Return a cell as text, to follow "trained"; "" for networks from scratch on their protocol's clips alone."""
    codes = {code: dict(values) for code, values in parse(text).items()}
    for code, joint in (("also", " and the "), ("guided", " and ")):
        if code in codes:
            codes[code]["sets"] = codes[code]["sets"].replace("+", joint)
    return "; ".join(WORDS[code].format(**values) for code, values in codes.items())


def sentences(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return a sentence on each row of a table that has such codes."""
    return [f"{row['method']}: trained {words(row['initialisation'])}." for row in rows if row["initialisation"]]
