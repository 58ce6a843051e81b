import json
import subprocess
import sys
from typing import ClassVar

import pytest

from rsvlm.chat.models import sampling_of
from rsvlm.chat.settings import ChatSettings, LocalSettings
from rsvlm.data.kinds.ranked import ChatCandidates
from rsvlm.errors import ConfigurationError
from rsvlm.files import sha256_of
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


def test_what_is_not_set_changes_no_name_of_an_answer_or_a_model():
    """The hashes are those from before `top_k` was known; kept answers and corpora are found by them."""
    served = read(kind="served", base_url="http://localhost:8000/v1", model="blip2", temperature=1.0, top_p=0.95, most_new_tokens=50)
    holder = ChatCandidates(kind="chat", model=served)
    assert [sha256_of(each.model_dump(mode="json")) for each in (served, read(kind="local"), holder)] == [
        "95e9111cea2747cad50312fcc94af2afce2d10a9df2a9f3a01c797eef974445c",
        "56b1a33d96aa4b623da5d044e1e654c08739a357a83139f773761206fa409523",
        "0648e901a9625dd0358b180d0abbabdd82de6ed084150d50e7a7039550ee2b8f",
    ]
    assert "top_k" not in holder.model_dump_json()
    assert sampling_of(served) == {"temperature": 1.0, "top_p": 0.95, "most_new_tokens": 50, "seed": 0}
    cut = read(kind="local", top_k=50)
    assert sampling_of(cut)["top_k"] == cut.model_dump(mode="json")["top_k"] == 50, "what is set is part of what an answer is named after"


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
        ({"kind": "local", "top_k": 0}, "top_k"),
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
