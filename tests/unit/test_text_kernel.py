from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.svm import LinearSVC

from pipelines.contract import RequestRefused
from pipelines.text_kernel.ranking import answers, sharpened, softmax
from pipelines.text_kernel.runtime import TextRuntime
from pipelines.text_kernel.vectors import Terms
from pipelines.text_models.calibration import fitted_temperature
from pipelines.text_models.fitting import TextFit, fit_text
from pipelines.text_models.informed import informativeness
from pipelines.text_models.model import TextModel, restore
from pipelines.text_models.recipe import NoTerms, Recipe, by_similarity, vectoriser
from pipelines.text_models.search import best_setting
from pipelines.text_models.similarity import SimilarityClassifier, TooManyTexts

NOUNS = {
    "plomería": ["tubo", "codo", "llave", "válvula"],
    "eléctrico": ["cable", "foco", "apagador", "clavija"],
    "pintura": ["brocha", "rodillo", "esmalte", "barniz"],
}
ODD = [
    "!!!",
    "ñ",
    "a",
    'Tubería ½" Ⅷ ÜBER',
    "desconocidísimo",
    "tubo " * 3000,
    "x" * 15_000,
    "日本 電線",
    "tubo cable brocha",
]
WORDS_AND_CHARACTERS = (
    Terms("words", 1, 2),
    Terms("characters", 2, 5),
    Terms("opening", 1, 2),
)
LEMMAS_AND_CHARACTERS = (Terms("lemmas", 1, 1), Terms("characters", 2, 4))


