# ruff: noqa: E501  (a table: one file of the sample a line)
"""What the sample dataset holds: every file, what is said about it, and what must come of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from models.reasons import Reason
from models.verdicts import Verdict

Making = Literal[
    "plain", "cmyk", "grey16", "turned", "animated", "edited", "exact", "truncated", "empty", "text"
]


@dataclass(frozen=True, slots=True)
class Signed:
    """Content credentials: who signs, what is allowed, and whether the file was changed later."""

    by: Literal["minase", "stranger"]
    entries: Mapping[str, str]
    tampered: bool = False


@dataclass(frozen=True, slots=True)
class Embedded:
    """A PLUS data mining term in the file's XMP."""

    term: str
    creator: str
    constraint: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One image file of the sample.

    Attributes:
        name: path inside the dataset.
        picture: what is drawn (``flows.sample.pictures``), or the motif that is copied.
        caption: text of the file beside it; "" for none.
        verdict, reason: what the pipeline must say, and the weightiest reason.
        size: width and height in pixels.
        making: how the bytes are made.
        consent: what is embedded in the file.
        sidecar: text of the JSON file beside it, or "".
        encoding: of the caption file.
        same_as: another item whose bytes this file repeats.
    """

    name: str
    picture: str
    caption: str
    verdict: Verdict = Verdict.CLEAR
    reason: Reason = Reason.CONSENT_CONTRACT
    size: tuple[int, int] = (320, 320)
    making: Making = "plain"
    consent: Signed | Embedded | None = None
    sidecar: str = ""
    encoding: str = "utf-8"
    same_as: str = ""


CLEAR, REVIEW, EXCLUDE, ERROR = Verdict.CLEAR, Verdict.REVIEW, Verdict.EXCLUDE, Verdict.ERROR
WIDE, SMALL, TALL = (384, 256), (256, 256), (256, 384)
GRANT = {"ai_generative_training": "allowed", "ai_training": "allowed", "data_mining": "allowed"}
REFUSAL = {"ai_generative_training": "notAllowed", "ai_training": "notAllowed"}
BY_MINASE = Signed("minase", GRANT)


def _sidecar(name: str, preference: str) -> str:
    return f'{{\n  "name": "{name}",\n  "creator": "Itsuki Kurose",\n  {preference}\n}}\n'


HOSHIKAGE_SCENES = (
    Item("hoshikage/scenes/torii_lake.jpg", "torii_lake", "A red gate stands in a quiet lake at sunset, with hazy mountains behind it.", size=WIDE),
    Item("hoshikage/scenes/cherry_path.webp", "cherry_path", "満開の桜並木のあいだを、石畳の道がまっすぐ伸びている", size=WIDE),
    Item("hoshikage/scenes/snow_peak.webp", "snow_peak", "no_humans, mountain, snow, cloud, sunrise, scenery, sky", size=WIDE),
    Item("hoshikage/scenes/night_city.jpg", "night_city", "no_humans, cityscape, night, full_moon, reflection, scenery", size=WIDE),
    Item("hoshikage/scenes/seaside_train.jpg", "seaside_train", "A small train runs along the summer sea under white clouds.", size=WIDE),
    Item("hoshikage/scenes/seaside_dusk.webp", "seaside_dusk", "The evening train to Kazahana Bay passes a field of flowers.", size=WIDE),
    Item("hoshikage/scenes/bamboo.webp", "bamboo", "竹林に差し込むやわらかな光", size=TALL),
    Item("hoshikage/scenes/sunflowers.jpg", "sunflowers", "A field of sunflowers below a tall cloud.", size=WIDE),
    Item("hoshikage/scenes/snow_village.png", "snow_village", "雪の積もった屋根の家々、窓に灯りがともる夕暮れ", size=SMALL),
    Item(unicodedata.normalize("NFD", "hoshikage/scenes/ガラス越しの花火.jpg"), "fireworks", "夜空に開く花火と、川辺にならぶ提灯", size=WIDE),
    Item("hoshikage/scenes/moon_ink.png", "moon", "monochrome, greyscale, full_moon, grass, no_humans, night", size=SMALL, making="grey16"),
    Item("hoshikage/scenes/maple_bridge.jpg", "maples", "A red bridge crosses a pond between maples in autumn.", size=WIDE, making="cmyk"),
    Item("hoshikage/scenes/waterfall.jpg", "waterfall", "A tall waterfall drops into a clear pool between rocks.", size=TALL, making="turned"),
    Item("hoshikage/scenes/river_festival.gif", "fireworks", "Fireworks above the river on a summer night.", REVIEW, Reason.IMAGE_ANIMATED, SMALL, "animated"),
)  # fmt: skip

HOSHIKAGE_CHARACTERS = (
    Item("hoshikage/characters/cut_001.jpg", "class_president", "1girl, solo, long_hair, black_hair, blue_eyes, serafuku, smile, looking_at_viewer"),
    Item("hoshikage/characters/cut_002.webp", "idol", "A girl with pink twin tails laughs with her eyes closed."),
    Item("hoshikage/characters/cut_003.jpg", "festival", "1girl, kimono, hair_flower, brown_hair, double_bun, green_eyes, night"),
    Item("hoshikage/characters/cut_004.webp", "drummer", "1boy, white_hair, red_eyes, hoodie, headphones, one_eye_closed, checkered_background"),
    Item("hoshikage/characters/cut_005.jpg", "waitress", "眼鏡をかけた三つ編みの少女が、エプロン姿で照れている"),
    Item("hoshikage/characters/cut_006.webp", "dreamer", "長い水色の髪の少女が目を閉じて微笑んでいる"),
    Item("hoshikage/characters/cut_007.jpg", "knight", "A knight with red hair and cat ears looks surprised."),
    Item("hoshikage/characters/cut_008.jpg", "winter", "A girl in a red coat with a gold button and a white scarf."),
    Item("hoshikage/characters/cut_009.webp", "delegate", "1boy, black_hair, glasses, blazer, purple_eyes, upper_body"),
    Item("hoshikage/characters/cut_010.jpg", "platform", "Hoshino Kirari laughs and waves from the platform.", REVIEW, Reason.NAME_PROTECTED),
    # The same drawing as shirogane/letter.jpg, without its metadata: it inherits the condition.
    Item("hoshikage/characters/cut_011.webp", "letter", "星野きらりが手紙を届けにきた", EXCLUDE, Reason.CONSENT_UNMET),
    Item("hoshikage/characters/cut_012.jpg", "cosplay", "1girl, hoshino_kirari_(starlit_courier), blonde_hair, hair_ribbon, open_mouth", REVIEW, Reason.NAME_PROTECTED),
    Item("hoshikage/characters/cut_013.webp", "reader", "A scene from Starlit Courier: a girl has fallen asleep over her book.", REVIEW, Reason.NAME_PROTECTED),
    Item("hoshikage/characters/cut_014.jpg", "watercolour", "1girl, beret, green_hair, smile, tamakaze_ito, traditional_media", EXCLUDE, Reason.NAME_PROTECTED),
    Item("hoshikage/characters/cut_015.webp", "sketch", "玉風いとの画風で描いた少年の下絵", EXCLUDE, Reason.NAME_PROTECTED),
    Item("hoshikage/characters/cut_016.jpg", "bookshop", "A girl in a beret holds a novel from Tsukimori Press.", REVIEW, Reason.NAME_PROTECTED),
    Item("hoshikage/characters/cut_017.webp", "soda_boy", "あわゆきソーダを飲んで笑う少年", REVIEW, Reason.NAME_PROTECTED),
    Item("hoshikage/characters/cut_018.jpg", "stage", "A singer winks on the stage, voiced by Orito Misuzu.", EXCLUDE, Reason.NAME_PROTECTED),
    Item("hoshikage/characters/cut_019.jpg", "cat", 'A tabby cat called "Button" sleeps on a pink cushion.', REVIEW, Reason.NAME_POSSIBLE, SMALL),
)  # fmt: skip

HOSHIKAGE_FOOD = (
    Item("hoshikage/food/noodles.jpg", "ramen", "A bowl of noodles with two eggs on a wooden table.", size=SMALL),
    Item("hoshikage/food/dango.webp", "dango", "お皿にのった三色団子", size=SMALL),
    Item("hoshikage/food/parfait.png", "parfait", "food, parfait, strawberry, cherry, ice_cream, no_humans, table", size=SMALL),
    Item("hoshikage/food/onigiri.webp", "onigiri", "food, onigiri, no_humans, leaf, still_life", size=SMALL),
    Item("hoshikage/food/can.jpg", "can", "A plain white can on a blue table.", size=SMALL),
)  # fmt: skip

HOSHIKAGE_DELIVERY = (
    Item("hoshikage/delivery/poster_draft.jpg", "courier", "1girl, blonde_hair, hat, coat, smile, night_sky, star_(symbol)", EXCLUDE, Reason.MOTIF_COPY, (288, 300), "edited"),
    Item("hoshikage/delivery/mark_final.png", "press_mark", "A round mark with a golden moon and three trees.", EXCLUDE, Reason.MOTIF_COPY, making="exact"),
    Item("hoshikage/delivery/drop_small.webp", "soda_mark", "青いしずくと雪の結晶のマーク", EXCLUDE, Reason.MOTIF_COPY, (280, 280)),
    Item("hoshikage/delivery/plush.jpg", "mascot_redrawn", "A round plush toy with two leaves on its head.", REVIEW, Reason.MOTIF_CONTAINED, SMALL),
    Item("hoshikage/delivery/key_visual.webp", "courier_redrawn", "A girl in a cap winks below the stars.", REVIEW, Reason.MOTIF_CONTAINED),
    Item("hoshikage/delivery/room.webp", "classroom", "放課後の教室、窓から差す午後の光", REVIEW, Reason.NAME_PROTECTED, WIDE),
    Item("hoshikage/delivery/IMG_0042.webp", "classroom", "Background art for Starlit Courier, empty classroom.", REVIEW, Reason.NAME_PROTECTED, same_as="hoshikage/delivery/room.webp"),
    Item("hoshikage/delivery/guest_page.jpg", "singer", "1girl, purple_hair, headphones, open_mouth, dress", EXCLUDE, Reason.CONSENT_REFUSED, consent=Embedded("DMI-PROHIBITED-GENAIMLTRAINING", "Mio Shirogane")),
    Item("hoshikage/delivery/broken_off.png", "sunflowers", "A field of sunflowers, second version.", ERROR, Reason.IMAGE_DAMAGED, SMALL, "truncated"),
    Item("hoshikage/delivery/nothing.png", "", "An early sketch.", ERROR, Reason.IMAGE_EMPTY, making="empty"),
    Item("hoshikage/delivery/notes.jpg", "", "Notes for the colourist.", ERROR, Reason.IMAGE_FORMAT, making="text"),
    Item("hoshikage/delivery/old_export.jpg", "student", "教室で驚いている眼鏡の少女", ERROR, Reason.CAPTION_UNREADABLE, encoding="shift_jis"),
)  # fmt: skip

MINASE = (
    Item("minase/spring.jpg", "spring", "A girl in a spring kimono with a flower in her long hair.", consent=BY_MINASE),
    Item("minase/rain.webp", "rain", "1girl, blue_hair, bob_cut, yellow_hoodie, rain, upper_body", consent=BY_MINASE),
    Item("minase/garden.jpg", "garden", "庭で笑う、お団子頭の少女", consent=BY_MINASE),
    Item("minase/twilight.png", "twilight", "夕暮れに立つ着物の少女", size=SMALL, consent=BY_MINASE),
    Item("minase/noon_peak.webp", "peak_at_noon", "A snowy mountain above the clouds at noon.", size=WIDE, consent=BY_MINASE),
    Item("minase/commission.jpg", "captain", "A young captain in armour, drawn for a client.", EXCLUDE, Reason.CONSENT_REFUSED, consent=Signed("minase", REFUSAL)),
    Item("minase/retouched.jpg", "painter", "赤いベレー帽の画家が驚いている", REVIEW, Reason.CONSENT_TAMPERED, consent=Signed("minase", GRANT, tampered=True)),
    Item("minase/export_for_web.webp", "moonlit", "1girl, white_hair, closed_eyes, night, star_hair_ornament", EXCLUDE, Reason.CONSENT_ABSENT),
)  # fmt: skip

KUROSE = (
    Item("kurose/lake.jpg", "lake_by_night", "A gate in a lake under the night sky.", EXCLUDE, Reason.CONSENT_REFUSED, WIDE, sidecar=_sidecar("Lake", '"dataMiningPreference": {"aiTraining": "notAllowed", "dataMining": "allowed"}')),
    Item("kurose/forest.webp", "old_forest", "no_humans, waterfall, forest, scenery", EXCLUDE, Reason.CONSENT_REFUSED, TALL, sidecar=_sidecar("Forest", '"dataMiningPreference": {"aiGenerativeTraining": "notAllowed"}')),
    Item("kurose/path.jpg", "garden_path", "夕日に染まる桜の小道", EXCLUDE, Reason.CONSENT_REFUSED, WIDE, sidecar=_sidecar("Path", '"dataMiningPreference": {"dataMining": "notAllowed", "aiInference": "notAllowed", "aiTraining": "notAllowed", "aiGenerativeTraining": "notAllowed"}')),
    Item("kurose/garage.webp", "mechanic", "A mechanic in a red cap winks.", REVIEW, Reason.CONSENT_MALFORMED, sidecar='{\n  "name": "Garage",\n  "dataMiningPreference": {"aiTraining": "notAll'),
    Item("kurose/cat.webp", "grey_cat", "A grey cat asleep at night.", EXCLUDE, Reason.GRANT_UNAUTHENTICATED, SMALL, sidecar=_sidecar("Cat", '"dataMiningPreference": {"aiTraining": "allowed", "aiGenerativeTraining": "allowed"}')),
    Item("kurose/tea_house.webp", "waitress", "茶屋の看板娘", EXCLUDE, Reason.CONSENT_UNMET, (240, 320), sidecar=_sidecar("Tea house", '"dataMiningPreference": {"aiTraining": "constrained", "aiGenerativeTraining": "constrained"}')),
)  # fmt: skip

SHIROGANE = (
    Item("shirogane/noodles.jpg", "ramen", "ラーメンの湯気", EXCLUDE, Reason.CONSENT_REFUSED, (240, 200), consent=Embedded("DMI-PROHIBITED", "Mio Shirogane")),
    Item("shirogane/festival.png", "festival", "1girl, kimono, hair_flower, from_side", EXCLUDE, Reason.CONSENT_REFUSED, (200, 240), consent=Embedded("DMI-PROHIBITED-GENAIMLTRAINING", "Mio Shirogane")),
    Item("shirogane/knight.webp", "knight", "A surprised knight in front of an orange sky.", EXCLUDE, Reason.CONSENT_REFUSED, (240, 300), consent=Embedded("DMI-PROHIBITED-AIMLTRAINING", "Mio Shirogane")),
    Item("shirogane/letter.jpg", "letter", "A shy girl with violet twin tails.", EXCLUDE, Reason.CONSENT_UNMET, (240, 240), consent=Embedded("DMI-PROHIBITED-SEECONSTRAINT", "Mio Shirogane", "Ask for a licence before any training.")),
    Item("shirogane/dango.jpg", "dango", "Three skewers of dumplings on a plate.", EXCLUDE, Reason.CONSENT_ABSENT, (240, 180), consent=Embedded("DMI-UNSPECIFIED", "Mio Shirogane")),
)  # fmt: skip

YUKIMORI = (
    Item("yukimori/village.webp", "snow_village", "Snow on three steep roofs in the evening.", EXCLUDE, Reason.GRANT_EXPIRED, (300, 220)),
    Item("yukimori/winter.webp", "winter", "マフラーを巻いた少女と雪", EXCLUDE, Reason.GRANT_EXPIRED, (240, 260)),
)  # fmt: skip

FOUND = (
    Item("found/repost.jpg", "delegate", "A student with glasses, found on a board.", consent=BY_MINASE, size=(240, 280)),
    Item("found/signed.webp", "drummer", "A boy with white hair and headphones.", EXCLUDE, Reason.GRANT_UNAUTHENTICATED, (280, 240), consent=Signed("stranger", GRANT)),
    Item("found/0001.jpg", "cherry_path", "Cherry trees beside a path.", EXCLUDE, Reason.CONSENT_ABSENT, (260, 200)),
    Item("found/0002.webp", "idol", "1girl, pink_hair, twintails, open_mouth, ribbon", EXCLUDE, Reason.CONSENT_ABSENT, (220, 260)),
    Item("found/0003.jpg", "night_city", "夜の街の灯り", EXCLUDE, Reason.CONSENT_ABSENT, (260, 200)),
    Item("found/0004.webp", "courier", "hoshino_kirari_(starlit_courier), official_art", EXCLUDE, Reason.CONSENT_ABSENT, (240, 240)),
    Item("found/0005.webp", "parfait", "", EXCLUDE, Reason.CONSENT_ABSENT, (200, 240)),
    Item("found/0006.jpg", "class_president", "セーラー服の少女", EXCLUDE, Reason.CONSENT_ABSENT, (220, 260)),
)  # fmt: skip

ITEMS: tuple[Item, ...] = (
    *HOSHIKAGE_SCENES, *HOSHIKAGE_CHARACTERS, *HOSHIKAGE_FOOD, *HOSHIKAGE_DELIVERY,
    *MINASE, *KUROSE, *SHIROGANE, *YUKIMORI, *FOUND,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Motif:
    """A reference picture of the motif register."""

    file: str
    picture: str
    label: str
    category: str
    owner: str


MOTIFS: tuple[Motif, ...] = (
    Motif("courier.png", "courier", "Hoshino Kirari", "character", "Tsukimori Press"),
    Motif("mascot.png", "mascot", "Kaburun", "character", "Awayuki Drinks"),
    Motif("soda_mark.png", "soda_mark", "Awayuki Soda", "logo", "Awayuki Drinks"),
    Motif("press_mark.png", "press_mark", "Tsukimori Press", "logo", "Tsukimori Press"),
)
