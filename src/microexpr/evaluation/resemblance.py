"""Compare synthesised faces with true apex frames and with the subject they start from.

Shapes: N faces, M of them embedded, images uint8[N, H, W, C] of the generator's size. Out of scope: the choice of faces
to compare, which `faces` makes.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from microexpr.evaluation import duplicate_subjects
from microexpr.evaluation.faces import NEUTRAL, SYNTHESISED, TRUE, SynthesisedFaces, TrueFace, enlarge, row_keys
from microexpr.evaluation.metrics import synthesis
from microexpr.evaluation.metrics.synthesis import Figure
from microexpr.evaluation.rows import Row, scopes
from microexpr.models import pretrained_weights
from microexpr.protocols.splits import subject_id

NO_WEIGHTS = "needs weights-inception-2015-12-05-6726825d.pth in $TORCH_HOME/hub/checkpoints (docs/metrics.md)"
Arrays = dict[str, np.ndarray]  # by `SYNTHESISED`, `NEUTRAL` and `TRUE`


def evaluate(synthesised: SynthesisedFaces, true: Mapping[str, TrueFace], every: bool = True) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>_faces.csv`: each scope, kind of face and metric.

    `true` are the true faces of all clips that a face was made from, by id. Neutral faces are evaluated too: their
    figures are those of a generator that changes nothing. So are true faces against neutral ones. Sampled splits are
    measured separately: `value` is their mean, `made` and `true` are sums. `value` None: FID's weights are missing, and
    `note` says where they belong.

    If not `every`, the first face of each subject is embedded, for figures of identity alone. For the embedding all are
    enlarged to the crop's size, where the clip's own landmarks are: those of the onset for a synthesised face, which
    keeps the geometry of its neutral face. Raises StoreError if the file of FID's weights has other contents.
    """
    clips, pairs = [face.clip for face in synthesised.faces], np.stack([face.pair for face in synthesised.faces])
    faces, (height, width) = [true[clip.id] for clip in clips], synthesised.image_shape[:2]
    images = {SYNTHESISED: pairs[:, 1], NEUTRAL: pairs[:, 0], TRUE: np.stack([face.apex for face in faces])}
    subjects = [subject_id(clip.id) for clip in clips]
    chosen = np.arange(len(faces)) if every else np.sort(np.unique(subjects, return_index=True)[1])
    embedded = {}
    for kind, pixels in images.items():
        points = np.stack([faces[i].landmarks["apex" if kind == TRUE else "onset"] for i in chosen])
        embedded[kind] = duplicate_subjects.embeddings(enlarge(pixels[chosen], faces[0].crop_size), points)
    note = f"{height} x {width} pixels enlarged to {faces[0].crop_size} x {faces[0].crop_size}"
    note += "" if every else ", one face of each subject"
    features = _inception_features(images) if every else {}
    rows: list[Row] = []
    for scope, positions in scopes(clips, synthesised.protocol.datasets):
        scope_faces = [synthesised.faces[position] for position in positions]
        shared_columns = row_keys(synthesised, scope, scope_faces) | {"low": None, "high": None}
        draws = np.array([face.fold.draw or 0 for face in scope_faces])
        figures_by_key: dict[tuple[str, str], list[Figure]] = {}
        for draw in np.unique(draws):
            of_draw = positions[draws == draw]
            is_here = np.isin(chosen, of_draw)
            parts = [{kind: array[of_draw] for kind, array in by_kind.items()} for by_kind in (images, features)]
            vectors = {kind: array[is_here] for kind, array in embedded.items()}
            chosen_clips = [clips[position] for position in chosen[is_here]]
            spaces = ({"face": vectors} if every else {}) | ({"inception": parts[1]} if features else {})
            people = [clip.subject for clip in chosen_clips], [clip.dataset for clip in chosen_clips]
            for kind, figure in _figures(parts[0], vectors, spaces if len(of_draw) > 1 else {}, *people):
                figures_by_key.setdefault((kind, figure.metric), []).append(figure)
        for (kind, metric), figures in figures_by_key.items():
            value = float(np.mean([figure.value for figure in figures]))
            counts = {
                "made": sum(figure.samples for figure in figures),
                "true": sum(figure.references for figure in figures),
            }
            columns = {"faces": kind, "metric": metric, "value": value}
            columns["note"] = note if metric.startswith(("face_", "identity_")) else ""
            rows.append(shared_columns | counts | columns)
        if every and not features:
            counts = dict.fromkeys(("made", "true"), len(positions))
            missing = shared_columns | counts | {"faces": SYNTHESISED, "value": None, "note": NO_WEIGHTS}
            rows += [missing | {"metric": metric} for metric in ("fid", "kid")]
    return rows


def _inception_features(images: Arrays) -> Arrays:
    """Return the features float[N, 2048] of FID's Inception; none without its weights."""
    if (path := pretrained_weights.INCEPTION.path()) is None:
        return {}
    from microexpr.evaluation.metrics import inception  # torch comes with it

    network = inception.load_network(path)
    return {kind: inception.features(network, pixels) for kind, pixels in images.items()}


def _figures(
    images: Arrays, embedded: Arrays, spaces: Mapping[str, Arrays], subjects: list[str], datasets: list[str]
) -> Iterator[tuple[str, Figure]]:
    """Yield kind of face and figure of faces of one split; `subjects` and `datasets` are those of embedded ones."""
    for kind in (SYNTHESISED, NEUTRAL):
        for name, space in spaces.items():
            yield from ((kind, figure) for figure in synthesis.distances(space[kind], space[TRUE], name))
        yield from ((kind, figure) for figure in synthesis.similarity(images[kind], images[TRUE]))
    for kind in (SYNTHESISED, TRUE) if subjects else ():
        yield from ((kind, figure) for figure in synthesis.identity(embedded[kind], embedded[NEUTRAL]))
        others = synthesis.identity_of_others(embedded[kind], embedded[NEUTRAL], subjects, datasets)
        yield from ((kind, figure) for figure in others)
