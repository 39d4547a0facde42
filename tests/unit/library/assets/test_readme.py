"""The text of an asset as a page: what a hostile text can do in it, which is nothing."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_library.catalogue import find_asset
from twinhub_library.details.readme import render_readme
from twinhub_library.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from httpx import Response
    from starlette.testclient import TestClient

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20

ATTACKS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>", "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))", "[x](java\tscript:alert(1))", "[x](&#106;avascript:alert(1))",
    '<a href="java&#10;script:alert(1)">x</a>', '<a href="\x01javascript:alert(1)">x</a>',
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))", '<a href=" javascript:alert(1)">x</a>',
    "<iframe src=//evil.example></iframe>", "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=//evil.example></object>", "<embed src=//evil.example>",
    "<form action=//evil.example><input name=a><button formaction=javascript:alert(1)>x</form>",
    '<meta http-equiv="refresh" content="0;url=//evil.example">', "<base href=//evil.example>",
    "<link rel=stylesheet href=//evil.example>", "<style>*{background:url(//evil.example)}</style>",
    '<p style="background:url(//evil.example)">x</p>', "<img src=//evil.example/x.png>",
    "![x](https://evil.example/x.png)", "![x](http://evil.example/x.png)",
    "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "<img srcset='//evil.example/x.png 1x'>", "<video src=//evil.example poster=//evil.example>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<details open ontoggle=alert(1)>x</details>", "<a id=x name=y target=_blank href=#>x</a>",
    "<template><img src=x onerror=alert(1)></template>", "<x onclick=alert(1)>x</x>",
    '<p id="__proto__">x</p>', "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<title><img src=x onerror=alert(1)></title>", "<textarea><img src=x onerror=alert(1)>",
    "</body></html><script>alert(1)</script>", "<plaintext><script>alert(1)</script>",
    '<img width="1;background:red" src=x>', "[x](//evil.example)", "[x](\\\\evil.example)",
    "[x](/api/assets)", "[x](../../../bob/models/secret/notes.txt)", "[x](/\\evil.example)",
    '<a href="..%2f..%2f..%2fbob/models/secret/notes.txt">x</a>',
    "![x](../../../bob/models/secret/a.png)", "![x](%2e%2e/%2e%2e/%2e%2e/bob/a.png)",
    "```\n</code></pre><script>alert(1)</script>\n```", "`<script>alert(1)</script>`",
    "# <script>alert(1)</script>", "| a |\n|--|\n| <script>alert(1)</script> |",
)  # fmt: skip

ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "a", "blockquote", "br", "code",
    "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "img", "kbd", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "summary",
    "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = frozenset(
    {"href", "src", "alt", "title", "rel", "width", "height", "start", "align", "lang", "charset"}
)


class Page(HTMLParser):
    """Tags, attributes and addresses of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def addresses(self) -> list[str]:
        return [value for name, value in self.attributes if name in {"href", "src"}]


@pytest.fixture(name="show")
def _show(client_of: Callable[[str], TestClient], library_root: Path) -> Callable[..., Response]:
    def show(text: str | bytes) -> Response:
        content = text if isinstance(text, bytes) else text.encode()
        (library_root / "alice/models/tank/README.md").write_bytes(content)
        answer: Response = client_of("alice").get("/api/assets/alice/models/tank/-/readme")
        return answer

    return show


