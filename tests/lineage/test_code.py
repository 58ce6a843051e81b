"""The fingerprint of a stage changes with what its code does, and with nothing else."""

from pathlib import Path

import pytest

from rsvlm.lineage import code
from rsvlm.lineage.code import fingerprint, reachable

FILES = {
    "components/__init__.py": "",
    "components/train.py": """
from rsvlm import helper

def run(family):
    if family == 'contrastive':
        import rsvlm.contrastive.model
    import rsvlm.generation.model
""",
    "rsvlm/__init__.py": "",
    "rsvlm/helper.py": "from rsvlm.deep import two\n\ndef one():\n    return two() + 1\n",
    "rsvlm/deep.py": "def two():\n    return 2\n",
    "rsvlm/unused.py": "x = 1\n",
    "rsvlm/contrastive/__init__.py": "",
    "rsvlm/contrastive/model.py": "size = 1\n",
    "rsvlm/contrastive/words.txt": "airport\n",
    "rsvlm/generation/__init__.py": "",
    "rsvlm/generation/model.py": "size = 1\n",
}


@pytest.fixture
def tree(tmp_path: Path):
    """Write a small workspace; return a function that changes files and fingerprints `train` for a family."""

    def of(family: str = "contrastive", stage: str = "train", **changed: str) -> str:
        for name, text in {**FILES, **{key.replace("__", "/"): value for key, value in changed.items()}}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for cached in (code.imports_of, code.module_digest, code._parse):
            cached.cache_clear()
        return fingerprint(tmp_path, stage, family)

    return of


def change(path: str, text: str) -> dict[str, str]:
    return {path.replace("/", "__"): text}


@pytest.mark.parametrize(
    "text",
    [
        "# why two\ndef two():\n    return 2\n",
        '"""Numbers."""\n\n\ndef two():\n    """Two."""\n\n    return 2\n',
        "def two(): return (2)\n",
        "def two():\n    return (\n        2  # the number\n    )\n",
    ],
)
def test_comments_docstrings_and_format_keep_the_hash(tree, text):
    assert tree() == tree(**change("rsvlm/deep.py", text))


@pytest.mark.parametrize("text", ["def two():\n    return 3\n", "def two():\n    return 2.0\n", "def two(x=0):\n    return 2\n"])
def test_logic_of_a_helper_two_imports_away_changes_the_hash(tree, text):
    assert tree() != tree(**change("rsvlm/deep.py", text))


def test_a_text_that_only_looks_like_a_docstring_counts(tree):
    assert tree() != tree(**change("rsvlm/deep.py", "two = 'a string that is a value'\n"))


def test_modules_that_the_stage_does_not_reach_do_not_count(tree):
    assert tree() == tree(**change("rsvlm/unused.py", "x = 2\n"))


def test_another_familys_code_does_not_count(tree):
    changed = change("rsvlm/generation/model.py", "size = 2\n")
    assert tree("contrastive") == tree("contrastive", **changed)
    assert tree("generation") != tree("generation", **changed)


def test_a_judges_code_counts_for_the_evaluation_that_it_judges(tree):
    changed = {
        **change("components/evaluate.py", "import rsvlm.contrastive.model\n"),
        **change("rsvlm/contrastive/model.py", "size = 2\n"),
    }
    before = tree("generation", "evaluate", **change("components/evaluate.py", "import rsvlm.contrastive.model\n"))
    assert before != tree("generation", "evaluate", **changed)
    assert tree("instruction", "evaluate", **changed) == tree(
        "instruction", "evaluate", **{**changed, **change("rsvlm/contrastive/model.py", "")}
    )


def test_imports_inside_functions_are_followed(tree):
    assert tree("contrastive") != tree("contrastive", **change("rsvlm/contrastive/model.py", "size = 2\n"))


def test_data_files_beside_the_code_count_by_their_bytes(tree):
    assert tree("contrastive") != tree("contrastive", **change("rsvlm/contrastive/words.txt", "harbour\n"))


def test_tracking_does_not_count(tree):
    code_of = change("components/train.py", "import components.tracking\n")
    tracked = change("components/tracking.py", "x = 1\n")
    assert tree(**code_of, **tracked) == tree(**code_of, **change("components/tracking.py", "x = 2\n"))


def test_settings_count_where_a_stage_names_them_not_through_the_schema(tree):
    schema = change("rsvlm/recipes/schema.py", "import rsvlm.evaluation.settings, rsvlm.training.settings\n")
    settings = {**change("rsvlm/evaluation/settings.py", "x = 1\n"), **change("rsvlm/training/settings.py", "x = 1\n")}
    start = change("components/train.py", "import rsvlm.recipes.schema, rsvlm.training.settings\n")
    before = tree(**schema, **settings, **start)
    assert before == tree(**{**schema, **settings, **start, **change("rsvlm/evaluation/settings.py", "x = 2\n")})
    assert before != tree(**{**schema, **settings, **start, **change("rsvlm/training/settings.py", "x = 2\n")})
    assert before != tree(**{**schema, **settings, **start, **change("rsvlm/recipes/schema.py", "x = 2\n")})


def test_renaming_a_value_counts(tree):
    assert tree("contrastive") != tree("contrastive", **change("rsvlm/contrastive/model.py", "length = 1\n"))


def test_the_real_tree_reaches_what_it_must():
    root = Path(__file__).parents[2]
    found = reachable(root, "components.stage")
    assert "rsvlm.files" in found
    assert "rsvlm.recipes.schema" in found
    register = reachable(root, "components.register", ["rsvlm.instruction", "rsvlm.generation", "components.tracking"])
    assert {"rsvlm.registry.gates", "rsvlm.registry.code.contrastive", "rsvlm.registry.settings"} <= set(register)
