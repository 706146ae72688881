"""dlib's models of a face, as the packages face_recognition and face_recognition_models carry them. No frame comes in.

face_recognition is the workflow's. Without it, as in the library alone, its models are loaded directly: pip would build
the dlib that it asks for.
"""

import warnings
from functools import cache
from typing import Any

import dlib

from microexpr.core.files import package_folder

try:
    with warnings.catch_warnings():  # face_recognition_models still imports pkg_resources
        warnings.filterwarnings("ignore", "pkg_resources is deprecated")
        from face_recognition import api
except ImportError:
    api = None


def _path(name: str) -> str:
    return str(package_folder("face_recognition_models") / "models" / name)


@cache
def detector() -> Any:
    """Return the detector of faces seen from the front."""
    return api.face_detector if api else dlib.get_frontal_face_detector()


@cache
def predictor() -> Any:
    """Return the predictor of iBUG's 68 landmarks in a face's box."""
    return api.pose_predictor_68_point if api else dlib.shape_predictor(_path("shape_predictor_68_face_landmarks.dat"))


@cache
def encoder() -> Any:
    """Return the network that embeds a face in 128 numbers."""
    return (
        api.face_encoder if api else dlib.face_recognition_model_v1(_path("dlib_face_recognition_resnet_model_v1.dat"))
    )
