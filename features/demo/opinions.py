"""What a customer writes about an item they own: how it feels, how it looks, how they liked it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from features.demo.tastes import Customer
from features.demo.wardrobe import FEELS, Item

Phrases = dict[str, tuple[str, ...]]

FEEL_PHRASES: dict[tuple[str, bool], Phrases] = {
    ("roomy", True): {
        "es": ("queda holgado", "es muy amplio", "me quedó grande y suelto", "viene ancho de talla",
               "tiene un corte holgado", "sobra espacio, es amplio"),
        "en": ("it runs large", "the fit is loose", "it is roomy", "very baggy cut",
               "plenty of room inside", "it fits loose and wide"),
    },
    ("roomy", False): {
        "es": ("queda muy justo", "viene apretado", "es ceñido", "la talla es chica",
               "tiene un corte entallado", "queda pegado al cuerpo"),
        "en": ("it runs small", "the fit is tight", "very snug", "a slim cut",
               "it hugs you closely", "it fits tight"),
    },
    ("soft", True): {
        "es": ("la tela es suavecita", "es muy suave al tacto", "el material es blando y fluido",
               "se siente suave", "tiene una caída suave"),
        "en": ("the fabric is so soft", "soft to the touch", "the material is smooth and flowing",
               "it feels silky", "a soft drape"),
    },
    ("soft", False): {
        "es": ("la tela es tiesa", "el material es rígido", "se siente firme y grueso al tacto",
               "es de tela dura", "guarda la forma, es firme"),
        "en": ("the fabric is stiff", "the material is rigid", "it feels firm and sturdy",
               "a hard, structured cloth", "it keeps its shape, quite firm"),
    },
    ("warm", True): {
        "es": ("abriga mucho", "es muy calientito", "sirve para el frío", "es ideal para invierno",
               "da calor"),
        "en": ("it is very warm", "keeps you warm", "good for cold days", "perfect for winter",
               "it gets hot in it"),
    },
    ("warm", False): {
        "es": ("es muy fresco", "deja pasar el aire", "es ligero para el calor",
               "es ideal para verano", "no abriga nada"),
        "en": ("it is light and airy", "it breathes well", "good for hot days",
               "perfect for summer", "not warm at all"),
    },
}  # fmt: skip
LIKED: Phrases = {
    "es": ("y eso me encanta", "justo como me gusta", "qué gusto", "y así lo prefiero", "perfecto"),
    "en": ("and I love that", "just how I like it", "which is great", "exactly what I want",
           "perfect"),
}  # fmt: skip
DISLIKED: Phrases = {
    "es": ("y eso no me gusta", "lástima", "para mí es un defecto", "esperaba lo contrario",
           "no es lo mío"),
    "en": ("and I do not like that", "a pity", "not for me", "I expected the opposite",
           "which bothers me"),
}  # fmt: skip
HANDSOME: Phrases = {
    "es": ("se ve precioso", "el diseño es muy de mi estilo", "me enamoré en cuanto lo vi",
           "todos me preguntan dónde lo compré"),
    "en": ("it looks gorgeous", "the design is so me", "I fell in love at first sight",
           "everybody asks where I got it"),
}  # fmt: skip
PLAIN_UGLY: Phrases = {
    "es": ("el diseño no es mi estilo", "no me gusta cómo se ve", "no combina con nada mío",
           "en persona no me convence"),
    "en": ("the design is not my style", "I do not like how it looks", "it goes with nothing I own",
           "it does not convince me in person"),
}  # fmt: skip
VERDICTS: dict[int, Phrases] = {
    1: {"es": ("Lo devolví", "Muy decepcionada", "No lo recomiendo", "Pésima compra"),
        "en": ("Sent it back", "Very disappointed", "Do not recommend", "Waste of money")},
    2: {"es": ("No me convenció", "Esperaba más", "Regular tirando a malo", "Poco uso le daré"),
        "en": ("Not convinced", "Expected more", "Meh", "Will hardly wear it")},
    3: {"es": ("Está bien", "Ni bien ni mal", "Cumple", "Normalito"),
        "en": ("It is okay", "So so", "Does the job", "Average")},
    4: {"es": ("Buena compra", "Me gustó", "Contenta con la compra", "Bastante bien"),
        "en": ("Good buy", "I like it", "Happy with it", "Pretty good")},
    5: {"es": ("¡Me encanta!", "Excelente", "Compraría otra vez", "Perfecto"),
        "en": ("Love it!", "Excellent", "Would buy again", "Perfect")},
}  # fmt: skip
CIRCUMSTANCES: Phrases = {
    "es": ("Llegó en tres días", "Lo compré para una boda", "Fue regalo para mi hermana",
           "El empaque venía bien", "Mido 1.65 y pedí talla M", "Ya lo lavé dos veces",
           "Lo uso para la oficina", "El envío tardó un poco"),
    "en": ("It arrived in three days", "Bought it for a wedding", "It was a gift for my sister",
           "The packaging was fine", "I am 5'5 and ordered a medium", "Washed it twice already",
           "I wear it to the office", "Shipping took a while"),
}  # fmt: skip
CARE = 0.5
"""Stars for a full unit of a feeling from which on a customer has an opinion about it."""


@dataclass(frozen=True)
class Opinion:
    """A review's words."""

    title: str
    text: str


def opinion(customer: Customer, item: Item, rating: int, rng: Random) -> Opinion:
    """Write what `customer` says of `item` after giving it `rating` stars."""
    language = customer.language
    verdicts = VERDICTS[_near(rating, rng)][language]
    title = rng.choice(verdicts) if rng.random() < 0.9 else ""
    sentences = [*_felt(customer, item, rng), *_seen(customer, item, rng)]
    if rng.random() < 0.45:
        sentences.append(rng.choice(CIRCUMSTANCES[language]))
    if rng.random() < 0.35 or not sentences:
        sentences.append(rng.choice(VERDICTS[rating][language]))
    rng.shuffle(sentences)
    return Opinion(title, " ".join(_sentence(sentence) for sentence in sentences))


def _near(rating: int, rng: Random) -> int:
    """Words and stars do not always agree."""
    if rng.random() < 0.85:
        return rating
    return min(5, max(1, rating + rng.choice((-1, 1))))


def _felt(customer: Customer, item: Item, rng: Random) -> Iterator[str]:
    for feel, care, amount in zip(FEELS, customer.feels, item.feels, strict=True):
        minded = abs(care) >= CARE
        if amount == 0 or rng.random() > (0.85 if minded else 0.45) * (0.6 + 0.4 * abs(amount)):
            continue
        phrase = rng.choice(FEEL_PHRASES[feel, amount > 0][customer.language])
        if minded:
            stance = LIKED if care * amount > 0 else DISLIKED
            phrase += ", " + rng.choice(stance[customer.language])
        yield phrase


def _seen(customer: Customer, item: Item, rng: Random) -> Sequence[str]:
    liking = customer.seen(item)
    if abs(liking) < 0.4 or rng.random() > 0.4:
        return ()
    return (rng.choice((HANDSOME if liking > 0 else PLAIN_UGLY)[customer.language]),)


def _sentence(text: str) -> str:
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith(("!", ".")) else whole + "."
