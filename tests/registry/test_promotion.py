"""Champions made by hand: what is let through, what is kept of it, and what is never made champion."""

import shutil
import threading

import pytest

from rsvlm.errors import ConfigurationError, IntegrityError, RsvlmError
from rsvlm.registry import promotion
from rsvlm.registry.promotion import promote, promotion_lock, rollback
from tests.registry.conftest import aliases, make_subject, package_of

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("stand_in")]


@pytest.fixture
def three(tracking, registry, workspace) -> tuple[str, str, str]:
    """The versions of a champion, its challenger, and one that the gates refused."""
    one, two, refused = (registry(make_subject(workspace, name, right))[1] for name, right in (("first", 30), ("equal", 31), ("worse", 20)))
    return one, two, refused


def note(tracking, version: str) -> dict[str, str]:
    tags = tracking.client.get_model_version("tiny", version).tags
    return {key: value for key, value in tags.items() if key.startswith("promoted_")}


def test_the_challenger_by_default_and_back(tracking, three):
    one, two, _ = three
    done = promote(tracking, "tiny", "better on  the\ncoast")
    assert (done.version, done.replaced, done.verdict, done.reason, done.changed) == (two, one, "challenger", "better on the coast", True)
    assert aliases(tracking) == {"champion": two, "previous": one}
    assert note(tracking, two) == {"promoted_from": one, "promoted_reason": "better on the coast", "promoted_verdict": "challenger"}
    assert note(tracking, one) == {}

    back = rollback(tracking, "tiny")
    assert (back.version, back.replaced) == (one, two)
    assert aliases(tracking) == {"champion": one, "previous": two}
    assert note(tracking, one) == {"promoted_from": two, "promoted_reason": f"rollback from version {two}", "promoted_verdict": "champion"}


def test_a_refused_version_needs_force_and_a_reason(tracking, three):
    one, two, refused = three
    with pytest.raises(ConfigurationError, match=rf"^tiny: version {refused} was refused: worse than the champion.*--force --reason TEXT$"):
        promote(tracking, f"tiny/{refused}", "I like it")
    for blank in ("", " \n"):
        with pytest.raises(ConfigurationError, match="needs a reason"):
            promote(tracking, f"tiny/{refused}", blank, force=True)
    assert aliases(tracking) == {"champion": one, "challenger": two}
    assert note(tracking, refused) == {}
    done = promote(tracking, f"tiny/{refused}", "the champion fails on snow", force=True)
    assert (done.verdict, aliases(tracking)) == ("refused", {"champion": refused, "previous": one, "challenger": two})
    assert note(tracking, refused)["promoted_verdict"] == "refused"
    assert tracking.client.get_model_version("tiny", refused).tags["verdict"] == "refused", "what the gates said stays"


def test_a_version_that_was_never_judged_needs_force(tracking, three):
    _, two, _ = three
    tracking.client.delete_model_version_tag("tiny", two, "verdict")
    with pytest.raises(ConfigurationError, match="was never judged by the gates"):
        promote(tracking, "tiny@challenger")
    assert promote(tracking, "tiny@challenger", "judged by eye", force=True).verdict == ""


def test_the_champion_again_changes_nothing(tracking, three):
    one, two, _ = three
    done = promote(tracking, f"tiny/{one}")
    assert (done.changed, done.replaced) == (False, None)
    assert (aliases(tracking), note(tracking, one)) == ({"champion": one, "challenger": two}, {})


def test_what_is_not_registered(tracking, three):
    before = aliases(tracking)
    for reference in ("tny", "tiny/9", "tiny/x", "tiny@nobody", "", "../tiny/1", "tiny/1/2"):
        with pytest.raises(ConfigurationError, match=r"^no (registered model|challenger of) '.*rsvlm models"):
            promote(tracking, reference)
        with pytest.raises(ConfigurationError, match=r"^no registered model '.*rsvlm models"):
            rollback(tracking, reference)
    assert aliases(tracking) == before
    assert [path.name for path in tracking.locks.glob("promote-*")] == ["promote-tiny.lock"]


def test_no_way_back_before_a_second_champion(tracking, three):
    with pytest.raises(ConfigurationError, match=r"tiny: no previous champion to go back to"):
        rollback(tracking, "tiny")


def test_a_promoted_challenger_that_is_registered_again_is_champion_only(tracking, registry, workspace, three):
    """The decision on it was `challenger`; it must not be its own challenger after somebody promoted it."""
    one, two, _ = three
    promote(tracking, "tiny")
    _, again = registry(make_subject(workspace, "equal", 31))
    assert (again, aliases(tracking)) == (two, {"champion": two, "previous": one})


