"""Choices that need the world's causes and effects: what an event leads to, and whom it leaves so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.clauses import PAST, PRESENT, Clause, Phrase, Sampler, with_phrase
from workflow.scripts.tasks.choice_schemas import QUESTION, QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.scripts.laboratory.grammar import Grammar
    from workflow.scripts.laboratory.inference import Item

CONSEQUENCES: Final[Mapping[str, tuple[str, str]]] = {
    "wash": ("object", "clean"),
    "rinse": ("object", "clean"),
    "repair": ("object", "new"),
    "fix": ("object", "new"),
    "help": ("object", "happy"),
    "assist": ("object", "happy"),
    "paint": ("object", "red"),
    "push": ("object", "dirty"),
    "chase": ("object", "weak"),
    "hire": ("object", "rich"),
    "taste": ("subject", "strong"),
    "own": ("subject", "rich"),
    "work": ("subject", "weak"),
    "rest": ("subject", "strong"),
    "laugh": ("subject", "happy"),
    "jump": ("subject", "warm"),
    "wait": ("subject", "cold"),
}
"""Verb -> (who is changed by it, how they are afterwards). Synonyms have the same; other verbs change nothing."""


def _states(kind: str) -> list[str]:
    """Return the states that one of a semantic class may get into, a state for each verb that leads to it."""
    verbs = concepts.VERBS
    return [
        adjective
        for verb, (role, adjective) in CONSEQUENCES.items()
        if kind in (verbs[verb].subjects if role == "subject" else verbs[verb].objects)
    ]


def _event(sampler: Sampler) -> tuple[Clause, Clause]:
    """Return (an event, the state that it leads to); nothing is said of how those who take part were before."""
    stream = sampler.stream
    verb = stream.choice(tuple(CONSEQUENCES))
    event = replace(sampler.action(verb), adverb="", fronted=False, tense=PAST)
    for name in ("subject", "object"):
        phrase: Phrase | None = getattr(event, name)
        event = event if phrase is None else with_phrase(event, name, replace(phrase, adjective=""))
    role, adjective = CONSEQUENCES[verb]
    tense = PAST if stream.chance(0.5) else PRESENT
    return event, Clause(getattr(event, role), "be", tense=tense, predicate=adjective)


def _bystander(sampler: Sampler, event: Clause, role: str) -> Phrase:
    """Return the other one who takes part in an event, or somebody else where there is none."""
    other = event.object if role == "subject" else event.subject
    return sampler.noun_like(event.subject) if other is None else other


def _other_verb(sampler: Sampler, event: Clause) -> str:
    """Return a verb with another consequence that fits into an event, by its preferences if there is one."""
    fitting = [
        verb
        for verb, consequence in CONSEQUENCES.items()
        if consequence != CONSEQUENCES[event.verb] and bool(concepts.VERBS[verb].objects) == (event.object is not None)
    ]
    object_ = event.object
    likely = [
        verb
        for verb in fitting
        if event.subject.kind in concepts.VERBS[verb].subjects
        and (object_ is None or object_.kind in concepts.VERBS[verb].objects)
    ]
    return sampler.stream.choice(likely or fitting)


def cause_effect(sampler: Sampler) -> Item:
    """Return an event and two states, of which it leads to one; or a state and two events, of which one leads to it.

    The wrong one differs in the verb or adjective, or in whom it is about. As in XCOPA the question is English in
    every language.
    """
    stream = sampler.stream
    event, state = _event(sampler)
    role, _ = CONSEQUENCES[event.verb]
    asked = stream.choice(QUESTIONS)
    if asked == "effect":
        premise, right = event, state
        others = [adjective for adjective in _states(state.subject.kind) if adjective != state.predicate]
        bystander = _bystander(sampler, event, role)
        if others and stream.chance(0.5):
            wrong = replace(state, predicate=stream.choice(others))
        elif state.predicate in _states(bystander.kind):
            wrong = replace(state, subject=bystander)
        else:
            wrong = replace(state, subject=sampler.noun_like(state.subject))
    else:
        premise, right = state, event
        if stream.chance(0.5):
            wrong = replace(event, verb=_other_verb(sampler, event))
        else:
            wrong = with_phrase(event, role, sampler.noun_like(getattr(event, role)))
    choices = stream.shuffled([right, wrong])
    label = choices.index(right)

    def item(grammar: Grammar) -> dict[str, object]:
        said = [grammar.say(choice) for choice in choices]
        return {"text_a": f"{grammar.say(premise)} {QUESTION.format(asked=asked)}", "choices": said, "label": label}

    return item


def social(sampler: Sampler) -> Item:
    """Return two events and the question who is now in a state that one of them leads to, with three answers.

    Wrong are those whom the event leaves as they were, and those who take part in the other one, which leads to another
    state.
    """
    stream = sampler.stream
    event, state = _event(sampler)
    right, bystander = state.subject, _bystander(sampler, event, CONSEQUENCES[event.verb][0])
    while True:
        elsewhere, other_state = _event(sampler)
        others = [other_state.subject, _bystander(sampler, elsewhere, CONSEQUENCES[elsewhere.verb][0])]
        apart = not {phrase.head for phrase in others} & {right.head, bystander.head}
        if apart and other_state.predicate != state.predicate:
            break
    events = stream.shuffled([event, elsewhere])
    wrong = [bystander, others[0]] if stream.chance(0.5) else others
    choices = stream.shuffled([right, *wrong])
    label = choices.index(right)

    def item(grammar: Grammar) -> dict[str, object]:
        told = [grammar.statement(clause) for clause in events]
        text = grammar.written(*told, grammar.question(state, "subject")).text
        answers = [" ".join(word.form for word in grammar.fragment(choice)) for choice in choices]
        return {"text_a": text, "choices": answers, "label": label}

    return item
