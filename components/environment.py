"""The settings that every process of rsvlm runs under: no telemetry, no network surprises, no unsafe defaults."""

import os

DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_MODEL_CATALOG_URI": "",
    "DVC_NO_ANALYTICS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that wait for work sleep instead of spinning: on a shared machine spinning costs more than it saves.
    "OMP_WAIT_POLICY": "passive",
    "GDAL_SKIP": "VRT",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "PYTHONHASHSEED": "0",
}


def apply() -> None:
    """Set every default that the caller's environment does not set itself; call before importing what reads them."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
