"""What an XML parser and GS1's schemas of EPCIS 1.2 say of documents.

Input: one JSON object a line, {"xml": text, "schema": bool}. Answer: `ok`, or what is wrong, in one line.
Without "schema" only the syntax of XML and of its namespaces is asked for.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from xml.parsers import expat

SCHEMAS = Path(__file__).parent / "python/EPCPyYes/core/tests/schemas"
SBDH = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"


def schema():
    """The schema of query documents, which holds that of capture documents."""
    # The published files name each other by folders that are not there.
    locations = {
        "urn:epcglobal:xsd:1": str(SCHEMAS / "EPCglobal.xsd"),
        "urn:epcglobal:epcis:xsd:1": str(SCHEMAS / "EPCglobal-epcis-1_2.xsd"),
        SBDH: str(SCHEMAS / "StandardBusinessDocumentHeader.xsd"),
    }
    xmlschema = import_module("xmlschema")
    root = SCHEMAS / "EPCglobal-epcis-query-1_2.xsd"
    return xmlschema.XMLSchema(str(root), locations=locations, allow="local")


def fault_of(xml, of_schema):
    """The first fault, or None."""
    try:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.Parse(xml.encode(), True)
    except expat.ExpatError as error:
        return f"not well-formed: {error}"
    if of_schema is None:
        return None
    error = next(of_schema.iter_errors(xml), None)
    return None if error is None else f"{error.path}: {error.reason}"


def main():
    """Answers every line."""
    loaded = None
    for line in sys.stdin:
        given = json.loads(line)
        if given["schema"] and loaded is None:
            loaded = schema()
        fault = fault_of(given["xml"], loaded if given["schema"] else None)
        print("ok" if fault is None else " ".join(fault.split()), flush=True)


main()
