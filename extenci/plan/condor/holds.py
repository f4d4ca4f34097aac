"""Why HTCondor holds a job, in words that a person can act on.

Sources: HTCondor manual, "HoldReasonCode"; src/condor_gridmanager/ec2job.cpp; and a real HTCondor 23.9 with a
service that refuses.
"""

from __future__ import annotations

import re
from html import unescape

from extenci.model.observed import Job

MACHINE_MAY_BE_LOST = 42
"""The code of a job whose machine may be running: HTCondor lost sight of it, or could not end it."""

LAUNCHING = 40
"""The code of a job whose RunInstances failed, whoever's fault it was."""

CODES = {
    1: ("held by a person", "Apply to replace it."),
    37: (
        "the job asks for something that is not there",
        "Correct what it names: key files, key pair, security groups.",
    ),
    38: ("HTCondor had an internal error", "See the gridmanager's log."),
    39: ("HTCondor is not set up for this", "Ask its administrator. `extenci doctor` says what is missing."),
    LAUNCHING: ("HTCondor could not launch it", "Check the service's URL as the schedd's machine sees it."),
    41: ("the service failed", "Try again later."),
    MACHINE_MAY_BE_LOST: (
        "ITS MACHINE MAY BE LOST AND RUNNING",
        "Look for it in the service's console; extenci ends it where it sees its tags.",
    ),
}
"""What `HoldReasonCode` means for jobs of the EC2 grid universe."""

DETAILS = {
    (37, 9): (
        "the service does not accept its key files",
        (
            "Correct the key files under other names: HTCondor remembers refused ones for some minutes "
            "(GRIDMANAGER_EMPTY_RESOURCE_DELAY)."
        ),
    ),
    (37, 10): (
        "HTCondor cannot use a key pair by name on this kind of service",
        "Leave out `key_name`: there HTCondor makes a key pair for each job.",
    ),
    (41, 22): (
        "the service did not answer for too long",
        "Check the service's URL as the schedd's machine sees it.",
    ),
    (MACHINE_MAY_BE_LOST, 15): (
        "ITS MACHINE COULD NOT BE ENDED AND MAY BE RUNNING",
        "Correct the job's key files, and look for the machine in the service's console.",
    ),
}
"""The same for pairs with `HoldReasonSubCode`, where that says more."""

ANSWER = re.compile("<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", re.DOTALL)
"""An error of EC2 (EC2 API reference, "Error codes"), which HTCondor quotes literally."""

FAULTS_OF_THE_SERVICE = re.compile("Internal|Unavailable|Insufficient|RequestLimitExceeded|Throttl")
"""Errors that pass by themselves. All others are caused by the request."""

REFUSED = (
    "the service refused to launch it",
    "Correct what the service names in the spec: image, type, key, security groups, subnet or user data.",
)
LATER = ("the service failed", "Try again later.")
UNKNOWN = ("", "See the job's HoldReason: condor_q -hold.")
REASON_CHARACTERS = 160


def explain_hold(job: Job) -> str:
    """`held: the service refused to launch it (code 40/12): InvalidAMIID.NotFound: The image id …`."""
    code = f"{job.hold_code}/{job.hold_subcode}" if job.hold_subcode else str(job.hold_code)
    said = shorten(job.hold_reason)
    meaning = meaning_of(job)[0]
    return f"held: {meaning or 'HTCondor says'} (code {code})" + (f": {said}" if said else "")


def advise_hold(job: Job) -> str:
    """The next step about a held job."""
    return meaning_of(job)[1]


def meaning_of(job: Job) -> tuple[str, str]:
    """The meaning of a job's codes, and the next step."""
    answer = ANSWER.search(job.hold_reason)
    if answer and job.hold_code == LAUNCHING:
        return LATER if FAULTS_OF_THE_SERVICE.search(answer[1]) else REFUSED
    return DETAILS.get((job.hold_code, job.hold_subcode)) or CODES.get(job.hold_code, UNKNOWN)


def shorten(reason: str) -> str:
    """HTCondor's reason on one line, cut to a limit; of a service's answer that it quotes, only the code and
    the message."""
    answer = ANSWER.search(reason)
    said = unescape(f"{answer[1]}: {answer[2]}") if answer else reason.replace("\\n", " ")
    line = " ".join(said.split()).rstrip(".")
    return line[:REASON_CHARACTERS] + "…" if len(line) > REASON_CHARACTERS else line
