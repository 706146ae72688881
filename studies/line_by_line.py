"""Does each line of code that docs/ names for a paper's equations, layers and settings stand where it says?

    python studies/line_by_line.py                  # lists those that do not
    python studies/line_by_line.py --write-docs     # corrects the numbers of lines that have moved

Tables with the heading "Line by line" name `path:number` and a part of that line, which occurs once in its file.
"""

import re
import sys

import pages

SOURCE = pages.ROOT / "src/microexpr"
NAMED = re.compile(r"`(?P<path>[\w/]+\.(?:py|yaml)):(?P<number>\d+)` `(?P<part>[^`|]+)`")


def correct(text: str) -> tuple[str, list[str]]:
    """Return a page's text with the numbers that its lines have now, and what is wrong with it, a line each."""
    problems = []

    def look(name: re.Match[str]) -> str:
        path, part = name["path"], name["part"]
        file = SOURCE / path if (SOURCE / path).exists() else pages.ROOT / path
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        numbers = [number for number, line in enumerate(lines, 1) if part in line]
        if len(numbers) != 1:
            problems.append(f"{path} must have one line with `{part}`, not {len(numbers)}")
            return name[0]
        if numbers[0] != int(name["number"]):
            problems.append(f"{path}: `{part}` is in line {numbers[0]}, not {name['number']}")
        return f"`{path}:{numbers[0]}` `{part}`"

    return NAMED.sub(look, text), problems


def main() -> int:
    """Look through all pages; return 1 if a line is not where it is said to be and was not corrected."""
    write, is_wrong = pages.parser(__doc__, "the pages").parse_args().write_docs, False
    for page in sorted(pages.ROOT.glob("docs/*.md")):
        before = page.read_text(encoding="utf-8")
        text, problems = correct(before)
        for problem in problems:
            print(f"{page.relative_to(pages.ROOT)}: {problem}")
        if write and text != before:
            page.write_text(text, encoding="utf-8")
            problems = correct(text)[1]
        is_wrong |= bool(problems)
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
