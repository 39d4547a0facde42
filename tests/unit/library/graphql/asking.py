"""Questions to ``/lib`` as clients of DTaaS ask them, and what is asked of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx
    from starlette.testclient import TestClient

LIST = """query directoryList($path: String!) {
  listDirectory(path: $path) {
    repository {
      tree {
        blobs { edges { node { name type } } }
        trees { edges { node { name type } } }
      }
    }
  }
}"""
READ = """query readFile($path: String!) {
  readFile(path: $path) { repository { blobs { nodes { name rawBlob rawTextBlob } } } }
}"""


@dataclass(frozen=True)
class Asking:
    """Asks ``/lib`` as somebody."""

    client: TestClient

    def ask(self, query: str, **variables: object) -> Any:  # noqa: ANN401  # JSON
        """Return the body of an answer that is a success for HTTP."""
        answer = self.post({"query": query, "variables": variables} if variables else
                           {"query": query})  # fmt: skip
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, body: object) -> httpx.Response:
        """Return the answer to a body as JSON."""
        answer: httpx.Response = self.client.post("/lib", json=body)
        return answer

    def names(self, path: str) -> dict[str, list[str]]:
        """Return the names in a folder, by whether they are folders."""
        tree = self.ask(LIST, path=path)["data"]["listDirectory"]["repository"]["tree"]
        return {
            kind: [edge["node"]["name"] for edge in tree[kind]["edges"]]
            for kind in ("blobs", "trees")
        }

    def text(self, path: str) -> str:
        """Return the text of a file."""
        nodes = self.ask(READ, path=path)["data"]["readFile"]["repository"]["blobs"]["nodes"]
        text: str = nodes[0]["rawBlob"]
        return text

    def error(self, query: str, **variables: object) -> dict[str, Any]:
        """Return the only error of an answer without data."""
        body = self.ask(query, **variables)
        assert body["data"] is None
        (error,) = body["errors"]
        return error  # type: ignore[no-any-return]
