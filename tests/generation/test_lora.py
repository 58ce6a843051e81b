"""RS-SD's variant with adapters: what is trained, what is stored, and that others can read it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from torch import Tensor

from rsvlm.errors import ConfigurationError
from rsvlm.generation.denoiser import build_unet, unet_configuration
from rsvlm.generation.objective import NoisyBatch, diffusion_loss, draw
from rsvlm.generation.plan import blocks
from rsvlm.generation.schedule import make_schedule
from rsvlm.generation.settings import AttentionLora, Denoiser, Diffusion, GenerationPretrainSettings
from rsvlm.recipes.yaml import read_yaml
from rsvlm.settings import validate
from rsvlm.training.loop import Place, fit
from rsvlm.training.lora import adapter_parameters, adapter_state, add_adapters, merged_state, save_adapters
from rsvlm.training.settings import OptimisationSettings

RECIPE = Path(__file__).parents[2] / "recipes" / "generation" / "rs-sd.yaml"
SCRATCH = {**read_yaml(RECIPE)["pretrain"]["rs-sd-full"]["denoiser"], "start": None}
LORA = AttentionLora(rank=4, alpha=8.0)
DIFFUSION = Diffusion(prediction="v_prediction")
OPTIMISATION = OptimisationSettings(steps=5, batch=4, learning_rate=1e-2, precision="float32", ema=0.9, checkpoint_every=3)

pytestmark = pytest.mark.system("rs-sd", 2)


def small_unet() -> Any:
    torch.manual_seed(0)
    small = Denoiser(channels=(16, 32), attention=(True, True), blocks=1, head_width=8, groups=8)
    return build_unet(unet_configuration(small, latent_channels=4, text_width=24, sample_size=8))


def noisy() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(7)
    return torch.randn(2, 4, 8, 8, generator=generator), torch.tensor([3, 700]), torch.randn(2, 6, 24, generator=generator)


def said(unet: Any) -> Tensor:
    with torch.no_grad():
        predicted: Tensor = unet.eval()(*noisy(), return_dict=False)[0]
    return predicted


@pytest.fixture
def trained(tmp_path: Path) -> Any:
    """A U-Net with adapters, after a few steps of latent diffusion."""
    unet = small_unet()
    add_adapters(unet, LORA, torch.Generator().manual_seed(1))
    schedule = make_schedule(DIFFUSION)
    clean, states = torch.randn(4, 4, 8, 8), torch.randn(4, 6, 24)

    def batch(rows: Any, place: Place) -> NoisyBatch:
        return draw(clean[list(rows)], states[list(rows)], torch.zeros(1, 6, 24), schedule, 0.1, place.generator)

    def objective(model: Any, made: NoisyBatch, place: Place) -> Tensor:
        return diffusion_loss(model, made, schedule)

    fit(unet.train(), objective, batch, samples=4, settings=OPTIMISATION, seed=5, scratch=tmp_path / "scratch")
    return unet


def test_adapters_alone_learn(trained: Any) -> None:
    before, after = small_unet().state_dict(), trained.state_dict()
    assert all(torch.equal(value, before[name.replace(".base_layer", "")]) for name, value in after.items() if ".lora_" not in name)
    assert any(float(value.abs().max()) > 0 for name, value in after.items() if ".lora_B" in name)
    places = {name.split(".lora_")[0].partition(".attn")[2][2:] for name in adapter_state(trained)}
    assert places == {"to_q", "to_k", "to_v", "to_out.0"}
    assert not torch.allclose(said(trained), said(small_unet()), atol=1e-4)


def test_merged_weights_predict_what_adapters_do(trained: Any) -> None:
    merged = small_unet()
    merged.load_state_dict(merged_state(trained))
    torch.testing.assert_close(said(merged), said(trained), atol=1e-5, rtol=1e-4)


def test_peft_reads_the_stored_adapters(trained: Any, tmp_path: Path) -> None:
    save_adapters(trained, LORA, "some-base", tmp_path / "adapter")
    read = PeftModel.from_pretrained(small_unet(), str(tmp_path / "adapter"))
    torch.testing.assert_close(said(read), said(trained))


def full(**changes: Any) -> GenerationPretrainSettings:
    section = read_yaml(RECIPE)["pretrain"]["rs-sd-full"] | changes
    return validate(GenerationPretrainSettings, section, "rs-sd-full")


def test_the_plan_of_the_published_size_counts_the_adapters() -> None:
    found = {block.name: block for block in blocks(full(lora={"rank": 4, "alpha": 4.0}))}
    assert not found["denoiser"].trainable
    assert found["denoiser"].parameters == 865_910_724
    # Per transformer block of width w: self-attention 4 layers w to w, cross-attention two w to w and two 1024 to w.
    widths = 2 * [320] + 2 * [640] + 2 * [1280] + [1280] + 3 * [1280] + 3 * [640] + 3 * [320]
    assert found["adapters (rank 4)"] == type(found["denoiser"])(
        "adapters (rank 4)", sum(4 * (6 * 2 * w + 2 * (w + 1024)) for w in widths), trainable=True
    )
    unet = small_unet()
    expected = adapter_parameters(unet, LORA)
    add_adapters(unet, LORA, torch.Generator())
    assert sum(parameter.numel() for parameter in unet.parameters() if parameter.requires_grad) == expected


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"lora": {"rank": 4, "alpha": 4.0}, "denoiser": SCRATCH},
            "denoiser.start",
        ),
        ({"lora": {"rank": 4, "alpha": 4.0, "targets": ["conv1"]}}, "to_q"),
        ({"lora": {"rank": 0, "alpha": 4.0}}, "rank"),
    ],
)
def test_what_adapters_need(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        full(**changes)
