"""The acquire stage: fetch and check the sources that a recipe names, into `data/raw/<item>`."""

import os
from typing import Any, cast

from components.stage import Stage, main
from rsvlm.files import publish
from rsvlm.sources.acquire import acquire
from rsvlm.sources.fetch import open_places
from rsvlm.sources.settings import AcquireSettings


def run(stage: Stage) -> None:
    """Fetch, check and tabulate the recipe's sources."""
    settings = cast("AcquireSettings", stage.section)
    places = open_places(stage.root, os.environ.get("RSVLM_MIRROR", "") or stage.parameters.mirror)
    facts: dict[str, Any] = {}
    with publish(stage.root / "data" / "raw" / stage.item, facts) as output:
        facts.update(acquire(settings.sources, output, places))


if __name__ == "__main__":
    main("acquire", run)
