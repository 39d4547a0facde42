"""Commands of ``twin`` that run twins: names and arguments; what they do is imported later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.cli.command import OUTCOME, RUNNING, Command

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    _Adds = Callable[[argparse.ArgumentParser], None]

_RUNS = "twinhub_api.cli.runs"
_RUN = "the id of a run, or a twin, whose newest run is meant"
_OPEN_RUN = "the id of a run, or a twin, whose run that goes on is meant, else the one that waits"
_TWIN = (
    "a twin: the name of one of yours, its folder such as `.`, or a path of the library such as"
    " common/digital_twins/tank"
)


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def _a_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("of", metavar="RUN", help=_RUN)


def _an_open_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("of", metavar="RUN", help=_OPEN_RUN)


def _detach(text: str) -> _Adds:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("-d", "--detach", action="store_true", help=text)

    return add


def _values(metavar: str, of: str) -> _Adds:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--set", metavar=metavar, action="append", default=[], dest="values",
            help=f"a value for {of}; may be given several times",
        )  # fmt: skip

    return add


def _all_of(*parts: _Adds) -> _Adds:
    def add(parser: argparse.ArgumentParser) -> None:
        for one in (*parts, _json):
            one(parser)

    return add


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("twin", metavar="TWIN", help=_TWIN)
    parser.add_argument(
        "phases", metavar="PHASE", nargs="*",
        help="phases, one after the other; default: execute",
    )  # fmt: skip
    _values("P=V", "a parameter")(parser)
    parser.add_argument("--scenario", metavar="NAME", help="the scenario that values come from")
    _detach("print the id and do not wait for the end")(parser)
    _json(parser)


def _ps(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("twin", metavar="TWIN", nargs="?", default="", help="only of this twin")
    parser.add_argument(
        "-a", "--all", action="store_true", dest="everything", help="also what has ended"
    )
    parser.add_argument(
        "--limit", metavar="N", type=int, default=20, help="how many at the most; default: 20"
    )
    _json(parser)


def _logs(parser: argparse.ArgumentParser) -> None:
    _a_run(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run has ended")
    parser.add_argument("-t", "--times", action="store_true", help="print when each line came")
    parser.add_argument(
        "--process", metavar="NAME", help="only what this process has printed; default: all"
    )
    parser.add_argument("--tail", metavar="N", type=int, help="only the last lines that are there")
    parser.add_argument(
        "--attempt", metavar="N", type=int, help="of this try; default: the newest one"
    )
    _json(parser)


def _command(parser: argparse.ArgumentParser) -> None:
    _an_open_run(parser)
    parser.add_argument(
        "name", metavar="NAME", nargs="?",
        help="a command of the twin, or a phase such as terminate; default: list what it was told",
    )  # fmt: skip
    _values("A=V", "an argument")(parser)
    _detach("do not wait for its end")(parser)
    _json(parser)


def _clear(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--days", metavar="N", type=float,
        help="of runs that ended, and copies used last, so many days ago",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be removed")
    parser.add_argument(
        "--everybody", action="store_true", help="runs of all people, for administrators"
    )
    _json(parser)


def _top(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="print it once and end")


def _results(parser: argparse.ArgumentParser) -> None:
    _a_run(parser)
    parser.add_argument(
        "--to", metavar="FOLDER", help="write them below this folder, where nothing is yet"
    )
    parser.add_argument("--crate", metavar="FILE", help="write all of the run as an RO-Crate (ZIP)")
    parser.add_argument("--preview", metavar="PATH", help="print the beginning of one of them")
    parser.add_argument(
        "--provenance", action="store_true", help="print where the run comes from, as JSON"
    )
    _json(parser)


def _compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="A", help=_RUN)
    parser.add_argument("after", metavar="B", help="the other one")
    _json(parser)


def _secret(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    give = verbs.add_parser(
        "set", help="give a secret: read from standard input, or asked for",
        epilog="example: twin secret set bridge key <key.pem",
    )  # fmt: skip
    remove = verbs.add_parser(
        "remove", help="forget what you have given",
        epilog="example: twin secret remove bridge key",
    )  # fmt: skip
    for one in (give, remove):
        one.add_argument("twin", metavar="TWIN", help=_TWIN)
        one.add_argument("name", metavar="NAME", help="the secret, as the twin names it")
    show = verbs.add_parser(
        "list", help="list which secrets are given; values are never shown",
        epilog="example: twin secret list bridge",
    )  # fmt: skip
    show.add_argument("twin", metavar="TWIN", nargs="?", help="those of this twin")
    _json(show)


def _save(parser: argparse.ArgumentParser) -> None:
    _a_run(parser)
    parser.add_argument(
        "--to", metavar="PATH", default="",
        help="where, in your area or a team's; default: data/saves/<twin>-<run>.zip",
    )  # fmt: skip
    _json(parser)


def _a_save(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("archive", metavar="SAVE", help="a save, such as data/saves/tank.zip")
    parser.add_argument(
        "--twin", metavar="TWIN", default="", help="the same twin, where it is at another place now"
    )


def _restore(parser: argparse.ArgumentParser) -> None:
    _a_save(parser)
    parser.add_argument(
        "phase", metavar="PHASE", nargs="?", default="", help="default: the one that was saved"
    )
    parser.add_argument(
        "--set", metavar="P=V", action="append", default=[], dest="values",
        help="another value for a parameter; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "-d", "--detach", action="store_true", help="print the id and do not wait for the end"
    )
    _json(parser)


def _fork(parser: argparse.ArgumentParser) -> None:
    _a_save(parser)
    parser.add_argument("name", metavar="NAME", help="what the new twin is called")
    _json(parser)


_CLI = "twinhub_api.cli"
_end = _all_of(_an_open_run, _detach("do not wait until it has ended"))
_rerun = _all_of(_a_run, _detach("print the ids and do not wait for the end"))

RUN = Command(
    "run", "Run phases of a twin, and show what they print", _run, f"{_RUNS}:run",
    example="tank create execute --set power=4", group=RUNNING,
)  # fmt: skip
PS = Command(
    "ps", "List what runs and what waits", _ps, f"{_RUNS}:list_runs",
    example="--all tank", group=RUNNING,
)  # fmt: skip
LOGS = Command(
    "logs", "Print what a run has printed", _logs, f"{_RUNS}:print_log",
    example="--follow --times tank", group=RUNNING,
)  # fmt: skip
STOP = Command(
    "stop", "End a run as its twin wishes", _end, f"{_RUNS}:stop", example="tank", group=RUNNING
)
KILL = Command("kill", "End a run at once", _end, f"{_RUNS}:kill", example="tank", group=RUNNING)
COMMAND = Command(
    "command", "Tell a run something while it goes on", _command, f"{_CLI}.runs_telling:run",
    example="tank open_valve --set position=40", group=RUNNING,
)  # fmt: skip
TOP = Command(
    "top", "Watch what runs, with its numbers", _top, f"{_CLI}.runs_top:run",
    example="--once", group=RUNNING,
)  # fmt: skip
CONTINUE = Command(
    "continue", "Have a run begin, or go on, that asks whether to",
    _all_of(_an_open_run), f"{_RUNS}:go_on", example="tank", group=RUNNING,
)  # fmt: skip
SECRET = Command(
    "secret", "Give the secrets that a twin asks for", _secret, f"{_CLI}.runs_secrets:run",
    example="set bridge broker_password", group=RUNNING,
)  # fmt: skip
HISTORY = Command(
    "history", "Tell what has happened to a run", _all_of(_a_run), f"{_RUNS}:print_history",
    example="tank", group=OUTCOME,
)  # fmt: skip
RESULTS = Command(
    "results", "List or fetch what a run has made", _results, f"{_CLI}.runs_results:run",
    example="tank --to results", group=OUTCOME,
)  # fmt: skip
RERUN = Command(
    "rerun", "Run the same again", _rerun, f"{_RUNS}:rerun", example="tank", group=OUTCOME
)
COMPARE = Command(
    "compare", "Tell what differs between two runs", _compare, f"{_CLI}.runs_comparing:run",
    example="common/digital_twins/tank tank", group=OUTCOME,
)  # fmt: skip
SAVE = Command(
    "save", "Save the state of a run in the library", _save, f"{_CLI}.runs_saves:save",
    example="tank --to data/saves/tank.zip", group=OUTCOME,
)  # fmt: skip
RESTORE = Command(
    "restore", "Go on from a save", _restore, f"{_CLI}.runs_saves:restore",
    example="data/saves/tank.zip --set power=4", group=OUTCOME,
)  # fmt: skip
FORK = Command(
    "fork", "Make a twin of your own of a save", _fork, f"{_CLI}.runs_saves:fork",
    example="data/saves/tank.zip other-tank", group=OUTCOME,
)  # fmt: skip
CLEAR = Command(
    "clear", "Tell what runs take on the disk, or remove what is old", _clear,
    f"{_CLI}.runs_clearing:run", example="--days 30 --dry-run", group=OUTCOME,
)  # fmt: skip
