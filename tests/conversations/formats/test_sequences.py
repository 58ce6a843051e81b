import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsvlm.conversations.formats import sequences
from rsvlm.records.unfit import Unfit
from rsvlm.seeds import numpy_generator


def test_openings():
    assert sequences.opening(1) == "This is a satellite image: <video>\n"
    assert sequences.opening(2, resolution="high", sensor="WorldView-2") == (
        "These are two high-resolution, optical satellite images from WorldView-2 capturing the same location at different times: <video>\n"
    )
    assert sequences.opening(5, resolution="low", sensor="Sentinel-2") == (
        "This is a sequence of low-resolution, optical satellite images from Sentinel-2 capturing the same location at different times: "
        "<video>\n"
    )
    with pytest.raises(ValueError, match="0 images"):
        sequences.opening(0)


def test_a_prompt_names_its_images_in_order():
    prompt = f"{sequences.opening(2)}What has changed?"
    assert sequences.expanded(prompt, 2) == (
        "These are two satellite images capturing the same location at different times in chronological order: "
        "Image 1: <image>Image 2: <image>\nWhat has changed?"
    )


@given(st.integers(1, 16), st.text(st.characters(exclude_characters="<>:"), max_size=40))
def test_expanded_prompts_are_read_back(count, question):
    prompt = sequences.opening(count, sensor="GaoFen") + question
    assert sequences.collapsed(sequences.expanded(prompt, count)) == (prompt, count)


@pytest.mark.parametrize(
    ("prompt", "count"),
    [
        ("no image", 0),
        ("Image 1: <image>Image 3: <image>", 0),
        ("Image 2: <image>", 0),
        ("<image> and <image>", 0),
        ("<image><image> two", 2),
        ("", 0),
    ],
)
def test_other_prompts_are_left_alone(prompt, count):
    found, images = sequences.collapsed(prompt)
    assert images == count
    assert found == (prompt if count == 0 else "<video> two")


def test_prompts_without_a_place_for_images_are_refused():
    for prompt, count in (("no video", 2), ("<video> <video>", 2), ("<video>", 0)):
        with pytest.raises(Unfit, match="prompt and images do not match"):
            sequences.expanded(prompt, count)


def test_frames_go_by_their_day():
    assert sequences.in_order(["b", "c", "a", "d"], ["2019-03-01", "2020-01-01", "2018-12-31", "2020-01-01"]) == ["a", "b", "c", "d"]
    with pytest.raises(Unfit, match="differ in number"):
        sequences.in_order(["a"], [])
    for stamp in ("2019-02-30", "2019/02/03", "03-02-2019", "2019-2-3", "", "2019-01-01T00:00:00", "٢٠١٩-٠١-٠١"):
        with pytest.raises(Unfit) as caught:
            sequences.day(stamp)
        assert caught.value.reason == "time stamp is not a day"


@given(st.integers(0, 60), st.integers(1, 20), st.integers(0, 5))
def test_picked_frames_stay_in_order(count, limit, seed):
    found = sequences.picked(count, limit, numpy_generator("frames", seed))
    assert len(found) == min(count, limit)
    assert found == sorted(set(found))
    assert set(found) <= set(range(count))
    assert found == sequences.picked(count, limit, numpy_generator("frames", seed))


def test_video_frames_are_the_middles_of_equal_parts():
    assert sequences.video_frames(100, 4) == [12, 37, 62, 87]
    assert sequences.video_frames(3, 4) == [0, 1, 2]
    assert sequences.video_frames(5, 1) == [2]
    assert sequences.frame_tokens(2) == "<Img><ImageHere></Img><Img><ImageHere></Img>"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("What is the status in this region [1, 2, 3, 4] in image 2?", [2]),
        ("the building at location [1, 2, 3, 4] in the second image", [2]),
        ("between the first image and Image 3", [1, 3]),
        ("in the twenty-first image", []),
        ("in image 9", []),
        ("imagery 2", []),
    ],
)
def test_images_that_a_question_speaks_of(text, meant):
    assert sequences.images_meant(text, 5) == meant
    assert sequences.image_named(2) == "the second image"
