"""What runs an encoder's network changes no more than the last digits of what it sees.

The weights here are random and made for these tests only; they mean nothing and stay in tmp_path.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.errors import EncoderError, SettingsError
from models.motifs.encoder import Encoder
from models.motifs.encoders import load_encoder
from models.settings import load_settings
from tests.motif_pictures import draw

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")
pytest.importorskip("openvino", reason="OpenVINO is not installed: the extra `openvino` brings it")

TEXT = {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1}
CONVOLUTIONAL: dict[str, Any] = {
    "embed_dim": 24,
    "vision_cfg": {
        "timm_model_name": "test_resnet",
        "timm_model_pretrained": False,
        "timm_pool": "avg",
        "timm_proj": None,
        "image_size": 64,
    },
    "text_cfg": TEXT,
    "custom_text": True,
}
TRANSFORMER: dict[str, Any] = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": TEXT,
}


def write_folder(folder: Path, config: dict[str, Any]) -> str:
    torch.manual_seed(0)
    kind = open_clip.CustomTextCLIP if config.get("custom_text") else open_clip.CLIP
    model = kind(**{name: value for name, value in config.items() if name != "custom_text"})
    folder.mkdir()
    content = {"model_cfg": config, "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    torch.save(model.state_dict(), folder / "test-only-random-weights.pth")
    return f"open_clip:folder:{folder}"


@pytest.fixture(
    scope="module", params=[CONVOLUTIONAL, TRANSFORMER], ids=["convolutional", "transformer"]
)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Encoder, Encoder]:
    spec = write_folder(tmp_path_factory.mktemp("encoder") / "random", request.param)
    return load_encoder(spec, "torch"), load_encoder(spec, "openvino")


def test_both_backends_see_the_same(both: tuple[Encoder, Encoder]) -> None:
    pictures = [draw(1), draw(2, (90, 200)), draw(3, (300, 120))]
    for one, other in zip(*(encoder.look(pictures) for encoder in both), strict=True):
        np.testing.assert_allclose(one.whole, other.whole, atol=1e-4)
        np.testing.assert_allclose(one.parts, other.parts, atol=1e-4)
        np.testing.assert_array_equal(one.boxes, other.boxes)


def test_openvino_gives_the_same_bytes_each_time_and_in_any_company(
    both: tuple[Encoder, Encoder],
) -> None:
    _, encoder = both
    pictures = [draw(seed, (64 + 8 * seed, 100)) for seed in range(5)]
    together = encoder.encode(pictures)
    alone = np.concatenate([encoder.encode([picture]) for picture in pictures])
    assert together.tobytes() == alone.tobytes() == encoder.encode(pictures).tobytes()


def test_a_calibration_holds_for_both_but_kept_features_for_one(
    both: tuple[Encoder, Encoder],
) -> None:
    with_torch, with_openvino = both
    assert with_torch.identity == with_openvino.identity
    assert with_torch.fingerprint != with_openvino.fingerprint


def test_a_missing_backend_is_told_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = write_folder(tmp_path / "random", TRANSFORMER)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EncoderError, match=r"kiyome\[openvino\]"):
        load_encoder(spec, "openvino")


def test_the_setting_takes_the_two_backends_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KIYOME_ENCODER_BACKEND", "openvino")
    assert load_settings().encoder_backend == "openvino"
    monkeypatch.setenv("KIYOME_ENCODER_BACKEND", "onnx")
    with pytest.raises(SettingsError, match="encoder_backend"):
        load_settings()
