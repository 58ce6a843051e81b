"""GeoChat's words: task identifiers, prompt templates, question forms and suffixes, as its code and evaluation use them."""

SYSTEM_V1 = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
# The evaluation scripts' template (`llava_v1`) speaks of a human; training (`v1`) of a user.
SYSTEM_LLAVA_V1 = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)
ROLES = ("USER", "ASSISTANT")
SEPARATORS = (" ", "</s>")
IMAGE_TOKEN = "<image>"

GROUNDING = "[grounding]"
IDENTIFY = "[identify]"
REFER = "[refer]"

VQA_SUFFIX = "\nAnswer the question using a single word or phrase."
SCENE_SUFFIX = "\nClassify the image from the following classes. Answer in one word or a short phrase."
# Where the recipe does not list the classes, "the following" would point at nothing.
OPEN_SCENE_SUFFIX = "\nClassify the image. Answer in one word or a short phrase."

DESCRIBE = "Describe the image in detail."
CAPTION = "Describe the image in one short sentence."
SCENE = "What is the scene in this image?"


def scene_question(classes: list[str]) -> str:
    """Return the question for a scene's class; with the classes to choose from, unless the list is empty."""
    if not classes:
        return f"{SCENE}{OPEN_SCENE_SUFFIX}"
    return f"{SCENE} Classes: {', '.join(classes)}.{SCENE_SUFFIX}"


def grounding_question() -> str:
    """Return the request for a description with boxes."""
    return f"{GROUNDING} {DESCRIBE}"


def identify_question(box: str) -> str:
    """Return the question for what is in a box, given as text."""
    return f"{IDENTIFY} What is the object present at {box}"


def refer_question(phrase: str) -> str:
    """Return the request for the boxes of a phrase."""
    return f"{REFER} Give me the location of <p> {phrase} </p>"


def vqa_question(question: str) -> str:
    """Return a question that a word or phrase answers."""
    return f"{question}{VQA_SUFFIX}"


def scene_answer_matches(answer: str, truth: str) -> bool:
    """Say whether an answer hits a scene class under GeoChat's rule: spaces and full stops dropped, case ignored."""
    return answer.replace(" ", "").replace(".", "").lower() == truth.replace(" ", "").replace(".", "").lower()
