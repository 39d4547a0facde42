"""The examples of the language: that they load, cover it, and do what they say."""
