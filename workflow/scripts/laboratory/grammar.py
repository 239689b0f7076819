"""Realises abstract clauses as sentences of a language: words with their tags, names and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workflow.scripts.laboratory import english
from workflow.scripts.laboratory.clauses import FUTURE, PAST, Clause, Phrase
from workflow.scripts.laboratory.languages import Language, find
from workflow.scripts.laboratory.sentences import Text, Word
from workflow.scripts.laboratory.writing import lexicon, spelling

if TYPE_CHECKING:
    from collections.abc import Sequence

ENTITY: Final = {"person": "PER", "firm": "ORG", "city": "LOC"}
WHETHER: Final = "whether"
FIXED: Final = frozenset({".", "?", ","})


class Grammar:
    """Makes sentences in one language of the world."""

    def __init__(self, code: str, seed: int) -> None:
        self.language: Language = find(code)
        origin = self.language.relabels or code
        self._base = find(origin)
        self._spelling = spelling(self.language.script)
        self._relabel = self._spelling.write if self.language.relabels else None
        self._english = origin == "en"
        self._words = lexicon(self._base, seed) if not self._english else english.WORDS
        self._verbs: dict[tuple[str, int, bool, bool], list[str]] = {}
        self._nouns: dict[tuple[str, bool, str], str] = {}
        self._relabelled: dict[str, str] = {}

    # -- sentences -----------------------------------------------------------------------------------------------

    def statement(self, clause: Clause, reason: Clause | None = None) -> list[Word]:
        """Return the words of a statement, with "because" and a reason if there is one."""
        words = self._clause(clause, "")
        if reason is not None:
            words.append(Word(self._words.stems["because"], "SCONJ", "because"))
            words += self._clause(reason, "")
        return self._finished(words, ".")

    def question(self, clause: Clause, asked: str, *, which: str = "") -> list[Word]:
        """Return the words of the question for one role (`subject`, `object`, `place` or `adverb`) of a clause.

        With `whether` instead of a role it is a yes-no question.

        `which` is a noun to ask with ("which animal") instead of who, what or where.
        """
        return self._finished(self._clause(clause, asked, which), "?")

    def fragment(self, phrase: Phrase, adposition: str = "") -> list[Word]:
        """Return a noun phrase alone, as a short answer or a phrase-book entry (no full stop)."""
        words = self._phrase(phrase, "subject")
        if adposition:
            words = self._with_adposition(self._phrase(phrase, "subject", "locative"), adposition)
        return self._ordered(words)

    def reply(self, word: str) -> list[Word]:
        """Return "yes", "no" or "maybe" as a sentence."""
        tag = "ADV" if word == "maybe" else "INTJ"
        return self._finished([Word(self._words.stems[word], tag, "reply")], ".")

    def written(self, *sentences: Sequence[Word]) -> Text:
        """Return sentences as running text: spaces, no space before a stop, a capital letter at the beginning."""
        pieces: list[str] = []
        words: list[Word] = []
        starts: list[int] = []
        position = 0
        for sentence in sentences:
            for index, word in enumerate(sentence):
                form = word.form
                if index == 0 and self._spelling.capitals:
                    form = form[0].upper() + form[1:]
                    word = word._replace(form=form)
                if position and form not in FIXED:
                    pieces.append(" ")
                    position += 1
                starts.append(position)
                pieces.append(form)
                words.append(word)
                position += len(form)
        return Text("".join(pieces), tuple(words), tuple(starts))

    def say(self, clause: Clause, reason: Clause | None = None) -> str:
        """Return a statement as text."""
        return self.written(self.statement(clause, reason)).text

    def ask(self, clause: Clause, asked: str, *, which: str = "") -> str:
        """Return a question as text."""
        return self.written(self.question(clause, asked, which=which)).text

    def noun(self, lemma: str) -> str:
        """Return a noun by itself, in the singular."""
        return self._ordered([Word(self._noun(lemma, False, ""), "NOUN", "subject")])[0].form

    def _finished(self, words: list[Word], stop: str) -> list[Word]:
        words = self._ordered(words)
        words.append(Word(stop, "PUNCT", "stop"))
        return words

    def _ordered(self, words: list[Word]) -> list[Word]:
        """Reverse and relabel the words, in the languages that do so."""
        if self.language.reversed:
            words.reverse()
        if self._relabel is None:
            return words
        known = self._relabelled
        for index, word in enumerate(words):
            form = known.get(word.form)
            if form is None:
                form = known[word.form] = self._relabel(word.form)
            words[index] = Word(form, word.tag, word.role, word.entity)
        return words

    # -- phrases -------------------------------------------------------------------------------------------------

    def _noun(self, lemma: str, plural: bool, case: str) -> str:
        key = lemma, plural, case
        form = self._nouns.get(key)
        if form is None:
            if self._english:
                form = english.plural(lemma) if plural else lemma
            else:
                suffixes = self._words.suffixes
                form = self._words.stems[lemma]
                if plural and self._base.plural:
                    form += suffixes["plural"]
                if case and self._base.case == "suffix":
                    form += suffixes[case]
            self._nouns[key] = form
        return form

    def _phrase(self, phrase: Phrase, role: str, case: str = "") -> list[Word]:
        words = self._one(phrase, role, case)
        base, lexical = self._base, self._words
        if phrase.owner is not None:
            owner = self._one(phrase.owner, role, "")
            link = Word(lexical.stems["of"], "ADP", role)
            words = [*words, link, *owner] if base.genitive == "after" else [*owner, link, *words]
        if phrase.partner is not None:
            words = [*words, Word(lexical.stems["and"], "CCONJ", role), *self._one(phrase.partner, role, case)]
        if case == "accusative" and base.case == "particle":
            words.append(Word(lexical.particles["accusative"], "PART", "particle"))
        return words

    def _one(self, phrase: Phrase, role: str, case: str) -> list[Word]:
        """Return the words of a phrase without its owner and partner."""
        base, lexical = self._base, self._words
        if phrase.kind in ENTITY:
            entity = ENTITY[phrase.kind]
            words = [Word(lexical.names[part], "PROPN", role, entity) for part in phrase.head]
            if case and base.case == "suffix":
                words[-1] = Word(words[-1].form + lexical.suffixes[case], "PROPN", role, entity)
            return words
        lemma = phrase.head[0]
        if phrase.kind == "pronoun":
            form = english.OBJECT_PRONOUNS.get(lemma, lemma) if self._english and case else lexical.stems[lemma]
            if case and base.case == "suffix":
                form += lexical.suffixes[case]
            return [Word(form, "PRON", role)]
        words = []
        if phrase.number:
            words.append(Word(lexical.stems[phrase.number], "NUM", role))
        noun = Word(self._noun(lemma, phrase.plural, case), "NOUN", role)
        if phrase.adjective:
            adjective = Word(lexical.stems[phrase.adjective], "ADJ", role)
            words += [adjective, noun] if base.adjective == "before" else [noun, adjective]
        else:
            words.append(noun)
        if base.article == "before":
            if phrase.definite:
                words.insert(0, Word(lexical.stems["the"], "DET", role))
            elif not phrase.plural:
                form = english.indefinite(words[0].form) if self._english else lexical.particles["indefinite"]
                words.insert(0, Word(form, "DET", role))
        return words

    def _with_adposition(self, words: list[Word], adposition: str) -> list[Word]:
        word = Word(self._words.stems[adposition], "ADP", "adposition")
        return [word, *words] if self._base.adposition == "before" else [*words, word]

    # -- clauses -------------------------------------------------------------------------------------------------

    def _clause(self, clause: Clause, asked: str, which: str = "") -> list[Word]:
        parts = self._parts(clause, asked, which)
        base, front = self._base, asked not in ("", WHETHER) and self._base.wh == "front"
        helper: list[Word] = []
        if self._english:
            verb, helper = self._english_verb(clause, asked)
        else:
            verb = self._verb(clause, asked)
        parts["verb"] = verb
        subject, complement = parts.get("subject", []), parts.get("object", [])
        core = {"SVO": (subject, verb, complement), "VSO": (verb, subject, complement)}.get(base.order)
        place, adverb = parts.get("place", []), parts.get("adverb", [])
        first: list[Word] = []
        if front:
            first = parts[asked]
        elif clause.fronted:
            first = place or adverb
        order: list[list[Word]] = []
        if base.adverb == "first":
            order.append(adverb)
        if core is not None:
            if base.adverb == "verb":
                order += [adverb]
            order += [*core, place]
        else:
            order += [subject, place, complement, adverb if base.adverb == "verb" else [], verb]
        if base.adverb == "end":
            order.append(adverb)
        words = [*first, *helper]
        for part in order:
            if part and part is not first:
                words += part
        return words

    def _parts(self, clause: Clause, asked: str, which: str) -> dict[str, list[Word]]:
        """Return the words of each part but the verb; the part asked for is a question word."""
        parts: dict[str, list[Word]] = {"subject": self._phrase(clause.subject, "subject")}
        if clause.object is not None:
            case = "" if clause.verb == "be" else "accusative"
            parts["object"] = self._phrase(clause.object, "object", case)
        elif clause.predicate:
            parts["object"] = [Word(self._words.stems[clause.predicate], "ADJ", "object")]
        if clause.place is not None:
            phrase = self._phrase(clause.place, "place", "locative")
            parts["place"] = self._with_adposition(phrase, clause.adposition)
        if clause.adverb:
            parts["adverb"] = [Word(self._words.stems[clause.adverb], "ADV", "adverb")]
        if asked not in ("", WHETHER):
            parts[asked] = self._asked(clause, asked, which)
        return parts

    def _asked(self, clause: Clause, asked: str, which: str) -> list[Word]:
        stems = self._words.stems
        if which:
            words = [Word(stems["which"], "DET", "wh"), Word(self._noun(which, False, ""), "NOUN", "wh")]
            return self._with_adposition(words, clause.adposition) if asked == "place" else words
        if asked == "adverb":
            return [Word(stems["how"], "ADV", "wh")]
        if asked == "place":
            return [Word(stems["where"], "ADV", "wh")]
        phrase = clause.subject if asked == "subject" else clause.object
        return [Word(stems["who" if phrase is not None and phrase.human else "what"], "PRON", "wh")]

    def _verb(self, clause: Clause, asked: str) -> list[Word]:
        """Return the verb group of a language with its own grammar, cached by form. "Who" is singular."""
        base = self._base
        several = base.agreement and clause.subject.several and asked != "subject"
        key = clause.verb, clause.tense, several, clause.negated
        forms = self._verbs.get(key)
        if forms is None:
            forms = self._verbs[key] = self._conjugated(*key)
        tags = {self._words.stems["not"]: "PART", self._words.stems["will"]: "AUX"}
        own = "AUX" if clause.verb == "be" else "VERB"
        tags |= dict.fromkeys((self._words.particles["past"], self._words.particles["present"]), "AUX")
        return [Word(form, tags.get(form, own), "verb") for form in forms]

    def _conjugated(self, verb: str, tense: int, several: bool, negated: bool) -> list[str]:
        base, words = self._base, self._words
        negation, future = words.stems["not"], words.stems["will"]
        if verb == "be" and not base.copula:
            return [negation] if negated else []
        form = words.stems[verb]
        before: list[str] = []
        after: list[str] = []
        if base.tense == "particle":
            after = [future if tense == FUTURE else words.particles["past" if tense == PAST else "present"]]
        elif tense == FUTURE:
            (after if base.order == "SOV" else before).append(future)
        else:
            form += words.suffixes["past" if tense == PAST else "present"]
        if several:
            form += words.suffixes["agreement"]
        if negated and base.negation == "suffix":
            form += words.suffixes["negative"]
        elif negated and base.negation == "before":
            before.insert(0, negation)
        elif negated:
            after.append(negation)
        return [*before, form, *after]

    def _english_verb(self, clause: Clause, asked: str) -> tuple[list[Word], list[Word]]:
        """Return (verb group, auxiliary before the subject of a question)."""
        several, inverted = clause.subject.several and asked != "subject", asked not in ("", "subject")
        forms = english.verb_group(clause.verb, clause.tense, several, clause.negated, inverted)
        tag = "AUX" if clause.verb == "be" else "VERB"
        words = [Word(form, english.CLOSED.get(form, tag), "verb") for form in forms]
        return (words[1:], words[:1]) if inverted else (words, [])
