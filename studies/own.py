"""How alike two simulated coders mark twelve rendered people, and how much of the work `predict` leaves to one.

    python studies/own.py --write-docs --keep DIR       # 10 minutes; the tables of docs/own-recordings.md

Coders are simulated: their errors are assumptions (`rendering/film.py`), not measurements of people.
"""

from collections.abc import Sequence
from pathlib import Path

import checkout
import pages

from facs_faces.take import Params
from microexpr.apps import agreement, predict
from microexpr.apps.agreement import Marked
from microexpr.apps.predict import written
from microexpr.coding import elan
from microexpr.core import store
from microexpr.rendering import film
from microexpr.videos import Scan

PAGE, MARK = "docs/own-recordings.md", "study-own"
PEOPLE, TAKE = film.People(subjects=12), Params(seconds=12, fps=50, micro=3, macro=1, blinks=2)
FIGURES = {
    "F1": ("micro", "F1"), "onset, ms": ("micro", "onset: mean distance in ms"),
    "offset, ms": ("micro", "offset: mean distance in ms"), "kappa by frame": ("micro", "kappa by frame"),
    "FACS index": ("units", "FACS agreement"), "kappa of emotions": ("emotion", "kappa"),
}  # fmt: skip


def main() -> int:
    arguments = pages.parser(__doc__, PAGE, first=1, keep=None).parse_args()
    with checkout.folder(arguments.keep) as folder:
        root = folder / "mine"
        if not root.exists():
            film.write_own(root, PEOPLE, TAKE, arguments.first)
        marked = {name: agreement.gather(root / film.CODERS / name)[0] for name in ("anna", "ben")}
        marked["truth"] = agreement.gather(root)[0]
        names = sorted(str(path.relative_to(root).with_suffix("")) for path in root.glob("s*/*.mp4"))
        marked["`predict`"] = proposals(root, folder / "predicted", names)
        table = pages.Table("micro-expressions of", "against", *FIGURES)
        for first, second in (("anna", "ben"), ("anna", "truth"), ("ben", "truth"), ("`predict`", "truth")):
            recordings, _ = agreement.compare_all(marked[first], marked[second], None)
            rows = {(row["of"], row["measure"]): row["value"] for row in agreement.rows(recordings)}
            values = (rows.get(key) for key in FIGURES.values())
            table.add(first, second, *("-" if value is None else f"{value:.3g}" for value in values))
        left = agreement.work(recordings)
        text = f"What `predict` leaves to a coder of these: {', '.join(f'{name} {n:g}' for name, n in left.items())}."
        table.lines += ["", text]
        print(text)
    table.publish(PAGE, MARK, writes=arguments.write_docs)
    return 0


def proposals(root: Path, out: Path, names: Sequence[str]) -> Marked:
    """Return what `predict` spots in each recording, as its .eaf files have it."""
    models = predict.Models.load(None, Path())
    for name in names:
        path = out / name / f"{agreement.PREDICTED}.eaf"
        if not path.exists():
            result = predict.predict(Scan(root / f"{name}.mp4"), models)
            store.write_text(path, elan.text(written.marks(result), written.media_path(result, path.parent)))
    return agreement.gather(out)[0]


if __name__ == "__main__":
    pages.start(main)
