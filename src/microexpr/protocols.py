"""Who is trained on and who is tested: the protocols by name. Knows clips; no files, no scores."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from microexpr.clip import LABELS, Clip, Fold
from microexpr.errors import DataError, ParamsError
from microexpr.provenance import Unit


@dataclass(frozen=True, slots=True)
class Protocol:
    """Leave-one-subject-out over the clips of several data sets, pooled into one composite."""

    name: str
    unit: Unit  # what a fold holds out, and so what nothing upstream of its predictions may have seen
    datasets: tuple[str, ...]  # in the order in which tables show them
    classes: tuple[str, ...]
    stages: tuple[str, ...] | None = None  # the only ones that its clips have files of; None: all

    def suits(self, reads: Iterable[str]) -> bool:
        """Whether its clips have all stages that a method reads."""
        return self.stages is None or set(reads) <= set(self.stages)

    def select(self, clips: Sequence[Clip]) -> list[Clip]:
        """The protocol's clips: of its data sets, with a label; sorted by data set, subject and name.

        Raises DataError when a clip is there twice, or when generated and licensed clips are mixed.
        """
        chosen = [clip for clip in clips if clip.dataset in self.datasets and clip.label is not None]
        chosen.sort(key=lambda clip: (clip.dataset, clip.subject, clip.name))
        for clip, following in pairwise(chosen):
            if clip.id == following.id:
                raise DataError(f"clip {clip.id} must be there once, not twice (protocol {self.name})")
        origins = sorted({clip.origin for clip in chosen})
        if len(origins) > 1:
            raise DataError(f"clips of protocol {self.name} must have one origin, not {' and '.join(origins)}")
        return chosen

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        """One fold for each subject, named `<dataset>/<subject>` and sorted by it; train are all other clips.

        Independent of the order of `clips`. Raises DataError when there are fewer than two subjects.
        """
        chosen = self.select(clips)
        held_out: defaultdict[str, list[str]] = defaultdict(list)
        for clip in chosen:
            held_out[f"{clip.dataset}/{clip.subject}"].append(clip.id)
        if len(held_out) < 2:
            raise DataError(
                f"protocol {self.name} must have at least 2 subjects with labelled clips, not {len(held_out)}"
            )
        ids = [clip.id for clip in chosen]
        return [
            Fold(name, tuple(clip for clip in ids if not clip.startswith(f"{name}/")), tuple(test))
            for name, test in sorted(held_out.items())
        ]


def shards(folds: Sequence[Fold], n: int) -> list[list[Fold]]:
    """The folds in `n` contiguous parts whose sizes differ by one at most.

    Raises ParamsError unless 1 <= n <= number of folds.
    """
    if not 1 <= n <= len(folds):
        raise ParamsError(f"train.shards must be between 1 and the {len(folds)} folds, not {n}")
    bounds = [len(folds) * part // n for part in range(n + 1)]
    return [list(folds[low:high]) for low, high in pairwise(bounds)]


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        # Composite database evaluation of the second Facial Micro-Expression Grand Challenge.
        Protocol("megc2019", "subject", ("smic", "casme2", "samm"), LABELS),
        # The same of clips of which there is only precomputed flow, by whoever had the video.
        Protocol("flow_folders", "subject", ("smic", "casme2", "samm"), LABELS, stages=("flow",)),
    )
}
