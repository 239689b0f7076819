"""Sentences with a tag for every word: parts of speech, names, supertags."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.clauses import Clause, Phrase, Sampler
from workflow.scripts.laboratory.inference import askable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.scripts.laboratory.grammar import Grammar
    from workflow.scripts.laboratory.inference import Item
    from workflow.scripts.laboratory.sentences import Text, Word

    Sentence = Callable[[Grammar], Text]

_VP_MODIFIER: Final = r"(S\NP)\(S\NP)"


def sentence(sampler: Sampler, *, names: float = 0.0) -> Sentence:
    """Return a sentence of any kind: statements, some negated, joined or with pronouns, and questions.

    Args:
        sampler: where the clauses come from.
        names: the share of sentences that must have a proper name.
    """
    stream = sampler.stream
    named = stream.chance(names)
    while True:
        clause = _varied(sampler, sampler.statement())
        phrases = (clause.subject, clause.object, clause.place)
        if not named or any(phrase is not None and phrase.named for phrase in phrases):
            break
    if stream.chance(0.15):
        roles = askable(clause) if not clause.predicate else ["subject"]
        if clause.adverb:
            roles.append("adverb")
        asked = stream.choice(roles)
        return lambda grammar: grammar.written(grammar.question(clause, asked))
    if stream.chance(0.12):
        reason = sampler.statement()
        return lambda grammar: grammar.written(grammar.statement(clause, reason))
    return lambda grammar: grammar.written(grammar.statement(clause))


def _varied(sampler: Sampler, clause: Clause) -> Clause:
    stream = sampler.stream
    if stream.chance(0.22):
        clause = replace(clause, negated=True)
    if stream.chance(0.1):
        pronoun = stream.choice(concepts.PRONOUNS)
        clause = replace(clause, subject=Phrase((pronoun,), "pronoun", plural=pronoun == "they"))
    elif stream.chance(0.1) and clause.verb != "be":
        partner = replace(sampler.noun_like(clause.subject), adjective="")
        clause = replace(clause, subject=replace(clause.subject, partner=partner))
    if clause.object is not None and not clause.object.named and stream.chance(0.12):
        owner = sampler.person() if stream.chance(0.5) else sampler.phrase("worker", plain=True)
        if owner.kind == "worker":
            owner = sampler.phrase(stream.choice(concepts.CLASSES["worker"]), plain=True)
        clause = replace(clause, object=replace(clause.object, owner=owner))
    return clause


def _row(text: Text, tags: Sequence[str]) -> dict[str, object]:
    return {"tokens": [word.form for word in text.words], "tags": list(tags)}


def part_of_speech(sampler: Sampler) -> Item:
    """Return a sentence with the universal part of speech of each word."""
    spoken = sentence(sampler)

    def item(grammar: Grammar) -> dict[str, object]:
        text = spoken(grammar)
        return _row(text, [word.tag for word in text.words])

    return item


def entities(sampler: Sampler) -> Item:
    """Return a sentence with the names of people, organisations and places in BIO tags."""
    spoken = sentence(sampler, names=0.85)

    def item(grammar: Grammar) -> dict[str, object]:
        text = spoken(grammar)
        return _row(text, name_tags(text.words))

    return item


def name_tags(words: Sequence[Word]) -> list[str]:
    """Return B-, I- and O tags. Two names never touch within a role; "A and B" has a word between."""
    tags, previous = [], ("", "")
    for word in words:
        inside = bool(word.entity) and (word.entity, word.role) == previous
        tags.append(f"{'I' if inside else 'B'}-{word.entity}" if word.entity else "O")
        previous = word.entity, word.role
    return tags


def supertags(sampler: Sampler) -> Item:
    """Return a sentence with the category (argument structure included) of each word, as in CCGbank.

    The categories are those of English word order.
    """
    spoken = sentence(sampler)

    def item(grammar: Grammar) -> dict[str, object]:
        text = spoken(grammar)
        return _row(text, categories(text.words))

    return item


def categories(words: Sequence[Word]) -> list[str]:
    """Return the categories of an English sentence's words."""
    return [_category(words, index) for index in range(len(words))]


def _category(words: Sequence[Word], index: int) -> str:
    word = words[index]
    following = words[index + 1] if index + 1 < len(words) else word
    tag, role = word.tag, word.role
    if tag in _SIMPLE:
        return _SIMPLE[tag]
    if role == "wh":
        if tag == "PRON":
            return r"S[wq]/(S[dcl]\NP)" if following.tag in ("VERB", "AUX") and index == 0 else "S[wq]/(S[q]/NP)"
        return {"ADV": "S[wq]/S[q]", "DET": "NP/N", "NOUN": "N"}[tag]
    if tag == "PROPN":
        return "N/N" if following.tag == "PROPN" and following.role == role else "N"
    if tag == "ADJ":
        return r"S[adj]\NP" if words[index - 1].role == "verb" or following.tag != "NOUN" else "N/N"
    if tag == "ADV":
        return "S/S" if index == 0 else _VP_MODIFIER
    if tag == "ADP":
        if role != "adposition":
            return r"(NP\NP)/NP"
        return "(S/S)/NP" if index == 0 else f"({_VP_MODIFIER})/NP"
    return _verb_category(words, index)


_SIMPLE: Final = {
    "PUNCT": ".", "CCONJ": "conj", "SCONJ": rf"({_VP_MODIFIER})/S[dcl]", "DET": "NP/N", "NUM": "N/N", "NOUN": "N",
    "PRON": "NP", "PART": _VP_MODIFIER,
}  # fmt: skip


def _verb_category(words: Sequence[Word], index: int) -> str:
    """Return the category of a verb or auxiliary by what stands around it in its own clause."""
    word, rest = words[index], words[index + 1 :]
    group = [later for later in rest[:3] if later.role == "verb" and later.tag in ("VERB", "AUX")]
    if word.tag == "AUX" and any(later.tag == "VERB" or later.form == "be" for later in group):
        return r"(S[dcl]\NP)/(S[b]\NP)"
    if word.tag == "AUX" and rest and rest[0].role == "subject":
        return r"(S[q]/(S[b]\NP))/NP" if any(later.tag == "VERB" for later in rest) else r"(S[q]/(S[adj]\NP))/NP"
    mood = "b" if any(earlier.tag == "AUX" for earlier in words[max(0, index - 4) : index]) else "dcl"
    if word.tag == "AUX":
        complement = r"(S[adj]\NP)" if any(later.tag == "ADJ" for later in rest[:2]) else "NP"
        return rf"(S[{mood}]\NP)/{complement}"
    return rf"(S[{mood}]\NP)/NP" if _takes_object(words, index) else rf"S[{mood}]\NP"


def _takes_object(words: Sequence[Word], index: int) -> bool:
    """Return whether an object follows in the same clause or is what the question asks for."""
    for later in words[index + 1 :]:
        if later.tag == "SCONJ":
            return False
        if later.role == "object":
            return True
    asked = words[0].role == "wh" and words[0].tag in ("PRON", "DET")
    return asked and any(word.role == "subject" for word in words)
