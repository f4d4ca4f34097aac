"""The configuration of a personal HTCondor for tests, as texts.

Sources: HTCondor manual, "Configuration macros"; condor_utils/param_info.in; condor_gridmanager/*.cpp.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

DOMAIN = "extenci.test"
"""UID_DOMAIN and TRUST_DOMAIN: fixed, since changing UID_DOMAIN with jobs queued breaks the gridmanager."""
SCHEDD_NAME = "extenci-test@"

_QUICK = {
    "GRIDMANAGER_JOB_PROBE_INTERVAL": "1",
    "GRIDMANAGER_JOB_PROBE_RATE": "1000",
    "GRIDMANAGER_RESOURCE_PROBE_INTERVAL": "2",
    "GRIDMANAGER_CONTACT_SCHEDD_DELAY": "1",
    "GRIDMANAGER_EMPTY_RESOURCE_DELAY": "1",
    "GRIDMANAGER_MAX_PENDING_REQUESTS": "1000",
    "GRIDMANAGER_MAX_SUBMITTED_JOBS_PER_RESOURCE_EC2": "1000",
    "EC2_GAHP_RATE_LIMIT": "0",
    "SCHEDD_INTERVAL": "5",
    "PERIODIC_EXPR_INTERVAL": "2",
    "MASTER_BACKOFF_CONSTANT": "1",
    "MASTER_BACKOFF_CEILING": "2",
    "SHUTDOWN_FAST_TIMEOUT": "5",
    "SHUTDOWN_GRACEFUL_TIMEOUT": "5",
    "CONDOR_FSYNC": "False",
}
"""What makes EC2 jobs quick. Some waits can't be set: 3 s until the schedd starts a gridmanager (or tells it
of new jobs), 3 s until that has read the queue, 5 s until its GAHP is asked for the first time.

USE_PROCD keeps its default: without it condor_master 23.9.6 may crash when a schedd ends (seen).
"""


def _network(collector: str, schedd: str) -> dict[str, str]:
    return {
        "LOCAL_CONFIG_FILE": "",
        "LOCAL_CONFIG_DIR": "",
        "CONDOR_HOST": "127.0.0.1",
        "COLLECTOR_HOST": collector,
        "NETWORK_INTERFACE": "127.0.0.1",
        "NETWORK_HOSTNAME": "localhost",
        "BIND_ALL_INTERFACES": "False",
        "ENABLE_IPV6": "False",
        "USE_SHARED_PORT": "False",
        "UID_DOMAIN": DOMAIN,
        "TRUST_DOMAIN": DOMAIN,
        "SCHEDD_NAME": schedd,
    }


def server_text(folder: Path, collector: str, schedd: str = SCHEDD_NAME) -> str:
    """The daemons' configuration: all they write lies below `folder`."""
    access = (
        "READ",
        "WRITE",
        "DAEMON",
        "ADMINISTRATOR",
        "NEGOTIATOR",
        "CLIENT",
        "CONFIG",
        "ADVERTISE_SCHEDD",
    )
    settings = {
        **_network(collector, schedd),
        "DAEMON_LIST": "MASTER, COLLECTOR, SCHEDD",
        "LOCAL_DIR": str(folder),
        **{name: f"$(LOCAL_DIR)/{name.lower()}" for name in ("LOG", "SPOOL", "EXECUTE", "LOCK", "RUN")},
        "CRED_STORE_DIR": "$(LOCAL_DIR)/cred_dir",
        "EC2_GAHP_LOG": "$(LOCAL_DIR)/gahp_log/EC2GahpLog.$(USERNAME)",
        "SCHEDD_ADDRESS_FILE": "$(SPOOL)/.schedd_address",
        **{f"ALLOW_{name}": "*" for name in access},
        "SEC_DEFAULT_AUTHENTICATION_METHODS": "FS, IDTOKENS",
        "SEC_CLIENT_AUTHENTICATION_METHODS": "FS, IDTOKENS",
        "SEC_PASSWORD_DIRECTORY": "$(LOCAL_DIR)/passwords.d",
        "SEC_TOKEN_POOL_SIGNING_KEY_FILE": "$(LOCAL_DIR)/passwords.d/POOL",
        "SEC_TOKEN_SYSTEM_DIRECTORY": "$(LOCAL_DIR)/system_tokens.d",
        "DISCARD_SESSION_KEYRING_ON_STARTUP": "False",
        "MASTER_NEW_BINARY_RESTART": "NEVER",
        **_QUICK,
    }
    include = "include ifexist : /etc/condor/condor_config\n"
    return f"{include}{text_of(settings)}include ifexist : {folder}/extra_config\n"


def client_text(folder: Path, collector: str, tokens: Path, schedd: str = SCHEDD_NAME) -> str:
    """The configuration of programs that use the pool with the token in the folder `tokens`.

    FS would make root out of root, who may own no job: the token is all there is.
    """
    return text_of(
        {
            **_network(collector, schedd),
            "SCHEDD_ADDRESS_FILE": f"{folder}/spool/.schedd_address",
            "SEC_CLIENT_AUTHENTICATION_METHODS": "IDTOKENS",
            "SEC_TOKEN_DIRECTORY": str(tokens),
        }
    )


def text_of(settings: Mapping[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in settings.items())
