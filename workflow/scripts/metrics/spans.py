"""Exact match and token F1 of extracted answers: SQuAD v1.1 and v2, XQuAD, TyDiQA-GoldP, MLQA.

Each question scores the best of its gold answers; a data set scores the mean over its questions. The three
official scripts differ in how they normalise an answer before they compare it and in what an empty answer is
worth:

    squad_v1   English articles and ASCII punctuation go, tokens are what white space separates, in *every*
               language (XQuAD, TyDiQA). An answer that normalises to nothing never has an F1 above 0.
    squad_v2   as v1; a question without gold answers is right if and only if the prediction is empty.
    mlqa       articles of the answer's own language and the punctuation of all of Unicode go, and Chinese
               characters are tokens.

`span_language_aware` is no benchmark's: MLQA's rules for answers in any language, beside the official figures of XQuAD
and TyDiQA, which count a Thai or Chinese answer as one word and know English articles only.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from math import fsum

MLQA_ARTICLES: Mapping[str, str] = {
    "en": "a|an|the",
    "es": "un|una|unos|unas|el|la|los|las",
    "vi": "của|là|cái|chiếc|những",
    "de": "ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des",
}
"""Words that the MLQA script drops; it has none for Hindi and Chinese, and a rule of its own for Arabic."""

MLQA_LANGUAGES = frozenset({*MLQA_ARTICLES, "ar", "hi", "zh"})

_ENGLISH_ARTICLES = re.compile(rf"\b({MLQA_ARTICLES['en']})\b")
_MLQA_PATTERNS = {code: re.compile(rf"\b({words})\b") for code, words in MLQA_ARTICLES.items()}
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_HAN = re.compile("[\u4e00-\u9fa5]")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""

_ARABIC_ARTICLE = "\u0627\u0644"  # alef lam

Answers = Sequence[str]


def normalise_squad(text: str) -> str:
    """Return the answer in lower case without ASCII punctuation, English articles and extra white space.

    Source: `normalize_answer` in google-research/xtreme `third_party/evaluate_squad.py` (SQuAD v1.1).
    """
    return " ".join(_ENGLISH_ARTICLES.sub(" ", text.lower().translate(_ASCII_PUNCTUATION)).split())


def normalise_mlqa(text: str, language: str) -> str:
    """Return the answer as the MLQA script compares it; splitting the result at spaces gives its tokens.

    Arabic: the script's pattern for the article has an anchor in the wrong place, so it replaces *every*
    alef-lam, also inside words; so do we. Languages that MLQA does not have (the script stops there) keep all
    words.

    Source: `normalize_answer` in facebookresearch/MLQA `mlqa_evaluation_v1.py`.
    """
    text = "".join(char for char in text.lower() if not _is_punctuation(char))
    if language in _MLQA_PATTERNS:
        text = _MLQA_PATTERNS[language].sub(" ", text)
    elif language == "ar":
        text = text.replace(_ARABIC_ARTICLE, " ")
    elif language == "zh":
        text = _HAN.sub(r" \g<0> ", text)
    return " ".join(text.split())


def normalise_language_aware(text: str, language: str) -> str:
    """Return the answer as MLQA's rules, extended to all languages, compare it; spaces separate its tokens.

    Languages of MLQA are normalised as there. In others nothing is an article, and in scripts without spaces between
    words each letter is a token, with the vowel signs and tone marks that belong to it (Thai, Japanese).
    """
    text = normalise_mlqa(text, language)
    if language in MLQA_LANGUAGES or not _UNSPACED.search(text):
        return text
    letters: list[str] = []
    for char in text:
        if letters and unicodedata.category(char).startswith("M"):
            letters[-1] += char
        else:
            letters.append(char)
    return " ".join("".join(f" {letter} " if _UNSPACED.match(letter) else letter for letter in letters).split())


@lru_cache(maxsize=4096)
def _is_punctuation(char: str) -> bool:
    """Whether Unicode calls the character punctuation, or ASCII does (`$+<=>^|~` are Unicode symbols)."""
    return char in string.punctuation or unicodedata.category(char).startswith("P")


def token_f1(gold: str, predicted: str) -> float:
    """Return the F1 (0..1) of the tokens of two normalised answers as bags; 0 where they share none."""
    gold_tokens, predicted_tokens = gold.split(), predicted.split()
    shared = sum((Counter(gold_tokens) & Counter(predicted_tokens)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(predicted_tokens), shared / len(gold_tokens)
    return 2.0 * precision * recall / (precision + recall)


def squad_v1(gold: Sequence[Answers], predicted: Sequence[str | None], language: str = "") -> dict[str, float]:
    """Return exact match and F1 as XTREME computes them for XQuAD and TyDiQA.

    Args:
        gold: for each question the texts of its gold answers, at least one.
        predicted: for each question the answer found; None, an unanswered question, scores 0.
        language: not used: the English rules hold for every language.

    Returns:
        `{"f1": 0..100, "exact_match": 0..100}`.

    Raises:
        ValueError: no questions, not one prediction per question, or a question without gold answer.
    """
    return _best_answers(gold, predicted, normalise_squad, token_f1)


def mlqa(gold: Sequence[Answers], predicted: Sequence[str | None], language: str) -> dict[str, float]:
    """Return exact match and F1 of answers in `language` as the MLQA script computes them.

    Args, result and errors are those of `squad_v1`, but for `language`, the code of the answers' language
    (the context's).
    """
    return _best_answers(gold, predicted, partial(normalise_mlqa, language=language), token_f1)


def span_language_aware(gold: Sequence[Answers], predicted: Sequence[str | None], language: str) -> dict[str, float]:
    """Return exact match and F1 by `normalise_language_aware`, as `f1_language_aware` and `exact_match_language_aware`.

    Args and errors are those of `mlqa`, whose scores it equals in the languages of MLQA.
    """
    scores = _best_answers(gold, predicted, partial(normalise_language_aware, language=language), token_f1)
    return {f"{name}_language_aware": value for name, value in scores.items()}


def squad_v2(gold: Sequence[Answers], predicted: Sequence[str | None], language: str = "") -> dict[str, float]:
    """Return exact match and F1 as the SQuAD v2.0 script computes them, no threshold applied.

    Args, result and errors are those of `squad_v1`, but for these: no gold answers means unanswerable, an
    empty prediction means "no answer". Gold answers that normalise to nothing are left out, and an empty side
    agrees with an empty side only. A question without a prediction (None) scores 0, as in v1.1; the official v2.0
    script leaves it out of the mean.

    Source: `get_raw_scores` in rajpurkar/SQuAD-explorer `evaluate-v2.0.py`.
    """
    return _means(*v2_scores(gold, predicted))


def v2_scores(gold: Sequence[Answers], predicted: Sequence[str | None]) -> tuple[list[float], list[float]]:
    """Return F1 and exact match (0..1) of each question by the rules of `squad_v2`."""
    answerable = [[text for text in answers if normalise_squad(text)] or [""] for answers in gold]
    return _question_scores(answerable, predicted, normalise_squad, _f1_or_agreement)


def _f1_or_agreement(gold: str, predicted: str) -> float:
    """Return the token F1, or whether both are empty where one of them is."""
    return token_f1(gold, predicted) if gold and predicted else float(gold == predicted)


def _best_answers(
    gold: Sequence[Answers],
    predicted: Sequence[str | None],
    normalise: Callable[[str], str],
    f1: Callable[[str, str], float],
) -> dict[str, float]:
    """Return the means over questions of the best F1 and the best exact match over gold answers, 0-100."""
    return _means(*_question_scores(gold, predicted, normalise, f1))


def _question_scores(
    gold: Sequence[Answers],
    predicted: Sequence[str | None],
    normalise: Callable[[str], str],
    f1: Callable[[str, str], float],
) -> tuple[list[float], list[float]]:
    """Return the best F1 and the best exact match (0..1) over gold answers of each question."""
    f1s, matches = [], []
    for i, (answers, prediction) in enumerate(zip(gold, predicted, strict=True)):
        if not answers:
            raise ValueError(f"question {i} has no gold answer; only squad_v2 has unanswerable questions")
        if prediction is None:
            f1s.append(0.0)
            matches.append(0.0)
            continue
        found = normalise(prediction)
        expected = {normalise(text) for text in answers}
        f1s.append(max(f1(text, found) for text in expected))
        matches.append(float(found in expected))
    return f1s, matches


def _means(f1s: Sequence[float], matches: Sequence[float]) -> dict[str, float]:
    """Return the means of questions' scores, 0-100."""
    if not f1s:
        raise ValueError("answer scores of no questions are undefined")
    # fsum: the same bits in whatever order the rows come
    return {"f1": 100.0 * fsum(f1s) / len(f1s), "exact_match": 100.0 * sum(matches) / len(f1s)}
