"""`python -m carbon` is the command `carbon`."""

from carbon.cli import main

if __name__ == "__main__":
    main()
