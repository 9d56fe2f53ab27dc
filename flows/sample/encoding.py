"""From a picture to the bytes of a file: formats, odd encodings, consent inside and damage."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageEnhance
from PIL.PngImagePlugin import PngInfo

_ORIENTATION = 0x0112
MIME = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif"}

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    plus:DataMining="http://ns.useplus.org/ldf/vocab/{term}">
   <dc:creator><rdf:Seq><rdf:li>{creator}</rdf:li></rdf:Seq></dc:creator>
   <plus:OtherConstraints>{constraint}</plus:OtherConstraints>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def make_xmp(term: str, creator: str, constraint: str = "") -> bytes:
    """An XMP packet with the PLUS vocabulary's data mining property."""
    return _XMP.format(term=term, creator=creator, constraint=constraint).encode()


def encode(
    image: Image.Image,
    suffix: str,
    *,
    xmp: bytes = b"",
    quality: int = 84,
    all_colours: bool = False,
) -> bytes:
    """The picture as a PNG, JPEG or WebP file, by the name's suffix.

    A PNG keeps the 160 colours that fit best, to be small, unless it is to keep ``all_colours``.
    """
    file = io.BytesIO()
    if suffix == ".png":
        info = PngInfo()
        if xmp:
            info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        kept = image if all_colours else image.quantize(160)
        kept.save(file, "PNG", optimize=True, pnginfo=info)
    elif suffix == ".jpg":
        image.save(file, "JPEG", quality=quality, optimize=True, **({"xmp": xmp} if xmp else {}))
    elif suffix == ".webp":
        image.save(file, "WEBP", quality=quality, method=6, xmp=xmp)
    else:
        raise ValueError(f"the sample has no {suffix} files of this kind")
    return file.getvalue()


def encode_cmyk(image: Image.Image) -> bytes:
    """A JPEG in printing colours."""
    file = io.BytesIO()
    image.convert("CMYK").save(file, "JPEG", quality=86)
    return file.getvalue()


def encode_grey16(image: Image.Image) -> bytes:
    """A PNG of 16-bit grey."""
    grey = np.asarray(image.convert("L"), np.uint16) // 4 * 4 * 257
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG", optimize=True)
    return file.getvalue()


def encode_turned(image: Image.Image) -> bytes:
    """A JPEG that lies on its side and says so (EXIF orientation 6)."""
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    file = io.BytesIO()
    image.transpose(Image.Transpose.ROTATE_90).save(file, "JPEG", quality=84, exif=exif)
    return file.getvalue()


def encode_animated(image: Image.Image) -> bytes:
    """A GIF of four frames that brighten."""
    frames = [
        ImageEnhance.Brightness(image).enhance(light).quantize(64)
        for light in (0.55, 0.8, 1.0, 1.2)
    ]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=160, loop=0)
    return file.getvalue()


def edit_copy(image: Image.Image, width: int, height: int) -> bytes:
    """A picture as somebody passes it on who hides its origin: recoloured, scaled, recompressed."""
    hue, saturation, value = image.convert("HSV").split()
    turned = hue.point([(i + 14) % 256 for i in range(256)])
    strong = saturation.point([min(255, round(i * 0.8)) for i in range(256)])
    recoloured = Image.merge("HSV", (turned, strong, value)).convert("RGB")
    scaled = recoloured.resize((width, height), Image.Resampling.BICUBIC)
    return encode(scaled, ".jpg", quality=70)


def tamper(signed: bytes) -> bytes:
    """Change picture data at the end of a signed JPEG, as an editor without credentials does."""
    cut = len(signed) - 40
    return signed[:cut] + bytes(b ^ 1 for b in signed[cut : cut + 8]) + signed[cut + 8 :]


def damage(data: bytes) -> bytes:
    """The first part of a file whose transfer broke off."""
    return data[: len(data) * 2 // 5]
