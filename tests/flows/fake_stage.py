"""A stage without science, copied into test workspaces: reads what the real one reads, writes tiny outputs of the same shape."""

import json
import os
import time
from pathlib import Path

from components.stage import Stage
from rsvlm.errors import DataError
from rsvlm.files import publish, readable_json, sha256_file, sha256_of, verify, write_atomic
from rsvlm.progress import track
from rsvlm.recipes.load import load_section


def inputs_of(stage: Stage) -> list[Path]:
    named = {
        name: Path(value)
        for name, value in stage.section.model_dump().items()
        if name in ("data", "model", "judge") and isinstance(value, str)
    }
    raw, pretrained, evidence = (
        Path("data/raw") / stage.item,
        Path("models") / stage.item / "pretrain",
        Path("reports") / stage.item / "evidence",
    )
    if stage.stage == "acquire":
        return []
    more = {"caption": [raw], "instruct": [raw], "pretrain": [raw], "sft": [pretrained], "register": [evidence]}
    return [*named.values(), *more.get(stage.stage, [])]


def output_of(stage: Stage) -> Path:
    places = {"acquire": "data/raw/{}", "caption": "data/pairs/{}", "instruct": "data/conversations/{}", "pretrain": "models/{}/pretrain"}
    places |= {"sft": "models/{}/sft", "evaluate": "reports/{}/evidence", "register": "reports/{}/registration.json"}
    return Path(places[stage.stage].format(stage.item))


def misbehave(stage: Stage) -> None:
    """Do what the environment asks of this stage: FAKE=stage@item:sleep:seconds, or :fail:reason, or :kill:."""
    for order in os.environ.get("FAKE", "").split(";"):
        address, _, rest = order.partition(":")
        what, _, value = rest.partition(":")
        if address != f"{stage.stage}@{stage.item}":
            continue
        if what == "sleep":
            log = Path(".rsvlm/writers") / f"{os.getpid()}"
            log.parent.mkdir(parents=True, exist_ok=True)
            for _ in track(range(int(float(value) * 10)), "sleep", int(float(value) * 10), "steps"):
                time.sleep(0.1)
                log.write_text(str(time.time()))
        if what == "fail":
            raise DataError(value)
        if what == "kill" and not Path(".rsvlm/killed").exists():
            Path(".rsvlm/killed").write_text("")
            os.kill(os.getpid(), 9)


def run(stage: Stage) -> None:
    load_section(stage.root, stage.stage, stage.item)
    hashes = {path.as_posix(): verify(path).sha256 if path.is_dir() else sha256_file(path) for path in inputs_of(stage)}
    with open(".rsvlm-runs.log", "a") as log:
        log.write(f"{stage.stage}@{stage.item}\n")
    misbehave(stage)
    content = readable_json(
        {"stage": stage.stage, "inputs": hashes, "seed": stage.seed, "settings": sha256_of(stage.section.model_dump(mode="json"))}
    )
    output = output_of(stage)
    if stage.stage == "register":
        write_atomic(output, readable_json({"alias": "champion", "name": stage.item}))
        Path("mlruns").mkdir(exist_ok=True)
        Path("mlruns/mlflow.db").touch()  # a run registers again where the registry is gone
        return
    with publish(output, {"stage": stage.stage}) as folder:
        (folder / "content.json").write_bytes(content)
    if stage.stage == "evaluate":
        write_atomic(output.parent / "report.html", b"<html></html>")
        write_atomic(output.parent / "metrics.json", json.dumps({"score/top1": 0.5, "score/top1/baseline": 0.1}).encode())
