"""``twin serve``: one folder of scripts, or one twin, behind the REST interface of DTaaS's runner.

What is answered is that of DTaaS's runner 0.3: its fields, statuses and words. What it leaves out,
how a command has really ended and what a failed one has printed, stands beside them in an object
``run``.
"""
