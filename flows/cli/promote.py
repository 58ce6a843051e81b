"""`rsvlm promote` and `rsvlm rollback`: the champion alias, moved by hand."""

from pathlib import Path
from typing import Any

from flows.cli.console import print_json
from flows.models import open_registry


def promote_version(root: Path, reference: str, reason: str, *, force: bool, as_json: bool) -> None:
    """Make a registered version champion and say which one it replaces.

    Raises:
        ConfigurationError: there is no such version, the gates did not let it through, or force has no reason.
        RsvlmError: its files are not whole, or somebody else changed the champion meanwhile.
    """
    from rsvlm.registry.promotion import promote

    _say(promote(open_registry(root), reference, reason, force=force), as_json=as_json)


def roll_back(root: Path, name: str, *, as_json: bool) -> None:
    """Make the previous champion the champion again and say what was done.

    Raises:
        ConfigurationError: there is no such model, or no previous champion.
        RsvlmError: the files of the previous champion are not whole, or somebody else changed the champion meanwhile.
    """
    from rsvlm.registry.promotion import rollback

    _say(rollback(open_registry(root), name), as_json=as_json)


def _say(done: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(vars(done))
    elif not done.changed:
        print(f"{done.name}: version {done.version} is the champion already; nothing changed")
    elif done.replaced is None:
        print(f"{done.name}: version {done.version} is the champion now; there was none before")
    else:
        kept = f"version {done.replaced} is kept as previous (back to it: rsvlm rollback {done.name})"
        print(f"{done.name}: version {done.version} is the champion now; {kept}")
