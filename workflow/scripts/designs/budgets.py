"""Equal budgets of compute: how many optimiser steps of each task cost the same.

Equal epochs, or steps, would compare little training on short sentences with much on long paragraphs. The operations of
a training example are declared (option `flops`); run cards of finished runs tell them: `flops` / steps / batch size.
"""

from itertools import pairwise

from workflow.scripts.designs.kind import Facts
from workflow.scripts.errors import UserError

UNIT = 1e9
"""Operations of one unit of a budget."""


def steps_of(facts: Facts, base: str, budget: int) -> int:
    """Return the optimiser steps of a task or mixture that come closest to a budget.

    Args:
        facts: of the design; `given.options.flops` has the operations of one training example by task or mixture.
        base: task or mixture.
        budget: in units of 10^9 operations.

    Raises:
        UserError: its operations were not declared, or the budget does not pay for half a step.
    """
    key = f"config: studies.{facts['study']}"
    declared = facts["given"]["options"]["flops"]
    each = declared.get(base)
    if not isinstance(each, int | float) or isinstance(each, bool) or each <= 0:
        raise UserError(
            f"{key}.options.flops lacks '{base}', or has no positive number for it (found {each!r}); expected the "
            "operations of one training example, that is flops / steps / batch size of some run's run.json"
        )
    steps = float(budget * UNIT / (each * facts["batch_sizes"][base]))
    if steps < 0.5:
        raise UserError(
            f"{key} has a budget of {budget} x 10^9 operations, which is less than half a step of '{base}' "
            f"({each * facts['batch_sizes'][base]:.3g} operations); expected a larger budget"
        )
    return max(1, round(steps))


def equal_steps(facts: Facts, base: str, budgets: list[int]) -> dict[int, int]:
    """Return the steps of each budget.

    Raises:
        UserError: two budgets come to the same number of steps.
    """
    found = {budget: steps_of(facts, base, budget) for budget in budgets}
    for low, high in pairwise(budgets):
        if found[low] == found[high]:
            raise UserError(
                f"config: studies.{facts['study']}.factors: the budgets {low} and {high} are both {found[low]} steps "
                f"of '{base}'; expected budgets that lie further apart"
            )
    return found
