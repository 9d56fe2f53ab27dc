"""python -m verifier FILE... --key VKEY"""

import sys

from verifier.cli import main

sys.exit(main(sys.argv[1:]))
