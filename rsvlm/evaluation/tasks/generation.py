"""Images made from captions: how far from real scenes, how well they fit their caption, beside an untrained denoiser."""

import io
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from PIL import Image

from rsvlm.evaluation.blocks import Request
from rsvlm.evaluation.gallery import Exhibit, Item
from rsvlm.evaluation.metrics.distances import cubic_kernel, frechet, kernel_distance, weighted_frechet, weighted_kernel_distance
from rsvlm.evaluation.metrics.generation import clip_score, inception_score, other_scene, resampled_inception_score, softmax
from rsvlm.evaluation.metrics.zero_shot import class_weights, normalise, ranked_classes, top_k
from rsvlm.evaluation.predictors import MadeImages, TextVectors, made_side, matrix, tower_name
from rsvlm.evaluation.records import drawn, rows_of, task_rows
from rsvlm.evaluation.scores import Score, score_of
from rsvlm.evaluation.settings import GenerationSettings
from rsvlm.evaluation.statistics import bootstrap_mean, draw_counts, interval_from_error, paired_difference, share
from rsvlm.evaluation.task import Answers, Context, Result
from rsvlm.evaluation.tasks.zero_shot import ask_images, ask_prompts, class_names, prompt_features
from rsvlm.imagery.pictures import decode
from rsvlm.intervals import Interval
from rsvlm.seeds import numpy_generator, seed_of

_SHOWN = 24
_DISTANCE_DRAWS = 20  # each is a decomposition of its own; they give a standard error
_UNTRAINED = "untrained denoiser"


@dataclass(frozen=True)
class _Scenes:
    """The scenes whose captions are drawn: row, id, class, the caption used."""

    rows: list[int]
    ids: list[str]
    labels: list[str]
    prompts: list[str]

    def part(self, indices: list[int]) -> "_Scenes":
        """Return some of the scenes."""
        columns = (self.rows, self.ids, self.labels, self.prompts)
        rows, ids, labels, prompts = ([column[index] for index in indices] for column in columns)
        return _Scenes(rows, ids, labels, prompts)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Made:
    """Made images: PNG bytes, unit embeddings and tower features under the judge, (n, ...)."""

    pictures: list[bytes]
    embeddings: np.ndarray
    features: np.ndarray


@dataclass(frozen=True)
class _Judge:
    """What the judge knows: caption embeddings of the scenes, class weights, scale of its cosines."""

    captions: np.ndarray
    classes: list[str]
    weights: np.ndarray
    scale: float


def requests(task: GenerationSettings, context: Context) -> dict[str, Request]:
    """Ask for the images, untrained ones, and what the judge makes of real scenes, captions and classes."""
    scenes = _scenes(task, context)
    raw = _untrained(task, context, scenes)
    captions = tuple({"id": name, "text": prompt} for name, prompt in zip(scenes.ids, scenes.prompts, strict=True))
    return {
        "made": _ask_made(task, context, scenes, "images", None),
        "untrained": _ask_made(task, context, raw, "untrained images", seed_of(context.seed, "untrained denoiser")),
        "real": ask_images(context, context.judge, rows_of(context.data, task), f"{task.name}: real scenes", made_side(context.model)),
        "captions": Request(TextVectors(context.judge), captions, f"{task.name}: captions"),
        "prompts": ask_prompts(context.judge, class_names(context, task), task.templates),
    }


def score(task: GenerationSettings, context: Context, answers: Answers) -> Result:
    """Score one image for one caption a scene.

    `fd_<tower>` and `kd_<tower>` compare with all real scenes of the split, brought to the size of the made ones, under the
    judge's vision tower; `fd_judge` does so under the judge's own embeddings, which know remote sensing. `fit_difference` is
    the cosine with the own caption less that with the caption of a scene of another class; `recognised` is the share whose
    class the judge names; `is_judge` is the inception score under the judge's class probabilities.
    """
    scenes = _scenes(task, context)
    few = _untrained(task, context, scenes)
    made, raw = (_made(answers[name]) for name in ("made", "untrained"))
    judge = _judge(task, context, answers)
    own, other = _cosines(task, context, scenes, made, judge)
    recognised = _recognised(made, scenes, judge)
    scores = _distances(task, context, made, raw, answers["real"])
    scores |= _fit(task, context, own, other)
    scores |= _classes(task, context, made, raw, recognised, _recognised(raw, few, judge), judge)
    columns = {"label": scenes.labels, "prompt": scenes.prompts, "cosine_own": own, "cosine_other": other}
    table = pa.table({"id": scenes.ids, **columns, "fit_difference": own - other, "recognised": recognised})
    return Result(scores, table, _exhibits(task, context, scenes, made, few, raw))


