"""Characters that look like others: what a reader takes them for.

The table is our own, of the letters that pass for Latin ones in a name: Cyrillic, Greek, Armenian,
Cherokee, Lisu, small capitals, turned letters, and the enclosed letters that NFKC leaves alone.
Each row pairs letters with what they are taken for, in order.
"""

from __future__ import annotations

_ROWS: tuple[tuple[str, str], ...] = (
    ("абвгезикмнопрстухѕіјһԁԛԝяшцьґҝҡқңүұҳєёїй", "abbreeukmhonpctyxsijhdqwrwubrkkknyyxeeiu"),
    ("АВЕЗНІЈКМОРСТУХЅҮԌԚԜЬЯЕ", "abeehijkmopctyxsygqwbre"),
    ("αβγδεηικμνορστυχωζϲϳϱςάέήίόύώ", "abydenikuvopotuxwzcjpcaenioyw"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ", "abezhikmnoptyxc"),
    ("օսհոցզյաքոեԼՕՍ", "ouhngqjwpnelou"),
    ("ᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᎩᏃ", "abcdeghijklmprstvwyz"),
    ("ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", "abcdefghijklmnoprstuvwxyz"),
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz"),
    ("ıɑɡɩøØđĐłŁħĦŧŦɛɔƅƙɱŋɳʂʐɨʉ", "iagiooddllhhtteobkmnnsziu"),
    ("ɐǝɟɓɥᴉɹʇʌʍʎɾɯ", "aefbhirtvwyrm"),
)


def _tabulate() -> dict[str, str]:
    table: dict[str, str] = {}
    for strange, plain in _ROWS:
        # strict: a row whose halves differ in length would shift every letter after the slip.
        table.update(zip(strange, plain, strict=True))
    for first in (0x1F150, 0x1F170, 0x1F1E6):
        table.update((chr(first + place), chr(97 + place)) for place in range(26))
    return table


LOOKALIKES = _tabulate()
"""A character to the small Latin letter that it is taken for."""

HAN_AS_KANA = str.maketrans("口力工二八卜夕千才", "ロカエニハトタチオ")
"""Han characters that are drawn like katakana, as those katakana."""
