"""The population as a run plans with it. Renders nothing, and loads what plans recordings only when asked for some."""

from collections.abc import Iterable

from microexpr.core.clip import Clip
from reader_fits.population import Params


class Population(Params, frozen=True):
    """The subjects of section `population`, their files, clips and faces; see `microexpr.tasks.corpus.Population`."""

    def check_distinct(self, clips: Iterable[Clip], seed: int) -> None:
        """Raises DataError where one of these rendered clips of a corpus has the face of a subject."""
        from microexpr.rendering.corpus import performer_of
        from reader_fits.population.identities import check_distinct

        performers = {f"{clip.origin}/{clip.dataset}/{clip.subject}": performer_of(clip, seed) for clip in clips}
        check_distinct(performers, self)

    def micro_expressions(self, subjects: Iterable[str]) -> list[Clip]:
        """Return the micro-expressions of these subjects."""
        from reader_fits.population.scenes import clips_of

        return clips_of(self, subjects, {"micro"})