def _scenes(task: GenerationSettings, context: Context) -> _Scenes:
    labels, ids = context.data.column("label"), context.data.column("id")
    rows, prompts = [], []
    for row in task_rows(context.data, task, context.seed):
        captions = context.data.shards.fields(row)["captions"]
        if labels[row] is not None and captions:
            rows.append(row)
            prompts.append(captions[int(numpy_generator(context.seed, "prompt", ids[row]).integers(len(captions)))])
    return _Scenes(rows, [ids[row] for row in rows], [labels[row] for row in rows], prompts)


def _untrained(task: GenerationSettings, context: Context, scenes: _Scenes) -> _Scenes:
    """Return the seeded part of the scenes that the untrained denoiser is asked for."""
    return scenes.part(drawn(list(range(len(scenes.ids))), scenes.ids, task.untrained, context.seed, f"untrained {task.name}"))


def _ask_made(task: GenerationSettings, context: Context, scenes: _Scenes, what: str, untrained: int | None) -> Request:
    # An untrained denoiser knows no captions: guidance would only blow up its noise, and so flatter the trained one.
    guidance = task.guidance if untrained is None else 1.0
    predictor = MadeImages(context.model, context.judge, task.steps, guidance, untrained)
    columns = zip(scenes.ids, scenes.prompts, strict=True)
    rows = tuple({"id": name, "prompt": prompt, "seed": seed_of(context.seed, "image", name)} for name, prompt in columns)
    return Request(predictor, rows, f"{task.name}: {what}")


def _made(table: pa.Table) -> _Made:
    return _Made(table.column("image").to_pylist(), matrix(table.column("embedding")), matrix(table.column("features")))


def _judge(task: GenerationSettings, context: Context, answers: Answers) -> _Judge:
    classes, captions = class_names(context, task), answers["captions"]
    weights = class_weights(prompt_features(answers["prompts"], classes, task.templates), norm_first=True)
    return _Judge(normalise(matrix(captions.column("vector"))), classes, weights, captions.column("scale")[0].as_py())


def _cosines(task: GenerationSettings, context: Context, scenes: _Scenes, made: _Made, judge: _Judge) -> tuple[np.ndarray, np.ndarray]:
    """Return each image's cosine with its own caption and with that of a scene of another class, (n,) each."""
    embeddings = made.embeddings.astype(np.float64)
    partner = other_scene(scenes.labels, context.generator(task, "other scene"))
    return np.einsum("nd,nd->n", embeddings, judge.captions), np.einsum("nd,nd->n", embeddings, judge.captions[partner])


def _recognised(made: _Made, scenes: _Scenes, judge: _Judge) -> np.ndarray:
    truth = np.array([judge.classes.index(label) for label in scenes.labels])
    return top_k(ranked_classes(made.embeddings, judge.weights), truth, 1).astype(np.float64)


