"""Places of the library and repositories on a real server, over HTTP with a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.library.repositories.conftest import ALICE

if TYPE_CHECKING:
    from tests.fixtures.git_servers import GitServers
    from tests.integration.library.repositories.conftest import Bench


def test_a_first_pull_makes_the_place_and_a_push_sends_what_changed(
    bench: Bench, git_servers: GitServers
) -> None:
    remote = git_servers.make("first", {"README.md": "# Tank\n", "src/model.py": "x = 1\n"})
    row = bench.connect(remote.url)
    assert row.branch == "main"

    pulled = bench.syncing.pull(ALICE, row.id)

    assert bench.files() == {"README.md": "# Tank\n", "src/model.py": "x = 1\n"}
    assert {one.path for one in pulled.files} == {"README.md", "src/model.py"}

    bench.write("alice/models/tank/src/model.py", "x = 2\n")
    bench.write("alice/models/tank/new file.txt", "new\n")
    (bench.root / "alice/models/tank/README.md").unlink()
    pushed = bench.syncing.push(ALICE, row.id, message="More")

    assert pushed.commit
    assert remote.files() == {"new file.txt": "new", "src/model.py": "x = 2"}
    assert remote.log() == ["More", "The first"]
    assert bench.looking.status(ALICE, row.id).ahead == 0
