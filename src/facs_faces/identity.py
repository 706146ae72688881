"""Sample a person: traits, look, and the shape of the head that follows from them. No texture, no expression."""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from facs_faces.rig import rig, rig_target

ANCESTRIES = ("caucasian", "african", "asian")
SPREAD = 0.55  # factor of all deviations below: near 1 many faces are caricatures

# Shape target, its two ends, standard deviation of its weight (negative weights take the first end).
FEATURES: tuple[tuple[str, str, str, float], ...] = (
    ("head/head-fat", "decr", "incr", 0.5), ("head/head-scale-horiz", "decr", "incr", 0.4),
    ("head/head-scale-vert", "decr", "incr", 0.4), ("head/head-angle", "in", "out", 0.4),
    ("head/head-back-scale-depth", "decr", "incr", 0.4), ("forehead/forehead-scale-vert", "decr", "incr", 0.4),
    ("forehead/forehead-trans", "backward", "forward", 0.4), ("forehead/forehead-temple", "decr", "incr", 0.5),
    ("eyebrows/eyebrows-trans", "down", "up", 0.5), ("eyebrows/eyebrows-angle", "down", "up", 0.25),
    ("eyebrows/eyebrows-trans", "backward", "forward", 0.4), ("nose/nose-scale-vert", "decr", "incr", 0.4),
    ("nose/nose-scale-horiz", "decr", "incr", 0.45), ("nose/nose-scale-depth", "decr", "incr", 0.4),
    ("nose/nose-hump", "decr", "incr", 0.5), ("nose/nose-point", "down", "up", 0.5),
    ("nose/nose-volume", "decr", "incr", 0.4), ("nose/nose-width1", "decr", "incr", 0.4),
    ("nose/nose-width3", "decr", "incr", 0.5), ("nose/nose-trans", "down", "up", 0.35),
    ("nose/nose-curve", "concave", "convex", 0.5), ("nose/nose-flaring", "decr", "incr", 0.4),
    ("mouth/mouth-scale-horiz", "decr", "incr", 0.45), ("mouth/mouth-upperlip-height", "decr", "incr", 0.5),
    ("mouth/mouth-lowerlip-height", "decr", "incr", 0.5), ("mouth/mouth-lowerlip-volume", "decr", "incr", 0.5),
    ("mouth/mouth-upperlip-volume", "decr", "incr", 0.5), ("mouth/mouth-angles", "down", "up", 0.3),
    ("mouth/mouth-cupidsbow", "decr", "incr", 0.5), ("mouth/mouth-trans", "down", "up", 0.4),
    ("mouth/mouth-laugh-lines", "out", "in", 0.5), ("chin/chin-width", "decr", "incr", 0.5),
    ("chin/chin-height", "decr", "incr", 0.4), ("chin/chin-prominent", "decr", "incr", 0.5),
    ("chin/chin-bones", "decr", "incr", 0.5), ("chin/chin-jaw-drop", "decr", "incr", 0.4),
    ("neck/neck-scale-horiz", "decr", "incr", 0.3),
)  # fmt: skip
PAIRED: tuple[tuple[str, str, str, float], ...] = (  # left and right sides differ by a little noise
    ("eyes/{}-eye-scale", "decr", "incr", 0.35), ("eyes/{}-eye-trans", "in", "out", 0.4),
    ("eyes/{}-eye-trans", "down", "up", 0.4), ("eyes/{}-eye-height2", "decr", "incr", 0.45),
    ("eyes/{}-eye-corner1", "down", "up", 0.4), ("eyes/{}-eye-corner2", "down", "up", 0.5),
    ("eyes/{}-eye-bag", "decr", "incr", 0.4), ("eyes/{}-eye-eyefold-angle", "down", "up", 0.4),
    ("cheek/{}-cheek-bones", "decr", "incr", 0.5), ("cheek/{}-cheek-volume", "decr", "incr", 0.5),
    ("cheek/{}-cheek-inner", "decr", "incr", 0.4), ("ears/{}-ear-scale", "decr", "incr", 0.4),
    ("ears/{}-ear-wing", "decr", "incr", 0.4),
)  # fmt: skip
# Mean weights, where the mean of the shapes is not that of photographs (docs/generated-faces.md): lower brows, a wider
# mouth with thinner lips, a shorter nose with its tip up, a longer chin.
MEANS = {
    "eyebrows/eyebrows-trans": -0.25, "mouth/mouth-scale-horiz": 0.3, "mouth/mouth-upperlip-height": -0.3,
    "mouth/mouth-lowerlip-height": -0.15, "mouth/mouth-angles": 0.08, "nose/nose-scale-vert": -0.3,
    "nose/nose-point": 0.3, "chin/chin-height": 0.1,
}  # fmt: skip
HEADS = ("oval", "round", "rectangular", "square", "triangular", "diamond", "invertedtriangular")
ASYMMETRIES = (
    *("brown-1", "brown-2", "cheek-1", "cheek-2", "eye-1", "eye-3", "eye-5", "eye-7", "jaw-1", "jaw-2"),
    *("mouth-1", "mouth-2", "nose-1", "nose-2", "nose-4", "top-1", "temple-1"),
)


