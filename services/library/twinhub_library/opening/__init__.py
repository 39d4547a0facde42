"""Open links: an address that brings a published asset into the area of whoever opens it.

A link leads to a page of the library on the hub's origin. Where nothing in the visitor's area
would change it leads on to their workspace at once; where something would, it says what and asks
for a click. After the click a page reports what became of each file.
"""
