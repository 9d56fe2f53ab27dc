"""Loading open_clip encoders: real loading code, on a tiny model.

The weights here are random and made for these tests only; they mean nothing and stay in tmp_path.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.errors import EncoderError
from models.motifs.encoder import Encoder
from models.motifs.encoders import known_encoders, load_encoder, pull_encoder
from models.motifs.features_stage import FeaturesStage
from tests.motif_pictures import build_index, draw, encode_file, write_asset

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")

TINY: dict[str, Any] = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
}
TAG = "open_clip:ViT-B-32/laion2b_s34b_b79k"


def state_of_tiny_model(seed: int = 0) -> dict[str, Any]:
    torch.manual_seed(seed)
    return dict(open_clip.CLIP(**TINY).state_dict())


def write_folder(folder: Path, state: dict[str, Any], **preprocess: Any) -> str:
    """A folder as ``open_clip:folder:`` wants it; returns the spec."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": TINY, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    torch.save(state, folder / "test-only-random-weights.pth")
    return f"open_clip:folder:{folder}"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return load_encoder(write_folder(tmp_path_factory.mktemp("tiny"), state_of_tiny_model()))


@pytest.fixture
def empty_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub cache with nothing in it, and a hub client that reaches no network."""
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def test_a_folder_of_config_and_weights_is_an_encoder(tiny: Encoder) -> None:
    embeddings = tiny.encode([draw(1), draw(2, (30, 200)), draw(3)])
    assert embeddings.shape == (3, 24) == (3, tiny.dimension)
    assert embeddings.dtype == np.float32
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_the_embeddings_are_those_of_the_model_itself(tiny: Encoder) -> None:
    from open_clip.transform import PreprocessCfg, image_transform_v2
    from PIL import Image

    state = state_of_tiny_model()
    model = open_clip.CLIP(**TINY)
    model.load_state_dict(state)
    prepare = image_transform_v2(PreprocessCfg(size=32), is_train=False)
    with torch.inference_mode():
        batch = prepare(Image.fromarray(draw(1)))[None]
        expected = model.eval().encode_image(batch, normalize=True).numpy()
    assert tiny.encode([draw(1)]) == pytest.approx(expected, abs=1e-5)


def test_an_embedding_does_not_depend_on_the_pictures_beside_it(tiny: Encoder) -> None:
    pictures = [draw(seed) for seed in range(tiny.batch_size + 3)]
    together = tiny.encode(pictures)
    alone = np.concatenate([tiny.encode([picture]) for picture in pictures])
    assert alone.tobytes() == together.tobytes()


def test_it_serves_the_features_stage_and_the_index(tiny: Encoder, tmp_path: Path) -> None:
    assets = [write_asset(tmp_path, f"{i}.png", encode_file(draw(i))) for i in range(5)]
    stage = FeaturesStage(tiny, 10_000_000, 10_000_000, workers=2)
    table = stage.examine(assets, lambda _: None)
    assert table["fault_code"].null_count == 5
    assert build_index((), tiny).dimension == tiny.dimension


def test_the_fingerprint_follows_weights_and_preprocessing(tiny: Encoder, tmp_path: Path) -> None:
    same = load_encoder(write_folder(tmp_path / "same", state_of_tiny_model()))
    other = load_encoder(write_folder(tmp_path / "other", state_of_tiny_model(seed=1)))
    squashed = write_folder(tmp_path / "squashed", state_of_tiny_model(), resize_mode="squash")
    assert same.fingerprint == tiny.fingerprint
    assert len({tiny.fingerprint, other.fingerprint, load_encoder(squashed).fingerprint}) == 3


def test_reports_name_the_weights_without_their_folder(tmp_path: Path) -> None:
    loaded = load_encoder(write_folder(tmp_path / "ours", state_of_tiny_model()))
    assert loaded.name == "open_clip:ours/test-only-random-weights.pth"
    assert loaded.name in loaded.limits


def test_a_model_that_open_clip_knows_takes_a_weights_file_by_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "kiyome-test-tiny.json"
    config.write_text(json.dumps(TINY))
    open_clip.add_model_config(config)
    from safetensors.torch import save_file

    weights = tmp_path / "weights.safetensors"
    save_file(state_of_tiny_model(), weights)
    spec = f"open_clip:kiyome-test-tiny/{weights}"
    assert "//" in spec
    loaded = load_encoder(spec)
    assert loaded.name == "open_clip:kiyome-test-tiny/weights.safetensors"
    with pytest.raises(EncoderError, match="nothing to fetch"):
        pull_encoder(spec, lambda *_: None)


@pytest.mark.parametrize("missing", ["visual.proj", "visual.transformer.resblocks.1.ln_1.bias"])
def test_weights_that_leave_a_parameter_uncovered_are_refused(tmp_path: Path, missing: str) -> None:
    state = state_of_tiny_model()
    del state[missing]
    with pytest.raises(EncoderError, match=missing):
        load_encoder(write_folder(tmp_path, state))


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    state = state_of_tiny_model()
    state["visual.proj"] = state["visual.proj"][:, :5]
    with pytest.raises(EncoderError, match=r"visual\.proj"):
        load_encoder(write_folder(tmp_path, state))


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    state = state_of_tiny_model()
    state["visual.proj"] = state["visual.proj"] * float("nan")
    with pytest.raises(EncoderError, match="damaged"):
        load_encoder(write_folder(tmp_path, state))


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    spec = write_folder(tmp_path, state_of_tiny_model())
    (tmp_path / "test-only-random-weights.pth").write_bytes(b"not a checkpoint")
    with pytest.raises(EncoderError, match="cannot be loaded"):
        load_encoder(spec)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return (Path.touch, (tmp_path / "sprung",))

    spec = write_folder(tmp_path, {"visual.proj": Trap()})
    with pytest.raises(EncoderError, match="cannot be loaded"):
        load_encoder(spec)
    assert not (tmp_path / "sprung").exists()


def test_a_folder_without_weights_is_refused_and_never_filled_at_random(tmp_path: Path) -> None:
    spec = write_folder(tmp_path, {})
    (tmp_path / "test-only-random-weights.pth").unlink()
    with pytest.raises(EncoderError, match="exactly one file of weights"):
        load_encoder(spec)


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"open_clip_config\.json"):
        load_encoder(f"open_clip:folder:{tmp_path}")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("open_clip:ViT-B-23/openai", "Did you mean .*ViT-B-32"),
        ("open_clip:ViT-B-32", "which weights"),
        ("open_clip:ViT-B-32/", "which weights"),
        ("open_clip:ViT-B-32/laion3b", "laion2b_s34b_b79k"),
        ("open_clip:ViT-B-32//nowhere/weights.pt", "neither a file nor a pretrained tag"),
    ],
)
def test_a_spec_that_names_nothing_says_what_would(spec: str, said: str) -> None:
    with pytest.raises(EncoderError, match=said):
        load_encoder(spec)


def test_a_tag_that_was_never_pulled_is_not_downloaded_silently(empty_hub: None) -> None:
    with pytest.raises(EncoderError, match=f"kiyome models pull {TAG}"):
        load_encoder(TAG)


def test_pulling_without_a_network_says_so_and_what_else_can_be_done(empty_hub: None) -> None:
    with pytest.raises(EncoderError, match="could not be fetched") as caught:
        pull_encoder(TAG, lambda *_: None)
    assert "on another machine" in caught.value.remedy


def test_a_pulled_tag_keeps_the_preprocessing_it_was_trained_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.motifs import weights

    cached = tmp_path / "open_clip_model.safetensors"
    cached.write_bytes(b"")
    monkeypatch.setattr(weights, "_cached_file", lambda *_: cached)
    found = weights.find_checkpoint("open_clip:ViT-B-16-SigLIP/webli")
    assert found.file == cached
    assert found.preprocessing["image_mean"] == (0.5, 0.5, 0.5)
    assert found.preprocessing["image_resize_mode"] == "squash"
    openai = weights.find_checkpoint("open_clip:ViT-B-32/openai")
    assert openai.preprocessing["force_quick_gelu"] is True


def test_pulling_reports_how_far_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    def download(repository: str, filename: str, *, tqdm_class: Any) -> str:
        with tqdm_class(total=10, initial=0) as bar:
            bar.update(4)
            bar.update(6)
        return str(tmp_path / filename)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    seen: list[tuple[int, int]] = []
    path = pull_encoder(TAG, lambda done, whole: seen.append((done, whole)))
    assert path == tmp_path / "open_clip_model.safetensors"
    assert seen == [(4, 10), (10, 10)]


def test_the_known_encoders_are_ours_and_every_pretrained_tag() -> None:
    known = known_encoders()
    assert known[0] == "builtin:layout"
    assert TAG in known
    assert len(known) == len(set(known)) > 100
