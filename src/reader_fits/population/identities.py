"""Define the identities of the population's subjects, so that no corpus has one of their faces. Renders nothing."""

from collections.abc import Mapping

from facs_faces.identity import Traits, digest
from facs_faces.performance import Performer
from microexpr.core.clip import POPULATION
from microexpr.core.errors import DataError
from microexpr.core.seeds import generator
from reader_fits.population import Params


def performer_of(subject: str, params: Params) -> Performer:
    """Return the performer that a subject of the population is."""
    return Performer.sample(generator(params.seed, POPULATION, subject, "performer"))


def identity(performer: Performer) -> str:
    """Return the digest of a performer's face, as the attribute `identity` of its files has it."""
    return digest(performer.face_seed, Traits.sample(generator(performer.face_seed, "traits")))


def identities(params: Params) -> dict[str, str]:
    """Return the digest of every face of the population, by subject."""
    subjects = [*params.training_subjects(), *params.held_out_subjects()]
    subjects += [*params.portrait_subjects(), *params.held_out_portraits()]
    return {subject: identity(performer_of(subject, params)) for subject in subjects}


def check_distinct(performers: Mapping[str, Performer], params: Params) -> None:
    """Raise DataError for the first of a corpus's performers with the face of a subject of the population.

    Weights that were fitted on this subject would have seen the other's face; names cannot show that."""
    subjects = {digest: subject for subject, digest in identities(params).items()}
    for name, performer in performers.items():
        if subject := subjects.get(identity(performer)):
            raise DataError(
                f"{name}: face must be in no training of the population, not that of generated/{POPULATION}/{subject}; "
                "change `seed` of params.yaml"
            )