def shop(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Names of a noun, a material and a size; one in ten has a wrong category."""
    topics = rng.choice(list(NOUNS), rows)
    names = [
        f"{rng.choice(NOUNS[topic])} {rng.choice(['PVC', 'cromo', 'rojo'])} {rng.integers(1, 40)}"
        for topic in topics
    ]
    wrong = rng.random(rows) < 0.1
    return pd.DataFrame(
        {"name": names, "category": np.where(wrong, rng.choice(list(NOUNS), rows), topics)}
    )


def silent(_done: float, _message: str) -> None:
    """Report progress to nobody."""


def sgd() -> SGDClassifier:
    return SGDClassifier(alpha=1e-4, max_iter=10, tol=None, random_state=0)


def svm() -> LinearSVC:
    return LinearSVC(random_state=0)


def forest() -> RandomForestClassifier:
    return RandomForestClassifier(30, random_state=0, n_jobs=-1)


def similarity() -> SimilarityClassifier:
    return SimilarityClassifier(0.05)


RECIPES = {
    "similarity": (by_similarity(Recipe(WORDS_AND_CHARACTERS, "tfidf")), similarity),
    "sgd": (Recipe(WORDS_AND_CHARACTERS, "tfidf"), sgd),
    "svm": (Recipe(WORDS_AND_CHARACTERS, "tfidf", minimum_texts=2, sublinear=False), svm),
    "forest": (Recipe(LEMMAS_AND_CHARACTERS, "count", minimum_texts=2), forest),
}


@pytest.fixture(params=sorted(RECIPES))
def fit(request: pytest.FixtureRequest) -> TextFit:
    recipe, classifier = RECIPES[request.param]
    return TextFit("name", "category", recipe, classifier)


@pytest.fixture
def model(fit: TextFit, rng: np.random.Generator) -> TextModel:
    frame = shop(160, rng)
    return fit_text(fit, frame[:120], frame[120:], 3, silent)


@pytest.fixture
def compiled(model: TextModel, tmp_path: Path) -> TextRuntime:
    model.compile(tmp_path)
    return TextRuntime(tmp_path, "name", "category")


def asked(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame({"name": [*shop(60, rng)["name"], *ODD]})


def test_the_compiled_form_answers_as_the_plain_one_does(
    model: TextModel, compiled: TextRuntime, rng: np.random.Generator
) -> None:
    requests = asked(rng)
    plain = model.predict(requests).to_dict(orient="records")
    for left, [right] in zip(plain, compiled.predict(requests.to_dict("records")), strict=True):
        assert left["category"] == right["category"]
        assert left["confidence"] == pytest.approx(right["confidence"], abs=1e-5)
        for one, other in zip(left["alternatives"], right["alternatives"], strict=True):
            assert one["category"] == other["category"]
            assert one["confidence"] == pytest.approx(other["confidence"], abs=1e-5)


def test_an_answer_does_not_depend_on_what_else_is_asked(
    compiled: TextRuntime, rng: np.random.Generator
) -> None:
    instances = asked(rng).to_dict("records")
    together = compiled.predict(instances)
    for instance, [row] in zip(instances, together, strict=True):
        [[alone]] = compiled.predict([instance])
        assert alone["category"] == row["category"]
        assert alone["confidence"] == pytest.approx(row["confidence"], abs=1e-6)


def test_saved_and_restored_it_predicts_the_same(
    model: TextModel, tmp_path: Path, rng: np.random.Generator
) -> None:
    model.save(tmp_path)
    requests = asked(rng)
    pd.testing.assert_frame_equal(restore(tmp_path).predict(requests), model.predict(requests))


def test_nothing_is_pickled(model: TextModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    model.compile(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".skops", ".json", ".npy", ".txt"}


def test_fitting_twice_gives_the_same_model(fit: TextFit, rng: np.random.Generator) -> None:
    frame, requests = shop(120, rng), asked(rng)
    first, second = (fit_text(fit, frame[:90], frame[90:], 3, silent) for _ in range(2))
    pd.testing.assert_frame_equal(first.predict(requests), second.predict(requests))
    assert first.temperature == second.temperature


def test_progress_rises_to_one(fit: TextFit, rng: np.random.Generator) -> None:
    seen: list[float] = []
    frame = shop(120, rng)
    fit_text(fit, frame[:90], frame[90:], 3, lambda done, _: seen.append(done))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_without_a_validation_part_it_still_fits(fit: TextFit, rng: np.random.Generator) -> None:
    frame = shop(60, rng)
    model = fit_text(fit, frame, frame.iloc[:0], 3, silent)
    assert model.temperature == 1.0
    assert model.history.empty


@pytest.mark.parametrize("text", ["!!!", "la de el"])
def test_texts_without_anything_to_count_are_refused_clearly(text: str) -> None:
    frame = pd.DataFrame({"name": [text] * 4, "category": ["a", "b"] * 2})
    plan = TextFit("name", "category", Recipe((Terms("tokens", 1, 1),), "tfidf"), svm)
    with pytest.raises(NoTerms, match="none of the 4 training texts"):
        fit_text(plan, frame, frame.iloc[:0], 3, silent)


def test_few_texts_without_a_term_in_common_keep_every_term(rng: np.random.Generator) -> None:
    frame = pd.DataFrame({"name": ["tubo", "codo", "foco", "cinta"], "category": ["a", "b"] * 2})
    plan = TextFit("name", "category", Recipe((Terms("tokens", 1, 1),), "tfidf", 2), svm)
    model = fit_text(plan, frame, frame.iloc[:0], 3, silent)
    assert model.predict(frame)["category"].tolist() == ["a", "b", "a", "b"]


def test_more_texts_than_pairs_fit_in_memory_are_refused() -> None:
    with pytest.raises(TooManyTexts, match=r"15001 distinct texts.*choose another"):
        similarity().fit(csr_matrix((15_001, 1)), ["a"] * 15_001)


def test_a_term_weighs_what_it_tells_of_the_labels() -> None:
    told = [1, 1, 1, 1, 0, 0, 0, 0]
    everywhere = [1] * 8
    once = [1, 0, 0, 0, 0, 0, 0, 0]
    mixed = [1, 1, 0, 0, 1, 1, 0, 0]
    counts = csr_matrix(np.array([told, everywhere, once, mixed], dtype=float).T)
    weights = informativeness(counts, ["a"] * 4 + ["b"] * 4)
    assert weights[0] > weights[2] > weights[3] == pytest.approx(weights[1], abs=1e-6)


def test_a_term_weighs_its_divergence_after_two_imagined_texts() -> None:
    # Seen in two texts of label a; two imagined ones are split evenly: p = (3/4, 1/4) to (1/2, 1/2)
    counts = csr_matrix(np.array([[1.0], [1.0], [0.0], [0.0]]))
    expected = 0.75 * np.log(0.75 / 0.5) + 0.25 * np.log(0.25 / 0.5)
    assert informativeness(counts, ["a", "a", "b", "b"]) == pytest.approx([expected])


def test_no_requests_give_no_rows(model: TextModel, compiled: TextRuntime) -> None:
    assert model.predict(pd.DataFrame({"name": []})).empty
    assert compiled.predict([]) == []


def test_a_text_without_known_terms_is_answered_with_the_shares_of_the_labels(
    model: TextModel, compiled: TextRuntime
) -> None:
    [[row]] = compiled.predict([{"name": "!!!"}])
    assert row["confidence"] == pytest.approx(max(model.prior))
    assert sum(entry["confidence"] for entry in row["alternatives"]) == pytest.approx(1.0)  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", [None, 5, "", "  \n", "a" * 20_001, "\ud800 tubo"])
def test_what_is_no_text_is_refused_by_name(compiled: TextRuntime, text: object) -> None:
    with pytest.raises(RequestRefused, match=r"instance 1: 'name'"):
        compiled.predict([{"name": "tubo"}, {"name": text}])


@pytest.mark.parametrize("classifier", [sgd, svm, forest, similarity])
def test_two_labels_are_enough(
    classifier: Callable[[], object], tmp_path: Path, rng: np.random.Generator
) -> None:
    frame = shop(120, rng)
    frame = frame[frame["category"] != "pintura"]
    recipe = Recipe(LEMMAS_AND_CHARACTERS, "count" if classifier is forest else "tfidf")
    plan = TextFit("name", "category", recipe, classifier)
    model = fit_text(plan, frame, frame.iloc[:20], 3, silent)
    model.compile(tmp_path)
    plain = model.predict(frame)
    served = TextRuntime(tmp_path, "name", "category").predict(frame.to_dict("records"))
    assert plain["category"].tolist() == [row["category"] for [row] in served]
    confidences = [row["confidence"] for [row] in served]
    assert plain["confidence"].tolist() == pytest.approx(confidences, abs=1e-5)


def test_a_temperature_makes_an_overconfident_model_modest() -> None:
    scores = np.tile([8.0, 0.0], (100, 1))
    actual = ["right"] * 80 + ["wrong"] * 20
    found = fitted_temperature(lambda value: softmax(scores, value), ["right", "wrong"], actual)
    assert softmax(scores, found)[0, 0] == pytest.approx(0.8, abs=0.01)


def test_too_few_held_out_texts_leave_the_temperature_alone() -> None:
    assert fitted_temperature(lambda _: np.ones((3, 1)), ["a"], ["a", "a", "other"]) == 1.0


def test_sharpening_keeps_what_is_impossible_impossible() -> None:
    shares = sharpened(np.array([[0.75, 0.25, 0.0]]), 0.5)
    assert shares[0].tolist() == pytest.approx([0.9, 0.1, 0.0])


def test_ties_are_ranked_alike_whatever_the_last_digits_say() -> None:
    one = answers(np.array([[0.25, 0.25 + 1e-9, 0.5]]), ["a", "b", "c"], "label")
    other = answers(np.array([[0.25 + 1e-9, 0.25, 0.5]]), ["a", "b", "c"], "label")
    ranks = [[entry["label"] for entry in rows[0]["alternatives"]] for rows in (one, other)]  # type: ignore[attr-defined]
    assert ranks == [["c", "a", "b"]] * 2


def test_even_tiny_probabilities_are_ranked_by_size() -> None:
    [row] = answers(np.array([[1e-12, 1e-9, 1.0]]), ["a", "b", "c"], "label")
    assert [entry["label"] for entry in row["alternatives"]] == ["c", "b", "a"]  # type: ignore[attr-defined]


def test_the_search_takes_the_better_setting_and_reports_each(rng: np.random.Generator) -> None:
    frame = shop(120, rng)
    chosen, history = best_setting(
        frame["name"].tolist(),
        frame["category"].tolist(),
        Recipe(LEMMAS_AND_CHARACTERS, "count"),
        [{"max_depth": 1}, {"max_depth": None}],
        lambda setting: RandomForestClassifier(20, random_state=0, **setting),
        folds=3,
        seed=1,
        progress=silent,
    )
    assert chosen == {"max_depth": None}
    assert history["step"].tolist() == [0, 1]
    assert history["value"].iloc[1] > history["value"].iloc[0]


def test_vectors_equal_those_of_scikit_learn(tmp_path: Path, rng: np.random.Generator) -> None:
    from pipelines.text_models.recipe import vectors_of

    union = vectoriser(Recipe(WORDS_AND_CHARACTERS, "tfidf"))
    names = shop(50, rng)["name"].tolist()
    matrix = union.fit_transform(names)
    vectors = vectors_of(union)
    for name, row in zip(names, matrix.toarray(), strict=True):
        columns, values = vectors.row(name)
        dense = np.zeros(vectors.width)
        dense[columns] = values
        assert dense == pytest.approx(row, abs=1e-12)


def test_answering_loads_no_learning_library(model: TextModel, tmp_path: Path) -> None:
    model.compile(tmp_path)
    code = (
        "import sys; from pathlib import Path\n"
        "from pipelines.text_kernel.runtime import TextRuntime\n"
        f"runtime = TextRuntime(Path({str(tmp_path)!r}), 'name', 'category')\n"
        "assert runtime.predict([{'name': 'tubo'}])\n"
        "print(*sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"sklearn", "scipy", "pandas", "skl2onnx", "mlflow"} & set(answer.stdout.split())
