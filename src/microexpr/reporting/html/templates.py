"""The parts of a page that needs no network: templates, styles and scripts next to this module, files as addresses."""

import hashlib
from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

HERE = Path(__file__).parent


def template(name: str, folder: Path = HERE) -> Template:
    """Return a template that escapes its values."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_writable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _writable(value: object) -> object:
    """Return a value that every file can hold: the name of a user's file need not be UTF-8."""
    return type(value)(value.encode("utf-8", "backslashreplace").decode()) if isinstance(value, str) else value


def text(*names: str) -> Markup:
    """Return styles or scripts one after the other, as a page holds them."""
    return Markup("\n".join((HERE / name).read_text(encoding="utf-8") for name in names))


def script_hash(script: str) -> str:
    """Return the hash of a script that a page lets a browser run, and no other."""
    return b64encode(hashlib.sha256(script.encode()).digest()).decode()


def data_url(media_type: str, content: bytes) -> str:
    """Return a file as an address that needs no file."""
    return f"data:{media_type};base64,{b64encode(content).decode()}"
