"""A pass as metrics in Prometheus' text format, for the textfile collector of its node exporter.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4).
"""

from __future__ import annotations

from collections.abc import Mapping

from extenci.model.outcome import Status
from extenci.model.reconcile import LastPass, Pass
from extenci.report.reconcile.summary import FINE, count

PREFIX = "extenci_reconcile"


def render_metrics(done: Pass, last: LastPass) -> str:
    """All metrics of a pass."""
    labels = {"root": done.root, "stack": done.stack}
    lines = [
        *metric("last_pass_timestamp_seconds", "When the last pass began.", done.at, labels),
        *metric("last_success_timestamp_seconds", "When one last ended well; 0: never.", last.ok_at, labels),
        *metric("duration_seconds", "How long the last pass took.", done.seconds, labels),
        *metric("ok", "1 where everything is as the specs say, else 0.", done.status in FINE, labels),
        *metric("done", "Changes that the last pass made.", count(done, Status.DONE), labels),
        *metric("failed", "Changes that failed in the last pass.", count(done, Status.FAILED), labels),
        *metric("pending", "Changes that were only to be detected.", pending(done), labels),
        *metric("drift", "Differences that no spec asked for.", sum_of(done, "drift"), labels),
        *metric("blocked", "Changes that cannot be made.", sum_of(done, "blocked"), labels),
        *metric("left", "Limits that only a person may exceed.", len(done.left), labels),
        *metric("unread", "Services that could not be read.", sum_of(done, "unread"), labels),
        *metric(
            "info",
            "The commit and the status of the last pass.",
            1,
            {**labels, "branch": done.branch, "commit": done.commit, "status": str(done.status)},
        ),
    ]
    return "\n".join(lines) + "\n"


def pending(done: Pass) -> int:
    """The number of changes that were found, and not to be made."""
    return len(done.plan.changes) if done.plan is not None else 0


def sum_of(done: Pass, field: str) -> int:
    """The length of a field of all plans together."""
    return sum(len(getattr(plan, field)) for plan in done.plans)


def metric(name: str, text: str, value: float, labels: Mapping[str, str]) -> list[str]:
    """A gauge with its value."""
    shown = ",".join(f'{key}="{escape(label)}"' for key, label in labels.items())
    full = f"{PREFIX}_{name}"
    return [f"# HELP {full} {text}", f"# TYPE {full} gauge", f"{full}{{{shown}}} {number(value)}"]


def number(value: float) -> str:
    """A number without needless digits."""
    return str(int(value)) if float(value).is_integer() else f"{value:.3f}"


def escape(label: str) -> str:
    """The value of a label."""
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
