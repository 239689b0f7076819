"""Paragraphs with questions: spans, unanswerable questions, information-seeking questions, and their choices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.clauses import Clause, Phrase, Sampler, with_phrase
from workflow.scripts.laboratory.inference import askable, kind_asked, synonymous

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.scripts.laboratory.grammar import Grammar
    from workflow.scripts.laboratory.inference import Item


def paragraph(sampler: Sampler, sentences: int) -> list[Clause]:
    """Return clauses with different verbs (no synonyms), subjects, objects and places."""
    clauses: list[Clause] = []
    verbs: set[str] = set()
    heads: set[tuple[str, ...]] = set()
    while len(clauses) < sentences:
        clause = sampler.action()
        if clause.verb in verbs:
            continue
        mentioned = [phrase.head for phrase in (clause.subject, clause.object, clause.place) if phrase is not None]
        if heads.intersection(mentioned):
            continue
        heads.update(mentioned)
        verbs.update((clause.verb, concepts.VERBS[clause.verb].synonym))
        clauses.append(replace(clause, fronted=clause.fronted and sampler.stream.chance(0.5)))
    return clauses


def specific(clauses: Sequence[Clause], sampler: Sampler) -> tuple[int, str]:
    """Return (index of a clause, role asked for) such that the rest of the clause says something."""
    while True:
        index = sampler.stream.below(len(clauses))
        roles = askable(clauses[index])
        if len(roles) > 1:
            return index, sampler.stream.choice(roles)
        if sampler.stream.chance(0.2):
            return index, roles[0]


def _span_item(clauses: Sequence[Clause], question: Clause, asked: str, index: int, which: str = "") -> Item:
    """Return a row of the span family; `index` -1 means that there is no answer."""

    def item(grammar: Grammar) -> dict[str, object]:
        sentences = [grammar.statement(clause) for clause in clauses]
        text = grammar.written(*sentences)
        answers: list[dict[str, object]] = []
        if index >= 0:
            first = sum(len(sentence) for sentence in sentences[:index])
            answer, start = text.span(asked, first=first, last=first + len(sentences[index]))
            answers.append({"text": answer, "start": start})
        return {"context": text.text, "question": grammar.ask(question, asked, which=which), "answers": answers}

    return item


def asked_clause(sampler: Sampler, clause: Clause, asked: str) -> Clause:
    """Return the clause as a question mentions it: mostly without adverb, half of the time without the place."""
    stream = sampler.stream
    if clause.adverb and stream.chance(0.7):
        clause = replace(clause, adverb="")
    if clause.place is not None and asked != "place" and clause.object is not None and stream.chance(0.5):
        clause = replace(clause, place=None)
    return replace(clause, fronted=False)


def reading(sampler: Sampler) -> Item:
    """Return a paragraph of three sentences, a question on one of them and the span that answers it."""
    clauses = paragraph(sampler, 3)
    index, asked = specific(clauses, sampler)
    return _span_item(clauses, asked_clause(sampler, clauses[index], asked), asked, index)


def reading_unanswerable(sampler: Sampler) -> Item:
    """Return a row as `reading`; one time in three the question is on something the paragraph does not say."""
    stream = sampler.stream
    clauses = paragraph(sampler, 3)
    index, asked = specific(clauses, sampler)
    question = asked_clause(sampler, clauses[index], asked)
    if not stream.chance(1 / 3):
        return _span_item(clauses, question, asked, index)
    roles = [role for role in askable(question) if role != asked]
    if roles and stream.chance(0.6):
        role = stream.choice(roles)
        question = with_phrase(question, role, sampler.noun_like(getattr(question, role)))
        return _span_item(clauses, question, asked, -1)
    said = {clause.verb for clause in clauses} | {concepts.VERBS[clause.verb].synonym for clause in clauses}
    while True:
        other = sampler.action()
        if other.verb not in said and asked in askable(other):
            return _span_item(clauses, asked_clause(sampler, other, asked), asked, -1)


def information_seeking(sampler: Sampler) -> Item:
    """Return a longer paragraph and a short question in other words, as of someone who has not read the text.

    Adjectives, numbers, adverbs and places are left out, verbs give way to synonyms, "which animal" stands for "what".
    """
    stream = sampler.stream
    clauses = paragraph(sampler, 4)
    index, asked = specific(clauses, sampler)
    clause = clauses[index]
    short = replace(
        clause,
        subject=_shortened(clause.subject),
        object=None if clause.object is None else _shortened(clause.object),
        adverb="",
        fronted=False,
    )
    if asked != "place" and short.object is not None:
        short = replace(short, place=None)
    if stream.chance(0.5):
        short = synonymous(short)
    which = kind_asked(clause, asked) if stream.chance(0.4) else ""
    return _span_item(clauses, short, asked, index, which)


def _shortened(phrase: Phrase) -> Phrase:
    if phrase.named:
        return replace(phrase, head=phrase.head[-1:]) if phrase.kind == "person" else phrase
    return replace(phrase, adjective="", number="", definite=True)


# -- choices ---------------------------------------------------------------------------------------------------------


def _choices(sampler: Sampler, right: object, wrong: Sequence[object]) -> tuple[list[object], int]:
    order = sampler.stream.shuffled([right, *wrong])
    return order, order.index(right)


def narrative(sampler: Sampler) -> Item:
    """Return a story with a reason, a question on it and four answers, some of which the story mentions elsewhere."""
    clauses = paragraph(sampler, 3)
    index, asked = specific(clauses, sampler)
    question = asked_clause(sampler, clauses[index], asked)
    right: Phrase = getattr(clauses[index], asked)
    wrong: list[Phrase] = []
    said = [getattr(clause, role) for i, clause in enumerate(clauses) if i != index for role in askable(clause)]
    mentioned = [phrase for phrase in said if (phrase.kind in ("place", "city")) == (asked == "place")]
    wrong = sampler.stream.shuffled(mentioned)[:2]
    heads = {right.head, *(phrase.head for phrase in wrong)}
    while len(wrong) < 3:
        other = sampler.noun_like(right)
        if other.head not in heads:
            heads.add(other.head)
            wrong.append(other)
    choices, label = _choices(sampler, right, wrong)
    joined = sampler.stream.chance(0.5)

    def item(grammar: Grammar) -> dict[str, object]:
        if joined:
            sentences = [grammar.statement(clauses[0], clauses[1]), grammar.statement(clauses[2])]
        else:
            sentences = [grammar.statement(clause) for clause in clauses]
        text = grammar.written(*sentences, grammar.question(question, asked)).text
        return {"text_a": text, "choices": [_short(grammar, choice) for choice in choices], "label": label}

    return item


def _short(grammar: Grammar, phrase: object) -> str:
    assert isinstance(phrase, Phrase)
    return " ".join(word.form for word in grammar.fragment(phrase))


def continuation(sampler: Sampler) -> Item:
    """Return two sentences about somebody and four next ones.

    The right one goes on about the same subject within the verb's preferences; the wrong ones change the subject,
    take an object that the verb does not take, or contradict what was said.
    """
    stream = sampler.stream
    while (first := sampler.action()).subject.kind not in ("person", "worker", "animal", "firm"):
        pass
    subject = first.subject
    second = sampler.action(sampler.verb_for(subject.kind), subject=subject)
    right = first
    while right.object is None or right.verb in (first.verb, second.verb):
        right = sampler.action(sampler.verb_for(subject.kind), subject=subject)
    stranger = replace(right, subject=sampler.noun_like(subject))
    kinds = [kind for kind in concepts.CLASSES if kind not in concepts.VERBS[right.verb].objects]
    odd = sampler.phrase(stream.choice(concepts.CLASSES[stream.choice(kinds)]))
    absurd = replace(right, object=odd)
    contrary = replace(stream.choice((first, second)), negated=True)
    choices, label = _choices(sampler, right, [stranger, absurd, contrary])

    def item(grammar: Grammar) -> dict[str, object]:
        text = grammar.written(grammar.statement(first), grammar.statement(second)).text
        said = [grammar.say(choice) for choice in choices if isinstance(choice, Clause)]
        return {"text_a": text, "choices": said, "label": label}

    return item


def commonsense(sampler: Sampler) -> Item:
    """Return a question that the world's knowledge answers (hypernyms, preferences), with five nouns to choose from."""
    stream = sampler.stream
    kinds = stream.shuffled(list(concepts.CLASSES))
    dice = stream.random()
    which = ""
    if dice < 0.3:
        noun = stream.choice(concepts.CLASSES[kinds[0]])
        question = Clause(sampler.phrase(noun), "be", object=Phrase((kinds[0],), "class"), tense=1)
        asked, nouns = "object", kinds[:5]
    else:
        while True:
            question = replace(sampler.action(), fronted=False)
            asked = "object" if question.object is not None else "subject"
            phrase: Phrase = getattr(question, asked)
            if not phrase.named:
                break
        verb = concepts.VERBS[question.verb]
        allowed = verb.objects if asked == "object" else verb.subjects
        wrong = [kind for kind in kinds if kind not in allowed]
        if dice < 0.6:
            which, wrong = phrase.kind, [kind for kind in kinds if kind != phrase.kind]
        nouns = [phrase.head[0]]
        while len(nouns) < 5:
            noun = stream.choice(concepts.CLASSES[wrong[len(nouns) % len(wrong)]])
            if noun not in nouns:
                nouns.append(noun)
    choices, label = _choices(sampler, nouns[0], nouns[1:])

    def item(grammar: Grammar) -> dict[str, object]:
        said = [grammar.noun(str(choice)) for choice in choices]
        return {"text_a": grammar.ask(question, asked, which=which), "choices": said, "label": label}

    return item
