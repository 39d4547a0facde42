"""The index of assets in files, by tantivy; the only module that knows it.

Folders of other versions of the schema are not read: the caller builds a new index. A committed
state survives any crash; what was written since the last commit is lost.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import tantivy

from twinhub_library.index.base import (
    FULL,
    FURTHEST_HIT,
    MOST_FACET_VALUES,
    Document,
    Facet,
    FacetCount,
    Hit,
    IndexBusyError,
    IndexDamagedError,
    IndexFullError,
    Place,
    Query,
    Results,
    SearchIndexError,
    Sort,
    Term,
)
from twinhub_library.index.querying import split_for_typos, suggest
from twinhub_library.index.shown import dump_document, load_document
from twinhub_library.index.snippets import Snippets
from twinhub_library.index.tantivy_queries import Queries
from twinhub_library.index.words import index_words, split_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

SCHEMA_VERSION = 1
"""Another one whenever a document is written in another way: the index is then built anew."""

_HEAP_BYTES = 15_000_000
"""The least that tantivy takes for one thread; more gains nothing with commits this small."""
_SEPARATOR = "\0"
_KNOWN_DOCUMENTS = 20
_LONGEST_VALUE = 200
_LONGEST_NAME = 60


def _make_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for place in Place:
        builder.add_text_field(place.value, tokenizer_name="whitespace")
    for facet in Facet:
        builder.add_text_field(
            _column(facet), fast=True, tokenizer_name="raw", index_option="basic"
        )
    for name in ("key", "mark", "folder", "reader", "whole"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("order", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("changed", fast=True)
    builder.add_bytes_field("shown", stored=True)
    builder.add_bytes_field("content", stored=True)
    return builder.build()


def _column(facet: Facet) -> str:
    return f"facet_{facet.value}"


class TantivyIndex:
    """Documents in a folder; see `base.Index`."""

    def __init__(self, folder: Path) -> None:
        """Open the index in a folder, or make one there.

        Raises:
            IndexDamagedError: its files cannot be read.
            IndexFullError: there is no room for them.
        """
        self._schema = _make_schema()
        self._queries = Queries(self._schema, {facet: _column(facet) for facet in Facet})
        with _translated():
            folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(self._schema, path=str(folder))
            whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
            self._index.register_tokenizer("whitespace", whitespace)
            self._index.config_reader("manual")
            self._searcher = self._index.searcher()
        self._writer: tantivy.IndexWriter | None = None
        self._is_closed = False

    def upsert(self, document: Document) -> None:
        """Put a document in place of one with its key."""
        with _translated():
            writer = self._open_writer()
            writer.delete_documents_by_term("key", document.key)
            writer.add_document(tantivy.Document.from_dict(_fields(document), self._schema))

    def remove(self, key: str) -> None:
        """Take the document of a key out, if there is one."""
        with _translated():
            self._open_writer().delete_documents_by_term("key", key)

    def commit(self) -> None:
        """Have everything so far found, and kept through a crash."""
        with _translated():
            self._open_writer().commit()
            self._index.reload()
            self._searcher = self._index.searcher()

    def search(self, query: Query) -> Results:
        """Return what a query finds."""
        with _translated():
            return _Search(self._searcher, self._queries, query).run()

    def list_stamps(self, start: str = "") -> Mapping[str, str]:
        """Return the stamps of committed documents whose keys begin so, by key."""
        with _translated():
            everything = tantivy.Query.all_query()
            marks = self._searcher.terms_with_prefix("mark", start, everything)
        return dict(mark.split(_SEPARATOR, 1) for mark, _ in marks)

    def find_stamp(self, key: str) -> str | None:
        """Return the stamp of the committed document of a key; None if there is none."""
        return self.list_stamps(f"{key}{_SEPARATOR}").get(key)

    def list_folders(self, start: str = "") -> Iterable[str]:
        """Return the folders, which begin so, that keys of committed documents are in."""
        with _translated():
            everything = tantivy.Query.all_query()
            found = self._searcher.terms_with_prefix("folder", start, everything)
        return [folder for folder, _ in found]

    def count(self) -> int:
        """Return how many documents are committed."""
        with _translated():
            return self._searcher.num_docs

    def rest(self) -> None:
        """Give back the memory that writing takes, what is not committed too."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with _translated():
                writer.rollback()
                writer.wait_merging_threads()
                self._index.reload()
                self._searcher = self._index.searcher()

    def clear(self) -> None:
        """Take all documents out."""
        with _translated():
            self._open_writer().delete_all_documents()

    def close(self) -> None:
        """Give up what is not committed, and all files."""
        self.rest()
        self._is_closed = True

    def _open_writer(self) -> tantivy.IndexWriter:
        """Return what writes; it costs memory and a lock, so only who writes has it."""
        if self._is_closed:
            raise SearchIndexError("The search index is closed.")
        if self._writer is None:
            self._writer = self._index.writer(_HEAP_BYTES, 1)
        return self._writer


