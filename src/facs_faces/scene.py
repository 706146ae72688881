"""Place the head and the light: angles, directions, projection. No mesh, no texture."""

from dataclasses import dataclass

import numpy as np

# Of the frame's height per decimetre at the head's centre: outer eye corners about 120 px apart at 640 x 480.
SCALE = 0.2875
DISTANCE = 12.0  # of the camera from the head's centre, in decimetres: the perspective of a lens 1.2 m away


@dataclass(frozen=True, slots=True)
class Light:
    """One soft key light and the fill light of a bright room. Angles in degrees; azimuth to the subject's left."""

    azimuth: float = 25.0
    elevation: float = 35.0
    key: float = 2.1  # strength of the key light, linear
    fill: float = 0.75  # strength of the room's light, linear
    warmth: float = 0.0  # -1 bluish ... 1 reddish, above all the key
    softness: float = 0.35  # width of the key light; 0 a point

    def direction(self) -> np.ndarray:
        """Return the unit vector to the key light, float32[3]: x to the subject's left, y up, z to the camera."""
        return direction(self.azimuth, self.elevation)

    def colours(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return linear RGB float32[3] of key light, light from above, and light from below, which is warmer."""
        key = np.array([1 + 0.15 * self.warmth, 1, 1 - 0.2 * self.warmth]) * self.key * 0.5
        above = np.array([0.95 + 0.07 * self.warmth, 1, 1.06 - 0.12 * self.warmth]) * self.fill * 0.5
        below = np.array([0.75, 0.62, 0.55]) * self.fill * 0.42
        return key.astype(np.float32), above.astype(np.float32), below.astype(np.float32)


ROOM = Light()
Angles = np.ndarray | tuple[float, float, float]  # yaw, pitch, roll in degrees, see `rotation`
Pair = np.ndarray | tuple[float, float]
AHEAD, CENTRED, FRAME_SIZE = (0.0, 0.0, 0.0), (0.0, 0.0), (640, 480)  # a still head in the middle; width, height in px


def direction(azimuth: float, elevation: float) -> np.ndarray:
    """Return the unit vector float32[3] at these angles in degrees; (0, 0) points to the camera."""
    a, e = np.deg2rad(azimuth), np.deg2rad(elevation)
    return np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)], np.float32)


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Return a head's rotation in degrees as matrix float32[3, 3]: yaw first, roll last, right-handed about y, x, z.

    Positive yaw turns the face to the subject's left, positive pitch lowers it, positive roll tilts it to the
    subject's right shoulder."""
    (cy, cp, cr), (sy, sp, sr) = (f(np.deg2rad([yaw, pitch, roll])) for f in (np.cos, np.sin))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (about_z @ about_x @ about_y).astype(np.float32)


def project(points: np.ndarray, size: tuple[int, int], shift: np.ndarray, zoom: float) -> np.ndarray:
    """Return pixels x, y and depth (larger is nearer), float32[V, 3], of points [V, 3] in dm from the head's centre.

    `size` is width, height; `shift` moves the image by px. The centre of the top left pixel is (0, 0)."""
    width, height = size
    perspective = DISTANCE / (DISTANCE - points[:, 2]) * (SCALE * height * zoom)
    x = points[:, 0] * perspective + (width - 1) / 2 + shift[0]
    y = -points[:, 1] * perspective + (height - 1) / 2 + shift[1]
    return np.column_stack([x, y, points[:, 2]]).astype(np.float32, copy=False)
