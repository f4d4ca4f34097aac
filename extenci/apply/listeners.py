"""Telling events to whoever listens, who may fail: a closed terminal must not cost the work."""

from __future__ import annotations

import logging

from extenci.model.outcome import Listener, Progress


def unfailing(listener: Listener) -> Listener:
    """The same listener, whose errors go to the log of defects: what is done goes on, and is told at the
    end."""

    def tell(event: Progress) -> None:
        try:
            listener(event)
        except Exception:  # whatever it is, it is not the work's: a closed stderr, a defect of who listens
            logging.getLogger(__name__).debug("A listener failed", exc_info=True)

    return tell
