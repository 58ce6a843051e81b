import math

import pytest
import torch
from torch.nn import functional

from rsvlm.contrastive.objective import info_nce

IDENTITY = torch.eye(2)


def naive(images, texts, ids, scale):
    """The formula, number by number."""
    count = len(ids)
    total = 0.0
    for queries, keys in ((images, texts), (texts, images)):
        for row in range(count):
            logits = [scale * sum(float(a) * float(b) for a, b in zip(queries[row], keys[column], strict=True)) for column in range(count)]
            norm = math.log(sum(math.exp(logit) for logit in logits))
            positives = [logits[column] for column in range(count) if ids[column] == ids[row]]
            total += norm - sum(positives) / len(positives)
    return total / (2 * count)


def batch(count=9, kinds=4, size=5):
    generator = torch.Generator().manual_seed(2)
    images, texts = (functional.normalize(torch.randn(count, size, generator=generator), dim=-1) for _ in range(2))
    return images, texts, torch.randint(kinds, (count,), generator=generator)


@pytest.mark.system("remoteclip", 2)
def test_two_orthogonal_pairs_by_hand():
    # Each row has logits (2, 0): loss = log(e^2 + 1) - 2.
    loss = info_nce(IDENTITY, IDENTITY, torch.tensor([0, 1]), torch.tensor(2.0))
    assert float(loss) == pytest.approx(math.log(math.exp(2) + 1) - 2, abs=1e-6)


@pytest.mark.system("remoteclip", 2)
def test_equal_captions_are_positives_by_hand():
    # Both texts are the same: each row's positives are both columns, and their mean logit is 1.
    same = torch.tensor([7, 7])
    assert float(info_nce(IDENTITY, IDENTITY, same, torch.tensor(2.0))) == pytest.approx(math.log(math.exp(2) + 1) - 1, abs=1e-6)
    strict = info_nce(IDENTITY, IDENTITY, same, torch.tensor(2.0), equal_positives=False)
    assert float(strict) == pytest.approx(math.log(math.exp(2) + 1) - 2, abs=1e-6)


def test_published_loss_is_two_cross_entropies():
    images, texts, _ = batch()
    logits = 14.3 * images @ texts.T
    target = torch.arange(len(images))
    expected = (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2
    torch.testing.assert_close(info_nce(images, texts, target, torch.tensor(14.3)), expected)


@pytest.mark.system("remoteclip", 2)
def test_several_positives_equal_the_naive_loop():
    images, texts, ids = batch()
    assert float(info_nce(images, texts, ids, torch.tensor(5.0))) == pytest.approx(naive(images, texts, ids.tolist(), 5.0), abs=1e-5)


@pytest.mark.parametrize("chunk", [1, 2, 4, 9, 100])
def test_chunks_change_neither_loss_nor_gradients(chunk):
    images, texts, ids = (tensor.double() if tensor.is_floating_point() else tensor for tensor in batch())
    results = []
    for size in (None, chunk):
        leaves = [tensor.clone().requires_grad_() for tensor in (images, texts, torch.tensor(5.0, dtype=torch.float64))]
        loss = info_nce(leaves[0], leaves[1], ids, leaves[2], chunk=size)
        loss.backward()
        results.append((loss.detach(), *(leaf.grad for leaf in leaves)))
    for whole, parts in zip(*results, strict=True):
        torch.testing.assert_close(whole, parts, rtol=0, atol=1e-6)


def test_one_pair_alone_has_no_loss():
    vector = torch.tensor([[0.6, 0.8]])
    assert float(info_nce(vector, vector, torch.tensor([3]), torch.tensor(10.0))) == pytest.approx(0.0, abs=1e-6)
