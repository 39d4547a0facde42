"""``python3 -I -S start.py INSIDE OUTSIDE``: the program that a sandbox begins with."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from twinhub_agent.main import main

sys.exit(main())
