"""Licences as SPDX writes them: identifiers, ``AND``, ``OR``, ``WITH``, brackets.

The grammar is that of SPDX 2.3, annex D. Identifiers that are not among the usual ones are let
through, since the list of SPDX grows; the spelling of the usual ones is checked.
"""

from __future__ import annotations

import re

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.values import RefusalError

USUAL = (
    "0BSD", "AFL-3.0", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "Artistic-2.0",
    "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0",
    "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-SA-4.0", "CC0-1.0", "CECILL-2.1", "ECL-2.0",
    "EPL-1.0", "EPL-2.0", "EUPL-1.2", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only",
    "GPL-3.0-or-later", "ISC", "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only",
    "LGPL-3.0-or-later", "MIT", "MIT-0", "MPL-2.0", "MS-PL", "ODbL-1.0", "OFL-1.1", "PDDL-1.0",
    "PostgreSQL", "Python-2.0", "UPL-1.0", "Unlicense", "WTFPL", "Zlib",
)  # fmt: skip
"""Identifiers that most assets have."""

_OLD = {"GPL-2.0": "GPL-2.0-only", "GPL-3.0": "GPL-3.0-only", "LGPL-3.0": "LGPL-3.0-only",
        "LGPL-2.1": "LGPL-2.1-only", "AGPL-3.0": "AGPL-3.0-only", "GPL": "GPL-3.0-or-later",
        "GPLv3": "GPL-3.0-only", "GPLv2": "GPL-2.0-only", "Apache": "Apache-2.0",
        "Apache 2.0": "Apache-2.0", "BSD": "BSD-3-Clause", "CC-BY": "CC-BY-4.0"}  # fmt: skip
_TOKEN = re.compile(r"\(|\)|[A-Za-z0-9.+:-]+")
_IDENTIFIER = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?[A-Za-z0-9][A-Za-z0-9.-]*\+?")
_REMEDY = "write it as SPDX does, such as MIT, CC-BY-4.0 or 'Apache-2.0 OR MIT'"
_DEEPEST = 20


def check_licence(text: str) -> str:
    """Return a licence that is written as SPDX does.

    Raises:
        RefusalError: it is no expression of SPDX, or a usual identifier in another spelling.
    """
    old = _OLD.get(text.strip())
    if old:
        raise RefusalError(f"{text!r} is no licence of SPDX any more", _REMEDY, nearest=old)
    tokens = _TOKEN.findall(text)
    if re.sub(r"\s", "", text) != "".join(tokens) or not _is_expression(tokens):
        raise RefusalError(f"{text!r} is no licence", _REMEDY, nearest=nearest_key(text, USUAL))
    for token in tokens:
        usual = {one.casefold(): one for one in USUAL}.get(token.casefold())
        if usual and usual != token:
            raise RefusalError(f"{token!r} is spelt differently", _REMEDY, nearest=usual)
    return text


def _is_expression(tokens: list[str]) -> bool:
    """Tell whether tokens are licences with words between them, and brackets in pairs."""
    depth, is_next, may_with = 0, True, False
    for at, token in enumerate(tokens):
        match token:
            case "(" if is_next:
                depth += 1
            case ")" if not is_next and depth:
                depth -= 1
                may_with = False
            case "AND" | "OR" if not is_next:
                is_next, may_with = True, False
            case "WITH" if may_with and not is_next:
                is_next, may_with = True, False
            case _ if is_next and _is_identifier(token):
                is_next = False
                may_with = at == 0 or tokens[at - 1] != "WITH"
            case _:
                return False
        if depth > _DEEPEST:
            return False
    return not is_next and depth == 0


def _is_identifier(token: str) -> bool:
    return token not in {"AND", "OR", "WITH"} and _IDENTIFIER.fullmatch(token) is not None
