"""dlib's models of a face. No frame comes in.

The predictor of landmarks comes with face_recognition, which is the workflow's. It loads all of its models when it is
imported, 100 MB, so it is imported with the first use. The encoder is the same file as face_recognition's, and shipped.
"""

import warnings
from functools import cache
from typing import Any

import dlib

from microexpr.core.errors import ParamsError
from microexpr.core.extras import remedy
from microexpr.core.weights import shipped

ENCODER = shipped("face_encoder.dat")


@cache
def detector() -> Any:
    """Return the detector of faces seen from the front, which dlib itself carries."""
    return dlib.get_frontal_face_detector()


@cache
def predictor() -> Any:
    """Return the predictor of iBUG's 68 landmarks in a face's box. Raises ParamsError without face_recognition."""
    with warnings.catch_warnings():  # face_recognition_models still imports pkg_resources
        warnings.filterwarnings("ignore", "pkg_resources is deprecated")
        try:
            from face_recognition import api
        except ModuleNotFoundError as error:
            raise ParamsError(f"faces.predictor dlib: {remedy(error) or error}") from error
    return api.pose_predictor_68_point


@cache
def encoder() -> Any:
    """Return the network that embeds a face in 128 numbers."""
    return dlib.face_recognition_model_v1(str(ENCODER))
