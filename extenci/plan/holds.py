"""Why HTCondor holds a job, in words that a person can act on. Pure.

Sources: HTCondor manual, "HoldReasonCode"; src/condor_gridmanager/ec2job.cpp (`HoldReasonCode` by the kind
of what the EC2 GAHP was answered).
"""

from __future__ import annotations

from extenci.model.observed import Job

MACHINE_MAY_BE_LOST = 42
"""The code of a job whose machine HTCondor lost sight of while it may be running."""

BY_HAND = 1

MEANINGS = {
    BY_HAND: ("held by a person", "Release it (condor_release) or apply to replace it."),
    37: (
        "the service refused what the job asks for",
        "Correct what it names: key files, image, type, key, security groups or subnet.",
    ),
    38: ("HTCondor failed inside", "See the gridmanager's log."),
    39: ("HTCondor is not set up for this", "Ask its administrator; `extenci doctor` tells what is missing."),
    40: ("the service could not be reached", "Check the service's URL as the schedd's machine sees it."),
    41: ("the service failed", "Try again later."),
    MACHINE_MAY_BE_LOST: (
        "ITS MACHINE MAY BE LOST AND RUNNING",
        "Look for it in the service's console; extenci ends it once it sees its tags.",
    ),
}

REASON_CHARACTERS = 160


def explain_hold(job: Job) -> str:
    """`held: the service refused what the job asks for (code 37/9): The AWS Access Key Id …`."""
    meaning, _ = MEANINGS.get(job.hold_code, ("", ""))
    code = f"{job.hold_code}/{job.hold_subcode}" if job.hold_subcode else str(job.hold_code)
    said = shorten(job.hold_reason)
    return f"held: {meaning or 'HTCondor says'} (code {code})" + (f": {said}" if said else "")


def advise_hold(job: Job) -> str:
    """What to do about a held job."""
    return MEANINGS.get(job.hold_code, ("", "See the job's HoldReason: condor_q -hold."))[1]


def shorten(reason: str) -> str:
    """HTCondor's own words on one line, not endless."""
    line = " ".join(reason.split()).rstrip(".")
    return line[:REASON_CHARACTERS] + "…" if len(line) > REASON_CHARACTERS else line
