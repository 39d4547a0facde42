"""Secrets are in no log, however they are written and wherever the pieces of output are cut."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_agent.logs import Log, Stream
from twinhub_agent.masking import Hidden, Masker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SECRET = "pä$$ wörd/+&=7"


def masked(chunks: Sequence[bytes], *values: str) -> bytes:
    """Return what is to be seen of a stream that comes in pieces."""
    masker = Masker(Hidden(values))
    return b"".join([*map(masker.feed, chunks), masker.end()])


FORMS = {
    "plain": SECRET.encode(),
    "json": json.dumps(SECRET)[1:-1].encode(),
    "url": quote(SECRET, safe="").encode(),
    "form": quote_plus(SECRET).encode(),
    "small url": re.sub("%..", lambda code: code[0].lower(), quote(SECRET)).encode(),
    "hex": SECRET.encode().hex().encode(),
    **{f"base64 {at}": base64.b64encode(b"user:"[:at] + SECRET.encode() + b"!") for at in range(5)},
    "url base64": base64.urlsafe_b64encode(SECRET.encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_usual_way_to_write_a_secret_is_masked_at_each_cut(form: str) -> None:
    text = FORMS[form]
    line = b"before " + text + b" after\n"
    for cut in range(len(line)):
        seen = masked([line[:cut], line[cut:]], SECRET)
        assert b"***" in seen
        assert text[4:-8] not in seen
        assert seen.startswith(b"before ")
        assert seen.endswith(b" after\n")


@given(
    st.lists(st.sampled_from([b"a", b"ab", b"abab", b"ababab!", b"x", b"\n", b"b"]), max_size=30)
)
def test_no_value_is_seen_whole_in_whichever_pieces_it_comes(chunks: list[bytes]) -> None:
    seen = masked(chunks, "abab", "ababab!")
    assert b"abab" not in seen
    assert seen.replace(b"***", b"").strip(b"abx!\n") == b""
    assert seen == masked([b"".join(chunks)], "abab", "ababab!")


def test_what_begins_like_a_secret_is_shown_when_it_is_none() -> None:
    masker = Masker(Hidden(["swordfish"]))
    assert masker.feed(b"a sword") == b"a "
    assert masker.feed(b" and") == b"sword and"
    assert masker.feed(b" swordfis") == b" "
    assert masker.end() == b"swordfis"


def test_longer_secret_that_begins_with_a_shorter_one_is_masked_as_a_whole() -> None:
    assert masked([b"abcd", b"efgh"], "abcd", "abcdefgh") == b"***"
    assert masked([b"abcd", b"efgX"], "abcd", "abcdefgh") == b"***efgX"


def test_each_line_of_a_key_is_masked() -> None:
    key = "-----BEGIN KEY-----\nAAAAB3NzaC1yc2EAAAADAQAB\nshort\n-----END KEY-----"
    seen = masked([b"> AAAAB3NzaC1yc2EAAAADAQAB <\n", *(bytes([one]) for one in key.encode())], key)
    assert seen == b"> *** <\n***"


def test_not_more_is_held_back_than_a_secret_has() -> None:
    masker = Masker(Hidden(["a" * 100]))
    seen = 0
    for _ in range(1000):
        seen += len(masker.feed(b"a" * 99))
    assert seen > 0
    assert len(masker.end()) < 200


def test_masking_takes_not_much_longer_than_the_log_itself() -> None:
    chunk = b"".join(b"step %d level=%f\n" % (at, at / 7) for at in range(2000))
    masker = Masker(Hidden([f"secret-{at}-{'x' * 40}" for at in range(10)]))
    begun = time.process_time()
    for _ in range(100):
        masker.feed(chunk)
    assert time.process_time() - begun < 3, "over 1.5 MB in a second"


@pytest.mark.d4(44)
def test_log_has_no_secret_in_long_lines_and_questions(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "log"), segment=1 << 20, head=2, tail=3)
    log.hidden = Hidden(["swordfish"])
    stream = Stream(log, "main", "o", lambda _: None)
    stream.feed(b"x" * (16 * 1024 - 3) + b"swo")
    stream.feed(b"rdfish\n")
    stream.feed(b"password [swordf")
    stream.flush()
    stream.feed(b"ish]? ")
    stream.end()
    log.close()
    text = b"".join(one.read_bytes() for one in sorted((tmp_path / "log").iterdir()))
    assert b"fish" not in text
    assert b"***" in text
