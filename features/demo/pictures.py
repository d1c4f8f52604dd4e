"""A small picture for every kind of product: a plain silhouette on its department's colour."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from features.demo.catalogue import Variant

SIDE = 128
INK, SHADE, PAPER = "#22303c", "#5d7183", "#f7f5f0"
COLOURS = (
    "#d9a441", "#c8553d", "#8a9ba8", "#4f8fba", "#e0b000", "#f2d16b", "#7fb069", "#b5838d",
    "#9a8c98", "#588157", "#f08a24", "#a98467", "#76b5c5", "#ef8354", "#84c5a4", "#8d6a9f",
)  # fmt: skip

Primitive = tuple[str, tuple[int, ...], str]
"""`box`, `oval`, `shape` (a polygon) or `ring`; coordinates out of 100; colour."""

SILHOUETTES: dict[str, tuple[Primitive, ...]] = {
    "hammer": (("box", (46, 30, 54, 88), SHADE), ("box", (24, 16, 70, 36), INK)),
    "wrench": (
        ("shape", (24, 84, 64, 38, 72, 46, 34, 92), INK),
        ("ring", (54, 12, 88, 46), INK),
    ),
    "blade": (("shape", (14, 30, 86, 44, 86, 56, 14, 62), INK), ("box", (70, 40, 94, 62), SHADE)),
    "machine": (
        ("box", (18, 28, 70, 52), INK),
        ("box", (70, 36, 92, 44), SHADE),
        ("shape", (24, 52, 44, 52, 36, 88, 18, 88), INK),
    ),
    "screw": (
        ("box", (34, 12, 66, 24), INK),
        ("shape", (42, 24, 58, 24, 54, 80, 50, 92, 46, 80), SHADE),
    ),
    "ring": (("ring", (22, 22, 78, 78), INK),),
    "pipe": (("box", (12, 38, 88, 62), SHADE), ("box", (76, 32, 92, 68), INK)),
    "elbow": (("shape", (16, 30, 72, 30, 72, 88, 46, 88, 46, 56, 16, 56), SHADE),
              ("box", (12, 26, 24, 60), INK), ("box", (42, 78, 76, 92), INK)),
    "tap": (
        ("shape", (20, 40, 70, 40, 82, 52, 82, 76, 68, 76, 68, 60, 20, 60), INK),
        ("box", (38, 26, 46, 40), SHADE),
        ("box", (26, 18, 58, 27), SHADE),
    ),
    "roll": (("oval", (18, 18, 82, 82), INK), ("oval", (40, 40, 60, 60), PAPER)),
    "bulb": (("oval", (28, 10, 72, 58), "#fff3b0"), ("box", (40, 54, 60, 76), SHADE),
             ("box", (43, 76, 57, 86), INK)),
    "plate": (("box", (28, 14, 72, 86), PAPER), ("oval", (42, 28, 58, 44), INK),
              ("oval", (42, 56, 58, 72), INK)),
    "can": (("box", (26, 28, 74, 86), PAPER), ("box", (24, 20, 76, 30), SHADE),
            ("box", (26, 48, 74, 68), INK)),
    "bottle": (("box", (34, 36, 66, 90), PAPER), ("box", (43, 14, 57, 36), INK),
               ("box", (34, 54, 66, 72), SHADE)),
    "brush": (("box", (44, 10, 56, 48), SHADE), ("box", (28, 46, 72, 60), INK),
              ("shape", (30, 60, 70, 60, 66, 90, 34, 90), PAPER)),
    "lock": (("ring", (32, 12, 68, 56), INK), ("box", (24, 42, 76, 86), SHADE),
             ("oval", (45, 56, 55, 68), INK)),
    "spade": (("box", (46, 10, 54, 56), SHADE),
              ("shape", (32, 50, 68, 50, 66, 76, 50, 92, 34, 76), INK)),
    "helmet": (("shape", (16, 66, 22, 38, 40, 22, 60, 22, 78, 38, 84, 66), INK),
               ("box", (10, 64, 90, 74), SHADE)),
    "sack": (("shape", (24, 20, 76, 20, 82, 88, 18, 88), PAPER), ("box", (28, 42, 72, 64), INK)),
    "sheet": (("shape", (14, 30, 70, 16, 88, 68, 32, 84), PAPER),
              ("shape", (14, 30, 32, 84, 36, 83, 18, 29), SHADE)),
    "gauge": (("box", (10, 38, 90, 62), PAPER), ("oval", (42, 42, 58, 58), INK)),
    "basin": (("shape", (12, 36, 88, 36, 74, 72, 26, 72), PAPER), ("box", (44, 72, 56, 92), SHADE)),
    "flame": (("shape", (50, 10, 70, 44, 64, 66, 36, 66, 30, 44), "#f4a259"),
              ("box", (42, 64, 58, 92), INK)),
    "crate": (("box", (20, 26, 80, 80), PAPER), ("box", (20, 26, 80, 38), SHADE)),
}  # fmt: skip
BY_WORD = {
    "hammer": "martillo cincel", "wrench": "llave pinza prensa dados desarmador escuadra",
    "blade": "serrucho arco lima sierra tijera machete cuchara broca",
    "machine": "taladro esmeriladora lijadora rotomartillo pistola bomba podadora desbrozadora "
    "soldadora hidrolavadora aspiradora batería cautín",
    "screw": "tornillo pija clavo ancla taquete remache grapa varilla electrodo barras",
    "ring": "tuerca rondana coladera asiento",
    "pipe": "tubo cople adaptador perfil manguera flexible céspol",
    "elbow": "codo tee herraje", "tap": "válvula regadera", "roll": "cinta cable alambre malla "
    "extensión tira disco soldadura lija franela",
    "bulb": "foco lámpara luminario reflector linterna base",
    "plate": "contacto apagador interruptor caja clavija centro cerradura chapa",
    "can": "pintura esmalte barniz impermeabilizante sellador primario cubeta tinaco resanador "
    "pasta",
    "bottle": "silicón pegamento espuma thinner limpiador fumigador extintor",
    "brush": "brocha rodillo escoba trapeador cepillo jalador", "lock": "candado pasador bisagra",
    "spade": "pala rastrillo carretilla aspersor plomada",
    "helmet": "casco careta lentes mascarilla tapones guante bota arnés chaleco",
    "sack": "cemento mortero adhesivo boquilla fertilizante bolsa",
    "sheet": "panel lámina block cortina",
    "gauge": "flexómetro nivel vernier multímetro probador medidor regla termómetro",
    "basin": "sanitario lavabo fregadero", "flame": "soplete",
}  # fmt: skip
TAPS = {"Plomería", "Baños y grifería"}


def write_picture(variant: Variant, directory: Path) -> Path:
    """Draw the kind of product that `variant` belongs to, into `directory`; return the file."""
    file = directory / f"{variant.family}.png"
    image = Image.new("RGB", (SIDE, SIDE), COLOURS[(int(variant.code[:2]) - 1) % len(COLOURS)])
    draw = ImageDraw.Draw(image)
    for primitive in SILHOUETTES[silhouette_of(variant)]:
        _drawn(draw, primitive)
    draw.text((6, SIDE - 18), variant.family, fill=INK, font=ImageFont.load_default(13))
    image.save(file, optimize=True)
    return file


def silhouette_of(variant: Variant) -> str:
    """Return the silhouette that fits the product's name; a crate where none does."""
    word = (variant.name("es").split() or [""])[0]
    if word == "llave" and variant.department in TAPS:
        return "tap"
    return next((shape for shape, words in BY_WORD.items() if word in words.split()), "crate")


def _drawn(draw: ImageDraw.ImageDraw, primitive: Primitive) -> None:
    kind, corners, colour = primitive
    points = [round(corner * SIDE / 100) for corner in corners]
    if kind == "box":
        draw.rectangle(points, fill=colour)
    elif kind == "oval":
        draw.ellipse(points, fill=colour)
    elif kind == "ring":
        draw.ellipse(points, outline=colour, width=SIDE // 12)
    else:
        draw.polygon(points, fill=colour)
