"""The language of ``twin.yaml``, one module for each of its blocks; ``twin.Twin`` is the file."""
