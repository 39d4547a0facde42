"""``python -I -S /opt/twinhub/programs/run.py NAME ARGUMENTS``: TwinHub's programs in a workspace.

A file and not a package that is run: that would import a third more of the standard library.
"""

import sys

if __name__ == "__main__":
    sys.path.insert(0, "/opt/twinhub/programs")
    name = sys.argv.pop(1)
    program = getattr(__import__(f"twinhub_programs.{name}"), name)
    sys.exit(program.main(sys.argv[1:]))
