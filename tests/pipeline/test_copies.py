"""The search for secrets in what runs leave behind: they are really there to be found, and what is there is found."""

import os
from pathlib import Path

from tests.pipeline.copies import SECRETS, command, files_with


def test_a_run_sees_the_secrets_and_a_file_that_holds_one_is_found(tmp_path: Path) -> None:
    """The run is a module that does what none may: it writes its environment to its outputs."""
    folder = tmp_path / "copy"
    for name in ("reports", ".rsvlm/logs"):
        (folder / name).mkdir(parents=True)
    (folder / "reports/good.json").write_text("{}")
    (folder / "reports/empty.json").touch()
    (folder / "leaking.py").write_text(
        "import os\n"
        "open('reports/page.html', 'w').write(os.environ['AWS_SECRET_ACCESS_KEY'])\n"
        "open('.rsvlm/logs/a.db', 'wb').write(b'\\xff\\0' * 5000 + os.environb[b'RSVLM_OTHER_TRACKING'])\n"
        "open('reports/' + os.environ['MLFLOW_TRACKING_PASSWORD'], 'w').close()\n"
        "print(sorted(name for name in os.environ if name.startswith('RSVLM_')))\n"
    )
    outcome = command(folder, tmp_path, "leaking")
    assert (outcome.returncode, outcome.stdout) == (0, "['RSVLM_MIRROR', 'RSVLM_OTHER_TRACKING']\n"), outcome.stderr
    os.link(folder / "reports/page.html", folder / "reports/same.html")
    key, password, other = (SECRETS[name] for name in ("AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD", "RSVLM_OTHER_TRACKING"))
    assert sorted(files_with(folder, SECRETS.values())) == sorted(
        [f"reports/page.html: {key}", f".rsvlm/logs/a.db: {other}", f"reports/{password}: {password}"]
    )


def test_the_secrets_stand_in_no_file_of_the_repository(root: Path) -> None:
    """Else every copy would hold them before anything has run."""
    assert files_with(root / "tests", SECRETS.values()) == []
