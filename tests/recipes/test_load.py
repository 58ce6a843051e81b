"""Recipes of this repository are right; wrong ones are refused in one line, before any work."""

import shutil
from pathlib import Path

import pytest

from rsvlm.errors import ConfigurationError
from rsvlm.recipes.load import check_recipe, item_of, load_recipe, load_section, recipe_files, split_item
from rsvlm.recipes.parameters import load_parameters
from rsvlm.recipes.schema import FAMILIES, STAGES, section_model

ROOT = Path(__file__).resolve().parents[2]
RECIPES = recipe_files(ROOT)


def test_there_are_recipes() -> None:
    assert {"remoteclip", "geochat", "rs-sd"} <= set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_right(name: str) -> None:
    recipe = check_recipe(RECIPES[name])
    published = recipe.about.survey is not None  # a system of our own has no published size
    assert recipe.profiles == (["laptop", "full", "smoke"] if published else ["laptop", "smoke"])
    for profile in recipe.profiles:
        stages = recipe.stages(profile)
        assert stages[0] == "acquire"
        assert stages == [stage for stage in STAGES if stage in stages]
    assert recipe.stages("smoke") == recipe.stages("laptop")


@pytest.mark.parametrize("name", RECIPES)
def test_a_profile_stays_in_its_own_folders(name: str) -> None:
    """A laptop item reads no smoke or full folder, and the other way round."""
    recipe = check_recipe(RECIPES[name])
    for profile, sections in recipe.sections.items():
        for section in sections.values():
            for field in ("data", "model", "judge"):
                path = getattr(section, field, None)
                if isinstance(path, str):
                    assert split_item(Path(path).parts[1 if path.startswith("models/") else 2])[1] == profile, f"{name}: {path}"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    return tmp_path


def change(workspace: Path, old: str, new: str, recipe: str = "contrastive/remoteclip") -> None:
    path = workspace / f"recipes/{recipe}.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def refused(workspace: Path, name: str = "remoteclip") -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_recipe(workspace, name)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("value", ["", "5", "remoteclip", "[remoteclip]"])
def test_a_stage_that_is_no_mapping(workspace: Path, value: str) -> None:
    path = workspace / "recipes/contrastive/remoteclip.yaml"
    about = path.read_text().partition("\nacquire:")[0]
    path.write_text(f"{about}\nacquire: {value}\n")
    assert "acquire: a mapping of recipe items is needed" in refused(workspace)


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "\u202epilc", "\ud800", "x" * 10_000])
def test_odd_names_are_quoted_in_one_bounded_line(workspace: Path, name: str) -> None:
    words = refused(workspace, name)
    assert words.isprintable()
    assert len(words) < 5_000
    assert f"known: {', '.join(RECIPES)}" in words


def test_unknown_recipe(workspace: Path) -> None:
    assert refused(workspace, "remoteclp").endswith("(did you mean 'remoteclip'?)")


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "REMOTECLIP", "remoteclip\n"])
def test_names_that_are_no_names(workspace: Path, name: str) -> None:
    with pytest.raises(ConfigurationError):
        load_recipe(workspace, name)


def test_unknown_section(workspace: Path) -> None:
    change(workspace, "\ncaption:\n", "\ncaptoin:\n")
    assert "captoin: unknown section; allowed:" in refused(workspace)
    assert "(did you mean 'caption'?)" in refused(workspace)


def test_unknown_key(workspace: Path) -> None:
    change(workspace, "    sources: [", "    souces: [")
    message = refused(workspace)
    assert "acquire.remoteclip: souces: unknown key; allowed: family, sources, system (did you mean 'sources'?)" in message


def test_unknown_item(workspace: Path) -> None:
    change(workspace, "  remoteclip-smoke: *acquire", "  remoteclip-smok: *acquire")
    assert "acquire.remoteclip-smok: unknown item" in refused(workspace)


def test_wrong_type(workspace: Path) -> None:
    change(workspace, "survey: {table: I, reference: 2,", "survey: {table: I, reference: two,")
    assert "about.remoteclip: survey.reference:" in refused(workspace)


def test_a_system_of_ones_own_has_no_place_in_the_survey(workspace: Path) -> None:
    change(workspace, "    survey: {table: I, reference: 2, section: III-A}\n", "")
    assert load_recipe(workspace, "remoteclip").about.survey is None


def test_a_source_that_is_not_there(workspace: Path) -> None:
    change(workspace, "    sources: [aid150-rsicd", "    sources: [aid150-rsid")
    message = refused(workspace)
    assert "acquire.remoteclip: sources: no source 'aid150-rsid' (did you mean 'aid150-rsicd'?); the known ones are in" in message
    assert "rsvlm/sources/definitions" in message


def test_a_builder_of_a_source_that_is_not_acquired(workspace: Path) -> None:
    path = workspace / "recipes/data/dior-captions.yaml"
    path.write_text(path.read_text().replace("source: detection", "source: detektion", 1))
    assert refused(workspace, "dior-captions").endswith(
        "caption.dior-captions: builders.0.source: 'detektion' is not acquired; acquire.dior-captions.sources has: detection "
        "(did you mean 'detection'?)"
    )


