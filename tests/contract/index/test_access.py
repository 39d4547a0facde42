"""What a caller may not read is in no answer: compared with a look at every document (D4-30)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinhub_library.index.base import Access, Facet, Query, Results, Sort
from twinhub_library.index.memory import MemoryIndex
from twinhub_library.index.querying import read_request
from twinhub_library.index.tantivy import TantivyIndex
from twinhub_library.index.words import split_words

from tests.contract.index.documents import make_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.index.base import Document

_AREAS = ("alice", "bob", "teams/pumps", "teams/alice", "common")
_WORDS = ("tank", "tanks", "bank", "heated", "heater", "heat", "pump", "pumpe", "water", "contrl")
_word = st.sampled_from(_WORDS)
_text = st.lists(_word, max_size=6).map(" ".join)


@st.composite
def _documents(draw: st.DrawFn) -> list[Document]:
    made: dict[str, Document] = {}
    for at in range(draw(st.integers(0, 12))):
        document = make_document(
            "-".join(draw(st.lists(_word, min_size=1, max_size=3))) + f"-{at % 4}",
            area=draw(st.sampled_from(_AREAS)),
            kind=draw(st.sampled_from(["models", "data"])),
            title=draw(_text), summary=draw(_text), text=draw(_text),
            owner=draw(st.sampled_from(["alice", "bob", ""])),
            keywords=tuple(draw(st.lists(_word, max_size=3))),
            is_withdrawn=draw(st.booleans()) and draw(st.booleans()),
        )  # fmt: skip
        made[document.key] = document
    return list(made.values())


_piece = st.one_of(
    _word,
    _word.map(lambda word: word[:3]),
    _word.map(lambda word: word[1:]),
    _word.map(lambda word: word[:2] + word[3:]),
    st.tuples(_word, _word).map(lambda two: f'"{two[0]} {two[1]}"'),
    _word.map("-{}".format),
    _word.map("keyword:{}".format),
    st.sampled_from(["kind:models", "owner:alice", "area:bob", "area:teams/pumps"]),
)
_texts = st.lists(_piece, max_size=3).map(" ".join)
_accesses = st.builds(
    Access,
    st.frozensets(st.sampled_from(_AREAS), max_size=3),
    st.frozensets(st.sampled_from(["common/models/tank-0", "bob/models/tank-0"]), max_size=1),
)


@pytest.fixture(name="real", scope="module")
def _real() -> Iterator[TantivyIndex]:
    with tempfile.TemporaryDirectory() as folder:
        index = TantivyIndex(Path(folder))
        yield index
        index.close()


@pytest.mark.d4(30)
@settings(max_examples=60, deadline=None)
@given(_documents(), st.lists(st.tuples(_texts, _accesses), min_size=1, max_size=6))
def test_a_search_answers_as_a_look_at_every_readable_document_does(
    real: TantivyIndex, documents: list[Document], asked: list[tuple[str, Access]]
) -> None:
    double = MemoryIndex()
    real.clear()
    for document in documents:
        real.upsert(document)
        double.upsert(document)
    real.commit()
    double.commit()
    for text, access in asked:
        request = read_request(text)
        for sort in Sort:
            query = Query(access, request.terms, request.filters, tuple(Facet), sort, limit=50)
            found = real.search(query)
            assert _seen(found) == _seen(double.search(query))
            _check_suggestions(found, documents, access, text)


def _seen(results: Results) -> object:
    hits = {(hit.document.key, hit.snippet) for hit in results.hits}
    return hits, results.count, dict(results.facets), results.has_typos


def _check_suggestions(
    results: Results, documents: list[Document], access: Access, text: str
) -> None:
    known = set(split_words(text))
    for document in documents:
        if document.key in access.keys or (
            document.area in access.areas and not document.is_withdrawn
        ):
            known |= set(split_words(" ".join((document.name, document.title, *document.keywords))))
    for suggestion in results.suggestions:
        assert set(suggestion.split()) <= known