@dataclass(frozen=True, slots=True)
class Traits:
    """The traits that are sampled first; shape, skin and hair depend on them."""

    ancestry: tuple[float, float, float]  # shares of ANCESTRIES, sum 1
    male: float  # 0 female ... 1 male
    age: float  # 0 young adult ... 1 old
    weight: float  # -1 thin ... 1 heavy

    @classmethod
    def sample(cls, rng: np.random.Generator) -> "Traits":
        """Sample traits: mixed ancestries, both sexes equally often, more young people than old."""
        caucasian, african, asian = rng.dirichlet([0.25, 0.25, 0.25])
        return cls(
            ancestry=(float(caucasian), float(african), float(asian)),
            male=float(np.clip((rng.random() < 0.5) + rng.normal(0, 0.12), 0, 1)),
            age=float(rng.beta(1.1, 2.2)),
            weight=float(np.clip(rng.normal(0, 0.4), -1, 1)),
        )

    @property
    def is_male(self) -> bool:
        """Return the sex where only two values make sense: beard, cut of the hair."""
        return self.male > 0.5


def digest(face_seed: int, traits: Traits) -> str:
    """Return a digest of a face's identity, 16 hexadecimal digits: equal for two faces of the same seed and traits.

    Names of subjects cannot show that a corpus and the population share a face; digests do."""
    ancestry, *others = astuple(traits)
    numbers = " ".join(f"{number:.6f}" for number in (*ancestry, *others))
    return hashlib.sha256(f"{face_seed} {numbers}".encode()).hexdigest()[:16]


