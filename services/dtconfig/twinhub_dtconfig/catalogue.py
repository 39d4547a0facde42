"""The rules of the language that no schema can express, each with a file that breaks it."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD = "format: 1\nname: tank\n"
_PHASES = "phases: {execute: ./run}\n"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what must hold, a file that breaks it, and the words that say so."""

    name: str
    sentence: str
    example: str
    """A file without its first two lines; without ``phases`` where they do not matter."""
    words: str
    """A pattern that every message of this rule matches, and no other message does."""
    is_warning: bool = False

    @property
    def broken_file(self) -> str:
        """Return a whole ``twin.yaml`` that breaks this rule and no other."""
        has_phases = re.search(r"^phases:", self.example, re.MULTILINE) is not None
        return HEAD + ("" if has_phases else _PHASES) + self.example


_NUMBERS = (
    Rule(
        "whole-numbers",
        "A whole number is written without a point.",
        "ports: {api: 8080.0}\n",
        r"(must be (a whole number|a size|1), not|is not a whole number)",
    ),
    Rule(
        "finite-numbers",
        "A number is neither infinite nor `.nan`.",
        "resources: {cpu: .nan}\n",
        r"not (nan|-?inf)$",
    ),
    Rule(
        "duration-limit",
        "A duration is at most ten years.",
        "phases: {execute: {command: ./run, time_limit: 4000d}}\n",
        r"must be at most 3660d",
    ),
)
_VALUES = (
    Rule(
        "value-type",
        "A value in scenarios, instances and sweeps is of its parameter's type.",
        "parameters: {power: 5}\nscenarios: {cold: {parameters: {power: low}}}\n",
        r"is not (a number|text|true or false|a whole number)$",
    ),
    Rule(
        "value-bounds",
        "A value, the default too, lies between `minimum` and `maximum`.",
        "parameters: {power: {default: 5, maximum: 3}}\n",
        r"is too (small|large)$",
    ),
    Rule(
        "bounds-order",
        "`minimum` is not more than `maximum`.",
        "parameters: {power: {minimum: 5, maximum: 3}}\n",
        r"the minimum is more than the maximum",
    ),
    Rule(
        "value-choices",
        "A value, the default too, is one of `choices`.",
        "parameters: {scheme: {type: text, default: c, choices: [a, b]}}\n",
        r"is no choice$",
    ),
)
_ASSETS = (
    Rule(
        "reference",
        "A reference names an asset of the library in the form that is described above.",
        "uses: {tank: models/tank/../pump}\n",
        r"(has an empty part|has spaces around it|leads out of its folder|holds the invisible"
        r"|stands before the path|names do not begin with|has \d+ bytes|begins with '\.')",
    ),
    Rule(
        "reference-version",
        "A version has one of the forms that are described above.",
        "uses: {tank: common/models/tank@newest}\n",
        r"(is no version|a version has|a digest is|no version fits)",
    ),
    Rule(
        "reference-common",
        "Only common assets have versions.",
        "uses: {tank: models/tank@1}\n",
        r"only common assets have versions",
    ),
    Rule(
        "unchecked-download",
        "What is fetched by `url` should have a `sha256`.",
        "uses: {profile: {url: 'https://example.org/profile.csv'}}\n",
        r"may change without notice",
        is_warning=True,
    ),
)


def _link(name: str, what: str, section: str, example: str) -> Rule:
    return Rule(f"known-{name}", what, example, rf" is not among {re.escape(section)}$")


