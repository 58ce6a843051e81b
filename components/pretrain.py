"""The `pretrain` stage: the first training phase of a model, into `models/<item>/pretrain`."""

from collections.abc import Callable

from components.stage import Stage, main
from rsvlm.errors import ConfigurationError
from rsvlm.files import publish, read_manifest


def run(stage: Stage) -> None:
    """Train under the section's settings and publish the model with the hashes of what it came from."""
    section = stage.section
    data = stage.root / section.model_dump()["data"]
    raw = stage.root / "data/raw" / stage.item
    scratch = stage.scratch(data, raw)
    facts = {
        "family": section.family,
        "system": section.system,
        "seed": stage.seed,
        "threads": stage.parameters.resources.threads,
        "data": read_manifest(data).sha256,
        "raw": read_manifest(raw).sha256,
        "code": stage.code,
    }
    train = _trainer(section.family)
    with publish(stage.root / "models" / stage.item / "pretrain", facts) as output:
        train(section, data, raw, output, scratch, stage.seed, stage.parameters.resources.threads)
    stage.clear_scratch()


def _trainer(family: str) -> Callable[..., None]:
    """Return the family's training function; imported here, so that a family's packages load only for it."""
    match family:
        case "contrastive":
            from rsvlm.contrastive.train import pretrain as contrastive

            return contrastive
        case "instruction":
            from rsvlm.instruction.train import pretrain as instruction

            return instruction
        case "generation":
            from rsvlm.generation.train import pretrain as generation

            return generation
        case _:
            raise ConfigurationError(f"family '{family}' has no pre-training; allowed: contrastive, instruction, generation")


if __name__ == "__main__":
    main("pretrain", run)
