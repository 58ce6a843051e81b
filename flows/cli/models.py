"""`rsvlm models` and `rsvlm predict`."""

import base64
from pathlib import Path
from typing import Any

from flows.cli.console import figure, print_json, print_table, say
from flows.models import RegisteredModel, open_registry, read_image
from rsvlm.errors import ConfigurationError
from rsvlm.files import write_atomic


def list_models(root: Path, *, as_json: bool) -> None:
    """Print every version of every registered model."""
    from rsvlm.registry import store

    rows = store.list_models(open_registry(root))
    if as_json:
        print_json(rows)
        return
    columns = ["model", "version", "alias", "verdict", "main metric", "value", "licence"]
    cells = [[r["name"], r["version"], ", ".join(r["aliases"]), r["verdict"], r["metric"], figure(r["value"]), r["licence"]] for r in rows]
    print_table("", columns, cells)
    if not rows:
        print("no model is registered yet; see: rsvlm run")


def predict_with(
    root: Path, reference: str, images: list[Path], texts: list[str], prompts: list[str], output: Path | None, *, as_json: bool
) -> None:
    """Ask a registered model: compare images with texts, answer prompts about an image, or draw prompts.

    Raises:
        ConfigurationError: the model needs other inputs than were given.
        RsvlmError: there is no such version, or its files are damaged.
    """
    pictures = [read_image(path) for path in images]
    model = RegisteredModel(root, reference)
    _check_inputs(model, images, texts, prompts)
    if others := model.other_libraries():
        say(f"rsvlm: warning: {model.name} version {model.version} was made with {', '.join(others)}; its answers may differ")
    say(f"loading {reference} ...")
    model.load()
    if model.family == "contrastive":
        rows = _similarities(model, images, pictures, texts)
    elif model.family == "instruction":
        rows = _answers(model, images, pictures, prompts)
    else:
        rows = _drawings(model, prompts, output or Path("generated"))
    if as_json:
        print_json({"model": model.name, "version": model.version, "rows": rows})
    else:
        print_table(f"{model.name} version {model.version}", list(rows[0]), [list(row.values()) for row in rows])


def _check_inputs(model: RegisteredModel, images: list[Path], texts: list[str], prompts: list[str]) -> None:
    """Refuse a call that lacks what the model's family needs, before the time that loading takes."""
    if model.family == "contrastive":
        if not images or not texts:
            raise ConfigurationError(f"{model.name} compares images with texts: give --image and --text, each at least once")
    elif not prompts and model.family == "instruction":
        raise ConfigurationError(f"{model.name} answers prompts: give --prompt, and --image for a prompt about an image")
    elif not prompts:
        raise ConfigurationError(f"{model.name} draws prompts: give --prompt at least once")


def _similarities(model: RegisteredModel, images: list[Path], pictures: list[str], texts: list[str]) -> list[dict[str, Any]]:
    answers = model.ask([{"image": picture, "text": None} for picture in pictures] + [{"image": None, "text": text} for text in texts])
    vectors = [answer["embedding"] for answer in answers]
    rows = []
    for path, image in zip(images, vectors, strict=False):
        for text, words in zip(texts, vectors[len(images) :], strict=True):
            cosine = sum(float(a) * float(b) for a, b in zip(image, words, strict=True))
            rows.append({"image": str(path), "text": text, "similarity": round(cosine, 4)})
    return sorted(rows, key=lambda row: (row["image"], -float(str(row["similarity"]))))


def _answers(model: RegisteredModel, images: list[Path], pictures: list[str], prompts: list[str]) -> list[dict[str, Any]]:
    pairs: list[tuple[str, str | None]] = [(str(path), picture) for path, picture in zip(images, pictures, strict=True)] or [("", None)]
    asked = [(name, picture, prompt) for name, picture in pairs for prompt in prompts]
    answers = model.ask([{"image": picture, "prompt": prompt} for _, picture, prompt in asked])
    return [{"image": name, "prompt": prompt, "answer": a["answer"]} for (name, _, prompt), a in zip(asked, answers, strict=True)]


def _drawings(model: RegisteredModel, prompts: list[str], output: Path) -> list[dict[str, Any]]:
    answers = model.ask([{"prompt": prompt, "seed": number} for number, prompt in enumerate(prompts)])
    rows = []
    for number, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        path = output / f"{model.name}-{model.version}-{number}.png"
        write_atomic(path, base64.b64decode(answer["image"]))
        rows.append({"prompt": prompt, "seed": number, "image": str(path)})
    return rows
