"""What every index does, over the real one and its double."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from twinhub_library.index.base import Access, Facet, Sort

from tests.contract.index.documents import COMMON, WHEN, ask, fill, make_document, names, values

if TYPE_CHECKING:
    from twinhub_library.index.base import Index


def test_what_is_written_is_found_after_the_commit_and_not_before(index: Index) -> None:
    index.upsert(make_document("tank"))
    assert ask(index, "tank").count == 0
    index.commit()
    assert names(ask(index, "tank")) == ["tank"]


def test_a_document_takes_the_place_of_one_with_its_key(index: Index) -> None:
    fill(index, make_document("tank", summary="old", stamp="1"))
    fill(index, make_document("tank", summary="new", stamp="2"))
    assert index.count() == 1
    assert ask(index, "old").count == 0
    assert index.list_stamps() == {"common/models/tank": "2"}


def test_a_document_twice_in_one_commit_is_there_once(index: Index) -> None:
    fill(index, make_document("tank", stamp="1"), make_document("tank", stamp="2"))
    assert index.list_stamps() == {"common/models/tank": "2"}
    assert ask(index, "tank").count == 1


def test_a_removed_document_is_not_found_and_removing_none_is_no_error(index: Index) -> None:
    fill(index, make_document("tank"), make_document("pump"))
    index.remove("common/models/tank")
    index.remove("common/models/unknown")
    index.commit()
    assert names(ask(index, "")) == ["pump"]
    assert list(index.list_stamps()) == ["common/models/pump"]


def test_stamps_are_listed_by_the_start_of_the_key(index: Index) -> None:
    fill(index, make_document("a", area="al"), make_document("b", area="alice"))
    assert list(index.list_stamps("al/")) == ["al/models/a"]
    assert index.find_stamp("al/models/a") == "1"
    assert index.find_stamp("al/models/") is None
    assert sorted(index.list_folders()) == ["al/models", "alice/models"]
    assert list(index.list_folders("alice/")) == ["alice/models"]


def test_resting_keeps_what_is_committed_and_writing_goes_on(index: Index) -> None:
    fill(index, make_document("tank"))
    index.rest()
    assert names(ask(index, "tank")) == ["tank"]
    fill(index, make_document("pump"))
    assert index.count() == 2


def test_clearing_takes_all_documents_out(index: Index) -> None:
    fill(index, make_document("tank"))
    index.clear()
    index.commit()
    assert index.count() == 0
    assert list(index.list_folders()) == []


@pytest.mark.parametrize(
    "text",
    ["tank", "TANK", "tan", "heated", "heated-tank", "heated tank", "tank heated", "Heated-T"],
)
def test_a_word_finds_what_it_is_or_begins_in_any_order(index: Index, text: str) -> None:
    fill(index, make_document("heated-tank"), make_document("pump"))
    assert names(ask(index, text)) == ["heated-tank"]


def test_all_words_must_be_found_each_anywhere(index: Index) -> None:
    fill(
        index,
        make_document("tank", summary="is heated", text="by a coil"),
        make_document("pump", summary="is heated"),
    )
    assert names(ask(index, "heated coil tank")) == ["tank"]


def test_parts_of_a_name_in_camel_case_are_found_and_all_of_it(index: Index) -> None:
    fill(index, make_document("plant", text="the variable heatFlowRate of HeatedTank"))
    for text in ("flow", "heatflowrate", "heatflow", "heatFlowRate", '"heat flow rate"', "tank"):
        assert ask(index, text).count == 1, text


def test_accents_do_not_matter(index: Index) -> None:
    fill(index, make_document("température", text="Mu\u0308ller-Str\u00f6mung"))
    for text in ("temperature", "TEMPÉRATURE", "muller", "strömung", "stromung"):
        assert ask(index, text).count == 1, text


def test_signs_without_spaces_are_found_by_some_of_them(index: Index) -> None:
    fill(index, make_document("水槽モデル"))
    assert ask(index, "水槽").count == 1
    assert ask(index, "槽モ").count == 1
    assert ask(index, "槽池").count == 0


def test_a_phrase_finds_its_words_in_a_row_alone(index: Index) -> None:
    fill(
        index,
        make_document("one", text="a water tank with a coil"),
        make_document("two", text="a tank of water"),
    )
    assert names(ask(index, '"water tank"')) == ["one"]
    assert ask(index, '"water tan"').count == 0
    assert ask(index, "water tank").count == 2


def test_words_and_phrases_can_be_excluded(index: Index) -> None:
    fill(index, make_document("tank"), make_document("tank-of-oil", text="for crude oil"))
    assert names(ask(index, "tank -oil")) == ["tank"]
    assert names(ask(index, 'tank -"crude oil"')) == ["tank"]
    assert names(ask(index, "-oil")) == ["tank"]


@pytest.mark.parametrize("text", ["controler", "contrroller", "cpntroller", "ocntroller"])
def test_one_typo_is_found_when_nothing_has_the_very_word(index: Index, text: str) -> None:
    fill(index, make_document("controller"), make_document("pump"))
    results = ask(index, text)
    assert names(results) == ["controller"]
    assert results.has_typos


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("tanx", "tank"), ("atnk", "tank"), ("tannk", "tank"), ("controlle", "controller"),
        ("xcontroller", "controller"), ("contorller", "controller"), ("ontroller", "controller"),
    ],
)  # fmt: skip
def test_the_word_that_a_typo_found_is_marked_wherever_the_typo_is(
    index: Index, text: str, word: str
) -> None:
    fill(index, make_document("one", text=f"of something else and of a {word} again"))
    (hit,) = ask(index, text).hits
    (span,) = hit.snippet.ranges
    assert hit.snippet.text[slice(*span)] == word


def test_typos_are_not_looked_for_while_the_word_itself_is_found(index: Index) -> None:
    fill(index, make_document("tank"), make_document("bank"))
    results = ask(index, "bank")
    assert names(results) == ["bank"]
    assert not results.has_typos


@pytest.mark.parametrize("text", ["tnk", "pum", '"controler"', "conxroxler"])
def test_short_words_phrases_and_two_typos_are_not_guessed(index: Index, text: str) -> None:
    fill(index, make_document("tank"), make_document("oum"), make_document("controller"))
    assert ask(index, text).count == 0


def test_the_place_of_a_word_decides_the_order(index: Index) -> None:
    fill(
        index,
        make_document("in-text", text="pump " * 50),
        make_document("in-summary", summary="the pump and so much more, of everything there is"),
        make_document("in-keywords", keywords=("pump", "other", "more")),
        make_document("in-title", title="All about one pump"),
        make_document("the-pump-of-the-plant"),
        make_document("pump"),
        make_document("pumps-of-many-kinds"),
    )
    found = names(ask(index, "pump"))
    assert found[:3] == ["pump", "the-pump-of-the-plant", "pumps-of-many-kinds"]
    assert set(found[3:5]) == {"in-keywords", "in-title"}
    assert found[5:] == ["in-summary", "in-text"]


def test_without_words_everything_is_listed_by_name(index: Index) -> None:
    fill(index, make_document("b"), make_document("c"), make_document("A"))
    assert names(ask(index, "")) == ["A", "b", "c"]


def test_hits_are_sorted_by_name_or_the_newest_first(index: Index) -> None:
    for at, name in enumerate(["tank-b", "tank-a", "tank-c"]):
        fill(index, make_document(name, changed_at=WHEN + timedelta(hours=at)))
    assert names(ask(index, "tank", sort=Sort.NAME)) == ["tank-a", "tank-b", "tank-c"]
    assert names(ask(index, "tank", sort=Sort.CHANGED)) == ["tank-c", "tank-a", "tank-b"]


def test_pages_together_are_all_hits(index: Index) -> None:
    fill(index, *(make_document(f"tank-{at:02}") for at in range(25)))
    found: list[str] = []
    for offset in range(0, 30, 10):
        results = ask(index, "tank", offset=offset, limit=10)
        assert results.count == 25
        found += names(results)
    assert sorted(found) == [f"tank-{at:02}" for at in range(25)]


def test_what_a_caller_may_not_read_is_in_no_answer(index: Index) -> None:
    fill(
        index,
        make_document("tank", area="alice", title="Secretmaking", keywords=("hidden",)),
        make_document("pump"),
    )
    for text in ("tank", "secretmaking", "secretmakin", "secretmakjng", "hidden", "keyword:hidden"):
        results = ask(index, text, facets=tuple(Facet))
        assert results.count == 0, text
        assert not any(results.facets.values()), text
        assert results.suggestions == ()
    everything = ask(index, "", facets=(Facet.AREA, Facet.KEYWORD))
    assert values(everything.facets[Facet.AREA]) == [("common", 1)]
    assert values(everything.facets[Facet.KEYWORD]) == []


def test_another_area_does_not_decide_whether_typos_are_looked_for(index: Index) -> None:
    fill(index, make_document("bank", area="alice"), make_document("tank"))
    assert names(ask(index, "bank")) == ["tank"]


def test_a_withdrawn_asset_is_found_by_those_alone_who_keep_it(index: Index) -> None:
    fill(index, make_document("tank", is_withdrawn=True))
    assert ask(index, "tank").count == 0
    kept = Access(frozenset({"common"}), frozenset({"common/models/tank"}))
    assert names(ask(index, "tank", kept)) == ["tank"]


def test_without_any_area_nothing_is_found(index: Index) -> None:
    fill(index, make_document("tank"))
    assert ask(index, "tank", Access(frozenset())).count == 0


def test_facets_count_hits_and_narrow_them(index: Index) -> None:
    fill(
        index,
        make_document("tank", keywords=("water", "heat"), licence="MIT", owner="ada"),
        make_document("pump", keywords=("water",), licence="MIT", owner="bob"),
        make_document("valve", kind="tools", requires=("common/models/tank",)),
    )
    results = ask(index, "", facets=tuple(Facet))
    assert values(results.facets[Facet.KEYWORD]) == [("water", 2), ("heat", 1)]
    assert values(results.facets[Facet.LICENCE]) == [("MIT", 2)]
    assert values(results.facets[Facet.KIND]) == [("models", 2), ("tools", 1)]
    assert values(results.facets[Facet.OWNER]) == [("ada", 1), ("bob", 1)]
    assert values(results.facets[Facet.REQUIRES]) == [("common/models/tank", 1)]
    assert names(ask(index, "keyword:water -heat")) == ["pump"]
    assert names(ask(index, "kind:tools")) == ["valve"]
    assert names(ask(index, "owner:ada owner:bob")) == ["pump", "tank"]
    assert names(ask(index, "owner:ada keyword:water")) == ["tank"]


def test_a_facet_is_counted_as_if_it_did_not_narrow(index: Index) -> None:
    fill(
        index,
        make_document("tank", keywords=("water",)),
        make_document("pump", kind="tools", keywords=("water",)),
        make_document("valve", kind="tools"),
    )
    results = ask(index, "kind:tools", facets=(Facet.KIND, Facet.KEYWORD))
    assert values(results.facets[Facet.KIND]) == [("tools", 2), ("models", 1)]
    assert values(results.facets[Facet.KEYWORD]) == [("water", 1)]


def test_a_snippet_is_plain_text_with_the_places_of_the_words(index: Index) -> None:
    long = "Before. " * 100 + "A <b>Heated</b> tank, 🔥 and heaters. " + "After. " * 100
    fill(index, make_document("plant", text=long))
    snippet = ask(index, "heat").hits[0].snippet
    assert "<b>" in snippet.text
    assert [snippet.text[start:end] for start, end in snippet.ranges] == ["Heated", "heaters"]
    assert len(snippet.text) <= 240


def test_a_snippet_shows_the_word_that_was_meant(index: Index) -> None:
    fill(index, make_document("plant", text="It has a controller of its own."))
    snippet = ask(index, "controler").hits[0].snippet
    assert [snippet.text[start:end] for start, end in snippet.ranges] == ["controller"]


def test_a_hit_has_everything_but_the_text(index: Index) -> None:
    document = make_document(
        "tank", title="A tank", summary="Fills", version="1.2.0", licence="MIT", owner="ada",
        keywords=("a", "b"), requires=("x",), text="long",
    )  # fmt: skip
    fill(index, document)
    (hit,) = ask(index, "tank").hits
    assert hit.document.text == ""
    assert hit.document.keywords == ("a", "b")
    assert hit.document.changed_at == WHEN
    assert (hit.document.path, hit.document.version) == ("common/models/tank", "1.2.0")


def test_the_nearest_known_words_are_suggested_when_nothing_is_found(index: Index) -> None:
    fill(index, make_document("controller", title="Controller of the heater"))
    results = ask(index, "contrxllxr heater")
    assert results.count == 0
    assert results.suggestions == ("controller heater",)


_ODD_TEXTS = (
        '"', '""', "-", "--", '-"', "*", ".*", "(", ")", "[a", "a{99999}", "\\", "AND", "OR NOT",
        "kind:", "kind:\"", ":", "a:b:c", "\0", "\ud800", "🔥", "a\u0301" * 400, "x" * 10_000,
        "a " * 5_000, '"' * 10_000, "tank~2 ^5", "key:alice/models/tank", "/.*/", "+tank", "İ" * 50,
        "keyword:" + "x" * 900, "\u202e", "a" * 64, "-a -b -c", "' or 1=1 --",
)  # fmt: skip


def test_any_text_is_a_search(index: Index) -> None:
    fill(index, make_document("tank"), make_document("x" * 255, text="\0 ((( 🔥 \ud800"))
    for text in _ODD_TEXTS:
        assert ask(index, text, COMMON, facets=tuple(Facet)).count <= 2, text
