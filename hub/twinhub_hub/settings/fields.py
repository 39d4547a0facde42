"""The keys of ``twinhub.yaml`` as a tree, and what explains its faults."""

from __future__ import annotations

from twinhub_dtconfig.explanations import Explainer
from twinhub_dtconfig.fields import Tree

from twinhub_hub.settings.models import Settings

TREE = Tree(Settings)
EXPLAINER = Explainer(TREE)
