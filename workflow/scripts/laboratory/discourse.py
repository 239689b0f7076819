"""Running text: documents for pretraining, parallel text, and pools of sentences to mine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.clauses import Clause, Phrase, Sampler, hypernym_fact
from workflow.scripts.laboratory.grammar import WHETHER
from workflow.scripts.laboratory.inference import askable, changed, generalised, opposite, synonymous
from workflow.scripts.laboratory.labelling import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.scripts.laboratory.grammar import Grammar
    from workflow.scripts.laboratory.inference import Item
    from workflow.scripts.laboratory.sentences import Word

    Line = Callable[[Grammar], list[Word]]

PHRASES = 0.5
"""The share of short phrases in parallel text: what teaches a small model its words soonest."""

PARAGRAPHS = 0.5
"""The share of documents of two paragraphs, which pretraining sees as two segments, as tasks have them later."""


def _line(clause: Clause) -> Line:
    return lambda grammar: grammar.statement(clause)


def _pronoun(phrase: Phrase, feminine: bool) -> Phrase:
    if phrase.several:
        return Phrase(("they",), "pronoun", plural=True)
    if phrase.kind == "person":
        feminine = phrase.head[0] in concepts.WOMEN
    if phrase.kind in ("person", "worker"):
        return Phrase(("she" if feminine else "he",), "pronoun")
    return Phrase(("it",), "pronoun")


def document(sampler: Sampler) -> Item:
    """Return one or two paragraphs: events, their restatements, facts, continuations, questions with answers."""
    stream = sampler.stream
    feminine = stream.chance(0.5)
    event = sampler.statement()
    events, lines = [event], [_line(event)]
    while len(lines) < 5 and not (len(lines) > 2 and stream.chance(0.25)):
        dice = stream.random()
        event = stream.choice(events)
        if dice < 0.22:
            restated = generalised(sampler, event) or replace(event, fronted=not event.fronted)
            lines.append(_line(synonymous(restated) if stream.chance(0.3) else restated))
        elif dice < 0.47:
            lines.append(_question(sampler, event))
        elif dice < 0.57:
            lines.append(_yes_no(sampler, event))
        elif dice < 0.65:
            lines.append(_fact(sampler, event))
        elif dice < 0.75:
            lines.append(_line(_denial(sampler, event)))
        else:
            new = _next_event(sampler, event, feminine=feminine)
            events.append(new)
            lines.append(_line(new))
    cut = stream.choice(range(1, len(lines))) if stream.chance(PARAGRAPHS) else len(lines)
    paragraphs = [part for part in (lines[:cut], lines[cut:]) if part]
    return lambda grammar: {
        "text_a": "\n\n".join(grammar.written(*(line(grammar) for line in part)).text for part in paragraphs),
        "text_b": None,
    }


def _next_event(sampler: Sampler, event: Clause, *, feminine: bool) -> Clause:
    subject = event.subject
    if sampler.stream.chance(0.4) or subject.kind not in ("person", "worker", "animal", "vehicle", "firm"):
        return sampler.statement()
    if sampler.stream.chance(0.5):
        follower = _pronoun(subject, feminine)
    else:
        follower = replace(subject, adjective="", number="", definite=True)
    return sampler.action(sampler.verb_for(subject.kind), subject=follower)


def _question(sampler: Sampler, event: Clause) -> Line:
    roles = askable(event) if event.verb != "be" else ["subject"]
    asked = sampler.stream.choice(roles)
    answer: Phrase = getattr(event, asked)
    short = replace(event, adverb="") if sampler.stream.chance(0.5) else event

    def line(grammar: Grammar) -> list[Word]:
        reply = grammar.written(grammar.fragment(answer)).words
        stop = grammar.statement(event)[-1]
        return [*grammar.question(short, asked), *reply, stop]

    return line


def _yes_no(sampler: Sampler, event: Clause) -> Line:
    """Return a yes-no question on what was said, with its answer: yes, no, or maybe where the text does not tell."""
    stream = sampler.stream
    asked = generalised(sampler, event) or event
    dice = stream.random()
    if dice < 0.35:
        answer = "yes"
    elif dice < 0.7:
        answer, asked = "no", opposite(sampler, asked)
    else:
        answer, asked = "maybe", changed(sampler, event)
    asked = replace(asked, fronted=False)
    return lambda grammar: [*grammar.question(asked, WHETHER), *grammar.written(grammar.reply(answer)).words]


def _fact(sampler: Sampler, event: Clause) -> Line:
    heads = [
        phrase.head[0]
        for phrase in (event.subject, event.object, event.place)
        if phrase is not None and phrase.head[0] in concepts.HYPERNYMS
    ]
    noun = sampler.stream.choice(heads) if heads else sampler.stream.choice(list(concepts.HYPERNYMS))
    return _line(hypernym_fact(noun))


def _denial(sampler: Sampler, event: Clause) -> Clause:
    if event.predicate in concepts.ANTONYMS:
        return replace(event, predicate=concepts.ANTONYMS[event.predicate], negated=True)
    if event.adverb:
        return replace(event, adverb=concepts.ANTONYMS[event.adverb], negated=True)
    return replace(changed(sampler, event), negated=True)


def phrase(sampler: Sampler) -> Callable[[Grammar], str]:
    """Return the shortest kinds of text: a noun phrase, a name, or a clause of two or three words."""
    stream = sampler.stream
    dice = stream.random()
    if dice < 0.5:
        chosen = sampler.phrase(stream.choice(concepts.NOUNS))
        if stream.chance(0.3):
            chosen = replace(chosen, adjective=stream.choice(sampler.adjectives))
        adposition = stream.choice(concepts.ADPOSITIONS) if stream.chance(0.25) else ""
        return lambda grammar: grammar.written(grammar.fragment(chosen, adposition)).text
    if dice < 0.6:
        name = stream.choice((sampler.person, sampler.firm, sampler.city))()
        return lambda grammar: grammar.written(grammar.fragment(name)).text
    clause = _short_clause(sampler)
    if stream.chance(0.15):
        asked = stream.choice(askable(clause)) if clause.verb != "be" else "subject"
        return lambda grammar: grammar.ask(clause, asked)
    return lambda grammar: grammar.say(clause)


def _short_clause(sampler: Sampler) -> Clause:
    """Return a clause about pronouns: "She rested loudly", "They trust him", "It was red"."""
    stream = sampler.stream
    subject = _any_pronoun(sampler)
    if stream.chance(0.3):
        return sampler.state(subject)
    verb = stream.choice(list(concepts.VERBS))
    whom = _any_pronoun(sampler) if concepts.VERBS[verb].objects else None
    adverb = stream.choice(concepts.ADVERBS) if stream.chance(0.25) else ""
    return Clause(subject, verb, whom, adverb=adverb, tense=stream.below(3), negated=stream.chance(0.3))


def _any_pronoun(sampler: Sampler) -> Phrase:
    word = sampler.stream.choice(concepts.PRONOUNS)
    return Phrase((word,), "pronoun", plural=word == "they")


def spoken(sampler: Sampler) -> Callable[[Grammar], str]:
    """Return any sentence as text."""
    made = sentence(sampler)
    return lambda grammar: made(grammar).text


def translation(sampler: Sampler) -> Callable[[Grammar], str]:
    """Return a sentence to be translated."""
    return spoken(sampler)


def parallel(sampler: Sampler) -> Callable[[Grammar], str]:
    """Return parallel text for training: a sentence or, in a share `PHRASES`, a short phrase."""
    return phrase(sampler) if sampler.stream.chance(PHRASES) else spoken(sampler)


def near_sentences(sampler: Sampler) -> Iterator[Callable[[Grammar], str]]:
    """Yield a sentence and then the sentences closest to it: one phrase changed."""
    clause = sampler.action()
    while True:
        current = clause
        yield lambda grammar, said=current: grammar.say(said)  # type: ignore[misc]
        clause = changed(sampler, clause)
