import json
import subprocess
import sys
from typing import ClassVar

import pytest

from rsvlm.chat.settings import ChatSettings, LocalSettings
from rsvlm.errors import ConfigurationError
from rsvlm.settings import Settings, validate


class Holder(Settings):
    chat: ChatSettings
    name: ClassVar[str] = "holder"


def read(**chat):
    return validate(Holder, {"chat": chat}, "recipe.yaml: caption").chat


def test_the_default_model_is_small_local_and_greedy():
    settings = read(kind="local")
    assert isinstance(settings, LocalSettings)
    assert (settings.source, settings.temperature, settings.workers) == ("smollm2", 0.0, 1)


@pytest.mark.parametrize(
    ("chat", "message"),
    [
        ({"kind": "rule"}, "allowed: local, served, registered"),
        ({"kind": "local", "temprature": 0.5}, "did you mean 'temperature'"),
        ({"kind": "local", "temperature": float("inf")}, "only text, numbers"),
        ({"kind": "local", "source": "../etc"}, "source"),
        ({"kind": "served", "base_url": "ftp://x/v1", "model": "m"}, "https://host/v1"),
        ({"kind": "served", "base_url": "https://me:secret@host/v1", "model": "m"}, "user name"),
        ({"kind": "served", "base_url": "https://host/v1?key=secret", "model": "m"}, "without a query"),
        ({"kind": "served", "base_url": "http://example.org/v1", "model": "m", "key_variable": "KEY"}, "plain http"),
        ({"kind": "served", "base_url": "https://host/v1", "model": "m", "key_variable": "sk-abc"}, "key_variable"),
        ({"kind": "served", "base_url": "https://host/v1", "model": "m", "concurrent": 0}, "concurrent"),
        ({"kind": "registered", "model": "../../etc"}, "model"),
        ({"kind": "registered", "model": "models/geochat/sft", "temperature": 0.7}, "temperature: unknown key"),
    ],
)
def test_wrong_settings_are_named(chat, message):
    with pytest.raises(ConfigurationError, match=r"recipe\.yaml: caption") as caught:
        read(**chat)
    assert message in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "vllm:8000", "vllm.default.svc.cluster.local", "10.0.0.3"])
def test_a_key_may_go_over_plain_http_inside_a_private_network(host):
    assert read(kind="served", base_url=f"http://{host}/v1/", model="m", key_variable="KEY").base_url == f"http://{host}/v1"


def test_reading_settings_and_prompts_imports_nothing_heavy(root):
    heavy = ("torch", "transformers", "ray", "numpy", "pandas", "pyarrow", "PIL", "urllib3")
    code = f"import json, sys, rsvlm.chat.settings, rsvlm.chat.prompts; print(json.dumps([n for n in {heavy!r} if n in sys.modules]))"
    outcome = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert json.loads(outcome.stdout) == []
