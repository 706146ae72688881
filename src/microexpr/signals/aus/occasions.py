"""Alter a crop as if it were of another occasion: other light, camera, distance and position. Arrays in, arrays out."""

import cv2
import numpy as np

from microexpr.signals.faces import CROP

# Standard deviations: log of the scale, degrees, pixels of the crop, pixels of each landmark.
SCALE, TURN, SHIFT, LANDMARKS = 0.03, 2.0, 3.0, 0.8
# Standard deviations: logs of gamma and gain, share of full brightness; largest log of the gain from side to side.
GAMMA, GAIN, OFFSET, SIDE_LIGHT = 0.25, 0.2, 0.04, 0.8
BLUR = (0.4, 2.5)  # pixels, for half of the crops
REDUCTION = (0.3, 0.9)  # share of the size to which three in ten are reduced
NOISE = (0.005, 0.03)  # standard deviation as a share of full brightness, for half of the crops
QUALITY = (40, 90)  # of JPEG, for three in ten


def alter(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a grey crop uint8[288, 288] and its landmarks [68, 2] as of another occasion."""
    image, landmarks = _move(crop, landmarks, rng)
    image = _light(image.astype(np.float32) / 255, rng)
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(*BLUR))
    if rng.random() < 0.3:
        side = round(CROP * rng.uniform(*REDUCTION))
        reduced = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        image = cv2.resize(reduced, (CROP, CROP), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        image = image + rng.normal(0, rng.uniform(*NOISE), image.shape)
    altered = np.clip(255 * image, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        encoded = cv2.imencode(".jpg", altered, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*QUALITY))])[1]
        altered = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE))
    return altered, landmarks


def _move(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    scale, angle = np.exp(rng.normal(0, SCALE)), np.deg2rad(rng.normal(0, TURN))
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    linear, middle = np.array([[cosine, -sine], [sine, cosine]]), np.full(2, (CROP - 1) / 2)
    matrix = np.column_stack([linear, middle + rng.normal(0, SHIFT, 2) - linear @ middle])
    moved = cv2.warpAffine(crop, matrix, (CROP, CROP), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    points = landmarks @ linear.T + matrix[:, 2] + rng.normal(0, LANDMARKS, landmarks.shape)
    return moved, points.astype(np.float32)


def _light(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change the light on an image, float32[288, 288] of 0..1: gamma, gain, a gradient across it, an offset."""
    rows, columns = np.mgrid[:CROP, :CROP].astype(np.float32) / CROP - 0.5
    bent, (right, down) = image ** np.exp(rng.normal(0, GAMMA)), rng.normal(0, 1, 2)
    gradient = rng.uniform(0, SIDE_LIGHT) * (right * columns + down * rows)
    return np.asarray(bent * np.exp(rng.normal(0, GAIN) + gradient) + rng.normal(0, OFFSET))
