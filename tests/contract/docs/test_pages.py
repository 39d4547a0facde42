"""Pages can be built, and their links lead somewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.contract.docs.pages import CHECKOUT, links, pages, tracked_files


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    builder = str(Path(sys.executable).with_name("sphinx-build"))
    command = [builder, "-q", "-W", "--keep-going", "-b", "html", "-d", str(tmp_path / "doctrees")]
    done = subprocess.run(
        [*command, str(CHECKOUT / "docs"), str(tmp_path / "html")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "html" / "tutorial" / "first-twin.html").is_file()


def test_every_link_of_every_page_leads_to_a_tracked_file() -> None:
    tracked = set(tracked_files())
    folders = {parent for path in tracked for parent in path.parents}
    broken = {
        f"{page.relative_to(CHECKOUT)}: {link}"
        for page in pages()
        for link in links(page)
        if (page.parent / link.split("#")[0]).resolve() not in tracked | folders
    }
    assert broken == set()
