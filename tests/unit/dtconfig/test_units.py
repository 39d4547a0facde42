"""Units as people and models write them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_dtconfig.known_units import SI, find_known, known_names
from twinhub_dtconfig.units import (
    BadUnitError,
    are_compatible,
    check_unit,
    convert,
    has_exponents,
    is_unit,
)

if TYPE_CHECKING:
    from pathlib import Path

REGISTRY: pint.UnitRegistry[float] = pint.UnitRegistry()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("N.m", "newton*meter"),
        ("kg/s", "kilogram/second"),
        ("J/(kg.K)", "J/kg/K"),
        ("1/min", "min^-1"),
        ("m/s2", "m/s**2"),
        ("m/s²", "m.s-2"),
        ("s⁻¹", "Hz"),
        ("m3/h", "l/s"),
        ("kg m2 s-3", "W"),
        ("(m/s)^2", "J/kg"),
        ("°C", "K"),
        ("degF", "degC"),
        ("W/degC", "W/K"),
        ("%", "percent"),
        ("%", "1"),
        ("-", "1"),
        ("", "dimensionless"),
        ("rad", "deg"),
        ("rev/min", "rpm"),
        ("rpm", "rad/s"),
        ("kΩ", "ohm"),
        ("µm", "micrometer"),
        ("mmHg", "inH2O"),
        ("EUR/kWh", "EUR/J"),
    ],
)
def test_the_usual_spellings_are_known(text: str, same: str) -> None:
    assert is_unit(text)
    assert are_compatible(text, same)


@pytest.mark.parametrize(
    ("first", "second"),
    [("K", "W"), ("N.m", "N/m"), ("m", "m2"), ("kg/s", "kg"), ("EUR", "USD"), ("EUR", "1")],
)
def test_what_measures_something_else_is_not_compatible(first: str, second: str) -> None:
    assert not are_compatible(first, second)
    with pytest.raises(BadUnitError, match="do not measure the same"):
        convert(1, first, second)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("KW", "kW"),
        ("kilowat", "kilowatt"),
        ("Celsius", "degC"),
        ("Fahrenheit/s", "degF/s"),
        ("Sec", "s"),
        ("procent", "percent"),
        ("KWH/m2", "kWh/m2"),
        ("lumps", None),
        ("m/", None),
        ("/s", None),
        ("m..s", None),
        ("(m", None),
        ("m)", None),
        ("m^m", None),
        ("2 m", None),
        ("1e3 m", None),
        ("1.5 m", None),
        ("m^999999999", None),
        ("9^9^9^9", None),
        ("(((((((((((((((((((((m)))))))))))))))))))))", None),
        ("m " * 30, None),
        ("a" * 10_000, None),
        ("__import__('os')", None),
        ("m\0", None),
        ("m;s", None),
    ],
)
def test_what_is_no_unit_is_refused_at_once(text: str, nearest: str | None) -> None:
    is_unit("m")
    started = time.process_time()
    assert not is_unit(text)
    with pytest.raises(BadUnitError) as caught:
        check_unit(text)
    assert (caught.value.nearest, bool(caught.value.remedy)) == (nearest, True)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("value", "source", "target", "result"),
    [
        (20, "degC", "K", 293.15),
        (68, "degF", "degC", 20),
        (12, "kW", "W", 12_000),
        (50, "%", "1", 0.5),
        (60, "rpm", "rad/s", 6.283185),
        (2, "W/degC", "W/K", 2),
        (5, "m", "m", 5),
    ],
)
def test_values_are_converted(value: float, source: str, target: str, result: float) -> None:
    assert convert(value, source, target) == pytest.approx(result)


def test_a_unit_is_compared_with_powers_of_si_units() -> None:
    assert has_exponents("kW", {"kg": 1, "m": 2, "s": -3})
    assert has_exponents("rpm", {"s": -1, "rad": 1})
    assert has_exponents("%", {})
    assert not has_exponents("K", {"m": 1})


@given(st.text("kgmsNWK.*/^()-+ 12%°²1", max_size=12))
def test_any_text_is_a_unit_or_refused(text: str) -> None:
    assert is_unit(text) in {True, False}


def run(script: str, **environment: str) -> str:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", script], env=kept | environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.heavy
def test_pint_is_imported_only_for_a_unit_that_is_not_usual() -> None:
    script = (
        "import sys\nfrom twinhub_dtconfig.units import *\nis_unit('J/(kg.K)')\n"
        "convert(1, 'kWh', 'MJ')\nhas_exponents('kW', {'kg': 1, 'm': 2, 's': -3})\n"
        "print('pint' in sys.modules)\nis_unit('furlong')\nprint('pint' in sys.modules)"
    )
    assert run(script).split() == ["False", "True"]


@pytest.mark.parametrize("name", known_names())
def test_what_is_known_without_pint_is_what_pint_knows(name: str) -> None:
    known = find_known(name)
    assert known is not None
    theirs = REGISTRY.Quantity(5, REGISTRY.Unit(name)).to_base_units()
    si = " * ".join(f"{unit}**{power}" for unit, power in zip(SI, known.powers, strict=True))
    assert theirs.dimensionality == REGISTRY.Unit(si).dimensionality
    ours = 5 * known.factor + known.offset
    assert ours == pytest.approx(theirs.magnitude, rel=1e-12)


@pytest.mark.heavy
def test_what_was_parsed_is_kept_in_the_users_cache(tmp_path: Path) -> None:
    script = "from twinhub_dtconfig.units import is_unit; print(is_unit('furlong'))"
    assert run(script, HOME=str(tmp_path)) == "True"
    assert list((tmp_path / ".cache/twinhub/units").iterdir())


@pytest.mark.heavy
def test_what_another_installation_kept_is_not_read(tmp_path: Path) -> None:
    """What pint keeps names files of its installation, and a home outlives them."""
    script = (
        "import sys, pint; pint.__file__ = sys.argv[1] if sys.argv[1:] else pint.__file__\n"
        "from twinhub_dtconfig.units import is_unit; is_unit('furlong'); print('good')"
    )
    assert run(script, HOME=str(tmp_path)) == "good"
    assert run(f"import sys; sys.argv.append('/gone')\n{script}", HOME=str(tmp_path)) == "good"
    assert len(list((tmp_path / ".cache/twinhub/units").iterdir())) == 2


@pytest.mark.heavy
def test_a_home_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    script = "from twinhub_dtconfig.units import is_unit; print(is_unit('furlong'))"
    assert run(script, HOME=str(tmp_path / "file")) == "True"
