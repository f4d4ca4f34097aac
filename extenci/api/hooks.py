"""Tell the hooks of a spec root a result, and let a user allow them. Nothing of a result depends on them."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from threading import Event as Stop

from extenci.api.options import Options
from extenci.apply.hooks.tell import tell_hook
from extenci.catalog.home import Home
from extenci.catalog.hooks import asked_hooks
from extenci.catalog.trust import VARIABLE, trusted_settings
from extenci.model.desired import Desired
from extenci.model.errors import ExtenciError
from extenci.model.hook import AskedHook, Event
from extenci.model.outcome import Result
from extenci.model.trust import HookRequest
from extenci.report.hook.json import hook_document, told_result
from extenci.report.plan.json import render_json

LAST_SECONDS = 5.0
"""What hooks may still take once the command was told to stop."""


def tell_result(desired: Desired, event: Event, result: Result, home: Home, options: Options) -> Result:
    """Tell the hooks of the specs a result, and return it. Nothing that was planned and not done is told."""
    if options.hooks and (result.outcomes or not result.ok):
        root = Path(desired.root)
        document = hook_document(event, time.time(), result.plan.stack, told_result(result))
        tell_hooks(root, root, event, document, home, options)
    return result


def tell_hooks(
    folder: Path, root: Path, event: Event, document: dict[str, object], home: Home, options: Options
) -> None:
    """Tell the hooks in `folder`, which are allowed as those of `root`, a document. A hook that fails, or is
    not allowed, is told to the listener."""
    try:
        asked = asked_hooks(folder, root, event)
        settings = trusted_settings(home) if asked else None
    except ExtenciError as error:
        options.tell(f"No hook was told: {error.message}")
        return
    for one in asked:
        if settings is not None and settings.allows_hook(one.request):
            _tell(one, folder, render_json(document).encode(), options)
        else:
            options.tell(_not_allowed(one.request))


def find_hooks(root: Path) -> tuple[HookRequest, ...]:
    """What the hooks of a root ask for, as they are now."""
    return tuple(one.request for one in asked_hooks(root, root))


def _tell(asked: AskedHook, folder: Path, document: bytes, options: Options) -> None:
    is_last = options.stop is not None and options.stop.is_set()
    stop = Stop() if is_last or options.stop is None else options.stop
    seconds = min(asked.hook.seconds, LAST_SECONDS) if is_last else float(asked.hook.seconds)
    if failure := tell_hook(asked.hook, folder, document, stop, seconds):
        options.tell(f"The hook {asked.request.label} failed: {failure.rstrip('.')}.")


def _not_allowed(request: HookRequest) -> str:
    command = shlex.join(["extenci", "trust", "--hooks", request.root])
    return (
        f"The hook {request.label} was told nothing: this user has not allowed it. If it may know "
        f"the results: `{command}`, or {shlex.quote(request.word)} in {VARIABLE}."
    )
