"""The ``twin`` command. Sub-commands are entry points of the group ``twinhub.twin_commands``."""
