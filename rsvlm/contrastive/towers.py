"""The towers by name: images and token ids to features."""

from torch import Tensor, nn
from transformers import BertConfig, BertModel, CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModel

from rsvlm.contrastive.resnet import ClipResNetTower
from rsvlm.contrastive.settings import ClipText, ClipVit, MiniLm, Text, Vision
from rsvlm.encoders.efficientnet import EfficientNetLite0Tower

_CLIP_EPSILON = 1e-5
_MLP_FACTOR = 4


class ClipVitTower(nn.Module):
    """Pixels (n, 3, size, size) to (n, width): the class token after the last norm."""

    def __init__(self, settings: ClipVit) -> None:
        """Build it with random weights."""
        super().__init__()
        self.width = settings.width
        self.model = CLIPVisionModel(
            CLIPVisionConfig(
                image_size=settings.image_size,
                patch_size=settings.patch,
                hidden_size=settings.width,
                intermediate_size=_MLP_FACTOR * settings.width,
                num_hidden_layers=settings.layers,
                num_attention_heads=settings.heads,
                hidden_act=settings.activation,
                layer_norm_eps=_CLIP_EPSILON,
            )
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (n, width) features in float32."""
        pooled: Tensor = self.model(pixel_values=pixels).pooler_output
        return pooled.float()


class ClipTextTower(nn.Module):
    """Token ids (n, length) to (n, width): the first end-of-text token after the last norm."""

    def __init__(self, settings: ClipText) -> None:
        """Build it with random weights."""
        super().__init__()
        self.width = settings.width
        self.model = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=settings.vocabulary,
                max_position_embeddings=settings.length,
                hidden_size=settings.width,
                intermediate_size=_MLP_FACTOR * settings.width,
                num_hidden_layers=settings.layers,
                num_attention_heads=settings.heads,
                hidden_act=settings.activation,
                layer_norm_eps=_CLIP_EPSILON,
                eos_token_id=settings.end_token,
                bos_token_id=settings.end_token - 1,
                pad_token_id=settings.end_token,
            )
        )

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return (n, width) features in float32. The causal attention needs no mask: nothing after the end counts."""
        pooled: Tensor = self.model(input_ids=ids).pooler_output
        return pooled.float()


class MiniLmTower(nn.Module):
    """Token ids and mask (n, length) to (n, width): the mean over the tokens that the mask keeps."""

    def __init__(self, settings: MiniLm) -> None:
        """Build it with random weights."""
        super().__init__()
        self.width = settings.width
        self.model = BertModel(
            BertConfig(
                vocab_size=settings.vocabulary,
                hidden_size=settings.width,
                num_hidden_layers=settings.layers,
                num_attention_heads=settings.heads,
                intermediate_size=_MLP_FACTOR * settings.width,
                max_position_embeddings=settings.positions,
            ),
            add_pooling_layer=False,
        )

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return (n, width) features in float32."""
        states = self.model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        kept = mask[..., None].float()
        pooled: Tensor = (states * kept).sum(dim=1) / kept.sum(dim=1).clamp_min(1)
        return pooled


def vision_tower(settings: Vision) -> nn.Module:
    """Return the image tower of the settings, with random weights and an attribute `width`."""
    match settings.kind:
        case "efficientnet-lite0":
            return EfficientNetLite0Tower()
        case "clip-vit":
            return ClipVitTower(settings)
        case "clip-resnet":
            return ClipResNetTower(settings)


def text_tower(settings: Text) -> nn.Module:
    """Return the text tower of the settings, with random weights and an attribute `width`."""
    return MiniLmTower(settings) if settings.kind == "minilm" else ClipTextTower(settings)
