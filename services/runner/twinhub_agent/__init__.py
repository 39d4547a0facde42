"""The first process in the sandbox of a run: starts what a phase has, and writes down what happens.

It is linked into each run's folder and uses the standard library alone, of Python 3.9 or later.
What it is told stands in a plan, what it tells in files: a service that has died meanwhile reads on
where it was. It is the first process of its own PID namespace, so nothing in there can kill it, and
what its processes leave behind is its own to wait for.
"""
