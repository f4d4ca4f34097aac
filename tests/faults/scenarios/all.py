"""All there is to try."""

from __future__ import annotations

from tests.faults.case import expand
from tests.faults.scenarios.by_hand import BY_HAND
from tests.faults.scenarios.specs import OF_SPECS

CASES = {str(case): case for case in expand((*OF_SPECS, *BY_HAND))}