def test_what_was_rolled_back_comes_back_only_by_hand(tracking, registry, workspace):
    """A retraining that ends in the same weights must not undo what a person decided."""
    one, two = (registry(make_subject(workspace, name, right))[1] for name, right in (("first", 20), ("better", 38)))
    assert aliases(tracking) == {"champion": two, "previous": one}
    rollback(tracking, "tiny")
    for _ in range(2):
        record, again = registry(make_subject(workspace, "better", 38))
        assert (again, record["verdict"]) == (two, "challenger")
        assert "only by hand (rsvlm promote)" in record["reasons"][-1]
        assert aliases(tracking) == {"champion": one, "previous": two, "challenger": two}
    promote(tracking, "tiny")
    assert registry(make_subject(workspace, "better", 38))[1] == two
    assert aliases(tracking) == {"champion": two, "previous": one}


@pytest.mark.fault
def test_a_version_whose_files_are_gone_is_never_made_champion(tracking, three, tmp_path):
    one, two, _ = three
    for lost in ("", "MLmodel", "artifacts/model", "artifacts/model/model.safetensors", "evaluation/metrics.json"):
        path = package_of(tracking, two) / lost
        path.rename(tmp_path / "aside")
        for force in (False, True):
            with pytest.raises(IntegrityError, match=rf"^tiny version {two}: its files are not whole \(.*\); restore them"):
                promote(tracking, "tiny", "now", force=force)
        assert (aliases(tracking), note(tracking, two)) == ({"champion": one, "challenger": two}, {})
        (tmp_path / "aside").rename(path)
    assert promote(tracking, "tiny").version == two


@pytest.mark.fault
def test_changed_bytes_and_other_weights_are_never_made_champion(tracking, three):
    one, two, _ = three
    weights = package_of(tracking, two) / "artifacts/model"
    whole = (weights / "model.safetensors").read_bytes()
    (weights / "model.safetensors").unlink()  # it shares its bytes with the published folder
    (weights / "model.safetensors").write_bytes(whole[:-1] + b"?")
    with pytest.raises(IntegrityError, match="its bytes changed"):
        promote(tracking, "tiny")
    shutil.rmtree(weights)
    shutil.copytree(package_of(tracking, one) / "artifacts/model", weights)
    with pytest.raises(IntegrityError, match="not the ones that were registered"):
        promote(tracking, "tiny")
    assert aliases(tracking) == {"champion": one, "challenger": two}


@pytest.mark.fault
def test_no_rollback_to_a_version_whose_files_are_gone(tracking, three):
    one, two, _ = three
    promote(tracking, "tiny")
    shutil.rmtree(package_of(tracking, one))
    with pytest.raises(IntegrityError, match=rf"tiny version {one}: its files are not whole"):
        rollback(tracking, "tiny")
    assert aliases(tracking) == {"champion": two, "previous": one}


def test_files_elsewhere_are_fetched_proven_and_removed(tracking, three, monkeypatch):
    monkeypatch.setattr("rsvlm.registry.store._local_path", lambda location: None)
    assert promote(tracking, "tiny").changed
    assert not [path for path in tracking.locks.iterdir() if path.name.startswith("tmp")]


@pytest.mark.fault
def test_a_kill_before_the_alias_leaves_the_champion_and_goes_through_again(tracking, three, monkeypatch):
    one, two, _ = three

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(promotion, "give_alias", stop)
        with pytest.raises(KeyboardInterrupt):
            promote(tracking, "tiny")
    assert aliases(tracking)["champion"] == one
    assert promote(tracking, "tiny").version == two


@pytest.mark.fault
def test_a_champion_set_from_elsewhere_meanwhile_stops_it(tracking, three, monkeypatch):
    _, two, refused = three
    give = promotion.give_alias

    def raced(found, name, version, alias, expected):
        found.client.set_registered_model_alias(name, "champion", refused)
        give(found, name, version, alias, expected)

    monkeypatch.setattr(promotion, "give_alias", raced)
    with pytest.raises(RsvlmError, match="the champion changed while"):
        promote(tracking, "tiny")
    assert aliases(tracking) == {"champion": refused, "challenger": two}


@pytest.mark.fault
def test_a_promotion_waits_for_the_lock_and_then_looks_again(tracking, three):
    """Whoever held the lock may have given the alias to another version; that one is promoted."""
    one, two, refused = three
    waiting = threading.Thread(target=promote, args=(tracking, "tiny", "now"), kwargs={"force": True})
    with promotion_lock(tracking, "tiny"):
        waiting.start()
        waiting.join(1)
        assert waiting.is_alive()
        tracking.client.set_registered_model_alias("tiny", "challenger", refused)
    waiting.join(60)
    assert aliases(tracking) == {"champion": refused, "previous": one}
    assert two not in aliases(tracking).values()