@pytest.fixture(name="render")
def _render(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Return a function that makes a page of a text, without a server."""
    folder = tmp_path / "alice/models/tank"
    folder.mkdir(parents=True)
    path = RelativePath.parse("alice/models/tank")

    with Tree(tmp_path) as tree:

        def render(text: str) -> str:
            (folder / "README.md").write_text(text)
            asset = find_asset(tree, path)
            assert asset is not None
            return render_readme(tree, asset, path / "README.md")

        yield render


@pytest.mark.d4(5)
@pytest.mark.parametrize("text", ATTACKS)
def test_a_hostile_text_is_harmless(render: Callable[[str], str], text: str) -> None:
    page = Page(render(f"before\n\n{text}\n\nafter"))
    assert set(page.tags) <= ALLOWED
    assert {name for name, _ in page.attributes} <= ATTRIBUTES
    assert page.tags.count("style") == page.tags.count("title") == page.tags.count("meta") == 1
    for address in page.addresses():
        assert address.startswith(("/api/files/alice/models/tank/", "#")), address
        assert ".." not in address
    assert not [
        value for name, value in page.attributes if name == "rel" and "noopener" not in value
    ]


@pytest.mark.d4(5)
def test_the_page_can_run_and_fetch_nothing(show: Callable[[str], Response]) -> None:
    headers = show("# Hello").headers
    policy = headers["content-security-policy"]
    assert policy.startswith(
        "sandbox; default-src 'none'; img-src 'self' data:; style-src 'sha256-"
    )
    assert "unsafe" not in policy
    assert "allow" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"] == "text/html; charset=utf-8"


def test_links_lead_to_files_of_the_asset_and_others_show_where_they_lead(
    show: Callable[[str], Response],
) -> None:
    page = show(
        "[in](docs/a%20b.md) [up](../other/x) [top](#top) [out](https://example.org/x)"
    ).text
    assert 'href="/api/files/alice/models/tank/docs/a%20b.md"' in page
    assert 'href="#top"' in page
    assert "other" not in page
    assert '<a title="https://example.org/x" rel="noopener noreferrer nofollow">out</a>' in page


def test_small_pictures_of_the_asset_are_in_the_page(
    show: Callable[[str], Response], library_root: Path
) -> None:
    folder = library_root / "alice/models/tank"
    (folder / "a.png").write_bytes(PNG)
    (folder / "big.png").write_bytes(PNG + b"\0" * 600_000)
    (folder / "fake.png").write_text("<script>")
    (folder / "out.png").symlink_to("/etc/passwd")
    page = Page(show("![a](a.png) ![b](big.png) ![c](fake.png) ![d](out.png) ![e](none.png)").text)
    inside, linked = page.addresses()
    assert inside.startswith("data:image/png;base64,iVBORw0K")
    assert linked == "/api/files/alice/models/tank/big.png"


def test_pictures_in_one_page_have_a_limit_together(
    show: Callable[[str], Response], library_root: Path
) -> None:
    (library_root / "alice/models/tank/a.png").write_bytes(PNG + b"\0" * 400_000)
    page = show("![a](a.png)\n" * 100)
    assert len(page.content) < 4 * 2**20
    assert page.text.count("data:image") == 5


@pytest.mark.heavy
@pytest.mark.parametrize(
    "text",
    ["[" * 300_000, "*" * 300_000, "`" * 300_000, "> " * 100_000, "- " * 100_000, "<" * 300_000,
     "![" * 150_000, "*a_ " * 60_000, "[a](" * 60_000, "|a" * 100_000 + "\n" + "|-" * 100_000,
     "&" * 300_000, "<a " * 90_000, "[x]: y\n" * 40_000, "a\n" * 130_000, "#" * 300_000,
     "\n".join("[" * 5_000 for _ in range(50)), "\n".join("*a **b " * 2_000 for _ in range(18)),
     "<div>" * 50_000, "~~" * 100_000, "\n".join("> " * at + "x" for at in range(400))],
    ids=lambda text: text[:6] + str(len(text)),
)  # fmt: skip
def test_a_text_that_is_made_to_be_slow_is_not(render: Callable[[str], str], text: str) -> None:
    begun = time.thread_time()
    assert render(text)
    assert time.thread_time() - begun < 3


def test_a_huge_text_is_cut_and_says_so(show: Callable[[str], Response]) -> None:
    answer = show("# Long\n\n" + "word " * 1_000_000)
    assert len(answer.content) < 200_000
    assert "Only the first 64 KB are shown." in answer.text


def test_what_is_no_text_is_refused(show: Callable[[bytes], Response]) -> None:
    answer = show(b"\0\1\2")
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable")
    assert show(b"\xff\xfe text").status_code == 200
    assert show(b"").status_code == 200


def test_an_asset_without_a_text_says_what_to_do(client_of: Callable[[str], TestClient]) -> None:
    answer = client_of("alice").get("/api/assets/common/data/weather.csv/-/readme")
    assert answer.status_code == 404
    assert "write README.md" in answer.json()["detail"]


def test_a_text_beside_a_file_is_the_files(
    client_of: Callable[[str], TestClient], library_root: Path
) -> None:
    (library_root / "alice/models/x.fmu").write_text("x")
    (library_root / "alice/models/x.md").write_text("# About x\n\n![p](p.png) [a](tank/README.md)")
    answer = client_of("alice").get("/api/assets/alice/models/x.fmu/-/readme")
    assert "<h1>About x</h1>" in answer.text
    assert Page(answer.text).addresses() == []
