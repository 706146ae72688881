"""The lock is whole: it is installed without looking at what packages want besides."""

from importlib.metadata import distribution, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENVS = Path(__file__).parents[1] / "envs"
LOCKED = {
    canonicalize_name(one.name): one
    for one in map(Requirement, filter(None, (ENVS / "core.lock").read_text(encoding="utf-8").splitlines()))
}
OURS = {"dlib"}  # envs/dlib-from-bin, which hands on dlib-bin


def wanted(lines: list[str]) -> set[str]:
    """Names of what these requirements want on this machine, without their extras."""
    found = map(Requirement, lines)
    return {canonicalize_name(one.name) for one in found if not one.marker or one.marker.evaluate({"extra": ""})}


def test_what_the_project_wants_is_locked():
    lines = [line.partition("#")[0].strip() for line in (ENVS / "core.in").read_text(encoding="utf-8").splitlines()]
    assert len(LOCKED) > 100 and wanted([*filter(None, lines)]) <= LOCKED.keys()


def test_what_each_package_wants_is_locked_and_the_lock_is_what_is_installed():
    missing = {name: wanted(requires(name) or []) - LOCKED.keys() - OURS for name in LOCKED}
    assert {name: names for name, names in missing.items() if names} == {}
    other = [name for name, one in LOCKED.items() if not one.specifier.contains(distribution(name).version)]
    assert other == []
