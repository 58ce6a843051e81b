"""Settings of the acquire stage."""

from rsvlm.settings import Name, Section


class AcquireSettings(Section):
    """Which sources a recipe needs, by the names of their definitions in `rsvlm/sources/definitions/`."""

    sources: tuple[Name, ...]
