"""Sources of the study `domain`: which mixtures its levels are, and what each of them begins after.

    mnli-d256                          the task alone
    mnli-legal50-mixed-d512            half of the steps a corpus, between those of the task
    legal-text-d256                    the corpus alone
    mnli-legal50-before-d256           the task, after legal-text-d256
    mnli-legal50-after-d256            the corpus, after mnli-d256

In all of them the task has the same number of steps, and a corpus as many more as its share of all steps says. General
text has the names of a corpus too; where domains cover different languages, each has general text in its own, and its
name is part of these (`sentences.legal`).
"""

from collections.abc import Mapping
from itertools import product
from typing import Any

Settings = Mapping[str, Any]

PLACEMENTS = ("before", "mixed", "after")
CORPUS = {"batch_size": 8, "masked": 0.15, "sampling_alpha": 1}
"""Settings of the corpora's steps by default, as those of a mixture."""


def corpus_steps(steps: int, share: int) -> int:
    """Return the steps of a corpus that has a share, in per cent, of all steps, where the task has `steps`."""
    return max(1, round(steps * share / (100 - share)))


def coverage(options: Settings, domain: str) -> list[str]:
    """Return the languages of a domain's text, in alphabetical order; none: all that its corpus has."""
    covered = options["covered"]
    return sorted(covered.get(domain, []) if isinstance(covered, Mapping) else covered)


def matched(options: Settings, domains: list[str], domain: str) -> str:
    """Return the first domain that covers the same languages: both have the same general text beside them."""
    return next(one for one in domains if coverage(options, one) == coverage(options, domain))


def text_name(options: Settings, domains: list[str], corpus: str, domain: str) -> str:
    """Return how names call a corpus: by itself, or with the domain whose languages it is limited to.

    Args:
        options: of the study.
        domains: all of the study.
        corpus: the domain itself, or the general corpus.
        domain: whose languages.
    """
    several = len({matched(options, domains, one) for one in domains}) > 1
    return f"{corpus}.{matched(options, domains, domain)}" if several and corpus != domain else corpus


def source(placement: str, task: str, text: str, share: int, steps: int) -> str:
    """Return the source with a corpus, called `text`, placed before, between or after the steps of a task."""
    more = corpus_steps(steps, share)
    length = {"before": steps, "mixed": steps + more, "after": more}[placement]
    return f"{task}-{text}{share}-{placement}-d{length}"


def first_part(placement: str, task: str, text: str, share: int, steps: int) -> str:
    """Return the source that a source begins after, empty if it begins with the pretrained model."""
    if placement == "before":
        return f"{text}-text-d{corpus_steps(steps, share)}"
    return f"{task}-d{steps}" if placement == "after" else ""


def mixtures(study: Settings) -> dict[str, dict[str, Any]]:
    """Return the mixtures that a study `domain` needs, by name; nothing where it is not yet a design.

    Args:
        study: as it stands in the configuration; the kind checks it later.
    """
    options = {"steps": 0, "general": "", "covered": [], "corpora": {}} | study["options"]
    factors = {"domains": [], "placements": [], "shares": [], "tasks": [], **study["factors"]}
    domains, steps = factors["domains"], options["steps"]
    shares = [share for share in factors["shares"] if isinstance(share, int) and 0 < share < 100]
    if not (isinstance(steps, int) and steps > 0 and options["general"]):
        return {}
    of_corpus = CORPUS | options["corpora"]
    found: dict[str, dict[str, Any]] = {}
    for domain, corpus in product(domains, ("", options["general"])):
        used = corpus or domain
        text = text_name(options, domains, used, domain)
        common = {
            "corpus_batch_size": of_corpus["batch_size"],
            "masked": of_corpus["masked"],
            "sampling_alpha": of_corpus["sampling_alpha"],
            "languages": coverage(options, domain),
        }
        found[f"{text}-text"] = {"tasks": [], "corpora": {used: 1}, **common}
        for task, share, placement in product(factors["tasks"], shares, factors["placements"]):
            if placement not in PLACEMENTS:
                continue
            after = first_part(placement, task, text, share, steps)
            parts: dict[str, Any] = {"tasks": [] if placement == "after" else [task], "after": after}
            if placement == "mixed":
                more = corpus_steps(steps, share)
                parts["corpora"] = {used: more / (steps + more)}
            elif placement == "after":
                parts["corpora"] = {used: 1}
            found[f"{task}-{text}{share}-{placement}"] = parts | (common if "corpora" in parts else {})
    return found


def add_sources(given: Settings) -> dict[str, Any]:
    """Return the configuration with the mixtures of its study `domain`, trained like the task and text that they have.

    What the configuration says of a mixture of that name, or of its hyper-parameters, goes first.

    Args:
        given: the configuration, before defaults are filled in.
    """
    study = given.get("studies", {}).get("domain")
    if not study:
        return dict(given)
    made = mixtures({"options": {}, **study})
    own = given.get("intermediate", {})
    trained = {
        name: (own.get(parts["tasks"][0], {}) if parts["tasks"] else study.get("options", {}).get("training", {}))
        for name, parts in made.items()
    }
    return {
        **given,
        "mixtures": made | given.get("mixtures", {}),
        "intermediate": {name: kept for name, kept in trained.items() if kept} | own,
    }
