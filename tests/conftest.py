"""Names the fixtures' modules, and nothing else."""

pytest_plugins = (
    "tests.fixtures.collecting",  # first, for it makes the rest cheaper
    "tests.fixtures.interrupts",
    "tests.fixtures.installation",
    "tests.fixtures.browser",
    "tests.fixtures.gitlab",
    "tests.fixtures.library",
    "tests.fixtures.git_servers",
    "tests.fixtures.properties",
)
