"""Compare synthesised faces with true apex frames and with the subject they start from.

Shapes: N faces, images uint8[N, H, W, C] of the generator's size. Out of scope: the choice of faces to compare,
which `faces` makes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from microexpr.evaluation import duplicate_subjects
from microexpr.evaluation.faces import NEUTRAL, SYNTHESISED, TRUE, SynthesisedFaces, TrueFace, enlarge, row_keys
from microexpr.evaluation.metrics import synthesis
from microexpr.evaluation.metrics.synthesis import Figure
from microexpr.evaluation.rows import Row, scopes
from microexpr.models import pretrained_weights
from microexpr.protocols.splits import subject_id

NO_WEIGHTS = "needs weights-inception-2015-12-05-6726825d.pth in $TORCH_HOME/hub/checkpoints (docs/metrics.md)"


@dataclass(frozen=True, slots=True, eq=False)
class FaceEmbeddings:
    """Images, embeddings and features by `SYNTHESISED`, `NEUTRAL` and `TRUE`."""

    images: Mapping[str, np.ndarray]  # uint8[N, H, W, C]
    chosen: np.ndarray  # int64[M], increasing positions of the faces that are embedded
    embedded: Mapping[str, np.ndarray]  # float64[M, 128] of `duplicate_subjects.embeddings`
    features: Mapping[str, np.ndarray] | None  # float[N, 2048] of FID's Inception; None without its weights
    note: str  # how they were embedded
    every: bool  # whether all faces are embedded, and distances between sets of them are figures


def embed_faces(synthesised: SynthesisedFaces, true: Mapping[str, TrueFace], every: bool = True) -> FaceEmbeddings:
    """Embed synthesised, neutral and true faces; `true` are those of all clips that a face was made from, by id.

    If not `every`, the first of each subject is embedded, for figures of identity alone. For the embedding all are
    enlarged to the crop's size, where the clip's own landmarks are: those of the onset for a synthesised face, which
    keeps the geometry of its neutral face. Raises StoreError if the file of FID's weights has other contents.
    """
    height, width = synthesised.faces[0].pair.shape[1:3]
    faces = [true[face.clip.id] for face in synthesised.faces]
    pairs = np.stack([face.pair for face in synthesised.faces])
    images = {SYNTHESISED: pairs[:, 1], NEUTRAL: pairs[:, 0], TRUE: np.stack([face.apex for face in faces])}
    subjects = [subject_id(face.clip.id) for face in synthesised.faces]
    chosen = np.arange(len(faces)) if every else np.unique(subjects, return_index=True)[1]
    chosen = np.sort(chosen)
    points = {event: np.stack([faces[i].landmarks[event] for i in chosen]) for event in ("onset", "apex")}
    crop_size = faces[0].crop_size
    embedded = {
        kind: duplicate_subjects.embeddings(
            enlarge(pixels[chosen], crop_size), points["apex" if kind == TRUE else "onset"]
        )
        for kind, pixels in images.items()
    }
    note = f"{height} x {width} pixels enlarged to {crop_size} x {crop_size}"
    features = None
    if every and (path := pretrained_weights.INCEPTION.path()) is not None:
        from microexpr.evaluation.metrics import inception  # torch comes with it

        network = inception.load_network(path)
        features = {kind: inception.features(network, pixels) for kind, pixels in images.items()}
    return FaceEmbeddings(
        images, chosen, embedded, features, note if every else f"{note}, one face of each subject", every
    )


def evaluate(synthesised: SynthesisedFaces, embeddings: FaceEmbeddings) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>_faces.csv`: each scope, kind of face and metric.

    Neutral faces are evaluated too: their figures are those of a generator that changes nothing. So are true faces
    against neutral ones. Sampled splits are measured separately: `value` is their mean, `made` and `true` are sums.
    `value` None: FID's weights are missing, and `note` says where they belong.
    """
    clips = [face.clip for face in synthesised.faces]
    rows: list[Row] = []
    for scope, positions in scopes(clips, synthesised.protocol.datasets):
        faces = [synthesised.faces[position] for position in positions]
        shared_columns = row_keys(synthesised, scope, faces) | {"low": None, "high": None}
        draws = np.array([face.fold.draw or 0 for face in faces])
        figures_by_key: dict[tuple[str, str], list[Figure]] = {}
        for draw in np.unique(draws):
            for kind, figure in _figures(synthesised, embeddings, positions[draws == draw]):
                figures_by_key.setdefault((kind, figure.metric), []).append(figure)
        for (kind, metric), figures in figures_by_key.items():
            value = float(np.mean([figure.value for figure in figures]))
            counts = {
                "made": sum(figure.samples for figure in figures),
                "true": sum(figure.references for figure in figures),
            }
            note = embeddings.note if metric.startswith(("face_", "identity_")) else ""
            rows.append(shared_columns | counts | {"faces": kind, "metric": metric, "value": value, "note": note})
        if embeddings.every and embeddings.features is None:
            counts = dict.fromkeys(("made", "true"), len(positions))
            missing = shared_columns | counts | {"faces": SYNTHESISED, "value": None, "note": NO_WEIGHTS}
            rows += [missing | {"metric": metric} for metric in ("fid", "kid")]
    return rows


def _figures(
    synthesised: SynthesisedFaces, embeddings: FaceEmbeddings, positions: np.ndarray
) -> Iterator[tuple[str, Figure]]:
    """Yield kind of face and figure of the faces at `positions`, all of one split."""
    images = {kind: pixels[positions] for kind, pixels in embeddings.images.items()}
    is_here = np.isin(embeddings.chosen, positions)
    embedded = {kind: vectors[is_here] for kind, vectors in embeddings.embedded.items()}
    clips = [synthesised.faces[position].clip for position in embeddings.chosen[is_here]]
    subjects, datasets = [clip.subject for clip in clips], [clip.dataset for clip in clips]
    spaces = {"face": embedded} if embeddings.every else {}
    if embeddings.features is not None:
        spaces["inception"] = {kind: vectors[positions] for kind, vectors in embeddings.features.items()}
    for kind in (SYNTHESISED, NEUTRAL):
        if len(positions) > 1:
            for name, space in spaces.items():
                yield from ((kind, figure) for figure in synthesis.distances(space[kind], space[TRUE], name))
        yield from ((kind, figure) for figure in synthesis.similarity(images[kind], images[TRUE]))
    for kind in (SYNTHESISED, TRUE) if len(clips) else ():
        yield from ((kind, figure) for figure in synthesis.identity(embedded[kind], embedded[NEUTRAL]))
        others = synthesis.identity_of_others(embedded[kind], embedded[NEUTRAL], subjects, datasets)
        yield from ((kind, figure) for figure in others)
