"""The abilities of a service while it is used: those of its file, those learned earlier, and more each time
that it answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from extenci.model.abilities import Abilities, Ability, Evidence, Source

OnLearned = Callable[[Ability, Evidence], None]
"""Takes what was learned of a service, to be remembered."""


class AbilityBook:
    """The abilities of one service. Any thread may use it.

    `given` are those that its file declares or that are known of its host: no answer changes them. `learned`
    are those of earlier runs.
    """

    def __init__(
        self,
        given: Abilities,
        learned: Abilities | None = None,
        on_learned: OnLearned = lambda _ability, _evidence: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._given = given
        self._learned = learned or Abilities()
        self._on_learned = on_learned
        self._clock = clock
        self._lock = threading.Lock()

    @property
    def now(self) -> Abilities:
        """The abilities as far as they are known at this moment."""
        with self._lock:
            return self._learned | self._given

    def has(self, ability: Ability) -> bool:
        """Whether the service is known to have an ability."""
        return self.now.has(ability)

    def lacks(self, ability: Ability) -> bool:
        """Whether the service is known to lack an ability."""
        return self.now.lacks(ability)

    def is_open(self, ability: Ability) -> bool:
        """Whether nothing is known of an ability."""
        return ability not in self.now.evidence

    def is_given(self, ability: Ability) -> bool:
        """Whether the service's file or its documentation tells, so that no answer does."""
        return ability in self._given.evidence

    def learn(self, ability: Ability, has: bool, detail: str, *, source: Source = Source.LEARNED) -> None:
        """Take note of what an answer showed. What is given, or known already, is left alone."""
        evidence = Evidence(has, source, detail, self._clock())
        with self._lock:
            known = self._learned.evidence.get(ability)
            if ability in self._given.evidence or (known is not None and known.has == has):
                return
            self._learned = self._learned | Abilities({ability: evidence})
        self._on_learned(ability, evidence)

    def forget(self) -> None:
        """Forget what was learned, so that it is found out anew."""
        with self._lock:
            self._learned = Abilities()
