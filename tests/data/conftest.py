"""Smoke corpora of the data recipes, once a session: those of the whole recipes where these run too, else built in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rsvlm.data.checking import Tally, check_corpus
from rsvlm.data.evidence import Evidence
from rsvlm.data.examine import evidence_of
from rsvlm.data.stage import make_corpus
from rsvlm.files import publish
from rsvlm.recipes.load import Recipe, item_of, load_recipe
from rsvlm.records.shards import Shards
from rsvlm.sources.acquire import acquire
from rsvlm.sources.fetch import open_places
from tests.pipeline.copies import CORPORA


@dataclass(frozen=True)
class Built:
    """A corpus with its raw sources.

    Attributes:
        recipe: the checked recipe.
        raw: the acquired sources.
        folder: the published corpus.
        evidence: what its checkers read.
    """

    recipe: Recipe
    raw: Path
    folder: Path
    evidence: Evidence

    @property
    def records(self) -> list[dict]:
        """All records, in order."""
        shards = Shards(self.folder)
        return [shards.fields(row) for row in range(len(shards))]

    def checked(self) -> tuple[Tally, Tally]:
        """The tally of the corpus, and that of shuffled texts."""
        return check_corpus(Shards(self.folder), self.evidence)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the first test of a smoke corpus the time that making all of them takes."""
    for item in items:
        if "built" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(3600))


def _found(root: Path, name: str) -> Built:
    recipe, item = load_recipe(root, name), item_of(name, "smoke")
    sections = recipe.sections["smoke"]
    raw, section = root / "data/raw" / item, sections.get("caption") or sections["instruct"]
    folder = root / "data" / ("pairs" if "caption" in sections else "conversations") / item
    return Built(recipe, raw, folder, evidence_of(section, raw))


@pytest.fixture(scope="session")
def built(request: pytest.FixtureRequest, root: Path, mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Built]:
    """Return a function that gives a recipe's smoke corpus (or builds another profile's), once each."""
    made: dict[tuple[str, str], Built] = {}
    if any(item.path.name == "test_corpora.py" and item.path.parent.name == "pipeline" for item in request.session.items):
        folder, _ = request.getfixturevalue("corpora")
        made = {(name, "smoke"): _found(folder, name) for name in CORPORA}
    home = tmp_path_factory.mktemp("corpora")

    def build(name: str, profile: str = "smoke") -> Built:
        if (name, profile) not in made:
            recipe, item = load_recipe(root, name), item_of(name, profile)
            sections = recipe.sections[profile]
            places = open_places(home, str(mirror))
            facts: dict = {}
            with publish(home / "raw" / item, facts) as output:
                facts.update(acquire(sections["acquire"].sources, output, places))
            kind = "pairs" if "caption" in sections else "conversations"
            section = sections.get("caption") or sections["instruct"]
            folder = home / kind / item
            make_corpus(
                section,
                home / "raw" / item,
                folder,
                prefix=kind,
                scratch=home / "scratch" / item,
                answers=home / "answers",
                seed=7,
                threads=2,
                rejected_share=0.05,
            )
            made[name, profile] = Built(recipe, home / "raw" / item, folder, evidence_of(section, home / "raw" / item))
        return made[name, profile]

    return build
