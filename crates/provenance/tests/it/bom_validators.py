"""Validates every bill in a folder by the official validators, and says of each what they say.

`*.cdx.json`: the JSON schema of CycloneDX 1.6, strict, with its schemas of SPDX licences and JSF, by
`cyclonedx-python-lib`. `*.spdx.json`: the SHACL model of SPDX 3.0.1, by `spdx-python-model`.
"""

import json
import pathlib
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_python_model import v3_0_1 as spdx


def cyclonedx(text):
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return str(error) if error else None


def spdx3(text):
    try:
        elements = spdx.SHACLObjectSet()
        spdx.JSONLDDeserializer().deserialize_data(json.loads(text), elements)
        missing = elements.link()
        known = {spdx.expandedlicensing_IndividualLicensingInfo.NoAssertionLicense}
        if set(missing) - known:
            return f"links lead nowhere: {sorted(missing)}"
        # Writing checks what has to be there.
        spdx.JSONLDSerializer().serialize_data(elements)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    check = cyclonedx if path.name.endswith(".cdx.json") else spdx3
    error = check(path.read_text())
    print(f"{path.name}: {'refused: ' + error[:2000].replace(chr(10), ' ') if error else 'accepted'}")
