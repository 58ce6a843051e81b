"""There are hundreds of malformed inputs, each with a name of its own."""

from tests.data.hostile import (
    test_annotations,
    test_answers,
    test_lists,
    test_maps,
    test_pictures,
    test_recipes,
    test_sources,
    test_texts,
)


def names() -> dict[str, list[str]]:
    """The names of all malformed inputs, by what they are inputs of."""
    worlds = {"annotations": test_annotations, "pictures": test_pictures, "maps": test_maps, "texts": test_texts, "lists": test_lists}
    found = {kind: [f"{world}: {hostile.name}" for world, hostile in module.CASES] for kind, module in worlds.items()}
    found["maps"] += test_maps.PACKED
    found["answers"] = [*test_answers.ANSWERS, *test_answers.STOPS, *(f"kept: {name}" for name in test_answers.KEPT)]
    found["recipes"] = [f"{world}: {hostile.name}" for world, hostile in test_recipes.EVERY]
    found["sources"] = [*(hostile.name for hostile in test_sources.CASES), *test_sources.MIRRORS]
    return found


def test_there_are_more_than_two_hundred_each_named_once() -> None:
    found = names()
    assert all(len(each) == len(set(each)) for each in found.values()), {kind: len(each) for kind, each in found.items()}
    assert sum(map(len, found.values())) > 400
    assert min(map(len, found.values())) > 20
