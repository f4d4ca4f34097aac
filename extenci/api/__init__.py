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
    from extenci.api.access import Access, SshOptions, console, ssh_words
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
        read_legacy_service,
        remove_service,
    )
    from extenci.api.completion import SpecNames, service_names, spec_names
    from extenci.api.control import StartOptions, list_machines, start_machine, stop_machines
    from extenci.api.documentation import find_page, find_pages
    from extenci.api.imports.description import ImportRequest
    from extenci.api.imports.job import ImportResult, import_resources
    from extenci.api.inspection import SandboxContent, doctor, sandbox_content, status
    from extenci.api.leases import FoundLease, unlock
    from extenci.api.leftovers import gc, preview_gc
    from extenci.api.manual import StageResult, Staging, run_test_vm, stage, unstage
    from extenci.api.options import DEFAULTS, Approve, Options
    from extenci.api.past_runs import history, past_run
    from extenci.api.plans import Planned, explain, is_plan_file, plan, save, submit_descriptions
    from extenci.api.rebuild import RebuildResult, rebuild_records
    from extenci.api.reconcile import Reconciler, open_reconciler
    from extenci.api.repository import NewRepository, init_repository
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
        distrust_hooks,
        distrust_keys,
        distrust_service,
        distrust_sources,
        grant_requests,
        settings,
        trust_hooks,
        trust_keys,
        trust_service,
        trust_sources,
    )
    from extenci.api.verification import confirm, end_test_vms, verify
    from extenci.catalog.home import Home

__all__ = [
    "DEFAULTS",
    "Access",
    "Approve",
    "FoundLease",
    "Home",
    "ImportRequest",
    "ImportResult",
    "NewRepository",
    "Options",
    "Planned",
    "RebuildResult",
    "Reconciler",
    "SandboxContent",
    "ServiceFields",
    "ServiceList",
    "SpecNames",
    "SshOptions",
    "StageResult",
    "Staging",
    "StartOptions",
    "add_service",
    "apply",
    "apply_saved",
    "confirm",
    "console",
    "distrust_hooks",
    "distrust_keys",
    "distrust_service",
    "distrust_sources",
    "doctor",
    "edit_service",
    "empty_stack",
    "end_test_vms",
    "explain",
    "find_page",
    "find_pages",
    "find_service",
    "gc",
    "grant_requests",
    "history",
    "import_resources",
    "init_repository",
    "init_service",
    "is_plan_file",
    "list_machines",
    "list_services",
    "load",
    "make_bootable_disk",
    "open_reconciler",
    "owned_resources",
    "past_run",
    "plan",
    "preview_gc",
    "read_legacy_service",
    "rebuild_records",
    "remove_service",
    "reset_sandbox",
    "run_test_vm",
    "sandbox_content",
    "sandbox_service",
    "sandbox_status",
    "save",
    "schema",
    "service_names",
    "settings",
    "spec_names",
    "ssh_words",
    "stage",
    "start_machine",
    "start_sandbox",
    "status",
    "stop_machines",
    "stop_sandbox",
    "submit_descriptions",
    "trust_hooks",
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
    "extenci.api.access": ("Access", "SshOptions", "console", "ssh_words"),
    "extenci.api.apply_plans": ("apply", "apply_saved"),
    "extenci.api.bundles": ("unbundle",),
    "extenci.api.catalog": (
        "ServiceFields", "ServiceList", "add_service", "edit_service", "find_service", "init_service",
        "list_services", "owned_resources", "read_legacy_service", "remove_service",
    ),
    "extenci.api.completion": ("SpecNames", "service_names", "spec_names"),
    "extenci.api.control": ("StartOptions", "list_machines", "start_machine", "stop_machines"),
    "extenci.api.documentation": ("find_page", "find_pages"),
    "extenci.api.past_runs": ("history", "past_run"),
    "extenci.api.imports.description": ("ImportRequest",),
    "extenci.api.imports.job": ("ImportResult", "import_resources"),
    "extenci.api.inspection": ("SandboxContent", "doctor", "sandbox_content", "status"),
    "extenci.api.leftovers": ("gc", "preview_gc"),
    "extenci.api.manual": ("StageResult", "Staging", "run_test_vm", "stage", "unstage"),
    "extenci.api.options": ("DEFAULTS", "Approve", "Options"),
    "extenci.api.plans": ("Planned", "explain", "is_plan_file", "plan", "save", "submit_descriptions"),
    "extenci.api.rebuild": ("RebuildResult", "rebuild_records"),
    "extenci.api.reconcile": ("Reconciler", "open_reconciler"),
    "extenci.api.repository": ("NewRepository", "init_repository"),
    "extenci.api.sandbox": (
        "make_bootable_disk", "reset_sandbox", "sandbox_service", "sandbox_status", "start_sandbox",
        "stop_sandbox",
    ),
    "extenci.api.specs": ("empty_stack", "load", "schema", "validate"),
    "extenci.api.trust": (
        "distrust_hooks", "distrust_keys", "distrust_service", "distrust_sources", "grant_requests",
        "settings", "trust_hooks", "trust_keys", "trust_service", "trust_sources",
    ),
    "extenci.api.leases": ("FoundLease", "unlock"),
    "extenci.api.verification": ("confirm", "end_test_vms", "verify"),
    "extenci.catalog.home": ("Home",),
}  # fmt: skip
_FILE_OF = {name: file for file, names in _FILES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_FILE_OF[name]), name)
    return value
