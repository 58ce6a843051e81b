import pytest

from rsvlm.errors import ConfigurationError
from rsvlm.instruction.plan import blocks
from rsvlm.instruction.settings import LINEAR_LAYERS, InstructionSftSettings
from rsvlm.recipes.load import load_section
from rsvlm.settings import validate
from tests.instruction.conftest import MODEL, pretrain_settings, sft_settings


def preset(name, **more):
    given = {"family": "instruction", "system": "geochat", "data": "d", "model": MODEL, "cache_features": False, "preset": name, **more}
    return validate(InstructionSftSettings, given, "test")


@pytest.mark.system("geochat", 2)
def test_preset_script_has_the_numbers_of_the_script():
    settings = preset("script")
    assert (settings.lora.rank, settings.lora.alpha, settings.lora.dropout) == (64, 16.0, 0.05)
    assert settings.lora.targets == LINEAR_LAYERS
    assert not settings.train_connector
    (phase,) = settings.phases
    optimisation = phase.optimisation
    assert (optimisation.learning_rate, optimisation.schedule, optimisation.weight_decay) == (2e-4, "cosine", 0.0)
    assert optimisation.batch == 32 * settings.engine.workers
    assert optimisation.warmup == -(-optimisation.steps * 3 // 100)
    assert 318_000 <= optimisation.steps * optimisation.batch < 318_000 + optimisation.batch
    assert (settings.engine.zero, optimisation.precision) == (2, "bfloat16")


@pytest.mark.system("geochat", 2)
def test_preset_paper_has_two_stages_the_second_on_grounding_only():
    settings = preset("paper")
    assert settings.lora.targets == ("q_proj", "v_proj")
    assert settings.lora.rank == 64
    first, second = settings.phases
    assert (first.optimisation.steps, second.optimisation.steps) == (2400, 1600)
    assert {phase.optimisation.batch for phase in settings.phases} == {144}
    assert {phase.optimisation.learning_rate for phase in settings.phases} == {2e-5}
    assert "classification" in first.tasks
    assert set(second.tasks) == {"grounding", "identify", "refer"}


def test_keys_beside_a_preset_win():
    settings = preset("paper", lora={"rank": 8, "alpha": 16.0, "targets": ["q_proj"]})
    assert settings.lora.rank == 8
    assert len(settings.phases) == 2


@pytest.mark.fault
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preset": "papr"}, "did you mean 'paper'"),
        ({"lora": {"rank": 4, "alpha": 8.0, "targets": ["lm_head"]}}, "'lm_head' is no linear layer"),
        ({"engine": {"zero": 4}}, "engine.zero: '4' is not allowed; allowed: 0, 1, 2, 3"),
        ({"train_conector": True}, "did you mean 'train_connector'"),
    ],
)
def test_a_wrong_section_is_refused_in_one_line(changes, message):
    with pytest.raises(ConfigurationError, match=message) as error:
        sft_settings(**changes)
    assert "\n" not in str(error.value)


@pytest.mark.fault
def test_settings_that_cannot_work_together_are_refused():
    with pytest.raises(ConfigurationError, match="needs a source of published weights"):
        pretrain_settings(optimisation=None)
    with pytest.raises(ConfigurationError, match="cache_features must be true"):
        pretrain_settings(cache_features=False)
    checkpointed = {**MODEL, "language": {**MODEL["language"], "gradient_checkpointing": True}}
    with pytest.raises(ConfigurationError, match="does not go together"):
        pretrain_settings(model=checkpointed)
    phase = sft_settings().phases[0].model_dump(mode="json")
    with pytest.raises(ConfigurationError, match="same name"):
        sft_settings(phases=[phase, phase])


@pytest.mark.system("geochat", 3)
def test_the_full_profile_has_the_published_sizes(root):
    found = {block.name.split(" ")[0]: block for block in blocks(load_section(root, "sft", "geochat-full"))}
    # CLIP ViT-L/14 at 336 px has 303,507,456; the larger grid adds 36 x 36 - 24 x 24 positions of 1024 numbers.
    assert found["vision"].parameters == 303_507_456 + (36**2 - 24**2) * 1024
    assert found["connector"].parameters == 1024 * 4096 + 4096 + 4096 * 4096 + 4096
    assert found["language"].parameters == 6_738_415_616
    assert found["adapters"].parameters == 32 * 2 * 64 * (4096 + 4096)
    assert [name for name, block in found.items() if block.trainable] == ["adapters"]


@pytest.mark.system("geochat", 3)
def test_adapters_on_all_linear_layers_have_the_scripts_count(root):
    section = load_section(root, "sft", "geochat-full")
    script = section.model_copy(update={"lora": preset("script").lora})
    attention, mlp = 4 * 64 * (4096 + 4096), 3 * 64 * (4096 + 11008)
    assert blocks(script)[-1].parameters == 32 * (attention + mlp) == 159_907_840


def test_the_laptop_profile_trains_what_the_recipe_says(root):
    trained = {block.name for block in blocks(load_section(root, "pretrain", "geochat")) if block.trainable}
    assert trained == {"connector (mlp2x-gelu)"}
    sizes = {block.name: block.parameters for block in blocks(load_section(root, "sft", "geochat"))}
    assert sizes["language (smollm2-135m)"] == 134_515_008