SKIN_TONE = (0.18, 0.8, 0.33)  # by ancestry, 0 light ... 1 dark
HAIR_COLOURS = {
    "black": (26, 22, 21), "dark": (45, 33, 26), "brown": (78, 54, 38), "light": (112, 84, 58),
    "blond": (166, 134, 94), "red": (112, 62, 38),
}  # fmt: skip
DARK_HAIR = {"black": 0.6, "dark": 0.4}  # probability, by colour
LIGHT_HAIR = {"dark": 0.28, "brown": 0.34, "light": 0.2, "blond": 0.12, "red": 0.06}
GREY_HAIR = (150, 148, 146)
DARK_IRISES = ((70, 44, 26), (52, 34, 22))
CLOTHS = (
    *((28, 30, 34), (44, 52, 76), (96, 98, 100), (150, 152, 154), (222, 222, 218), (214, 216, 222)),
    *((92, 34, 40), (70, 78, 60), (104, 130, 164), (60, 88, 92), (168, 140, 120), (120, 84, 108)),
)
LIGHT_IRISES = ((70, 44, 26), (92, 62, 36), (96, 110, 80), (104, 130, 150))


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of a person, sRGB in 0..1."""

    tone: float  # of the skin, 0 light ... 1 dark
    hair: tuple[float, float, float]
    iris: tuple[float, float, float]
    cloth: tuple[float, float, float]

    @classmethod
    def sample(cls, traits: Traits, rng: np.random.Generator) -> "Look":
        """Sample a look, with tone by ancestry and grey hair by age."""
        irises = DARK_IRISES if traits.ancestry[0] < 0.6 else LIGHT_IRISES
        tone = float(np.clip(np.dot(traits.ancestry, SKIN_TONE) + rng.normal(0, 0.12), 0, 1))
        shares = DARK_HAIR if traits.ancestry[0] < 0.5 else LIGHT_HAIR
        hair = np.array(HAIR_COLOURS[str(rng.choice(list(shares), p=list(shares.values())))])
        grey = np.clip((traits.age - 0.55) * 2.2 * rng.uniform(0.3, 1.3), 0, 1)
        return cls(
            tone=tone,
            hair=_colour((hair + grey * (GREY_HAIR - hair)) * rng.uniform(0.85, 1.15)),
            iris=_colour(irises[rng.integers(len(irises))]),
            cloth=_colour(np.clip(CLOTHS[rng.integers(len(CLOTHS))] + rng.normal(0, 8, 3), 8, 235)),
        )


def _colour(levels: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    red, green, blue = (float(level) / 255 for level in levels)
    return red, green, blue


def sample_shape(traits: Traits, rng: np.random.Generator) -> np.ndarray:
    """Sample the head of a person with these traits, float32[V, 3]: the rig at rest plus weighted shape targets."""
    vertices = rig().vertices.copy()
    for name, weight in (_macro(traits) | _features(rng)).items():
        ids, displacement = rig_target(rig().source_ids, name)
        vertices[ids] += np.float32(weight) * displacement
    return vertices


def _macro(traits: Traits) -> dict[str, float]:
    """Return the weights of the targets for sex, age, ancestry and body weight: products of the traits."""
    bodies = {"average": 1 - abs(traits.weight), "max": max(0.0, traits.weight), "min": max(0.0, -traits.weight)}
    weights = {}
    for sex, by_sex in (("male", traits.male), ("female", 1 - traits.male)):
        for age, by_age in (("young", 1 - traits.age), ("old", traits.age)):
            for ancestry, share in zip(ANCESTRIES, traits.ancestry, strict=True):
                weights[f"macrodetails/{ancestry}-{sex}-{age}"] = by_sex * by_age * share
            for body, share in bodies.items():
                name = f"macrodetails/universal-{sex}-{age}-averagemuscle-{body}weight"
                weights[name] = by_sex * by_age * share
    return {name: weight for name, weight in weights.items() if weight > 0.002}


def _features(rng: np.random.Generator) -> dict[str, float]:
    """Sample the weights of the targets that distinguish people of the same traits."""
    weights: dict[str, float] = {}
    for name, low, high, deviation in FEATURES:
        weight = np.clip(rng.normal(MEANS.get(name, 0), deviation * SPREAD), -1, 1)
        weights[f"{name}-{high if weight > 0 else low}"] = abs(weight)
    for name, low, high, deviation in PAIRED:
        both = np.clip(rng.normal(0, deviation * SPREAD), -1, 1)
        for side in "lr":
            weight = np.clip(both + rng.normal(0, 0.06), -1, 1)
            weights[f"{name.format(side)}-{high if weight > 0 else low}"] = abs(weight)
    weights[f"head/head-{rng.choice(HEADS)}"] = rng.uniform(0, 0.45)
    for name in ASYMMETRIES:
        weights[f"asym/asym-{name}-{rng.choice(['l', 'r'])}"] = abs(rng.normal(0, 0.15))
    return weights
