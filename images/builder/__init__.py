"""Builds the images of hierarchy.yaml through the API of the Docker engine.

The API and not the ``docker`` command: it is the one way that is the same with every client (with
and without buildx) and needs none, it takes a context put together from several folders, and it
reports each step as data. The classic builder serves it on every engine.
"""
