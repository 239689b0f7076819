"""Pairs of texts whose label follows from the world: entailment, duplicate questions, swapped roles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.clauses import Clause, Phrase, Sampler, with_phrase

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.scripts.laboratory.grammar import Grammar

    Item = Callable[[Grammar], dict[str, object]]

ENTAILMENT, NEUTRAL, CONTRADICTION = "entailment", "neutral", "contradiction"


def _pair(first: Clause, second: Clause, label: str) -> Item:
    return lambda grammar: {"text_a": grammar.say(first), "text_b": grammar.say(second), "label": label}


# -- entailment ------------------------------------------------------------------------------------------------------


def generalised(sampler: Sampler, clause: Clause, *, adjuncts_only: bool = False) -> Clause | None:
    """Return a clause that follows from an affirmative one, or None if nothing can be left out or widened.

    An adjunct or an adjective is left out, or a noun gives way to its hypernym.
    """
    ways: list[Clause] = []
    if clause.place is not None:
        ways.append(replace(clause, place=None, fronted=False))
    if clause.adverb:
        ways.append(replace(clause, adverb="", fronted=clause.fronted and clause.place is not None))
    if not adjuncts_only:
        for role in ("subject", "object"):
            phrase: Phrase | None = getattr(clause, role)
            if phrase is None:
                continue
            if phrase.adjective:
                ways.append(with_phrase(clause, role, replace(phrase, adjective="")))
            if phrase.head[0] in concepts.HYPERNYMS:
                hypernym = concepts.HYPERNYMS[phrase.head[0]]
                wide = Phrase((hypernym,), hypernym, "", phrase.number, phrase.plural, phrase.definite)
                ways.append(with_phrase(clause, role, wide))
    return sampler.stream.choice(ways) if ways else None


def opposite(sampler: Sampler, clause: Clause) -> Clause:
    """Return a clause that cannot be true together with this one: negated, or with an antonym."""
    stream = sampler.stream
    if clause.predicate in concepts.ANTONYMS and stream.chance(0.5):
        return replace(clause, predicate=concepts.ANTONYMS[clause.predicate])
    if clause.adverb and stream.chance(0.4):
        return replace(clause, adverb=concepts.ANTONYMS[clause.adverb])
    return replace(clause, negated=not clause.negated)


def changed(sampler: Sampler, clause: Clause) -> Clause:
    """Return a clause about something else: another head for one of its phrases, or another adjective."""
    if clause.predicate:
        if sampler.stream.chance(0.5):
            return replace(clause, subject=sampler.noun_like(clause.subject))
        others = (clause.predicate, concepts.ANTONYMS.get(clause.predicate, ""))
        while (predicate := sampler.stream.choice(sampler.adjectives)) in others:
            pass
        if clause.predicate in concepts.COLOURS and predicate in concepts.COLOURS:
            predicate = "old"
        return replace(clause, predicate=predicate)
    roles = [role for role in ("subject", "object", "place") if getattr(clause, role) is not None]
    role = sampler.stream.choice(roles)
    return with_phrase(clause, role, sampler.noun_like(getattr(clause, role)))


def _nested(sampler: Sampler, *, adjuncts_only: bool) -> tuple[Clause, Clause]:
    """Return (specific, general): the first entails the second."""
    while True:
        specific = sampler.statement()
        general = generalised(sampler, specific, adjuncts_only=adjuncts_only)
        if general is None:
            continue
        if sampler.stream.chance(0.3):
            general = generalised(sampler, general, adjuncts_only=adjuncts_only) or general
        return specific, general


def _inference(sampler: Sampler, label: str, *, negatives: float = 0.08, flips: float = 0.0) -> tuple[Clause, Clause]:
    """Return (premise, hypothesis) of a label.

    `negatives` is the share of negated premises, `flips` that of neutral hypotheses on something else that are negated.
    """
    stream = sampler.stream
    negative = stream.chance(negatives)
    specific, general = _nested(sampler, adjuncts_only=negative)
    if label == CONTRADICTION:
        if negative:
            return replace(general, negated=True), specific
        return specific, opposite(sampler, general)
    if negative:  # Under negation what is general entails what is specific.
        specific, general = replace(general, negated=True), replace(specific, negated=True)
    if label == ENTAILMENT:
        return specific, general
    if stream.chance(0.25):
        return general, specific
    other = changed(sampler, general)
    return specific, replace(other, negated=not other.negated) if stream.chance(flips) else other


def entailment(sampler: Sampler) -> Item:
    """Return a premise and a hypothesis."""
    label = sampler.stream.choice((ENTAILMENT, NEUTRAL, CONTRADICTION))
    premise, hypothesis = _inference(sampler, label)
    return _pair(premise, hypothesis, label)


def adversarial_entailment(sampler: Sampler) -> Item:
    """Return a premise of two sentences and a hypothesis on one of them that mixes several changes."""
    stream = sampler.stream
    label = stream.choice((ENTAILMENT, NEUTRAL, CONTRADICTION))
    if label == NEUTRAL and stream.chance(0.5):
        first = _mirrored(sampler)
        second = replace(first, subject=first.object or first.subject, object=first.subject)
        second = generalised(sampler, second) or second
    else:
        first, second = _inference(sampler, label, negatives=0.2, flips=0.25)
        if label == ENTAILMENT:
            second = synonymous(second)
    other = sampler.action(verb=_another_verb(sampler, first.verb))
    swap = stream.chance(0.5)

    def item(grammar: Grammar) -> dict[str, object]:
        sentences = [grammar.statement(first), grammar.statement(other)]
        premise = grammar.written(*(reversed(sentences) if swap else sentences)).text
        return {"text_a": premise, "text_b": grammar.say(second), "label": label}

    return item


def _another_verb(sampler: Sampler, lemma: str) -> str:
    taken = {lemma, concepts.VERBS[lemma].synonym if lemma in concepts.VERBS else ""}
    while (verb := sampler.verb().lemma) in taken:
        pass
    return verb


def synonymous(clause: Clause) -> Clause:
    """Return the clause with the synonym of its verb, where it has one."""
    verb = concepts.VERBS.get(clause.verb)
    return replace(clause, verb=verb.synonym) if verb is not None and verb.synonym else clause


# -- questions -------------------------------------------------------------------------------------------------------


def askable(clause: Clause) -> list[str]:
    """Return the roles of a clause that a question can ask for."""
    roles = ["subject"]
    if clause.object is not None:
        roles.append("object")
    if clause.place is not None:
        roles.append("place")
    return roles


def kind_asked(clause: Clause, asked: str) -> str:
    """Return the noun for "which ...?", or "" where there is none (names)."""
    phrase: Phrase | None = getattr(clause, asked)
    if phrase is None or phrase.kind not in concepts.CLASSES or phrase.head[0] == phrase.kind:
        return "place" if asked == "place" else ""
    return phrase.kind


def duplicate_question(sampler: Sampler) -> Item:
    """Return two questions; duplicates differ in wording only."""
    stream = sampler.stream
    while True:
        first = sampler.action()
        asked = stream.choice(askable(first))
        kind = kind_asked(first, asked)
        if kind or synonymous(first) is not first:
            break
    duplicate, second, asked_second = stream.chance(0.5), first, asked
    reworded = synonymous(first)
    use_kind = bool(kind) and (reworded is first or stream.chance(0.5))
    if not use_kind or stream.chance(0.5):
        second = reworded
    if not duplicate:
        others = [role for role in askable(first) if role != asked]
        dice = stream.random()
        if others and dice < 0.3:
            asked_second = stream.choice(others)
            use_kind = use_kind and bool(kind_asked(second, asked_second))
        elif dice < 0.5:
            second = replace(second, negated=True)
        else:
            second = _changed_elsewhere(sampler, second, asked)
    which = kind_asked(second, asked_second) if use_kind else ""
    label, swap = ("duplicate" if duplicate else "not_duplicate"), stream.chance(0.5)

    def item(grammar: Grammar) -> dict[str, object]:
        texts = [grammar.ask(first, asked), grammar.ask(second, asked_second, which=which)]
        if swap:
            texts.reverse()
        return {"text_a": texts[0], "text_b": texts[1], "label": label}

    return item


def _changed_elsewhere(sampler: Sampler, clause: Clause, asked: str) -> Clause:
    """Return the clause with another head in a phrase that the question mentions, or another verb."""
    roles = [role for role in askable(clause) if role != asked]
    if not roles or sampler.stream.chance(0.2):
        transitive, taken = clause.object is not None, (clause.verb, concepts.VERBS[clause.verb].synonym)
        fitting = [verb for verb in concepts.VERBS.values() if bool(verb.objects) == transitive]
        likely = [verb for verb in fitting if clause.subject.kind in verb.subjects and verb.lemma not in taken]
        others = likely or [verb for verb in fitting if verb.lemma not in taken]
        return replace(clause, verb=sampler.stream.choice(others).lemma)
    role = sampler.stream.choice(roles)
    return with_phrase(clause, role, sampler.noun_like(getattr(clause, role)))


# -- swapped roles ---------------------------------------------------------------------------------------------------


def _mirrored(sampler: Sampler) -> Clause:
    """Return a clause whose subject and object can change places."""
    while True:
        clause = sampler.action()
        if clause.object is None or clause.object.head == clause.subject.head:
            continue
        verb = concepts.VERBS[clause.verb]
        if clause.object.kind in verb.subjects and clause.subject.kind in verb.objects:
            return clause


def role_swap(sampler: Sampler) -> Item:
    """Return two statements with the same words: label "1" if they mean the same, "0" if roles are swapped.

    Style (what is fronted, the order of "A and B", a synonym) varies alike under both labels.
    """
    stream = sampler.stream
    first = _mirrored(sampler)
    if first.place is None and not first.adverb:
        first = replace(first, place=sampler.city(), adposition="in")
    subject, object_ = first.subject, first.object or first.subject
    way = stream.random()
    swapped = first
    if way < 0.3 and subject.kind not in ("person", "firm") and object_.kind not in ("person", "firm"):
        colours = stream.shuffled(sampler.adjectives)
        subject, object_ = replace(subject, adjective=colours[0]), replace(object_, adjective=colours[1])
        first = replace(first, subject=subject, object=object_)
        swapped = replace(
            first,
            subject=replace(subject, adjective=colours[1]),
            object=replace(object_, adjective=colours[0]),
        )
    elif way < 0.5:
        partner = sampler.noun_like(subject)
        while partner.head in (subject.head, object_.head):
            partner = sampler.noun_like(subject)
        partner = replace(partner, adjective="", partner=None)
        first = replace(first, subject=replace(subject, partner=partner))
        if stream.chance(0.5):
            swapped = replace(first, subject=replace(subject, partner=object_), object=partner)
        else:
            swapped = replace(first, subject=replace(object_, partner=partner), object=subject)
    else:
        swapped = replace(first, subject=object_, object=subject)
    same = stream.chance(0.5)
    second = first if same else swapped
    second = replace(second, fronted=not first.fronted)
    if second.subject.partner is not None and stream.chance(0.5):
        head, partner = replace(second.subject, partner=None), second.subject.partner
        second = replace(second, subject=replace(partner, partner=head))
    return _pair(first, second, "1" if same else "0")
