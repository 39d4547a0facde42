"""TwinHub for notebooks and scripts: ``import twinhub.assets``.

Nothing is imported before it is used, so that ``import twinhub`` costs a notebook nothing.
"""
