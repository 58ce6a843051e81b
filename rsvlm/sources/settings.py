"""Settings of the acquire stage."""

from pathlib import Path

from pydantic import Field, field_validator

from rsvlm.settings import Name, Section, nearest

_DEFINITIONS = Path(__file__).parent / "definitions"


class AcquireSettings(Section):
    """Which sources a recipe needs, by the names of their definitions in `rsvlm/sources/definitions/`."""

    sources: tuple[Name, ...] = Field(min_length=1)

    @field_validator("sources")
    @classmethod
    def _known(cls, sources: tuple[str, ...]) -> tuple[str, ...]:
        known = sorted(path.stem for path in _DEFINITIONS.glob("*.yaml"))
        for name in sources:
            if name not in known:
                raise ValueError(f"no source '{name}'{nearest(name, known)}; the known ones are in rsvlm/sources/definitions")
        if len(set(sources)) != len(sources):
            raise ValueError("a source is named twice")
        return sources
