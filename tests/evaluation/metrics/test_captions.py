import random

import numpy as np
import pytest
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge

from rsvlm.evaluation.metrics import meteor as meteor_module
from rsvlm.evaluation.metrics.bleu import corpus_bleu
from rsvlm.evaluation.metrics.captions import score_captions
from rsvlm.evaluation.metrics.constant import best_constant, constant_cider
from rsvlm.evaluation.metrics.meteor import meteor, meteor_command
from rsvlm.evaluation.metrics.ngrams import describe
from rsvlm.evaluation.metrics.rouge import common_subsequence
from rsvlm.evaluation.metrics.tokens import tokenise

WORDS = ("many some green trees buildings are near a the road river with two planes parked in an airport square").split()  # noqa: SIM905


@pytest.fixture(scope="module")
def corpus():
    chance = random.Random(5)

    def sentence():
        return " ".join(chance.choice(WORDS) for _ in range(chance.randint(1, 14))) + " ."

    pool = [sentence() for _ in range(60)]
    references = [[chance.choice(pool) for _ in range(5)] for _ in range(80)]
    candidates = [chance.choice(texts) if chance.random() < 0.3 else sentence() for texts in references]
    candidates[0], candidates[1] = "", "trees"
    return candidates, references


@pytest.fixture(scope="module")
def reference_scores(corpus):
    candidates, references = corpus
    truth = {index: [" ".join(tokenise(text)) for text in texts] for index, texts in enumerate(references)}
    answers = {index: [" ".join(tokenise(text))] for index, text in enumerate(candidates)}
    return (
        Bleu(4).compute_score(truth, answers, verbose=0)[0],
        Rouge().compute_score(truth, answers)[1],
        Cider().compute_score(truth, answers)[1],
    )


@pytest.mark.system("geochat", 2)
def test_bleu_rouge_and_cider_equal_the_reference_implementation(corpus, reference_scores):
    scores = score_captions(*corpus)
    bleu, rouge, cider = reference_scores
    np.testing.assert_allclose(corpus_bleu(scores.bleu.sum(axis=0, keepdims=True))[0], bleu, atol=1e-9)
    np.testing.assert_allclose(scores.rouge_l, rouge, atol=1e-9)
    np.testing.assert_allclose(scores.cider, cider, atol=1e-9)


def test_bleu_by_hand():
    counts = score_captions(["the cat the cat on the mat"], [["the cat is on the mat", "a cat sat"]]).bleu[0]
    # unigrams: the (2 of 3), cat (1 of 2), on, mat; bigrams: the cat (1 of 2), on the, the mat
    assert counts.tolist() == [5, 3, 1, 0, 7, 6, 5, 4, 7, 6]


def test_common_subsequence_equals_the_table():
    chance = random.Random(1)
    for _ in range(200):
        first, second = (tuple(chance.choice("abcd") for _ in range(chance.randint(0, 12))) for _ in range(2))
        table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
        for i, x in enumerate(first):
            for j, y in enumerate(second):
                table[i + 1][j + 1] = table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
        assert common_subsequence(first, second) == table[-1][-1]


@pytest.mark.parametrize(
    ("caption", "tokens"),
    [
        ("Some white planes, parked.", "some white planes parked"),
        ("there's a well-lit road; it doesn't end", "there 's a well-lit road it does n't end"),
        ("Two houses can't be seen near farm B.", "two houses ca n't be seen near farm b."),
        ("1,000 cars (red) at 3.5 m etc.", "1,000 cars -lrb- red -rrb- at 3.5 m etc."),
        ("the bird's nest … cannot", "the bird 's nest … can not"),
        ("", ""),
    ],
)
def test_tokens_follow_the_penn_treebank(caption, tokens):
    assert " ".join(tokenise(caption)) == tokens


def test_mismatched_lists_are_refused():
    with pytest.raises(ValueError, match="1 candidates for 2 images"):
        describe(["a"], [["b"], ["c"]])


def test_the_best_constant_caption_is_found_by_trying_all():
    captions = [["a road near trees", "a road near trees"], ["a road near trees", "a big river"], ["some planes", "a big river here"]]
    tried = sorted({text for texts in captions for text in texts})
    slow = [score_captions([text] * 3, captions).cider.mean() for text in tried]
    np.testing.assert_allclose(constant_cider(tried, captions), slow, atol=1e-12)
    assert best_constant(captions) == tried[int(np.argmax(slow))]


def test_meteor_is_left_out_without_java(monkeypatch):
    monkeypatch.setattr(meteor_module.shutil, "which", lambda name: None)
    assert meteor_command() is None
    with pytest.raises(meteor_module.RsvlmError, match="needs Java"):
        meteor(["a"], [["a"]])


@pytest.mark.integration
@pytest.mark.skipif(meteor_command() is None, reason="needs Java and pycocoevalcap")
def test_meteor_is_that_of_its_own_program(corpus):
    from pycocoevalcap.meteor.meteor import Meteor

    candidates, references = corpus
    assert sum(answer in texts for answer, texts in zip(*corpus, strict=True)) >= 10, "word for word is a case of its own"
    truth = {index: [" ".join(tokenise(text)) for text in texts] for index, texts in enumerate(references)}
    answers = {index: [" ".join(tokenise(text))] for index, text in enumerate(candidates)}
    expected, _ = Meteor().compute_score(truth, answers)
    draws = np.random.default_rng(3).integers(0, len(candidates), (2, len(candidates)))
    value, drawn = meteor(candidates, references, draws)
    assert value == pytest.approx(expected, abs=1e-9)
    for draw, score in zip(draws.tolist(), drawn, strict=True):
        again = {number: truth[index] for number, index in enumerate(draw)}, {number: answers[index] for number, index in enumerate(draw)}
        assert score == pytest.approx(Meteor().compute_score(*again)[0], abs=1e-9)