def test_another_systems_section(workspace: Path) -> None:
    change(workspace, "    system: remoteclip\n    sources", "    system: geoclip\n    sources")
    assert "says contrastive/geoclip; this file is contrastive/remoteclip" in refused(workspace)


def test_missing_about(workspace: Path) -> None:
    change(workspace, "about:\n  remoteclip:", "about:\n  another:")
    assert "about.remoteclip: this mapping is missing" in refused(workspace)


def test_a_name_taken_twice(workspace: Path) -> None:
    shutil.copy(workspace / "recipes/contrastive/remoteclip.yaml", workspace / "recipes/generation/remoteclip.yaml")
    assert "the recipe name 'remoteclip' is taken by" in refused(workspace)


@pytest.mark.parametrize("profile", ["full", "smoke"])
def test_a_name_that_ends_like_a_profile(workspace: Path, profile: str) -> None:
    (workspace / "recipes/contrastive/remoteclip.yaml").rename(workspace / f"recipes/contrastive/mine-{profile}.yaml")
    assert f"mine-{profile}.yaml: a recipe's name may not end in -full or -smoke" in refused(workspace)


def test_about_says_where_the_file_lies(workspace: Path) -> None:
    change(workspace, "    family: contrastive\n", "    family: data\n")
    assert "about.remoteclip: says data/remoteclip; this file is contrastive/remoteclip" in refused(workspace)


@pytest.mark.parametrize("key", ["data", "model", "judge"])
def test_a_data_set_is_examined_in_its_own_folders(workspace: Path, key: str) -> None:
    folder = f"data/{'raw' if key == 'judge' else 'pairs'}"
    change(workspace, f"    {key}: {folder}/dior-captions\n", f"    {key}: {folder}/rsicap\n", "data/dior-captions")
    words = f"evaluate.dior-captions: {key}: '{folder}/rsicap' is not this data set's own; allowed: {folder}/dior-captions"
    assert words in refused(workspace, "dior-captions")


def test_a_data_set_is_pairs_or_conversations(workspace: Path) -> None:
    path = workspace / "recipes/data/dior-captions.yaml"
    path.write_text(path.read_text() + "\ninstruct:\n  dior-captions: *caption\n")
    assert "dior-captions: caption and instruct; a data set is one of them" in refused(workspace, "dior-captions")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("format: dota\n", "format: plain\n", "columns [] make no box"),
        ("format: dota\n", "format: plain\n        columns: [x1, y1, label]\n", "columns ['x1', 'y1', 'label'] make no box"),
        ("format: dota\n", "format: dota\n        columns: [x1]\n", "columns are of plain files; format is dota"),
    ],
)
def test_columns_are_named_for_plain_files_and_for_no_others(workspace: Path, old: str, new: str, words: str) -> None:
    change(workspace, old, new, "data/dior-captions")
    assert words in refused(workspace, "dior-captions")


def test_sections_for_components() -> None:
    assert load_section(ROOT, "acquire", "remoteclip-smoke").system == "remoteclip"
    with pytest.raises(ConfigurationError, match=r"no section sft\.remoteclip"):
        load_section(ROOT, "sft", "remoteclip")


def test_items() -> None:
    for item in ("remoteclip", "rs-sd-full", "rs-sd-smoke"):
        assert item_of(*split_item(item)) == item


def test_every_family_knows_its_stages() -> None:
    with pytest.raises(ConfigurationError, match="family 'data' has no stage 'pretrain'"):
        section_model("pretrain", "data")
    assert all(section_model("acquire", family) for family in FAMILIES)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("profile: laptop", "profile: lapdog", "profile: 'lapdog' is not allowed; allowed: laptop, full, smoke (did you mean 'laptop'?)"),
        ("seed: 7", "seed: -1", "seed:"),
        ("threads: 2", "threads: two", "resources.threads:"),
        ("mirror:", "miror:", "miror: unknown key"),
        ("rejected_share: 0.05", "rejected_share: 5", "gates.rejected_share:"),
    ],
)
def test_parameters(workspace: Path, old: str, new: str, words: str) -> None:
    assert load_parameters(workspace).resources.threads == 2
    path = workspace / "params.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        load_parameters(workspace)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("tracking: sqlite:///mlruns/mlflow.db", "tracking: postgresql://me:hunter2@db:port/x", "tracking"),
        ('storage: ""', 'storage: "s3://me:hunter2@[half"', "storage"),
        ('ray_address: ""', 'ray_address: "ray://hunter2:99999"', "resources.ray_address"),
    ],
)
def test_an_address_that_is_none_is_named_and_not_shown(workspace: Path, old: str, new: str, key: str) -> None:
    path = workspace / "params.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=f"params.yaml: {key}: not an address") as caught:
        load_parameters(workspace)
    assert "hunter2" not in str(caught.value)


def test_a_cap_names_a_source_that_is_read(workspace: Path) -> None:
    change(workspace, "most_texts: {dota: 20000,", "most_texts: {dotta: 20000,", "data/fit-rs")
    assert "most_texts: no builder reads 'dotta'; allowed: dota, fair1m, star (did you mean 'dota'?)" in refused(workspace, "fit-rs")
