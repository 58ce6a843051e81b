"""A model folder as an MLflow model: entry file, code, signature, example, pinned requirements; weights linked, not copied."""

import os
import shutil
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow.pyfunc
from mlflow.models import Model
from PIL import Image

from rsvlm.errors import ConfigurationError, IntegrityError
from rsvlm.files import MANIFEST, list_files, verify
from rsvlm.registry.requirements import pinned_requirements

FAMILIES = ("contrastive", "instruction", "generation")
_PACKAGE = Path(__file__).resolve().parents[1]
WEIGHTS = "artifacts/model"
_PICKLES = (".pt", ".pth", ".bin", ".pkl", ".pickle", ".ckpt", ".joblib")


def write_package(target: Path, family: str, model: Path, picture: Image.Image, identity: Model) -> None:
    """Write the MLflow model of a published model folder.

    Args:
        target: a new folder, best on the file system of `model`, so that weights become hard links.
        family: the family whose service answers its requests.
        model: the published model folder; everything that inference needs is inside.
        picture: a real image for the input example.
        identity: MLflow's record of it (ids); filled in here.

    Raises:
        ConfigurationError: a family without a service.
        IntegrityError: the model folder is not whole, or holds a pickle.
    """
    service = service_of(family)
    verify(model)
    check_weights(model)
    work = target.with_name(f"{target.name}.work")
    try:
        # MLflow copies every artefact it is given, twice; it gets the manifest, and the weights are linked beside it.
        (work / "model").mkdir(parents=True)
        shutil.copyfile(model / MANIFEST, work / "model" / MANIFEST)
        shutil.copytree(_PACKAGE, work / "rsvlm", ignore=shutil.ignore_patterns("__pycache__", ".*"))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="mlflow")  # its own use of pandas
            mlflow.pyfunc.save_model(
                path=str(target),
                python_model=str(service.__file__),
                artifacts={"model": str(work / "model")},
                code_paths=[str(work / "rsvlm")],
                signature=service.SIGNATURE,
                input_example=service.example(picture),
                pip_requirements=pinned_requirements(service.__name__, without=_others(family)),
                mlflow_model=identity,
            )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    link_tree(model, target / WEIGHTS)
    _finish(target, identity)


def check_weights(model: Path) -> None:
    """Refuse a model folder that holds a pickle, under its own name or under that of safetensors.

    Raises:
        IntegrityError: the file is named.
    """
    for relative in list_files(model):
        path = model / relative
        if path.suffix in _PICKLES:
            raise IntegrityError(f"{path}: weights in pickles are not registered; convert them to safetensors")
        if path.suffix == ".safetensors":
            with path.open("rb") as stream:
                head = stream.read(9)
            if len(head) < 9 or head[8:] != b"{" or int.from_bytes(head[:8], "little") > path.stat().st_size - 8:
                raise IntegrityError(f"{path}: not a safetensors file whatever its name says; train or convert the model again")


def service_of(family: str) -> ModuleType:
    """Return the module that serves a family.

    Raises:
        ConfigurationError: there is none.
    """
    if family == "contrastive":
        from rsvlm.registry.code import contrastive

        return contrastive
    if family == "instruction":
        from rsvlm.registry.code import instruction

        return instruction
    if family == "generation":
        from rsvlm.registry.code import generation

        return generation
    raise ConfigurationError(f"models of family '{family}' cannot be registered; allowed: {', '.join(FAMILIES)}")


def link_tree(source: Path, target: Path) -> None:
    """Make the files of `source` appear in `target`: hard links where the file system allows, copies elsewhere.

    Published files are never written in place, so a link cannot change under a registered model.
    """
    for relative in list_files(source):
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        (target / relative).unlink(missing_ok=True)
        try:
            os.link(source / relative, target / relative)
        except OSError:
            shutil.copyfile(source / relative, target / relative)


def _others(family: str) -> tuple[str, ...]:
    return tuple(f"rsvlm.{other}" for other in FAMILIES if other != family)


def _finish(target: Path, identity: Model) -> None:
    """Drop compiled files and write the record again, with the size of all files and no path of this machine."""
    for cache in list(target.rglob("__pycache__")):
        shutil.rmtree(cache, ignore_errors=True)
    identity.model_size_bytes = sum((target / file).stat().st_size for file in list_files(target))
    flavor: dict[str, Any] = identity.flavors["python_function"]
    flavor["artifacts"]["model"]["uri"] = WEIGHTS
    flavor["model_code_path"] = Path(flavor["model_code_path"]).name
    identity.save(str(target / "MLmodel"))
