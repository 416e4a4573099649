"""`python -m temthat`: the same as the script."""

from temthat.main import main

main()
