"""The JSON Schema and the reference of ``asset.yaml``, generated from its model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from twinhub_dtconfig.licences import USUAL
from twinhub_dtconfig.models.asset_file import AssetFile
from twinhub_dtconfig.reference import table_of
from twinhub_dtconfig.schema import DIALECT, describe_section

if TYPE_CHECKING:
    Schema = dict[str, Any]

SCHEMA_FILE = "config/schemas/asset.schema.json"
REFERENCE_FILE = "docs/reference/asset-yaml.md"

_TEXT = """\
# `asset.yaml`

This page is generated from the model: `python -m twinhub_hub.cli.generate`.

`asset.yaml` in the folder of an asset says what the asset is. Every key may be left out, and so may
the file: [an asset is there without it](../explanation/assets.md). For an asset that is a single
file, such as `tank.fmu`, it is beside it and called `tank.asset.yaml`. A digital twin says the
same in its [`twin.yaml`](twin-yaml.md), where `uses` stands for `requires`.

```yaml
title: Heated tank
summary: Water in a tank with a heater, as an FMU.
version: 1.2.0
licence: BSD-3-Clause
authors: [Ada Lovelace]
keywords: [tank, control]
requires:
  - common/tools/fixed-step-master@^1.0
```

`config/schemas/asset.schema.json` is its JSON Schema, for completion in editors, and
`twin validate asset.yaml` names every fault with its line. An asset whose `asset.yaml` has
faults is listed all the same, with the keys that are right and with the faults.

## Every key

"""
_REST = """
## `requires`

A reference is `[common/|teams/<group>/]<kind>/<name>[/<path>][@<version>]`. Only common assets have
versions: `1` is the newest 1.x, `1.2` the newest 1.2.x, `1.2.0` that one, `^1.2` up to the next
incompatible one, `~1.2` up to the next minor one, `>=1.2,<2` a range. The library says of each
whether it is there, which version fits and whether there is a newer one.

## `licence`

Written as [SPDX](https://spdx.org/licenses/) does: identifiers, `AND`, `OR`, `WITH` and brackets.
The spelling of the usual ones is checked, others are let through: {usual}.
"""


def make_asset_schema() -> Schema:
    """Return the JSON Schema of ``asset.yaml``."""
    schema = describe_section(AssetFile, AssetFile.model_json_schema())
    return {"$schema": DIALECT, **schema, "title": "asset.yaml"}


def render_files() -> dict[str, str]:
    """Return the text of every generated file by its path in the checkout."""
    schema = make_asset_schema()
    usual = ", ".join(f"`{one}`" for one in USUAL)
    text = f"{_TEXT}{table_of(AssetFile, schema)}{_REST.format(usual=usual)}"
    return {
        SCHEMA_FILE: json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
        REFERENCE_FILE: text,
    }
