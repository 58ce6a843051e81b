"""The strict base of every settings model in a recipe, and errors that say what to change."""

import difflib
import json
import math
import re
import string
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from rsvlm.errors import ConfigurationError

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Model = TypeVar("Model", bound=BaseModel)


def _with_group(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"a regular expression is needed ({str(error)[:100]})") from None
    if not groups:
        raise ValueError("a regular expression with a group in parentheses is needed, as in ^([a-z]+)_")
    return text


Pattern = Annotated[str, AfterValidator(_with_group)]
"""A regular expression of a recipe, whose first group is what it finds."""


def _inside(text: str) -> str:
    path = PurePosixPath(text)
    odd = any(part == ".." or "\0" in part or ("**" in part and part != "**") for part in path.parts)
    if not path.parts or path.is_absolute() or odd:
        raise ValueError("a path or glob pattern inside the source is needed, as in images/*.jpg")
    return text


Inside = Annotated[str, AfterValidator(_inside)]
"""A path, or a glob pattern of paths, that stays in its source's folder."""


def slots(*names: str) -> AfterValidator:
    """Return the check of a template: it may hold these slots, as `{name}`, and no others."""

    def check(text: str) -> str:
        try:
            pieces = list(string.Formatter().parse(text))
        except ValueError as error:
            raise ValueError(f"a lone brace ({error}); slots: {allowed}; braces are doubled") from None
        for _, slot, form, conversion in pieces:
            if slot is not None and (slot not in names or form or conversion):
                raise ValueError(f"no slot '{{{slot}}}' is known; slots: {allowed}")
        return text

    allowed = ", ".join(f"{{{name}}}" for name in names)
    return AfterValidator(check)


class Settings(BaseModel):
    """Settings that refuse what they do not know: unknown keys, wrong types, NaN; and that nobody changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, protected_namespaces=())


class Section(Settings):
    """One stage's section of a recipe: which system it belongs to, and then its own settings.

    Attributes:
        family: the family folder under `recipes/` (contrastive, instruction, ...).
        system: the recipe file's name; `recipes/<family>/<system>.yaml` holds this section.
    """

    family: Name
    system: Name


def nearest(word: str, allowed: list[str]) -> str:
    """Return ` (did you mean 'x'?)` for the closest allowed word, or an empty string."""
    close = difflib.get_close_matches(word, allowed, n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _fields_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """Return the keys that a model allows at a location inside it (empty where it is not a model)."""
    fields: list[str] = sorted(model.model_fields)
    current: Any = model
    candidates: list[type[BaseModel]] = []
    for part in location:
        if isinstance(part, int):
            continue
        tagged = [candidate for candidate in candidates if part in _tags(candidate)]
        candidates = tagged or (_models_in(current.model_fields[part].annotation) if part in current.model_fields else [])
        if not candidates:
            continue  # a mapping's key: stay at the same model
        current = candidates[0]
        fields = sorted({name for candidate in candidates for name in candidate.model_fields})
    return fields


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    """Return the values of `kind` by which a union knows a model."""
    return getattr(model.model_fields["kind"].annotation, "__args__", ()) if "kind" in model.model_fields else ()


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


def explain(error: ValidationError, model: type[BaseModel], where: str) -> str:
    """Return one line for a validation's first fault: file and key, what is wrong, what is allowed, the near match.

    An unknown key comes before a missing one: who misspells a key has both.
    """
    faults = error.errors(include_url=False)
    fault = next((each for each in faults if each["type"] == "extra_forbidden"), faults[0])
    location = fault["loc"]
    key = ".".join(str(part) for part in location)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if fault["type"] == "extra_forbidden":
        allowed = _fields_at(model, location[:-1])
        unknown = str(location[-1])
        return f"{where}: {key}: unknown key; allowed: {', '.join(allowed)}{nearest(unknown, allowed)}{more}"
    if fault["type"] in ("literal_error", "union_tag_invalid", "enum"):
        context = fault.get("ctx", {})
        expected = str(context.get("expected") or context.get("expected_tags") or "")
        given = str(context.get("tag", fault["input"]))
        words = [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]
        return f"{where}: {key}: '{given}' is not allowed; allowed: {', '.join(words)}{nearest(given, words)}{more}"
    if fault["type"] == "missing":
        return f"{where}: {key}: this key is missing{more}"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {key}: {message[0].lower()}{message[1:]}, not {fault['input']!r}{more}"


def validate(model: type[Model], data: Mapping[str, Any], where: str) -> Model:
    """Validate a mapping read from YAML or JSON against a settings model.

    Args:
        model: the settings model.
        data: what the file says.
        where: the file and section, for the message.

    Raises:
        ConfigurationError: one line with file, key, the allowed values and the nearest match.
    """
    try:
        # JSON mode: lists stand for tuples and strings for enums, as in the files, while numbers stay strict.
        return model.model_validate_json(_to_json(data, where))
    except ValidationError as error:
        raise ConfigurationError(explain(error, model, where)) from None


def _to_json(data: Mapping[str, Any], where: str) -> str:
    try:
        return json.dumps(data, allow_nan=False)
    except (TypeError, ValueError) as error:
        key, value = _unfit_value(data)
        given = f"{key}: {value!r}: " if key else ""
        raise ConfigurationError(f"{where}: {given}only text, numbers, true/false, lists and mappings are allowed ({error})") from None


def _unfit_value(value: Any, key: str = "") -> tuple[str, Any]:
    """Return the first value that JSON does not have, with its key (empty where every value has a place in JSON)."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if items is not None:
        found = (_unfit_value(inner, f"{key}.{name}" if key else str(name)) for name, inner in items)
        return next((each for each in found if each[0]), ("", None))
    finite = not isinstance(value, float) or math.isfinite(value)
    return ("", None) if value is None or (isinstance(value, str | int | float) and finite) else (key, value)
