"""Full profiles of the instruction data: what is named is read, or the recipe says that it is not; and what the figures rest on."""

import pytest

from rsvlm.recipes.load import load_recipe
from rsvlm.sources import catalogue

# Named for its records, which are made anew, or without a builder for what the paper took from it.
NOT_READ = {
    "mmship": set(),
    "hnstd": {"vhm-sft", "vhm-eval"},
    "versad-instruct": set(),
    "rs-instructions": {"rs-instructions"},
    "rs-gpt4v": set(),
    "skyeye-968k": {"skyeye-968k"},
    "multi-task-dataset": {"lhrs-data"},
    "titanic-fgs": set(),
    "rsvp-3m": {"dior-rsvg", "geochat-instruct", "hi-ucd", "rsvp-3m", "samrs", "uavid"},
    "geochat-instruct": {"geochat-instruct", "samrs"},
    "lhrs-instruct": set(),
    "mmrs-1m": {"mmrs-1m"},
    "fit-rs": {"fit-rs"},
    "variousrs-instruct": {
        "crowdai", "deepglobe", "dior-rsvg", "fair1m", "fmow", "gid", "msar", "mts-wh", "potsdam", "rsitmd", "rsvqa-lr", "ucm-captions",
        "vhm-eval", "vhm-sft",
    },
    "teochatlas": {"geochat-instruct", "teochatlas"},
}  # fmt: skip
NAMES = [pytest.param(name, marks=pytest.mark.system(name, 3)) for name in NOT_READ]


@pytest.mark.parametrize("name", NAMES)
def test_every_named_source_is_read_or_said_to_be_unread(root, name: str) -> None:
    sections = load_recipe(root, name).sections["full"]
    builders = sections["instruct"].builders
    given = [getattr(builder, key, None) for builder in builders for key in ("questions", "given")]
    read = {builder.source for builder in builders} | {one.source for one in given if getattr(one, "source", None)}
    assert set(sections["acquire"].sources) - read == NOT_READ[name]
    if NOT_READ[name]:
        assert "named" in " ".join(sections["instruct"].layouts)


@pytest.mark.parametrize("name", NAMES)
def test_sources_have_a_public_address_a_licence_and_a_word_on_what_is_unstated(root, name: str) -> None:
    for source in load_recipe(root, name).sections["full"]["acquire"].sources:
        known = catalogue.load(source)
        definition = known.definition
        assert definition.licence
        assert definition.homepage
        assert {part.address.kind for part in definition.parts} <= {"http", "archive", "huggingface", "s3", "page"}
        sized = known.files is not None or definition.size is not None
        if definition.images is None or not sized or "not stated" in definition.licence:
            assert definition.note or "not stated" in definition.terms, f"{source}: nothing says which figure is unknown"


@pytest.mark.parametrize(
    ("source", "licence", "images", "size"),
    [
        # As the data cards, repositories and papers print them.
        (
            "geochat-instruct",
            "Apache-2.0",
            17_480 + 23_463 + 64_147 + 600 + 4_056 + 31_500,
            263_000_000 + 38_700_000_000 * 2 + 24_200_000_000,
        ),
        ("fit-rs", "CC BY-NC 4.0", None, 32_100_000_000 + 896_000_000 + 269_000_000 + 63_400_000),
        ("rs-instructions", "CC BY-NC 4.0", None, 16_600_000 + 91_300_000),
        ("floodnet", "CDLA-Permissive-1.0", 2_343, None),
        ("samrs", "research only", 105_090, None),
        ("dota", "academic use", 11_268, None),
        ("dosr", "not stated", 523 + 223 + 320, None),
        ("hrrsd", "not stated", 5_401 + 5_417 + 10_943, None),
    ],
)
def test_figures_of_definitions(source: str, licence: str, images: int | None, size: int | None) -> None:
    definition = catalogue.load(source).definition
    assert definition.licence.startswith(licence)
    assert (definition.images, definition.size) == (images, size)
