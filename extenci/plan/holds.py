"""Why HTCondor holds a job, in words that a person can act on. Pure.

Sources: HTCondor manual, "HoldReasonCode"; src/condor_gridmanager/ec2job.cpp (`HoldReasonCode` by the kind
of what the EC2 GAHP was answered).
"""

from __future__ import annotations

import re
from html import unescape

from extenci.model.observed import Job

MACHINE_MAY_BE_LOST = 42
"""The code of a job whose machine HTCondor lost sight of while it may be running."""

BY_HAND = 1
REFUSED = 37
UNREACHABLE = 40
FAILED = 41

MEANINGS = {
    BY_HAND: ("held by a person", "Release it (condor_release) or apply to replace it."),
    REFUSED: (
        "the service refused what the job asks for",
        "Correct what it names: key files, image, type, key, security groups or subnet.",
    ),
    38: ("HTCondor failed inside", "See the gridmanager's log."),
    39: ("HTCondor is not set up for this", "Ask its administrator; `extenci doctor` tells what is missing."),
    UNREACHABLE: (
        "the service could not be reached",
        "Check the service's URL as the schedd's machine sees it.",
    ),
    FAILED: ("the service failed", "Try again later."),
    MACHINE_MAY_BE_LOST: (
        "ITS MACHINE MAY BE LOST AND RUNNING",
        "Look for it in the service's console; extenci ends it once it sees its tags.",
    ),
}

ANSWER = re.compile("<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", re.DOTALL)
"""An error as EC2 answers it (EC2 API reference, "Error codes"): HTCondor gives it unread, as part of the
reason, and under the code of a service that could not be reached."""

FAULTS_OF_THE_SERVICE = re.compile("Internal|Unavailable|Insufficient|RequestLimitExceeded|Throttl")
"""Errors that come right by themselves; every other one is answered to what was asked for."""

REASON_CHARACTERS = 160


def explain_hold(job: Job) -> str:
    """`held: the service refused what the job asks for (code 37/9): AuthFailure: AWS was not able to …`."""
    meaning, _ = MEANINGS.get(meant_code(job), ("", ""))
    code = f"{job.hold_code}/{job.hold_subcode}" if job.hold_subcode else str(job.hold_code)
    answer = ANSWER.search(job.hold_reason)
    said = shorten(unescape(f"{answer[1]}: {answer[2]}") if answer else job.hold_reason)
    return f"held: {meaning or 'HTCondor says'} (code {code})" + (f": {said}" if said else "")


def advise_hold(job: Job) -> str:
    """What to do about a held job."""
    return MEANINGS.get(meant_code(job), ("", "See the job's HoldReason: condor_q -hold."))[1]


def meant_code(job: Job) -> int:
    """HTCondor's code, put right where the service could be reached very well and said no."""
    answer = ANSWER.search(job.hold_reason)
    if job.hold_code != UNREACHABLE or answer is None:
        return job.hold_code
    return FAILED if FAULTS_OF_THE_SERVICE.search(answer[1]) else REFUSED


def shorten(reason: str) -> str:
    """HTCondor's own words on one line, not endless."""
    line = " ".join(reason.split()).rstrip(".")
    return line[:REASON_CHARACTERS] + "…" if len(line) > REASON_CHARACTERS else line
