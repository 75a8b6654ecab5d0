"""`python -m helpers.grading.cli` is `coursekit`."""

from helpers.grading.cli.start import main

main()
