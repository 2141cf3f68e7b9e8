"""The words of captions: what each value of each attribute is called, in English, French and German.

Words only; how they are joined is ``captions``' subject.  A word that is in none of these tables is unknown
to the encoder, so the tables are also what unknown-word detection is built upon.  Styles (vintage, art deco)
are missing on purpose: the sample house writes them into titles and does not draw them.
"""

from collections.abc import Mapping

Words = tuple[str, ...]

# category -> (singular, plural)
CATEGORY_NOUNS: Mapping[str, tuple[Words, Words]] = {
    "ring": (("ring", "ring", "ring", "finger ring"), ("rings", "finger rings")),
    "necklace": (("necklace", "necklace", "necklace", "neck chain", "collar"), ("necklaces",)),
    "earrings": (("earrings", "earrings", "pair of earrings", "earring"), ("earrings", "ear rings")),
    "bracelet": (("bracelet", "bracelet", "bracelet", "wrist bracelet", "wristlet"), ("bracelets",)),
    "pendant": (("pendant", "pendant", "pendant", "charm"), ("pendants", "charms")),
    "brooch": (("brooch", "brooch", "pin", "lapel pin", "brooch pin"), ("brooches", "pins")),
    "watch": (
        ("watch", "watch", "wristwatch", "wrist watch", "timepiece"),
        ("watches", "wristwatches", "timepieces"),
    ),
}  # fmt: skip
# (category, design) -> nouns that name both; none is what every piece of the category is called
DESIGN_NOUNS: Mapping[tuple[str, str], Words] = {
    ("ring", "solitaire"): ("solitaire ring", "solitaire", "single stone ring", "engagement ring"),
    ("ring", "three_stone"): ("three stone ring", "trilogy ring", "three-stone ring"),
    ("ring", "eternity"): ("eternity ring", "eternity band", "full eternity ring"),
    ("ring", "cluster"): ("cluster ring",),
    ("ring", "bypass"): ("bypass ring", "crossover ring", "open ring"),
    ("ring", "signet"): ("signet ring", "seal ring"),
    ("ring", "dome"): ("dome ring", "domed ring"),
    ("ring", "motif"): ("motif ring",),
    ("ring", "band"): ("band", "wedding band", "wedding ring", "plain band ring", "band ring"),
    ("ring", "twist"): ("twist ring", "twisted ring", "rope ring"),
    ("ring", "stacked"): ("stacked ring", "stacking rings", "stack ring"),
    ("necklace", "solitaire"): ("solitaire necklace", "single stone necklace"),
    ("necklace", "station"): ("station necklace", "necklace with stations"),
    ("necklace", "strand"): ("strand necklace", "strand", "string necklace", "bead necklace"),
    ("necklace", "riviere"): ("riviere necklace", "tennis necklace"),
    ("necklace", "statement"): ("statement necklace", "bib necklace"),
    ("necklace", "lariat"): ("lariat necklace", "lariat", "y necklace"),
    ("necklace", "choker"): ("choker", "choker necklace"),
    ("necklace", "motif"): ("motif necklace",),
    ("necklace", "chain"): ("chain", "chain necklace", "link chain", "plain chain"),
    ("necklace", "bar"): ("bar necklace",),
    ("necklace", "disc"): ("disc necklace", "coin necklace"),
    ("earrings", "studs"): ("stud earrings", "studs", "ear studs", "stud earring"),
    ("earrings", "drops"): ("drop earrings", "drops", "dangle earrings", "dangling earrings"),
    ("earrings", "hoops"): ("hoop earrings", "hoops", "hoop earring", "creoles"),
    ("earrings", "chandelier"): ("chandelier earrings", "chandeliers"),
    ("earrings", "jhumka"): ("jhumka", "jhumkas", "jhumka earrings", "bell earrings"),
    ("earrings", "climber"): ("ear climbers", "climber earrings", "ear crawlers"),
    ("earrings", "discs"): ("disc earrings", "coin earrings"),
    ("earrings", "motif"): ("motif earrings",),
    ("bracelet", "tennis"): ("tennis bracelet", "line bracelet"),
    ("bracelet", "beaded"): ("beaded bracelet", "bead bracelet"),
    ("bracelet", "station"): ("station bracelet",),
    ("bracelet", "bangle"): ("bangle", "bangle bracelet", "bangles"),
    ("bracelet", "cuff"): ("cuff", "cuff bracelet", "open cuff"),
    ("bracelet", "charm"): ("charm bracelet",),
    ("bracelet", "motif"): ("motif bracelet",),
    ("bracelet", "chain"): ("chain bracelet", "link bracelet"),
    ("bracelet", "mesh"): ("mesh bracelet", "milanese bracelet"),
    ("pendant", "drop"): ("drop pendant",),
    ("pendant", "disc"): ("disc pendant", "medallion", "coin pendant"),
    ("pendant", "locket"): ("locket", "locket pendant"),
    ("pendant", "cluster"): ("cluster pendant",),
    ("pendant", "bar"): ("bar pendant",),
    ("pendant", "motif"): ("motif pendant",),
    ("brooch", "spray"): ("spray brooch", "floral spray"),
    ("brooch", "sunburst"): ("sunburst brooch", "starburst brooch"),
    ("brooch", "bar"): ("bar brooch", "bar pin"),
    ("brooch", "wreath"): ("wreath brooch", "circle brooch"),
    ("brooch", "motif"): ("motif brooch",),
    ("watch", "classic"): ("classic watch", "classic wristwatch"),
    ("watch", "dress"): ("dress watch", "slim watch"),
    ("watch", "chronograph"): ("chronograph", "chronograph watch", "sports watch"),
}
# (material, shown colour) -> what it may truly be called; a plated piece is called after its plating too
METAL_WORDS: Mapping[tuple[str, str], Words] = {
    ("gold", "yellow"): (
        "gold", "gold", "yellow gold", "yellow gold", "18k gold", "14k gold", "18k yellow gold", "golden",
        "solid gold", "14 karat gold", "gold",
    ),
    ("gold", "rose"): (
        "rose gold", "rose gold", "rose gold", "pink gold", "red gold", "18k rose gold", "14k rose gold",
    ),
    ("gold", "white"): ("white gold", "white gold", "18k white gold", "14k white gold"),
    ("silver", "silver"): ("silver", "silver", "sterling silver", "925 silver", "925 sterling silver"),
    ("platinum", "white"): ("platinum", "platinum", "950 platinum"),
    ("stainless steel", "silver"): ("stainless steel", "steel"),
    ("titanium", "grey"): ("titanium", "grey titanium"),
    ("plated", "yellow"): ("gold plated", "gold-plated", "gold tone", "gold", "gold vermeil"),
    ("plated", "rose"): ("rose gold plated", "rose gold", "rose gold tone", "rose gold vermeil"),
    ("plated", "white"): ("rhodium plated silver", "silver", "rhodium", "rhodium plated"),
    ("plated", "black"): ("black rhodium", "black", "blackened", "gunmetal", "black plated", "black metal"),
}  # fmt: skip
GROUP_WORDS: Mapping[str, Words] = {
    "yellow": ("gold", "yellow gold", "gold coloured", "yellow metal", "gold-toned"),
    "rose": ("rose gold", "rose", "rose coloured", "rose metal", "copper coloured"),
    "white": ("silver", "silver coloured", "white metal", "silver tone", "silvery"),
    "black": ("black metal", "dark metal", "black", "black coloured"),
}
STONE_NOUNS: Mapping[str, tuple[str, str]] = {
    "diamond": ("diamond", "diamonds"),
    "cubic zirconia": ("cubic zirconia", "zirconia"),
    "ruby": ("ruby", "rubies"),
    "sapphire": ("sapphire", "sapphires"),
    "emerald": ("emerald", "emeralds"),
    "amethyst": ("amethyst", "amethysts"),
    "citrine": ("citrine", "citrines"),
    "topaz": ("topaz", "topazes"),
    "garnet": ("garnet", "garnets"),
    "peridot": ("peridot", "peridots"),
    "aquamarine": ("aquamarine", "aquamarines"),
    "pearl": ("pearl", "pearls"),
    "opal": ("opal", "opals"),
    "turquoise": ("turquoise", "turquoise stones"),
    "onyx": ("onyx", "onyx stones"),
    "moonstone": ("moonstone", "moonstones"),
}
# colour -> words; a word that several colours share is true of each of them
STONE_COLOUR_WORDS: Mapping[str, Words] = {
    "colourless": ("clear", "colourless", "colorless", "sparkling", "transparent"),
    "red": ("red", "red", "deep red"),
    "blue": ("blue",),
    "pink": ("pink",),
    "yellow": ("yellow",),
    "green": ("green",),
    "purple": ("purple", "violet", "lilac"),
    "golden": ("golden", "yellow", "amber", "orange"),
    "dark red": ("dark red", "deep red", "red", "burgundy"),
    "lime green": ("lime green", "light green", "green"),
    "pale blue": ("pale blue", "light blue", "blue"),
    "white": ("white",),
    "black": ("black",),
    "turquoise": ("turquoise", "blue-green", "teal"),
    "milky": ("milky", "white", "milky white"),
}
GEM_NOUNS: tuple[Words, Words] = (("stone", "gem", "gemstone", "jewel"), ("stones", "gems", "gemstones"))
CUT_WORDS: Mapping[str, Words] = {
    "round": ("round", "round cut", "brilliant cut", "round brilliant"),
    "oval": ("oval", "oval cut"),
    "pear": ("pear", "pear-shaped", "teardrop", "pear cut"),
    "marquise": ("marquise", "marquise cut", "navette"),
    "cushion": ("cushion", "cushion cut"),
    "princess": ("princess cut", "square", "princess"),
    "emerald": ("emerald cut", "emerald-cut", "rectangular", "step cut"),
    "heart": ("heart-shaped", "heart cut"),
    "cabochon": ("cabochon", "cabochon cut"),
    "bead": ("bead", "beaded"),
}
SETTING_WORDS: Mapping[str, Words] = {
    "prong": ("prong setting", "claw setting", "prong set", "claw set"),
    "bezel": ("bezel setting", "bezel set", "rub-over setting"),
    "halo": ("halo", "halo setting", "stone halo"),
}
ACCENT_WORDS: Words = (
    "diamond accents",
    "small accent stones",
    "pave accents",
    "side stones",
    "sparkling accents",
)
STRAP_WORDS: Mapping[str, Words] = {
    "leather": ("leather strap", "leather band", "leather"),
    "bracelet": ("metal bracelet", "link bracelet", "metal strap"),
    "mesh": ("mesh strap", "milanese strap", "mesh band"),
}
DIAL_WORDS: Mapping[str, Words] = {
    "white": ("white dial", "white face"),
    "black": ("black dial", "black face"),
    "blue": ("blue dial", "blue face"),
    "green": ("green dial", "green face"),
    "champagne": ("champagne dial", "champagne face"),
}
MOTIF_WORDS: Mapping[str, Words] = {
    "flower": ("flower", "floral", "blossom"),
    "leaf": ("leaf", "leaves"),
    "heart": ("heart",),
    "star": ("star",),
    "moon": ("moon", "crescent moon", "crescent"),
    "butterfly": ("butterfly",),
    "bow": ("bow", "ribbon bow"),
    "cross": ("cross",),
    "snake": ("snake", "serpent"),
    "feather": ("feather",),
    "sun": ("sun",),
    "knot": ("knot", "love knot"),
}
FINISH_WORDS: Mapping[str, Words] = {
    "polished": ("polished", "shiny", "high polish"),
    "brushed": ("brushed", "satin"),
    "hammered": ("hammered", "textured"),
    "matte": ("matte", "matt"),
}
# where a view's word stands alone, it speaks of the picture and not of the piece
VIEW_WORDS: Mapping[str, Words] = {
    "packshot": ("on white", "on a white background", "product photo"),
    "angle": ("side view", "from an angle"),
    "turntable": ("from the side", "360 view"),
    "closeup": ("close-up", "closeup", "detail"),
    "worn": ("worn", "being worn", "on skin", "on a person", "on a model"),
    "hand": ("in a hand", "held in a hand", "in hand"),
    "card": ("on a card", "on a display card", "on a stand"),
    "phone": ("phone photo", "snapshot", "amateur photo"),
}
WORN_WORDS: Mapping[str, Words] = {
    "ring": ("worn on a finger", "on a finger"),
    "necklace": ("worn on a neck", "around the neck"),
    "earrings": ("worn on an ear", "on an ear"),
    "bracelet": ("worn on a wrist", "on a wrist"),
    "watch": ("worn on a wrist", "on the wrist"),
    "brooch": ("worn on a dress", "on a jacket"),
    "pendant": ("worn on the chest", "around the neck"),
}
PLAIN_WORDS: Words = ("plain", "without stones", "no stone", "without a stone", "unset")
PROMPTS: Words = (
    "a photo of a {}", "a picture of a {}", "a photo of {}", "product photo of a {}", "{}, jewelry",
    "{} jewellery",
    "fine jewelry: {}", "a {}", "the {}", "an image of a {}", "{} for women", "{} for her", "women's {}",
    "beautiful {}", "elegant {}", "{} gift", "new {}", "buy {}", "{} online", "handmade {}", "small {}",
    "a piece of jewelry: {}", "show me a {}", "i am looking for a {}", "{} for men", "one {}", "find {}",
)  # fmt: skip
NOUNS_FOR_ANY: Words = ("jewelry", "piece", "jewellery", "piece of jewelry")
JOINING_WORDS: Words = (
    "with",
    "in",
    "of",
    "set with",
    "and",
    "featuring",
    "made of",
    "a",
    "an",
    "the",
    "type",
)