_LINKS = (
    _link(
        "secret",
        "A `secret` is one of `secrets`.",
        "secrets",
        "uses: {lake: {s3: 's3://bucket/key', secret: lake_key}}\n",
    ),
    _link(
        "process",
        "A process in `after` is one of the same phase.",
        "processes",
        "phases: {execute: {processes: {a: {command: ./a, after: [broker]}}}}\n",
    ),
    _link(
        "build-step",
        "A step in `after` is one of `build`.",
        "build",
        "build: {a: {command: make, inputs: [a.c], outputs: [a], after: [model]}}\n",
    ),
    _link(
        "port",
        "A port that is named is one of `ports`.",
        "ports",
        "phases: {execute: {processes: {a: {command: ./a, ready: {port: api}}}}}\n",
    ),
    _link(
        "alias",
        "The recording that is replayed is one of `uses`.",
        "uses",
        "physical: {source: replay, data: profile}\n",
    ),
    _link(
        "parameter",
        "A parameter that is bound or given a value is one of `parameters`.",
        "parameters",
        "scenarios: {cold: {parameters: {power: 1}}}\n",
    ),
    _link(
        "phase",
        "The phase of a plan is one of `phases`.",
        "phases",
        "schedules: {nightly: {phase: analyse, every: 1d}}\n",
    ),
    _link(
        "scenario",
        "The scenario of a plan is one of `scenarios`.",
        "scenarios",
        "schedules: {nightly: {scenario: cold, every: 1d}}\n",
    ),
    _link(
        "service",
        "The service of a topic or message is one of `services`.",
        "services",
        "signals: {level: {source: {topic: tank/level, service: broker}}}\n",
    ),
    _link(
        "cosimulation",
        "The co-simulation of a variable is one of `cosimulations`.",
        "cosimulations",
        "cosimulations: {a: {format: fmpy, file: a.fmu}}\n"
        "signals: {level: {source: {variable: x, cosimulation: b}}}\n",
    ),
    _link(
        "instance",
        "An instance of a fleet is one of `instances`.",
        "instances",
        "fleets: {tanks: {instances: [north]}}\n",
    ),
    _link(
        "part",
        "A part of a composite is a digital twin among `uses`.",
        "the digital twins of uses",
        "composites: {plant: {parts: [cooler]}}\n",
    ),
    _link(
        "connection-part",
        "A connection begins with one of the composite's `parts`.",
        "parts",
        "uses: {cooler: {twin: digital_twins/cooler}}\nparameters: {power: 1}\n"
        "composites: {plant: {parts: [cooler], connections: {heater.power: power}}}\n",
    ),
    _link(
        "connection-signal",
        "A connection without a part begins with one of `signals`.",
        "signals",
        "uses: {cooler: {twin: digital_twins/cooler}}\nparameters: {power: 1}\n"
        "composites: {plant: {parts: [cooler], connections: {level: power}}}\n",
    ),
    _link(
        "connection-end",
        "A connection without a part ends in one of `parameters` or `commands`.",
        "parameters and commands",
        "uses: {cooler: {twin: digital_twins/cooler}}\n"
        "composites: {plant: {parts: [cooler], connections: {cooler.level: power}}}\n",
    ),
)
_STRUCTURE = (
    Rule(
        "order",
        "Processes, and build steps, do not wait for each other in a circle.",
        "phases: {execute: {processes: {a: {command: ./a, after: [b]},"
        " b: {command: ./b, after: [a]}}}}\n",
        r"they wait for each other",
    ),
    Rule(
        "phase-name",
        "A phase whose name is close to a standard one, or means the same as one that is absent, is"
        " probably that one.",
        "phases: {excute: ./run}\n",
        r"is a phase of your own",
        is_warning=True,
    ),
    Rule(
        "log-pattern",
        "The text in `ready: {log: …}` is a regular expression.",
        "phases: {execute: {processes: {a: {command: ./a, ready: {log: 'started ('}}}}}\n",
        r"the pattern cannot be read",
    ),
    Rule(
        "address-password",
        "An address holds no password: whoever runs the twin gives it, as one of `secrets`.",
        "services: {mqtt: {external: {url: 'mqtts://a:b@broker.example.org'}}}\n",
        r"the address holds a password",
    ),
    Rule(
        "topic-broker",
        "A signal with a topic needs a broker.",
        "signals: {level: {source: {topic: tank/level}}}\n",
        r"the twin has no broker",
    ),
    Rule(
        "topic-one-broker",
        "Where there are several brokers, a topic names its `service`.",
        "services: {mqtt: {managed: {}}, rabbitmq: {managed: {}}}\n"
        "signals: {level: {source: {topic: tank/level}}}\n",
        r"there are several brokers",
    ),
    Rule(
        "variable-cosimulation",
        "A signal with a variable needs a co-simulation.",
        "signals: {level: {source: {variable: tank.level}}}\n",
        r"no co-simulation with variables",
    ),
    Rule(
        "variable-one-cosimulation",
        "Where there are several co-simulations, a variable names its `cosimulation`.",
        "cosimulations: {a: {format: fmpy, file: a.fmu}, b: {format: fmpy, file: b.fmu}}\n"
        "signals: {level: {source: {variable: tank.level}}}\n",
        r"there are several co-simulations",
    ),
    Rule(
        "message-broker",
        "A message goes to a broker.",
        "services: {influxdb: {managed: {buckets: [a]}}}\n"
        "commands: {tell: {effect: {message: {service: influxdb, topic: a}}}}\n",
        r"takes no messages",
    ),
)
_TEXTS = (
    Rule(
        "substitution-name",
        "A `${…}` names something that is there.",
        "variables: {POWER: '${parameters.power}'}\n",
        r"names nothing$",
    ),
    Rule(
        "substitution-place",
        "A `${…}` stands only where its namespace is taken: secrets in `files`, arguments in"
        " `commands`.",
        "secrets: {key: Key of the lake}\nvariables: {KEY: '${secrets.key}'}\n",
        r"cannot stand here$",
    ),
    Rule(
        "secret-kept",
        "A file with a secret is neither a result, nor kept state, nor read or made by `build`.",
        "secrets: {key: Key of the lake}\n"
        "files: [{text: '${secrets.key}', to: config/lake.ini}]\n"
        "state: {keep: ['config/*']}\n",
        r"which holds a secret$",
    ),
    Rule(
        "substitution-script",
        "Nothing is put into a script: values come by `variables`.",
        "parameters: {power: 1}\nphases: {execute: {script: 'echo ${parameters.power}'}}\n",
        r"nothing is put into a script",
    ),
    Rule(
        "command-shell",
        "A command has no `|`, `>`, `;`, `&&` or `$(…)` outside quotes: no shell reads it.",
        "phases: {execute: './run | tee log.txt'}\n",
        r"needs a shell, and a command has none",
    ),
    Rule(
        "command-line",
        "A command is one line; several are a `script`.",
        "phases:\n  execute: |\n    ./a\n    ./b\n",
        r"a command is one line",
    ),
    Rule(
        "command-quotes",
        "A quote in a command ends.",
        'phases: {execute: "./run \'a"}\n',
        r"a quote is not closed",
    ),
    Rule(
        "command-program",
        "A command begins with a program.",
        "phases: {execute: ' '}\n",
        r"the command names no program",
    ),
    Rule(
        "command-nul",
        "A command holds no NUL character.",
        'phases: {execute: "./run \\0"}\n',
        r"holds a NUL character",
    ),
    Rule(
        "command-variable",
        "A `$NAME` in a command stays as it is, which is seldom meant.",
        "phases: {execute: ./run $HOME}\n",
        r"no shell replaces",
        is_warning=True,
    ),
)

RULES: tuple[Rule, ...] = (*_NUMBERS, *_VALUES, *_ASSETS, *_LINKS, *_STRUCTURE, *_TEXTS)
"""Every rule that the schema leaves to the loader."""


def rule_of(what: str) -> Rule | None:
    """Return the rule that a fault's ``what`` is about, or None for what the schema says too."""
    return next((rule for rule in RULES if re.search(rule.words, what)), None)
