"""Verbs of ``twin assets`` about what others may have: review, ownership, teams, grants, links."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from twinhub_api.cli.assets_printing import count_of, render_rows
from twinhub_api.cli.command import GOOD, CommandError
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.library.opening import OpenedByPage
from twinhub_api.library.publishing import (
    Decision,
    Deprecation,
    Difference,
    Grant,
    GrantList,
    GrantRequest,
    Proposal,
    ProposalList,
    Transfer,
    Version,
    VersionList,
    Withdrawal,
)
from twinhub_api.library.teams import Team, Teams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twinhub_api.cli.asking import Asking

_MOST = 1000
_PARTS = 3


def _print_rows(rows: Sequence[Sequence[str]], nothing: str, *, has_text: bool = False) -> None:
    print(render_rows(rows, terminal_of(), has_text=has_text) if rows else nothing)


def _review(asking: Asking) -> int:
    options = asking.options
    if options.number is None:
        if options.accept or options.send_back is not None:
            raise CommandError("name the number of a proposal; `twin assets review` lists them")
        return _list_proposals(asking)
    address = f"/api/proposals/{options.number}"
    if not options.accept and options.send_back is None:
        return _show_difference(asking, address)
    verb = "acceptance" if options.accept else "return"
    comment = Decision(comment=options.send_back or "")
    done = asking.client.post(Proposal, f"{address}/{verb}", comment.model_dump())
    if options.json:
        asking.print_json(done)
    else:
        print(f"{done.kind}/{done.name} {done.version} by {safe(done.author)} is {done.state}")
    return GOOD


def _list_proposals(asking: Asking) -> int:
    values = {"limit": _MOST}
    page = asking.client.get(ProposalList, "/api/proposals", values)
    if asking.options.json:
        asking.print_json(page)
        return GOOD
    rows = [
        (str(one.id), one.state, f"{one.kind}/{one.name} {one.version}", f"by {one.author}",
         _last_word(one))
        for one in page.proposals
    ]  # fmt: skip
    _print_rows(rows, "There are no proposals.", has_text=True)
    return GOOD


def _last_word(proposal: Proposal) -> str:
    if not proposal.comments:
        return proposal.message
    last = proposal.comments[-1]
    return f"{last.by}: {last.text}"


def _show_difference(asking: Asking, address: str) -> int:
    found = asking.client.get(Difference, f"{address}/difference")
    if asking.options.json:
        asking.print_json(found)
        return GOOD
    for file in found.files:
        sizes = f"{file.old_size} B → {file.new_size} B"
        print(f"{file.change}: {safe(file.path)} ({sizes})")
        print("".join(f"  {safe(line)}\n" for line in file.text.splitlines()), end="")
    if not found.files:
        print("Nothing differs from the newest version.")
    return GOOD


def _published(asking: Asking, text: str, *, needs_version: bool = False) -> tuple[str, str]:
    """Return the address of a published asset's versions, and the version that was named."""
    path, _, version = asking.path(text).partition("@")
    names = path.split("/")
    if names[0] != "common" or len(names) != _PARTS or (needs_version and not version):
        example = "common/models/tank@1.2.0" if needs_version else "common/models/tank"
        raise CommandError(f"{safe(text)} is not what was published: name it as in {example}")
    return f"/api/versions/{quote(names[1])}/{quote(names[2])}", version


def _deprecate(asking: Asking) -> int:
    options = asking.options
    address, version = _published(asking, options.asset)
    wish = Deprecation(version=version, why=options.why, successor=options.successor)
    _tell_versions(
        asking,
        asking.client.post(VersionList, f"{address}/deprecation", wish.model_dump()),
        "deprecated" if options.why else "deprecated no more",
    )
    return GOOD


def _withdraw(asking: Asking) -> int:
    options = asking.options
    address, version = _published(asking, options.asset, needs_version=True)
    wish = Withdrawal(why=options.why)
    done = asking.client.post(Version, f"{address}/{quote(version)}/withdrawal", wish.model_dump())
    if options.json:
        asking.print_json(done)
    else:
        print(f"{done.path} is withdrawn; who uses it keeps it")
    return GOOD


