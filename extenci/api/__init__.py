"""The jobs of extenci as functions. The command line is a thin user of them.

    desired = api.load([Path("specs")])
    planned = api.plan(desired)
    result = api.apply(desired)

Every error raised here is an ExtenciError. Nothing is printed, and a person is asked only through the
functions that are passed in. A job's file is imported when the job is first used, so that the others start
fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from extenci.api.apply_plans import apply, apply_saved
    from extenci.api.bundles import unbundle
    from extenci.api.catalog import (
        ServiceFields,
        ServiceList,
        add_service,
        edit_service,
        find_service,
        init_service,
        list_services,
        owned_resources,
        remove_service,
    )
    from extenci.api.completion import SpecNames, service_names, spec_names
    from extenci.api.documentation import find_page, find_pages
    from extenci.api.inspection import doctor, status
    from extenci.api.leases import FoundLease, unlock
    from extenci.api.leftovers import gc
    from extenci.api.manual import StageResult, Staging, run_test_vm, stage, unstage
    from extenci.api.options import DEFAULTS, Approve, Options
    from extenci.api.plans import Planned, explain, is_plan_file, plan, save, submit_descriptions
    from extenci.api.sandbox import (
        make_bootable_disk,
        reset_sandbox,
        sandbox_service,
        sandbox_status,
        start_sandbox,
        stop_sandbox,
    )
    from extenci.api.specs import empty_stack, load, schema, validate
    from extenci.api.trust import (
        distrust_keys,
        distrust_service,
        distrust_sources,
        grant_requests,
        settings,
        trust_keys,
        trust_service,
        trust_sources,
    )
    from extenci.api.verification import confirm, verify
    from extenci.catalog.home import Home

__all__ = [
    "DEFAULTS",
    "Approve",
    "FoundLease",
    "Home",
    "Options",
    "Planned",
    "ServiceFields",
    "ServiceList",
    "SpecNames",
    "StageResult",
    "Staging",
    "add_service",
    "apply",
    "apply_saved",
    "confirm",
    "distrust_keys",
    "distrust_service",
    "distrust_sources",
    "doctor",
    "edit_service",
    "empty_stack",
    "explain",
    "find_page",
    "find_pages",
    "find_service",
    "gc",
    "grant_requests",
    "init_service",
    "is_plan_file",
    "list_services",
    "load",
    "make_bootable_disk",
    "owned_resources",
    "plan",
    "remove_service",
    "reset_sandbox",
    "run_test_vm",
    "sandbox_service",
    "sandbox_status",
    "save",
    "schema",
    "service_names",
    "settings",
    "spec_names",
    "stage",
    "start_sandbox",
    "status",
    "stop_sandbox",
    "submit_descriptions",
    "trust_keys",
    "trust_service",
    "trust_sources",
    "unbundle",
    "unlock",
    "unstage",
    "validate",
    "verify",
]

_FILES = {
    "extenci.api.apply_plans": ("apply", "apply_saved"),
    "extenci.api.bundles": ("unbundle",),
    "extenci.api.catalog": (
        "ServiceFields", "ServiceList", "add_service", "edit_service", "find_service", "init_service",
        "list_services", "owned_resources", "remove_service",
    ),
    "extenci.api.completion": ("SpecNames", "service_names", "spec_names"),
    "extenci.api.documentation": ("find_page", "find_pages"),
    "extenci.api.inspection": ("doctor", "status"),
    "extenci.api.leftovers": ("gc",),
    "extenci.api.manual": ("StageResult", "Staging", "run_test_vm", "stage", "unstage"),
    "extenci.api.options": ("DEFAULTS", "Approve", "Options"),
    "extenci.api.plans": ("Planned", "explain", "is_plan_file", "plan", "save", "submit_descriptions"),
    "extenci.api.sandbox": (
        "make_bootable_disk", "reset_sandbox", "sandbox_service", "sandbox_status", "start_sandbox",
        "stop_sandbox",
    ),
    "extenci.api.specs": ("empty_stack", "load", "schema", "validate"),
    "extenci.api.trust": (
        "distrust_keys", "distrust_service", "distrust_sources", "grant_requests", "settings", "trust_keys",
        "trust_service", "trust_sources",
    ),
    "extenci.api.leases": ("FoundLease", "unlock"),
    "extenci.api.verification": ("confirm", "verify"),
    "extenci.catalog.home": ("Home",),
}  # fmt: skip
_FILE_OF = {name: file for file, names in _FILES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_FILE_OF[name]), name)
    return value
