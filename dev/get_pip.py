"""Stands in for get-pip.py: installs pip from the wheel next to this file (see sanity.sh)."""

from __future__ import annotations

import os
import re
import runpy
import sys

cache = os.path.dirname(os.path.abspath(__file__))
version = re.search(r"get_pip_(\d+)_(\d+)", os.path.basename(__file__))
assert version, f"{__file__} is not named get_pip_<major>_<minor>.py"
wanted = f"pip=={version[1]}.{version[2]}"
wheel = os.path.join(cache, f"pip-{version[1]}.{version[2]}-py3-none-any.whl")
arguments = [wheel if one == wanted else one for one in sys.argv[1:] if one not in ("--no-setuptools", "--no-wheel")]
sys.path.insert(0, wheel)
sys.argv = ["pip", "install", "--upgrade", "--quiet", "--quiet", *arguments]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
