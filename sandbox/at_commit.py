"""One command of the engine, with the code of another commit: ``python -P at_commit.py preview|up NAME KUBECONFIG STATE S3 ENVIRONMENT``.

Run as a file, in the directory of that commit and with it as PYTHONPATH (sandbox/rollback.py does). So it uses nothing but what the engine
of every commit has.
"""

import sys
from pathlib import Path

from sandbox.engine import Engine, EngineError, Target


def main() -> int:
    """0 done, 2 an error, 130 interrupted."""
    command, name, kubeconfig, state, s3, environment = sys.argv[1:]
    place = Target(name=name, kubeconfig=Path(kubeconfig), state=Path(state), s3=s3 or None)
    try:
        engine = Engine(place, environment, say=print)
        done = engine.up() if command == "up" else engine.preview()
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print(f"{environment}: {', '.join(f'{count} {operation}' for operation, count in sorted(done.items())) or 'nothing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
