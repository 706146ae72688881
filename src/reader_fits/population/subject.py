"""Write one subject of the population: all of its recordings, as results/population/<subject>.h5."""

import logging
from pathlib import Path

from facs_faces.face import Face
from microexpr.core import store
from microexpr.core.clip import POPULATION
from microexpr.core.seeds import generator
from microexpr.signals import faces, flow
from microexpr.signals.aus import ACTION_UNITS, SHOWN
from microexpr.signals.faces import detection
from reader_fits.population import Params
from reader_fits.population.clips import plan_clips, render_clip
from reader_fits.population.identities import identity, performer_of
from reader_fits.population.scenes import render_scenes, sample_changes, single_units
from reader_fits.population.sessions import render_sessions

logger = logging.getLogger(__name__)

GREY = 1 / 3  # share of subjects recorded by a grey camera


def write_subject(
    path: str | Path, subject: str, params: Params, faces_params: faces.Params, flow_params: flow.Params
) -> None:
    """Render one subject, and write groups `clips`, `scenes` and, of a held-out one, `sessions`.

    A held-out subject's scenes have single action units."""
    performer = performer_of(subject, params)
    face, held_out = Face(performer.face_seed), subject in params.held_out_subjects()
    name, grey = f"{POPULATION}/{subject}", generator(params.seed, POPULATION, subject, "camera").random() < GREY
    sections = {
        "population": params.recording(),
        "faces": faces_params.model_dump(mode="json"),
        "flow": flow_params.model_dump(mode="json"),
    }
    attributes = {"origin": "generated", "dataset": POPULATION, "subject": subject}
    attributes |= {"role": "held out" if held_out else "training", "identity": identity(performer)}
    kinds = {"onset_apex": "onset_apex" if flow_params.normalise == "none" else "onset_apex_scaled"}
    with store.create(path, POPULATION, sections, **attributes) as file:
        file.put_all(action_unit=ACTION_UNITS, fitted_on=detection.fitted_on(faces_params.predictor))
        for planned in plan_clips(params, subject):
            clip = planned.clip
            group = file.group(f"clips/{clip.name}", strength=planned.kind, emotion=clip.emotion)
            arrays = render_clip(planned, performer, face, params, faces_params, flow_params, grey)
            for key, array in arrays.items():
                group.put(key, array, kinds.get(key))
        logger.info("%s: clips", name)
        for i, session in enumerate(render_sessions(face, performer, name, params.seed) if held_out else ()):
            file.group(f"sessions/{i + 1}").put_all(action_unit=SHOWN, **session)
        sample = single_units if held_out else sample_changes
        for i, scene in enumerate(render_scenes(face, performer, name, params.seed, sample)):
            file.group(f"scenes/{i + 1}").put_all(**scene)
