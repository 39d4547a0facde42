"""Prints the connections of a system in SSP: ``show.py FILE``."""

import sys
import xml.etree.ElementTree as ET

SSD = "{http://ssp-standard.org/SSP1/SystemStructureDescription}"
for one in ET.parse(sys.argv[1]).iter(f"{SSD}Connection"):
    start = f"{one.get('startElement')}.{one.get('startConnector')}"
    end = f"{one.get('endElement')}.{one.get('endConnector')}"
    print(f"{start} -> {end}")
