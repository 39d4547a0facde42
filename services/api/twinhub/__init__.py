"""TwinHub for notebooks and scripts: ``from twinhub import assets``.

Nothing is imported before it is used, so that ``import twinhub`` costs a notebook nothing.
"""
