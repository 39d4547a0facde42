"""Folders as users of lifecycle scripts have them, after what is seen in the wild."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

UNSUPPORTED = '#!/bin/bash\nprintf "operation is not supported on this digital twin \\n\\n"\n'


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder; those of ``lifecycle/`` can be executed."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        if path.startswith("lifecycle/"):
            target.chmod(0o755)
    return folder


MULTI_MODEL = json.dumps(
    {
        "fmus": {
            "{msd1}": "file:///workspace/models/MassSpringDamper1.fmu",
            "{msd2}": "file:///workspace/models/MassSpringDamper2.fmu",
        },
        "connections": {"{msd1}.i.x1": ["{msd2}.i.x1"], "{msd2}.i.fk": ["{msd1}.i.fk"]},
        "parameters": {"{msd2}.i.c2": 1.0},
        "algorithm": {"type": "fixed-step", "size": 0.001},
    },
    indent=1,
)


def mass_spring_damper(root: Path) -> Path:
    """Return a co-simulation that a JAR runs, with a pipeline."""
    return write(
        root / "digital_twins" / "mass-spring-damper",
        {
            "README.md": """
                # Mass Spring Damper

                ## Overview

                Two coupled [mass-spring-damper](https://example.org) systems.
                """,
            "description.md": "Two masses, each on a spring and a damper, computed together.\n",
            "cosim.json": MULTI_MODEL,
            "time.json": '{"startTime": 0.0, "endTime": 10.0}',
            "lifecycle/create": """
                #!/bin/bash
                set -e  # fail fast
                sudo apt-get update
                sudo apt-get install -y openjdk-17-jre libgomp1
                """,
            "lifecycle/execute": """
                #!/bin/bash
                mkdir -p /workspace/data/mass-spring-damper/output
                cp ../../models/MassSpringDamper1.fmu .
                java -jar /workspace/common/tools/maestro-2.3.0-jar-with-dependencies.jar\\
                  import -output /workspace/data/mass-spring-damper/output\\
                  sg1 cosim.json time.json -i -vi FMI2 output-dir 2>&1 | tee debug.log
                """,
            "lifecycle/analyze": UNSUPPORTED,
            "lifecycle/evolve": UNSUPPORTED,
            "lifecycle/save": UNSUPPORTED,
            "lifecycle/terminate": "#!/bin/bash\nlifecycle/clean\n",
            "lifecycle/clean": "#!/bin/bash\nrm -rf /workspace/data/mass-spring-damper/output\n",
            ".gitlab-ci.yml": """
                stages:
                  - build_and_run
                build_and_run:
                  stage: build_and_run
                  image: ubuntu:24.04
                  before_script:
                    - cd digital_twins/mass-spring-damper
                  script:
                    - chmod +x lifecycle/create lifecycle/execute
                    - ./lifecycle/create
                    - ./lifecycle/execute
                  artifacts:
                    paths:
                      - digital_twins/mass-spring-damper/debug.log
                  tags:
                    - $RunnerTag
                """,
        },
    )


def heart_service(root: Path) -> Path:
    """Return a web application that is left running, with a virtual environment of its own."""
    return write(
        root / "digital_twins" / "Heart_DT",
        {
            "readme.md": "Heart\n=====\n\n> quoted\n\nShows a pulse **live**.\n",
            "requirements.txt": "dash\nnumpy>=2\n",
            "run.py": """
                from app import app
                app.run(host="0.0.0.0", port=8050)
                """,
            "lifecycle/create": """
                #!/bin/bash
                python3.10 -m venv .heart_venv
                source .heart_venv/bin/activate
                pip install --upgrade pip
                pip install -r requirements.txt
                pip3 install gunicorn
                """,
            "lifecycle/execute": """
                #!/bin/bash
                mkdir -p logs
                nohup python3 run.py > logs/heart_dt.log 2>&1 &
                """,
            "lifecycle/clean": "#!/bin/bash\npkill -f run.py\n",
        },
    )


def incubator(root: Path) -> Path:
    """Return a twin of a physical incubator with a broker and a time series."""
    return write(
        root / "digital_twins" / "incubator",
        {
            "README.md": "# Incubator Digital Twin\n\nKeeps a box warm.\n",
            "simulation.conf": """
                rabbitmq: {
                    ip = "broker.plant.example.org"
                    port = 5672
                    username = incubator
                    password = hunter2
                }
                influxdb: {
                    url = http://influx.plant.example.org:8086
                    token = "s3cr3t-token"
                    bucket = incubator
                }
                """,
            "lifecycle/create": """
                #!/bin/sh
                : ${INCUBATOR_PATH:=/workspace/common/digital_twins/incubator}
                pip install pika "influxdb-client>=1.30" -r /elsewhere/requirements.txt
                """,
            "lifecycle/execute": """
                #!/bin/sh
                export TOOLS=/workspace/tools/incubator
                export RABBITMQ_URL=amqp://incubator:hunter2@broker.plant.example.org:5672/vhost
                python3 $TOOLS/publisher.py 2>&1 | tee publisher.txt &
                while true; do python3 $TOOLS/step.py; sleep 1; done
                """,
        },
    )
