"""The `sft` stage: supervised fine-tuning of a pre-trained model, into `models/<item>/sft`."""

from components.stage import Stage, main
from rsvlm.files import publish, read_manifest
from rsvlm.instruction.settings import InstructionSftSettings


def run(stage: Stage) -> None:
    """Train under the section's settings and publish the model with the hashes of what it came from."""
    from rsvlm.instruction.train import sft  # slow imports; a wrong recipe is told first

    section = stage.section
    assert isinstance(section, InstructionSftSettings)
    data = stage.root / section.data
    pretrained = stage.root / "models" / stage.item / "pretrain"
    scratch = stage.scratch(data, pretrained)
    threads = stage.parameters.resources.threads
    facts = {
        "family": section.family,
        "system": section.system,
        "seed": stage.seed,
        "threads": threads,
        "data": read_manifest(data).sha256,
        "pretrained": read_manifest(pretrained).sha256,
        "code": stage.code,
    }
    with publish(stage.root / "models" / stage.item / "sft", facts) as output:
        sft(section, data, pretrained, output, scratch, stage.seed, threads)
    stage.clear_scratch()


if __name__ == "__main__":
    main("sft", run)
