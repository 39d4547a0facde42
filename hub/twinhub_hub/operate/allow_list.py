"""The proxy by which workspaces reach listed hosts and no others: Squid, with nothing but that.

See https://www.squid-cache.org/Doc/config/ for what each line of its configuration does.
"""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

from twinhub_hub.egress import without_covered
from twinhub_hub.operate.engine import install_packages
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.operate.firewall import METADATA
from twinhub_hub.operate.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Collection

    from twinhub_hub.installation import Listed
    from twinhub_hub.operate.steps import Steps

_USER = "proxy"
"""A user that Debian and Ubuntu have for such programs."""

_CONNECTIONS = 256
"""Most of one workspace, so that it leaves some to others."""

_CONFIGURATION = """\
http_port {gateway}:{port}
visible_hostname twinhub

acl CONNECT method CONNECT
acl tls port 443
acl plain port 80
acl listed dstdomain -n {hosts}
acl here dst 127.0.0.0/8 0.0.0.0/8 ::1 fe80::/10 {metadata}
acl many maxconn {connections}

http_access deny manager
http_access deny CONNECT !tls
http_access deny !CONNECT !plain
# before anything that looks a name up, since a lookup carries data out
http_access deny !listed
http_access deny here
http_access deny many
http_access allow all

cache deny all
cache_mem 0
via off
forwarded_for delete
httpd_suppress_version_string on
pinger_enable off
pid_filename none
coredump_dir none
netdb_filename none
shutdown_lifetime 1 seconds
logfile_rotate 0
debug_options ALL,0
cache_log /dev/null
logformat event {{"time":"%{{%Y-%m-%dT%H:%M:%S}}tg.%03tuZ","level":"info","process":"egress",\
"logger":"squid","message":"%Ss %>Hs %#.20>rm %#.253>rd:%>rP","address":"%>a"}}
access_log stdio:/dev/stdout event
"""


def render_configuration(listed: Listed, hosts: Collection[str]) -> str:
    """Return Squid's configuration: who is let through to where, and one line of JSON for each."""
    return _CONFIGURATION.format(
        gateway=listed.gateway,
        port=listed.port,
        hosts=" ".join(without_covered(hosts)),
        metadata=" ".join(METADATA),
        connections=_CONNECTIONS,
    )


def ensure_program(steps: Steps, *, may_install: bool) -> None:
    """Return when Squid is installed.

    Raises:
        OperateError: it is not, and may not be installed; says how to.
    """
    if find_program("squid"):
        return
    if not may_install:
        raise OperateError(
            "`egress: listed` needs Squid. Install it with `sudo apt-get install squid` and stop "
            "the one that Debian starts, which is not used: `sudo systemctl disable --now squid`. "
            "Or have TwinHub do both: twinhub up --engine=install"
        )
    steps.say("Egress: installing squid")
    install_packages("squid", without_service="squid")


def squid_command(configuration: str) -> list[str]:
    """Return what runs Squid as a user without rights, in place of this process.

    Its user cannot read the installation's folder, so it is given its configuration in memory.

    Raises:
        OperateError: Squid has been removed.
    """
    squid, setpriv = find_program("squid"), find_program("setpriv")
    if squid is None or setpriv is None:
        raise OperateError("Squid is not installed any more: twinhub up says how to install it")
    memory = os.memfd_create("egress", 0)  # not closed by what follows
    os.write(memory, configuration.encode())
    command = [setpriv, "--pdeathsig=KILL"]
    if os.geteuid() == 0:
        user = pwd.getpwnam(_USER)
        os.fchown(1, user.pw_uid, user.pw_gid)  # the supervisor's pipe, which it opens by its name
        command += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [*command, squid, "-N", "-f", f"/proc/self/fd/{memory}"]
