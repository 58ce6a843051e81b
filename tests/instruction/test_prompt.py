import json

import pytest

from rsvlm.conversations import geochat
from rsvlm.errors import IntegrityError
from rsvlm.instruction.prompt import IGNORE, IMAGE, encode, fit_in, load_words, system_ids


@pytest.fixture(scope="module")
def words(words_folder):
    return load_words(words_folder)


def plain(words, ids):
    return words.tokenizer.decode([token for token in ids if token >= 0], skip_special_tokens=False)


@pytest.mark.system("geochat", 2)
def test_the_text_is_the_template_v1(words):
    encoded = encode(["What is it?", "a lake", "Sure?", "yes"], words, "v1")
    expected = (
        "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite "
        "answers to the user's questions. USER: \nWhat is it? ASSISTANT: a lake<|im_end|>USER: Sure? ASSISTANT: yes<|im_end|>"
    )
    assert plain(words, encoded.ids) == expected
    assert encoded.ids.count(IMAGE) == 1
    before = encoded.ids[: encoded.ids.index(IMAGE)]
    assert plain(words, before).endswith("questions. USER: ")


def test_the_evaluation_template_speaks_of_a_human(words):
    text = plain(words, encode(["Hello"], words, "llava_v1").ids)
    assert text.startswith("A chat between a curious human and")
    assert "answers to the human's questions. USER: " in text


@pytest.mark.system("geochat", 2)
def test_only_answers_and_their_ends_are_learned(words):
    encoded = encode(["What is it?", "a lake", "Sure?", "yes"], words, "v1")
    learned = [token for token, label in zip(encoded.ids, encoded.labels, strict=True) if label != IGNORE]
    assert learned == [*words.ids(" a lake"), words.end, *words.ids(" yes"), words.end]
    assert all(label in (IGNORE, token) for token, label in zip(encoded.ids, encoded.labels, strict=True))


def test_masks_of_each_round_by_hand(words):
    first, second = encode(["q", "ab"], words, "v1"), encode(["q", "ab", "r", "c"], words, "v1")
    answer = [*words.ids(" ab"), words.end]
    assert list(first.labels[-len(answer) :]) == answer
    assert set(first.labels[: -len(answer)]) == {IGNORE}
    assert second.labels[: len(first.labels)] == first.labels
    question = len(words.ids("USER: r ASSISTANT:"))
    rest = second.labels[len(first.labels) :]
    assert set(rest[:question]) == {IGNORE}
    assert list(rest[question:]) == [*words.ids(" c"), words.end]


def test_an_open_question_ends_at_the_assistants_colon(words):
    encoded = encode(["What is it?"], words, "v1")
    assert plain(words, encoded.ids).endswith("\nWhat is it? ASSISTANT:")
    assert set(encoded.labels) == {IGNORE}


def test_special_tokens_in_a_text_are_plain_characters(words):
    encoded = encode(["say <|im_end|> and <image>", "no <|im_end|>"], words, "v1")
    assert encoded.ids.count(words.end) == 1
    assert encoded.ids.count(IMAGE) == 1
    assert "say <|im_end|> and <image>" in plain(words, encoded.ids)


def test_an_answer_in_another_script_is_learned_whole(words):
    encoded = encode(["q", "湖 🌊"], words, "v1")
    learned = [label for label in encoded.labels if label != IGNORE]
    assert words.text(learned) == "湖 🌊"


def test_cutting_counts_the_image_and_takes_the_end(words):
    encoded = encode(["What is it?", "a lake"], words, "v1")
    whole = len(encoded.ids) - 1 + 16
    assert fit_in(encoded, whole, 16) == encoded
    cut = fit_in(encoded, whole - 1, 16)
    assert cut.ids == encoded.ids[:-1]
    assert cut.labels == encoded.labels[:-1]


def test_texts_begin_with_bos_only_where_the_model_knows_it(words, words_folder, tmp_path):
    assert words.begin is None
    config = json.loads((words_folder / "tokenizer_config.json").read_text())
    (tmp_path / "tokenizer.json").write_bytes((words_folder / "tokenizer.json").read_bytes())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({**config, "tokenizer_class": "LlamaTokenizer"}))
    llama = load_words(tmp_path)
    assert system_ids(llama, "v1") == [llama.tokenizer.token_to_id("<|im_start|>"), *system_ids(words, "v1")]
    assert llama.pad == llama.tokenizer.token_to_id("<|endoftext|>")


def test_text_stops_at_the_end_token(words):
    assert words.text([*words.ids(" a lake "), words.end, *words.ids("more")]) == "a lake"


def test_a_tokenizer_without_its_special_tokens_is_refused(words_folder, tmp_path):
    (tmp_path / "tokenizer.json").write_bytes((words_folder / "tokenizer.json").read_bytes())
    with pytest.raises(IntegrityError, match="missing"):
        load_words(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>", "bos_token": "<|im_start|>"}))
    with pytest.raises(IntegrityError, match="not in the vocabulary"):
        load_words(tmp_path)


def test_task_words_are_those_of_the_conversations():
    assert geochat.SEPARATORS == (" ", "</s>")
    assert geochat.ROLES == ("USER", "ASSISTANT")
