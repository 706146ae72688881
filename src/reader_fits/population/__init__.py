"""Render the population: subjects of no corpus, for fitting shipped weights. One HDF5 file each.

A file holds three kinds of recordings: clips of emotions, scenes of images that differ in action units alone and, of
subjects that readers are measured on, sessions of single images with random action units. Readers learn from the
portraits of further subjects.
"""

from pydantic import BaseModel, Field

from microexpr.core.clip import POPULATION


class Params(BaseModel, frozen=True, extra="forbid"):
    """Section `population` of params.yaml."""

    seed: int = Field(0, ge=0, lt=2**63, description="root of all random streams, so that corpora have other faces")
    subjects: int = Field(240, ge=2, le=5000, description="subjects on whom weights are fitted")
    held_out: int = Field(24, ge=1, le=1000, description="further subjects, on whom these weights are measured")
    micro: int = Field(
        12, ge=3, le=60, multiple_of=3, description="micro-expressions of each subject, a third of each class"
    )
    macro: int = Field(
        6, ge=3, le=60, multiple_of=3, description="macro-expressions of each subject, a third of each class"
    )

    takes: int = Field(64, ge=2, le=5000, description="of these, subjects of long takes, from which spotters learn")
    portraits: int = Field(
        1000, ge=2, le=9000, description="subjects of single images, from which readers of faces learn"
    )

    def recording(self) -> dict[str, int]:
        """Return the values that a subject's recordings depend on: further subjects render none again."""
        return self.model_dump(exclude={"subjects", "held_out", "portraits", "takes"})

    def training_subjects(self) -> list[str]:
        """Return the names of the subjects that weights are fitted on."""
        return [f"s{number:04}" for number in range(1, self.subjects + 1)]

    def held_out_subjects(self) -> list[str]:
        """Return the names of the subjects that weights are measured on."""
        return [f"s{number:04}" for number in range(self.subjects + 1, self.subjects + self.held_out + 1)]

    def portrait_subjects(self) -> list[str]:
        """Return the names of the subjects of portraits that readers are fitted on."""
        return [f"p{number:04}" for number in range(1, self.portraits + 1)]

    def held_out_portraits(self) -> list[str]:
        """Return the names of the subjects of portraits that readers are measured on."""
        return [f"p{number:04}" for number in range(self.portraits + 1, self.portraits + self.held_out + 1)]

    @staticmethod
    def path(subject: str) -> str:
        """Return the file of a subject: of its recordings, or of its portraits."""
        return f"results/{'portraits' if subject.startswith('p') else POPULATION}/{subject}.h5"

    @staticmethod
    def take_path(subject: str) -> str:
        """Return the file of a subject's long take."""
        return f"results/takes/{subject}.h5"
