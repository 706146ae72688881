"""Write the landmarks of MediaPipe's face mesh in every frame of a video, for studies/face_mesh.py.

    envs/facemesh/.venv/bin/python envs/facemesh/landmarks.py take.mp4 landmarks.npy

A process of its own, since MediaPipe and the core's packages need different versions of protobuf.
"""

import sys
from pathlib import Path

import mediapipe
import numpy as np

from microexpr.videos import Scan

POINTS = 478


def main() -> None:
    """Write float32[T, 478, 3]: x, y and depth in pixels, nan without a face and in missing frames."""
    source, target = map(Path, sys.argv[1:])
    video = Scan(source, slowest=1).video
    points = np.full((len(video), POINTS, 3), np.nan, np.float32)
    mesh = mediapipe.solutions.face_mesh.FaceMesh(refine_landmarks=True)  # tracks one face from frame to frame
    for number, image in zip(np.flatnonzero(video.timeline.present), video, strict=False):
        if faces := mesh.process(np.ascontiguousarray(image)).multi_face_landmarks:
            height, width = video.size
            points[number] = [(point.x * width, point.y * height, point.z * width) for point in faces[0].landmark]
    np.save(target, points)


if __name__ == "__main__":
    main()