FRENCH_CATEGORIES: Mapping[str, Words] = {
    "ring": ("bague", "anneau", "bagues"),
    "necklace": ("collier", "colliers"),
    "earrings": ("boucles d'oreilles", "boucles d'oreille"),
    "bracelet": ("bracelet", "bracelets"),
    "pendant": ("pendentif", "pendentifs"),
    "brooch": ("broche", "broches"),
    "watch": ("montre", "montres"),
}
FRENCH_METALS: Mapping[tuple[str, str], Words] = {
    ("gold", "yellow"): ("or jaune", "or", "en or", "or jaune 18k", "or 18 carats"),
    ("gold", "rose"): ("or rose", "en or rose"),
    ("gold", "white"): ("or blanc", "en or blanc"),
    ("silver", "silver"): ("argent", "en argent", "argent 925"),
    ("platinum", "white"): ("platine", "en platine"),
    ("stainless steel", "silver"): ("acier inoxydable", "acier", "en acier"),
    ("titanium", "grey"): ("titane", "en titane"),
    ("plated", "yellow"): ("plaqué or", "doré", "plaqué or jaune"),
    ("plated", "rose"): ("plaqué or rose", "doré rose"),
    ("plated", "white"): ("argent rhodié", "rhodié"),
    ("plated", "black"): ("rhodium noir", "noir", "plaqué rhodium noir"),
}
FRENCH_STONES: Mapping[str, Words] = {
    "diamond": ("diamant", "diamants"),
    "cubic zirconia": ("oxyde de zirconium", "zircon"),
    "ruby": ("rubis",),
    "sapphire": ("saphir", "saphirs"),
    "emerald": ("émeraude", "émeraudes", "emeraude"),
    "amethyst": ("améthyste", "améthystes", "amethyste"),
    "citrine": ("citrine",),
    "topaz": ("topaze",),
    "garnet": ("grenat",),
    "peridot": ("péridot",),
    "aquamarine": ("aigue-marine",),
    "pearl": ("perle", "perles"),
    "opal": ("opale",),
    "turquoise": ("turquoise",),
    "onyx": ("onyx",),
    "moonstone": ("pierre de lune",),
}
FRENCH_JOINING: Words = ("en", "avec", "et")
GERMAN_CATEGORIES: Mapping[str, Words] = {
    "ring": ("Ring", "Fingerring", "Ringe"),
    "necklace": ("Halskette", "Kette", "Collier"),
    "earrings": ("Ohrringe", "Ohrschmuck"),
    "bracelet": ("Armband", "Armbänder"),
    "pendant": ("Anhänger",),
    "brooch": ("Brosche",),
    "watch": ("Uhr", "Armbanduhr", "Uhren"),
}
GERMAN_METALS: Mapping[tuple[str, str], Words] = {
    ("gold", "yellow"): ("Gelbgold", "Gold", "585 Gold"),
    ("gold", "rose"): ("Roségold", "Rotgold"),
    ("gold", "white"): ("Weißgold",),
    ("silver", "silver"): ("Silber", "925 Silber", "Sterlingsilber"),
    ("platinum", "white"): ("Platin",),
    ("stainless steel", "silver"): ("Edelstahl",),
    ("titanium", "grey"): ("Titan",),
    ("plated", "yellow"): ("vergoldet",),
    ("plated", "rose"): ("rosé vergoldet", "rosévergoldet"),
    ("plated", "white"): ("rhodiniert", "Silber rhodiniert"),
    ("plated", "black"): ("schwarz rhodiniert", "schwarz"),
}
GERMAN_STONES: Mapping[str, Words] = {
    "diamond": ("Diamant", "Diamanten", "Brillant"),
    "cubic zirconia": ("Zirkonia",),
    "ruby": ("Rubin",),
    "sapphire": ("Saphir",),
    "emerald": ("Smaragd",),
    "amethyst": ("Amethyst",),
    "citrine": ("Citrin",),
    "topaz": ("Topas",),
    "garnet": ("Granat",),
    "peridot": ("Peridot",),
    "aquamarine": ("Aquamarin",),
    "pearl": ("Perle", "Perlen"),
    "opal": ("Opal",),
    "turquoise": ("Türkis",),
    "onyx": ("Onyx",),
    "moonstone": ("Mondstein",),
}
GERMAN_JOINING: Words = ("aus", "mit")