def _transfer(asking: Asking) -> int:
    options = asking.options
    address, _ = _published(asking, options.asset)
    wish = Transfer(kind="user" if options.user else "team", name=options.user or options.team)
    _tell_versions(
        asking,
        asking.client.post(VersionList, f"{address}/transfer", wish.model_dump()),
        f"of {wish.kind} {safe(wish.name)} now",
    )
    return GOOD


def _tell_versions(asking: Asking, page: VersionList, what: str) -> None:
    if asking.options.json:
        asking.print_json(page)
        return
    for one in page.versions:
        print(f"{one.path} is {what}")


def _team(asking: Asking) -> int:
    options = asking.options
    if not options.group:
        return _list_teams(asking)
    if not options.on and not options.off:
        raise CommandError(f"say what is to become of {safe(options.group)}: --on or --off")
    method = "PUT" if options.on else "DELETE"
    answer = asking.client.ask(method, f"/api/teams/{quote(options.group)}")
    team = Team.model_validate_json(answer.content)
    if options.json:
        asking.print_json(team)
    elif team.is_on:
        print(
            f"{safe(team.group)} has an area: teams/{team.label}; its members have it in their "
            "workspaces after the next start"
        )
    else:
        print(f"{safe(team.group)} has no area any more; its files are kept")
    return GOOD


def _list_teams(asking: Asking) -> int:
    page = asking.client.get(Teams, "/api/teams", {"every": "true"})
    if asking.options.json:
        asking.print_json(page)
        return GOOD
    rows = [
        (one.group, f"teams/{one.label}" if one.is_on else "no area",
         "you may switch it" if one.rights.switch else "")
        for one in page.teams
    ]  # fmt: skip
    _print_rows(rows, "You are in no group.")
    return GOOD


def _grant(asking: Asking) -> int:
    options = asking.options
    if options.remove is not None:
        asking.client.ask("DELETE", f"/api/grants/{options.remove}")
        print("{}" if options.json else f"Grant {options.remove} is taken back.")
        return GOOD
    if not options.user and not options.team:
        return _list_grants(asking)
    wish = GrantRequest(
        subject_kind="user" if options.user else "group", subject=options.user or options.team,
        kind=options.kind, pattern=options.name, needs_review=options.review,
    )  # fmt: skip
    made = asking.client.post(Grant, "/api/grants", wish.model_dump())
    if options.json:
        asking.print_json(made)
    else:
        print(f"{' '.join(part for part in _grant_row(made) if part)}")
    return GOOD


def _list_grants(asking: Asking) -> int:
    page = asking.client.get(GrantList, "/api/grants", {"limit": _MOST})
    if asking.options.json:
        asking.print_json(page)
        return GOOD
    _print_rows([_grant_row(one) for one in page.grants], "There are no grants of yours.")
    return GOOD


def _grant_row(grant: Grant) -> tuple[str, ...]:
    what = "all kinds" if grant.kind == "*" else grant.kind
    named = "" if grant.pattern == "*" else f"named {grant.pattern}"
    review = "after a review" if grant.needs_review else ""
    subject = f"{grant.subject_kind} {grant.subject}"
    return f"{grant.id}", subject, f"may publish {what}", named, review


def _opened(asking: Asking) -> int:
    path = asking.path(asking.options.asset).partition("@")[0]
    page = asking.client.get(OpenedByPage, f"/api/open-links/{quote(path)}", {"limit": _MOST})
    if asking.options.json:
        asking.print_json(page)
        return GOOD
    rows = [
        (one.user, count_of(one.times, "time"), f"first {one.first_at:%Y-%m-%d %H:%M}",
         f"last {one.last_at:%Y-%m-%d %H:%M}")
        for one in page.items
    ]  # fmt: skip
    _print_rows(rows, f"Nobody has opened the link of {safe(path)} yet.")
    return GOOD


SHARING_VERBS: dict[str, Callable[[Asking], int]] = {
    "review": _review,
    "deprecate": _deprecate,
    "withdraw": _withdraw,
    "transfer": _transfer,
    "team": _team,
    "grant": _grant,
    "opened": _opened,
}
"""What each of these verbs does."""
