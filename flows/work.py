"""What one run is about to do, and what became of it: shared by the tasks that do it."""

from collections.abc import Callable
from pathlib import Path

from flows.models import registry_file
from flows.pipeline import CODE, Pipeline, wanted_stages
from flows.reproduce import CURRENT, Children, Outcome, reproduce
from flows.turns import Turns
from rsvlm.errors import RsvlmError
from rsvlm.recipes.load import load_recipe
from rsvlm.recipes.parameters import load_parameters

# The longest that one stage may take, by profile; a stage that hangs must not hold the workspace for ever.
TIME_LIMITS = {"laptop": 2 * 3600.0, "smoke": 1800.0, "full": 30 * 86400.0}


class Work:
    """What the tasks of one run share. A plain class, because Prefect looks into dataclasses that it is given."""

    def __init__(self, root: Path, say: Callable[[str, str], None], children: Children) -> None:
        """Start a run in a workspace; `say` gets (stage address, line of output)."""
        self.root, self.say, self.children = root, say, children
        self.outcomes: dict[str, Outcome] = {}
        self.failures: dict[str, RsvlmError] = {}
        self.order: list[str] = []
        self.upstream: dict[str, set[str]] = {}
        self.current: set[str] = set()
        self.forced: set[str] = set()
        self.turns = Turns(1)
        self.limit = TIME_LIMITS["laptop"]

    def plan(self, names: list[str], profile: str, until: str | None, *, force: bool) -> None:
        """Decide the order, and what is up to date already.

        Raises:
            ConfigurationError: a recipe, profile or stage is unknown, or a file has a fault.
        """
        wanted = [address for name in names for address in wanted_stages(load_recipe(self.root, name), profile, until)]
        self._refresh_code()
        pipeline = Pipeline(self.root)
        try:
            self.order = pipeline.order(wanted)
            self.upstream = {address: pipeline.upstream(address) for address in self.order}
            self.current = {address for address in self.order if pipeline.state(address).current}
        finally:
            pipeline.close()
        self.forced = set(wanted) if force else self._lost(wanted)
        self.turns = Turns(load_parameters(self.root).resources.parallel)
        self.limit = TIME_LIMITS[profile]

    def _lost(self, wanted: list[str]) -> set[str]:
        """Return registrations whose registry is gone, which DVC cannot see: they are done again."""
        registry = registry_file(self.root)
        gone = registry is not None and not registry.exists()
        return {address for address in wanted if gone and address.startswith("register@")}

    def _refresh_code(self) -> None:
        """Bring `code.json` up to date first: it decides which other stages are."""
        pipeline = Pipeline(self.root)
        try:
            current = pipeline.code_is_current
        finally:
            pipeline.close()
        if not current:
            reproduce(self.root, CODE, self.children, lambda line: None, timeout=self.limit)

    def waiting(self) -> list[str]:
        """Return the stages that have something to do, in order: changed or forced ones, and all that need them."""
        found: list[str] = []
        for address in self.order:
            if address not in self.current or address in self.forced or self.upstream[address] & set(found):
                found.append(address)
        return found

    def settled(self, address: str) -> bool:
        """Whether a stage is up to date without asking DVC again: it was at the start, and nothing it needs has run since."""
        before = [self.outcomes[name].state for name in self.upstream[address]]
        return address in self.current and address not in self.forced and all(state == CURRENT for state in before)