def _distances(task: GenerationSettings, context: Context, made: _Made, raw: _Made, answers: pa.Table) -> dict[str, Score]:
    tower, count, total = tower_name(context.judge), len(made.pictures), answers.num_rows
    real_draws = draw_counts(total, _DISTANCE_DRAWS, context.generator(task, "real draws"))
    made_draws = draw_counts(count, _DISTANCE_DRAWS, context.generator(task, "made draws"))
    halves = np.array_split(context.generator(task, "halves").permutation(total), 2)
    sets = {
        tower: (matrix(answers.column("features")), made.features, raw.features),
        "judge": (matrix(answers.column("embedding")), made.embeddings, raw.embeddings),
    }
    scores = {}
    for name, (real, own, untrained) in sets.items():
        what = f"{tower} features" if name == tower else f"embeddings of the judge, {tower}"
        note = f"{what}, {count} made against {total} real {task.split} scenes of the same size; baseline with {len(untrained)}"
        distances = _resampled_frechet(real, own, real_draws, made_draws)
        scores[f"fd_{name}"] = score_of(
            interval_from_error(frechet(real, own), distances), count, frechet(real, untrained), _UNTRAINED, note
        )
        among = frechet(real[halves[0]], real[halves[1]])
        scores[f"fd_{name}_real_halves"] = Score(among, total, note="two random halves of the real scenes: what no model can beat by much")
    real, own, untrained = sets[tower]
    kernel_draws = weighted_kernel_distance(
        cubic_kernel(real, real), cubic_kernel(own, own), cubic_kernel(real, own), real_draws, made_draws
    )
    interval = interval_from_error(kernel_distance(real, own), kernel_draws)
    scores[f"kd_{tower}"] = score_of(interval, count, kernel_distance(real, untrained), _UNTRAINED, scores[f"fd_{tower}"].note)
    return scores


def _resampled_frechet(real: np.ndarray, made: np.ndarray, real_draws: np.ndarray, made_draws: np.ndarray) -> np.ndarray:
    """Return the Frechet distances of resamples, one for each row of counts."""
    wide = real.astype(np.float64), made.astype(np.float64)
    return np.array([weighted_frechet(*wide, *pair) for pair in zip(real_draws, made_draws, strict=True)])


def _fit(task: GenerationSettings, context: Context, own: np.ndarray, other: np.ndarray) -> dict[str, Score]:
    judge = f"judge {tower_name(context.judge)}"
    difference = paired_difference(own, other, context.generator(task, "fit"))
    shuffled = float(clip_score(other).mean())
    return {
        "clip_score": score_of(
            bootstrap_mean(clip_score(own), context.generator(task, "clip")), len(own), shuffled, "captions of other scenes", judge
        ),
        "fit_difference": score_of(difference, len(own), 0.0, "no difference", f"{judge}, own caption less another class's, paired"),
    }


def _classes(
    task: GenerationSettings,
    context: Context,
    made: _Made,
    raw: _Made,
    recognised: np.ndarray,
    raw_recognised: np.ndarray,
    judge: _Judge,
) -> dict[str, Score]:
    note = f"classifier: nearest class prompt of the judge, templates {task.templates}, {len(judge.classes)} classes"
    count = len(recognised)
    probabilities, raw_probabilities = (softmax(judge.scale * part.embeddings @ judge.weights.T) for part in (made, raw))
    draws = resampled_inception_score(probabilities, draw_counts(count, 1000, context.generator(task, "is")), task.splits)
    value: Interval = interval_from_error(inception_score(probabilities, task.splits), draws)
    return {
        "recognised": score_of(
            share(recognised, context.generator(task, "recognised")), count, float(raw_recognised.mean()), _UNTRAINED, note
        ),
        "is_judge": score_of(
            value, count, inception_score(raw_probabilities, task.splits), _UNTRAINED, f"{note}; {task.splits} splits; not Inception's"
        ),
    }


def _exhibits(task: GenerationSettings, context: Context, scenes: _Scenes, made: _Made, few: _Scenes, raw: _Made) -> tuple[Exhibit, ...]:
    order = sorted(numpy_generator(context.seed, "gallery", "generation", task.name).permutation(len(scenes.ids))[:_SHOWN].tolist())
    items = [
        Item(_open(made.pictures[at]), scenes.prompts[at], None, (), decode(context.data.shards.image(scenes.rows[at]), scenes.ids[at]))
        for at in order
    ]
    untrained = [Item(_open(raw.pictures[at]), few.prompts[at]) for at in range(min(6, len(few.ids)))]
    return (
        Exhibit(f"Made from a caption, the caption's real scene beside, {task.name}", "grid", tuple(items)),
        Exhibit(f"The same by an untrained denoiser, {task.name}", "grid", tuple(untrained)),
    )


def _open(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGB")