class _Search:
    """One search, all of it on one state of the index."""

    def __init__(self, searcher: tantivy.Searcher, queries: Queries, query: Query) -> None:
        self._searcher, self._queries, self._query = searcher, queries, query
        self._terms: tuple[Term, ...] = query.terms
        self._has_typos = False

    def run(self) -> Results:
        found, count = self._find()
        is_about_words = any(not term.is_excluded for term in self._terms)
        if not count and is_about_words:
            self._terms, self._has_typos = split_for_typos(self._terms), True
            found, count = self._find()
        snippets = Snippets(self._terms, with_typos=self._has_typos)
        if not count:
            self._has_typos = False
        return Results(
            tuple(self._load(address, snippets) for _, address in found.hits),
            count,
            self._count_facets(),
            self._has_typos,
            () if count or not is_about_words else suggest(self._terms, self._list_known()),
        )

    def _find(self) -> tuple[tantivy.SearchResult, int]:
        query = self._queries.make(self._query, self._terms, with_typos=self._has_typos)
        offset, limit = min(self._query.offset, FURTHEST_HIT), max(1, self._query.limit)
        field, order = None, tantivy.Order.Desc
        if self._query.sort is Sort.CHANGED:
            field = "changed"
        elif self._query.sort is Sort.NAME or not self._terms:
            field, order = "order", tantivy.Order.Asc
        found = self._searcher.search(
            query, limit, offset=offset, order_by_field=field, order=order
        )
        return found, int(found.count or 0)  # type: ignore[attr-defined]

    def _load(self, address: tantivy.DocAddress, snippets: Snippets) -> Hit:
        stored = self._searcher.doc(address)
        document = _shown(stored)
        text = bytes(stored.get_first("content") or b"").decode()
        return Hit(document, snippets.make((document.summary, text)))

    def _count_facets(self) -> dict[Facet, tuple[FacetCount, ...]]:
        wanted = self._query.facets
        free = [facet for facet in wanted if facet not in self._query.filters]
        counts = self._aggregate(free, None)
        for facet in wanted:
            if facet in self._query.filters:
                counts |= self._aggregate([facet], facet)
        return {facet: counts[facet] for facet in wanted}

    def _aggregate(
        self, facets: Sequence[Facet], without: Facet | None
    ) -> dict[Facet, tuple[FacetCount, ...]]:
        if not facets:
            return {}
        query = self._queries.make(
            self._query, self._terms, with_typos=self._has_typos, without=without
        )
        wanted = {
            facet.value: {"terms": {
                "field": _column(facet), "size": MOST_FACET_VALUES,
                "order": {"_count": "desc"},
            }}
            for facet in facets
        }  # fmt: skip
        answer = self._searcher.aggregate(query, wanted)
        return {facet: _read_counts(answer[facet.value]["buckets"]) for facet in facets}

    def _list_known(self) -> list[str]:
        """Return words of names and headings, that the caller may read, near to those asked for."""
        query = self._queries.make_near(self._query, self._terms)
        found = self._searcher.search(query, _KNOWN_DOCUMENTS, count=False)
        documents = [_shown(self._searcher.doc(address)) for _, address in found.hits]
        texts = [one.text_of(place) for one in documents for place in (Place.NAME, Place.HEADING)]
        return list(dict.fromkeys(word for text in texts for word in split_words(text)))


def _shown(stored: tantivy.Document) -> Document:
    return load_document(bytes(stored.get_first("shown") or b""))


def _read_counts(buckets: Sequence[Mapping[str, object]]) -> tuple[FacetCount, ...]:
    counts = [FacetCount(str(one["key"]), int(str(one["doc_count"]))) for one in buckets]
    return tuple(sorted(counts, key=lambda one: (-one.count, one.value)))


def _fields(document: Document) -> dict[str, object]:
    fields: dict[str, object] = {
        "key": document.key,
        "mark": f"{document.key}{_SEPARATOR}{document.stamp}",
        "folder": document.folder,
        "reader": [] if document.is_withdrawn else [document.area],
        "whole": " ".join(split_words(document.name)),
        "order": document.name.casefold()[:_LONGEST_NAME],
        "changed": int(document.changed_at.timestamp()),
        "shown": dump_document(document),
        "content": document.text.encode("utf-8", "replace"),
    }
    for place in Place:
        fields[place.value] = index_words(document.text_of(place))
    for facet in Facet:
        fields[_column(facet)] = [value[:_LONGEST_VALUE] for value in document.values_of(facet)]
    return fields


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn what tantivy says into errors of the index; a panic of it is no exception of Python's.

    tantivy says everything as a ``ValueError`` or ``OSError`` with a text of its own.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        if "LockBusy" in str(error):
            raise IndexBusyError("Another process writes the search index: end it.") from error
        if "No space left" in str(error) or "quota exceeded" in str(error):
            raise IndexFullError(FULL) from error
        raise IndexDamagedError("The search index cannot be used; it is being rebuilt.") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise IndexDamagedError("The search index cannot be used; it is being rebuilt.") from error
