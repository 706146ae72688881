"""dlib's models of a face, as the packages face_recognition and face_recognition_models carry them. No frame comes in.

face_recognition loads all of its models when it is imported, 100 MB, so it is imported with the first of them. It is
the workflow's: without it, as in the library alone, they are loaded directly, since pip would build the dlib that it
asks for.
"""

import warnings
from functools import cache
from typing import Any

import dlib

from microexpr.core.files import package_folder


@cache
def _api() -> Any:
    """Return the module of face_recognition that holds its models, None where the package is not there."""
    with warnings.catch_warnings():  # face_recognition_models still imports pkg_resources
        warnings.filterwarnings("ignore", "pkg_resources is deprecated")
        try:
            from face_recognition import api
        except ImportError:
            return None
    return api


def _path(name: str) -> str:
    return str(package_folder("face_recognition_models") / "models" / name)


@cache
def detector() -> Any:
    """Return the detector of faces seen from the front, which dlib itself carries."""
    return dlib.get_frontal_face_detector()


@cache
def predictor() -> Any:
    """Return the predictor of iBUG's 68 landmarks in a face's box."""
    if api := _api():
        return api.pose_predictor_68_point
    return dlib.shape_predictor(_path("shape_predictor_68_face_landmarks.dat"))


@cache
def encoder() -> Any:
    """Return the network that embeds a face in 128 numbers."""
    if api := _api():
        return api.face_encoder
    return dlib.face_recognition_model_v1(_path("dlib_face_recognition_resnet_model_v1.dat"))
