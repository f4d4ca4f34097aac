"""Telling events to a listener that may fail: a closed terminal must not cost the work."""

from __future__ import annotations

import logging

from extenci.model.outcome import Listener, Progress


def unfailing(listener: Listener) -> Listener:
    """The same listener, whose errors go to the debug log: the work goes on, and is reported at its end."""

    def tell(event: Progress) -> None:
        try:
            listener(event)
        except Exception:  # a closed stderr, a defect of the listener: not the work's
            logging.getLogger(__name__).debug("A listener failed", exc_info=True)

    return tell
