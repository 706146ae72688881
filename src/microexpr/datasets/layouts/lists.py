"""Read single pictures that CSV files list: AffectNet."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.datasets.layout import collect_errors, first_folder, plain_name
from microexpr.datasets.layouts import Reader
from microexpr.datasets.listing import listing


class Affectnet(Reader):
    """AffectNet (Mollahosseini et al. 2019): an emotion is its position among `emotions`."""

    LISTS = ("training.csv", "validation.csv")
    LISTS_FOLDER = "Manually_Annotated_file_lists"
    PASSED_OVER = ("no emotion", "an uncertain emotion", "no face")  # codes 8, 9, 10

    def read(self) -> list[Clip]:
        pictures = first_folder(self.root, *self.facts.folders)
        clips: dict[str, Clip] = {}
        passed_over: Counter[str] = Counter()
        emotions = self.facts.emotions
        for where, path, expression in self.rows():
            with collect_errors(self.problems):
                code = self.code(expression, where)
                if code >= len(emotions):
                    passed_over[self.PASSED_OVER[code - len(emotions)]] += 1
                    continue
                clip = self.row_clip(pictures, path, emotions[code], where)
                if clip.id in clips:
                    raise DataError(f"clip {clip.id} must have one row, not a second one ({where})")
                clips[clip.id] = clip
        self.notes += [
            f"{self.root}: rows with {why}: {count}, passed over" for why, count in sorted(passed_over.items())
        ]
        return [clips[name] for name in sorted(clips)]

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield file and row for messages, path of the picture, code of the expression."""
        root, columns = self.root, self.facts.columns
        folder = root if (root / self.LISTS[0]).is_file() else root / self.LISTS_FOLDER
        for name in self.LISTS:
            if not (folder / name).is_file():
                raise DataError(f"{root}: must hold {name} or {self.LISTS_FOLDER}/{name}, found neither")
            for number, row in listing(folder / name, columns.values()):
                yield f"{name}, row {number}", row[columns["picture"]], row[columns["emotion"]]

    def code(self, expression: str, where: str) -> int:
        codes = [str(code) for code in range(len(self.facts.emotions) + len(self.PASSED_OVER))]
        if expression.strip() not in codes:
            column = self.facts.columns["emotion"]
            raise DataError(f"{column} must be a code of 0..{codes[-1]}, not {expression!r} ({where})")
        return int(expression)

    def row_clip(self, pictures: Path, path: str, emotion: str, where: str) -> Clip:
        parts = [plain_name(part, where) for part in path.split("/")]
        if len(parts) != 2 or not re.fullmatch(r"[\w-]+", parts[0]):
            column = self.facts.columns["picture"]
            raise DataError(f"{column} must be a directory and a file like 689/ab12.jpg, not {path!r} ({where})")
        file = pictures / parts[0] / parts[1]
        if not regular(file).is_file():
            raise DataError(f"{file}: the picture is missing ({where})")
        return self.clip((parts[0], file.stem), file, (0,), (0, 0, 0), emotion, {})
