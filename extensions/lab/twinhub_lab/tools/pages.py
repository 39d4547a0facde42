"""Pages in a tool's place: that it is starting, and why it did not."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# A reload keeps what follows "#" in the address; neither a link nor a refresh does.
_LOOK_AGAIN = "setTimeout(() => location.reload(), 1000);"
_TRY_AGAIN = (
    'document.querySelector("a.again").addEventListener("click", (event) => {'
    " event.preventDefault(); location.reload(); });"
)


def _source(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    f"script-src {_source(_LOOK_AGAIN)} {_source(_TRY_AGAIN)}"
)
"""The pages' Content-Security-Policy: they run these two lines, and load nothing."""

_PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$heading</title>
<style>
:root { --text: #212529; --soft: #565e66; --back: #f3f5f7; --card: #fff; --line: #cfd5da;
  --accent: #1b6a94; --on-accent: #fff; }
@media (prefers-color-scheme: dark) { :root { --text: #dee2e6; --soft: #a6adb4; --back: #181b1f;
  --card: #24282d; --line: #434a51; --accent: #8fd0f0; --on-accent: #181b1f; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif;
  color: var(--text); background: var(--back); }
main { width: min(46rem, 100%); min-width: 0; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px; }
h1 { margin: 0 0 .5rem; font-size: 1.4rem; line-height: 1.25; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
p { margin: 0 0 1rem; }
.soft { color: var(--soft); margin: 0; }
pre { margin: 0; padding: .75rem 1rem; max-height: 20rem; overflow: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace;
  background: var(--back); border: 1px solid var(--line); border-radius: 6px; }
pre:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a.again { display: inline-block; margin-top: 1.5rem; padding: .5rem 1.1rem; border-radius: 6px;
  color: var(--on-accent); background: var(--accent); font-weight: 600; text-decoration: none; }
.bar { height: 4px; margin-top: 1.5rem; overflow: hidden; border-radius: 2px;
  background: var(--line); }
.bar::before { content: ""; display: block; width: 35%; height: 100%; background: var(--accent);
  animation: pass 1.2s ease-in-out infinite alternate; }
@keyframes pass { to { margin-left: 65%; } }
@media (prefers-reduced-motion: reduce) { .bar::before { animation: none; width: 100%; } }
</style>
<main>
<h1>$heading</h1>
$body
</main>
<script>$script</script>
</html>
""")

_LOG = Template("""<h2 id="log">What it said last</h2>
<pre tabindex="0" role="region" aria-labelledby="log">$lines</pre>""")


def starting_page(title: str) -> str:
    """Return the page while a tool starts; it comes again by itself."""
    body = (
        '<p class="soft" role="status">This page shows it as soon as it answers.</p>\n'
        '<div class="bar" aria-hidden="true"></div>\n'
        '<noscript><meta http-equiv="refresh" content="1"></noscript>'
    )
    return _PAGE.substitute(heading=f"{escape(title)} is starting…", body=body, script=_LOOK_AGAIN)


def failure_page(heading: str, reason: str, lines: Sequence[str]) -> str:
    """Return the page about a tool that is not there; an empty address is the same page's."""
    body = f'<p role="alert">{escape(reason)}</p>\n'
    if lines:
        body += _LOG.substitute(lines=escape("\n".join(lines)))
    else:
        body += '<p class="soft">It has said nothing.</p>'
    body += '\n<p class="soft"><a class="again" href="">Try again</a></p>'
    return _PAGE.substitute(heading=escape(heading), body=body, script=_TRY_AGAIN)
