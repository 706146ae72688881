"""A stand-in for the few names of pydantic that the networks' params use, for machines that lack it.

Params have their defaults, refuse unknown names and cannot be changed; ranges and types are not checked.
"""

import sys
from inspect import get_annotations
from typing import Any

ConfigDict = dict


class FieldInfo:
    """The default of one field."""

    def __init__(self, default: Any):
        self.default = default


def Field(default: Any = None, **described: Any) -> Any:
    """Return the field's default; descriptions and ranges are dropped."""
    return FieldInfo(default)


class BaseModel:
    """Params: values by name, frozen."""

    model_fields: dict[str, FieldInfo] = {}

    def __init_subclass__(cls) -> None:
        fields = dict(cls.model_fields)
        for name in get_annotations(cls):
            if name in cls.__dict__:
                value = cls.__dict__[name]
                fields[name] = value if isinstance(value, FieldInfo) else FieldInfo(value)
        cls.model_fields = fields

    def __init__(self, **values: Any):
        unknown = set(values) - set(self.model_fields)
        if unknown:
            raise TypeError(f"{type(self).__qualname__} must be given its own params, not {', '.join(sorted(unknown))}")
        defaults = {name: field.default for name, field in self.model_fields.items()}
        self.__dict__.update(defaults | values)

    def __setattr__(self, name: str, value: Any) -> None:
        raise TypeError(f"{type(self).__qualname__} is frozen: {name} cannot be set")

    @classmethod
    def model_validate(cls, values: dict[str, Any]) -> "BaseModel":
        """Return params of these values."""
        return cls(**values)


def install() -> bool:
    """Register this module as `pydantic` where pydantic cannot be imported; return whether it was registered."""
    try:
        import pydantic  # noqa: F401
    except ImportError:
        sys.modules["pydantic"] = sys.modules[__name__]
        return True
    return False
