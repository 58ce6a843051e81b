import pytest
import torch
from torch.nn import functional

from rsvlm.instruction.batches import collate, collate_parts, parts_by_length
from rsvlm.instruction.chat import Chat, build_connector, initialise_connector
from rsvlm.instruction.language import build_language
from rsvlm.instruction.prompt import IGNORE, IMAGE, encode, load_words, system_ids
from tests.instruction.conftest import tiny_config

TALKS = (["What is the scene in this image?", "a red field"], ["Describe.", "a blue lake", "Where?", "here"], ["What?", "a"])


@pytest.fixture(scope="module")
def words(words_folder):
    return load_words(words_folder)


def chat(words, share):
    torch.manual_seed(1)
    language = build_language(tiny_config()).eval()
    connector = build_connector(8, 32)
    initialise_connector(connector, language.get_input_embeddings().weight, torch.Generator().manual_seed(2))
    return Chat(connector, language, system_ids(words, "v1"), share_system=share)


@pytest.fixture(scope="module")
def features():
    return torch.randn(3, 4, 8, generator=torch.Generator().manual_seed(6))


def naive_logits(model, words, encoded, features):
    """One row alone: ids in order, the image's tokens in the place of its placeholder, nothing shared, nothing filled up."""
    embed = model.language.get_input_embeddings()
    place = encoded.ids.index(IMAGE)
    parts = [embed(torch.tensor(encoded.ids[:place])), model.connector(features), embed(torch.tensor(encoded.ids[place + 1 :]))]
    labels = [*encoded.labels[:place], *[IGNORE] * len(features), *encoded.labels[place + 1 :]]
    return model.language(inputs_embeds=torch.cat(parts)[None]).logits[0], torch.tensor(labels)


@pytest.mark.system("geochat", 2)
@pytest.mark.parametrize("share", [False, True])
def test_loss_is_the_token_mean_of_rows_computed_alone(words, features, share):
    model = chat(words, share)
    encoded = [encode(turns, words, "v1") for turns in TALKS]
    losses = []
    for row, one in enumerate(encoded):
        logits, labels = naive_logits(model, words, one, features[row])
        for position, label in enumerate(labels.tolist()):
            if label != IGNORE:
                losses.append(-functional.log_softmax(logits[position - 1], -1)[label])
    expected = torch.stack(losses).mean()
    assert torch.isclose(model([collate(encoded, features, words.pad)]), expected, atol=1e-5)
    assert torch.isclose(model(collate_parts(encoded, features, words.pad)), expected, atol=1e-5)


def test_rows_of_about_equal_length_come_together():
    assert parts_by_length([31, 200, 5, 33, 64, 201]) == [[0, 2], [3, 4], [1, 5]]


def test_sharing_the_system_text_changes_neither_loss_nor_gradient(words, features):
    results = []
    for share in (False, True):
        model = chat(words, share)
        loss = model(collate_parts([encode(turns, words, "v1") for turns in TALKS], features, words.pad))
        loss.backward()
        results.append((loss.detach(), {name: p.grad for name, p in model.named_parameters()}))
    assert torch.isclose(results[0][0], results[1][0], atol=1e-6)
    for name, gradient in results[0][1].items():
        assert torch.allclose(gradient, results[1][1][name], atol=1e-5), name


@pytest.mark.parametrize("share", [False, True])
def test_answers_in_a_batch_are_those_of_rows_asked_alone(words, features, share):
    model = chat(words, share)
    questions = [encode([turns[0]], words, "v1") for turns in TALKS]
    together = model.generate(collate(questions, features, words.pad, to_answer=True), words.end, 6)
    for row, question in enumerate(questions):
        ids = list(question.ids)
        for _ in range(6):
            logits, _ = naive_logits(model, words, type(question)(tuple(ids), (IGNORE,) * len(ids)), features[row])
            ids.append(int(logits[-1].argmax()))
            if ids[-1] == words.end:
                break
        assert together[row] == ids[len(question.ids) :]


def test_generation_stops_row_by_row(words, features):
    model = chat(words, True)
    questions = [encode([turns[0]], words, "v1") for turns in TALKS]
    batch = collate(questions, features, words.pad, to_answer=True)
    first = model.generate(batch, words.end, 4)
    end = first[0][1]
    answers = model.generate(batch, end, 4)
    assert answers[0] == first[0][: first[0].index(end) + 1]
    assert all(answer.count(end) <= 1 for answer in answers)


def test_rows_are_filled_up_behind_for_training_and_before_for_answers(words, features):
    encoded = [encode(turns, words, "v1") for turns in TALKS]
    lengths = [len(one.ids) - one.ids.index(IMAGE) - 1 for one in encoded]
    train, ask = collate(encoded, features, words.pad), collate(encoded, features, words.pad, to_answer=True)
    for row, length in enumerate(lengths):
        assert train.attention[row].tolist() == [True] * length + [False] * (max(lengths) - length)
        assert ask.attention[row].tolist() == [False] * (max(lengths) - length) + [True] * length
        assert set(train.rest[row, length:].tolist()) <= {words.pad}
        assert set(train.labels[row, length:].tolist()) <= {IGNORE}


@pytest.mark.system("geochat", 2)
def test_a_fresh_connector_speaks_about_as_loud_as_words():
    connector = build_connector(1280, 576)
    words = torch.randn(1000, 576) * 0.13
    initialise_connector(connector, words, torch.Generator().manual_seed(0))
    spread = connector(torch.randn(64, 1280)).std()
    assert 0.3 < spread / words.std() < 1.5
    assert [type(layer).__name__ for layer in connector] == ["Linear", "GELU", "Linear"]
