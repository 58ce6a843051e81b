"""A server that speaks OpenAI's chat protocol, with faults on demand, and a tiny chat model with a real tokenizer and template."""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rsvlm.chat.exchange import Message, Request
from rsvlm.files import publish

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def said(text: str, *, finish: str = "stop", tokens: tuple[int, int] = (10, 5)) -> dict:
    return {
        "id": "x",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]},
    }


def send(handler: BaseHTTPRequestHandler, status: int, body: object, **headers: str) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


class ChatServer:
    """Answers each request with what `reply` does; by default it says the question in capitals."""

    def __init__(self) -> None:
        self.reply: Callable[[BaseHTTPRequestHandler, dict, int], None] = self.echo
        self.asked: list[dict] = []
        self.headers: list[dict] = []
        self.began: list[float] = []
        self.open = self.most_open = 0
        lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer.asked.append({"path": self.path, **body})
                    outer.headers.append(dict(self.headers))
                    outer.began.append(time.monotonic())
                    number = len(outer.asked)
                    outer.open += 1
                    outer.most_open = max(outer.open, outer.most_open)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    outer.reply(self, body, number)
                with lock:
                    outer.open -= 1

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @staticmethod
    def echo(handler: BaseHTTPRequestHandler, body: dict, number: int) -> None:
        send(handler, 200, said(str(body["messages"][-1]["content"]).upper()))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server():
    running = ChatServer()
    yield running
    running.close()


def question(text: str, name: str = "", **more) -> Request:
    return Request(name or text, (Message("user", text),), **more)


def write_tiny_model(folder: Path, *, template: str | None = TEMPLATE) -> Path:
    """Write a two-layer Llama with random weights, a byte-level tokenizer and a chat template."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(["three ships in the harbor", "one plane on the apron"], trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"bos_token": special[1], "eos_token": special[2], "unk_token": special[0], "tokenizer_class": "TokenizersBackend"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    if template is not None:
        (folder / "chat_template.jinja").write_text(template)
    torch.manual_seed(11)
    sizes = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024, initializer_range=0.3, bos_token_id=1, eos_token_id=2,
        tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(sizes).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> Path:
    """An acquired folder with the tiny chat model as source `smollm2`."""
    folder = tmp_path_factory.mktemp("raw") / "item"
    with publish(folder) as partial:
        write_tiny_model(partial / "smollm2" / "files")
    return folder
