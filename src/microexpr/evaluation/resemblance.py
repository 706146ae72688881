"""Compare synthesised faces with true apex frames and with the subject they start from.

Shapes: N faces, M of them embedded, images uint8[N, H, W, C] of the generator's size. Out of scope: the choice of faces
to compare, which `faces` makes.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from microexpr.core.clip import Clip
from microexpr.evaluation import duplicate_subjects
from microexpr.evaluation.faces import NEUTRAL, SYNTHESISED, TRUE, SynthesisedFaces, TrueFace, enlarge, row_keys
from microexpr.evaluation.metrics import synthesis
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
    spaces = ({"face": embedded} if every else {}) | ({"inception": features} if features else {})
    rows: list[Row] = []
    for scope, positions in scopes(clips, synthesised.protocol.datasets):
        scope_faces = [synthesised.faces[position] for position in positions]
        shared_columns = row_keys(synthesised, scope, scope_faces) | {"low": None, "high": None, "note": ""}
        draws = np.array([face.fold.draw or 0 for face in scope_faces])
        by_key: dict[tuple[str, str], list[tuple[float, int]]] = {}
        for draw in np.unique(draws):
            of_draw = positions[draws == draw]
            is_here = np.isin(chosen, of_draw)
            vectors = {kind: array[is_here] for kind, array in embedded.items()}
            people = [clips[position] for position in chosen[is_here]]
            for kind, figures, count in _figures(images, spaces, of_draw, vectors, people):
                for metric, value in figures.items():
                    by_key.setdefault((kind, metric), []).append((value, count))
        for (kind, metric), pairs_of_draws in by_key.items():
            values, counts = zip(*pairs_of_draws, strict=True)
            row = shared_columns | dict.fromkeys(("made", "true"), sum(counts))
            row |= {"faces": kind, "metric": metric, "value": float(np.mean(values))}
            rows.append(row | ({"note": note} if metric.startswith(("face_", "identity_")) else {}))
        if every and not features:
            sizes = dict.fromkeys(("made", "true"), len(positions))
            missing = shared_columns | sizes | {"faces": SYNTHESISED, "value": None, "note": NO_WEIGHTS}
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
    images: Arrays, spaces: Mapping[str, Arrays], of_draw: np.ndarray, embedded: Arrays, people: Sequence[Clip]
) -> Iterator[tuple[str, dict[str, float], int]]:
    """Yield kind of face, figures and number of faces of one split; `people` are the clips of those `embedded`."""
    for kind in (SYNTHESISED, NEUTRAL):
        for name, space in spaces.items() if len(of_draw) > 1 else ():
            yield kind, synthesis.distances(space[kind][of_draw], space[TRUE][of_draw], name), len(of_draw)
        yield kind, synthesis.similarity(images[kind][of_draw], images[TRUE][of_draw]), len(of_draw)
    subjects, datasets = [clip.subject for clip in people], [clip.dataset for clip in people]
    for kind in (SYNTHESISED, TRUE) if people else ():
        yield kind, synthesis.identity(embedded[kind], embedded[NEUTRAL]), len(people)
        to_others = synthesis.cosines_to_others(embedded[kind], embedded[NEUTRAL], subjects, datasets)
        if len(to_others):
            yield kind, {"identity_cosine_to_others": float(to_others.mean())}, len(to_others)
