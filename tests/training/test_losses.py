"""Losses against values worked out by hand or by plain loops over their formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from p3mbench.training import losses
from p3mbench.training.batch import Batch
from p3mbench.training.constants import constant
from p3mbench.training.discriminator import PatchGAN, fooling_loss, telling_loss


def plane(values: list[list[float]]) -> torch.Tensor:
    return torch.tensor(values)[None, None]


def test_alpha_loss_is_the_mean_absolute_error() -> None:
    a, b = plane([[0.0, 0.5], [1.0, 0.2]]), plane([[0.0, 0.0], [0.0, 0.0]])
    assert float(losses.alpha_loss(a, b)) == pytest.approx(1.7 / 4, abs=1e-5)


def test_alpha_loss_in_a_region_divides_by_its_size_plus_one() -> None:
    a, b = plane([[0.0, 0.5], [1.0, 0.2]]), plane([[0.0, 0.0], [0.0, 0.0]])
    region = plane([[0.0, 1.0], [1.0, 0.0]])
    # the root of 1e-12 counts in the two pixels outside as well
    assert float(losses.alpha_loss(a, b, region)) == pytest.approx((1.5 + 2e-6) / 3, rel=1e-7)
    assert float(losses.alpha_loss(a, b, torch.zeros_like(a))) == pytest.approx(4e-6)


def test_means_over_regions() -> None:
    values = torch.tensor([[0.5, 0.25, 0.0], [1.0, 0.0, 0.0]])[:, None, None]
    region = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])[:, None, None]
    assert float(losses.pooled(values, region)) == pytest.approx(1.75 / 3)
    assert float(losses.by_image(values, region)) == pytest.approx((0.375 + 1) / 2)
    three = values.expand(2, 3, 1, 3)  # channels are summed
    assert float(losses.by_image(three, region)) == pytest.approx(3 * (0.375 + 1) / 2)
    nothing = torch.zeros_like(region)
    assert float(losses.pooled(nothing, nothing)) == float(losses.by_image(nothing, nothing)) == 0


def test_alpha_loss_has_a_gradient_at_zero() -> None:
    a = torch.zeros(1, 1, 2, 2, requires_grad=True)
    losses.alpha_loss(a, torch.zeros(1, 1, 2, 2)).backward()
    assert a.grad is not None and torch.isfinite(a.grad).all()


def test_composition_sums_channels_and_averages_pixels() -> None:
    alpha = plane([[0.5, 1.0]])
    foreground = torch.full((1, 3, 1, 2), 1.0)
    background = torch.zeros(1, 3, 1, 2)
    image = torch.full((1, 3, 1, 2), 0.25)
    value = losses.composition_loss(alpha, image, (foreground, background))
    assert float(value) == pytest.approx((3 * 0.25 + 3 * 0.75) / 2, abs=1e-5)
    region = plane([[1.0, 0.0]])
    value = losses.composition_loss(alpha, image, (foreground, background), region)
    assert float(value) == pytest.approx(3 * 0.25 / 2, abs=1e-5)


def test_class_loss_of_even_logits_is_log_three() -> None:
    classes = torch.tensor([[[0, 1], [2, 1]]])
    assert float(losses.class_loss(torch.zeros(1, 3, 2, 2), classes)) == pytest.approx(np.log(3))


def slow_level(x: np.ndarray, kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Detail and the next, half-sized plane, by loops."""
    padded = np.pad(x, 2, mode="edge")
    blurred = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            blurred[i, j] = (padded[i : i + 5, j : j + 5] * kernel).sum()
    half = blurred.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2).mean((1, 3))
    return x - blurred, half


def p3m_kernel() -> np.ndarray:
    line = np.exp(-((np.arange(5) - 2.0) ** 2) / 2) ** 2
    kernel = line[:, None] + line[None, :]
    return kernel / kernel.sum()


def test_laplacian_loss_against_loops() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random((32, 64)), rng.random((32, 64))
    want, x, y = 0.0, a, b
    for _ in range(5):
        (da, x), (db, y) = slow_level(x, p3m_kernel()), slow_level(y, p3m_kernel())
        want += float(np.abs(da - db).mean())
    want += float(np.abs(x - y).mean())  # the low-pass level
    got = losses.laplacian_loss(torch.tensor(a)[None, None], torch.tensor(b)[None, None])
    assert float(got) == pytest.approx(want, rel=1e-6)


def test_laplacian_loss_sees_a_constant_error() -> None:
    truth = torch.rand(1, 1, 64, 96)
    assert float(losses.laplacian_loss(truth + 0.25, truth)) == pytest.approx(0.25, abs=1e-6)


def test_laplacian_levels_drop_a_last_odd_row_and_column() -> None:
    plane = torch.rand(1, 1, 67, 45)
    sizes = [tuple(level.shape[2:]) for level in losses.laplacian_levels(plane)]
    assert sizes == [(67, 45), (33, 22), (16, 11), (8, 5), (4, 2), (2, 1)]


def slow_smoothing(x: np.ndarray) -> np.ndarray:
    """Burt and Adelson's kernel, by loops, borders reflected without their edge."""
    line = np.array([1, 4, 6, 4, 1]) / 16
    padded = np.pad(x, 2, mode="reflect")
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = (padded[i : i + 5, j : j + 5] * np.outer(line, line)).sum()
    return out


def slow_pyramid(x: np.ndarray) -> list[np.ndarray]:
    found = []
    for _ in range(5):
        x = x[: len(x) // 2 * 2, : x.shape[1] // 2 * 2]
        halved = slow_smoothing(x)[::2, ::2]
        doubled = np.zeros_like(x)
        doubled[::2, ::2] = halved
        found.append(x - 4 * slow_smoothing(doubled))
        x = halved
    return found


def test_pyramid_loss_against_loops() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random((70, 101)), rng.random((70, 101))
    levels = zip(slow_pyramid(a), slow_pyramid(b), strict=True)
    want = sum(2**s * np.abs(x - y).mean() for s, (x, y) in enumerate(levels))
    x, y = torch.tensor(a)[None, None], torch.tensor(b)[None, None]
    assert float(losses.pyramid_loss(x, y)) == pytest.approx(want, rel=1e-6)


def test_pyramid_loss_in_a_region_against_loops() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random((70, 101)), rng.random((70, 101))
    region = np.zeros((70, 101))
    region[8:30, 16:40] = 1
    want, inside = 0.0, region
    for s, (x, y) in enumerate(zip(slow_pyramid(a), slow_pyramid(b), strict=True)):
        inside = inside[: len(x), : x.shape[1]]
        want += 2**s * (np.abs(x - y) * inside).sum() / inside.sum()
        inside = inside[::2, ::2]
    planes = (torch.tensor(v)[None, None] for v in (a, b, region))
    assert float(losses.pyramid_loss(*planes)) == pytest.approx(want, rel=1e-6)
    empty = torch.zeros(1, 1, 64, 64)
    assert float(losses.pyramid_loss(torch.ones(1, 1, 64, 64), empty, empty)) == 0


def test_a_pyramid_gives_the_plane_back() -> None:
    """Levels that are added up again, each doubled by the same rule, are the plane."""
    plane = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(4))
    level = losses.pyramid_levels(plane, 1)[0]
    rebuilt = level[0, 0].numpy().astype(float)
    halved = slow_smoothing(plane[0, 0].numpy().astype(float))[::2, ::2]
    doubled = np.zeros((32, 32))
    doubled[::2, ::2] = halved
    assert np.allclose(rebuilt + 4 * slow_smoothing(doubled), plane[0, 0].numpy(), atol=1e-6)


def test_laplacian_loss_in_a_region_ignores_the_rest() -> None:
    truth = torch.rand(1, 1, 32, 32)
    region = torch.zeros(1, 1, 32, 32)
    region[..., 8:16, 8:16] = 1
    wrong = torch.where(region > 0, truth, 1 - truth)
    assert float(losses.laplacian_loss(wrong, truth, region)) == 0
    assert float(losses.laplacian_loss(wrong, truth)) > 0


def test_gradient_loss_of_a_ramp() -> None:
    ramp = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 1, 8, 8) / 10
    flat = torch.zeros(1, 1, 8, 8)
    # inside, Sobel / 8 of a ramp of 0.1 per pixel is 0.1; half of that at the repeated border
    horizontal = (6 * 0.1 + 2 * 0.05) / 8
    assert float(losses.gradient_loss(ramp, flat)) == pytest.approx(horizontal / 2, rel=1e-5)


def test_sobel_weights_are_not_divided() -> None:
    ramp = torch.arange(5.0).view(1, 1, 1, 5).expand(1, 1, 4, 5)
    across, down = losses.sobel(ramp)[0]
    assert (across == 8).all() and (down == 0).all()
    across, down = losses.sobel(ramp.transpose(2, 3))[0]
    assert (across == 0).all() and (down == 8).all()


def test_constants_are_made_once_and_serve_training_after_inference() -> None:
    like = torch.zeros(1, dtype=torch.float64)
    with torch.inference_mode():
        kernel = constant(((1.0, 2.0),), like)
    assert kernel is constant(((1.0, 2.0),), like) and not kernel.is_inference()
    assert kernel.dtype == torch.float64
    assert constant(((1.0, 2.0),), like.float()).dtype == torch.float32
    weight = torch.ones(1, 2, dtype=torch.float64, requires_grad=True)
    (weight * kernel).sum().backward()
    assert weight.grad is not None and weight.grad.tolist() == [[1, 2]]


def test_ssim_is_zero_at_equality_and_grows() -> None:
    truth = torch.rand(1, 1, 24, 24, generator=torch.Generator().manual_seed(3))
    assert float(losses.ssim_loss(truth, truth)) == pytest.approx(0, abs=1e-6)
    small, large = truth + 0.05 * torch.randn_like(truth), 1 - truth
    assert 0 < float(losses.ssim_loss(small, truth)) < float(losses.ssim_loss(large, truth))


def batch(trimap: list[list[float]]) -> Batch:
    values = plane(trimap)
    return Batch(torch.zeros(1, 3, *values.shape[2:]), torch.zeros_like(values), values)


def test_interpolated_trimap_values_are_a_class_and_no_region() -> None:
    seen = batch([[0.0, 128.0], [255.0, 200.0]])
    assert seen.classes.tolist() == [[[0, 1], [2, 1]]]
    assert seen.unknown[0, 0].tolist() == [[0, 1], [0, 0]]


def test_layers_that_were_not_asked_for() -> None:
    with pytest.raises(ValueError, match="needs_layers"):
        _ = batch([[0.0]]).layers
    with pytest.raises(ValueError, match="envelope"):
        _ = batch([[0.0]]).envelope


def test_exclusion_is_the_product_of_the_gradients() -> None:
    ramp = torch.arange(3.0).view(1, 1, 1, 3).expand(1, 1, 3, 3)
    flat = torch.ones(1, 1, 3, 3)
    assert float(losses.exclusion_loss(ramp, flat)) == 0
    # a step of 1 to the right in one, of 2 to the right and 3 down in the other
    other = 2 * ramp + 3 * ramp.transpose(2, 3)
    assert float(losses.exclusion_loss(ramp, other)) == pytest.approx(1 * (2 + 3))
    three = ramp.expand(1, 3, 3, 3)
    assert float(losses.exclusion_loss(three, other)) == pytest.approx(3 * 5)


def test_adversarial_losses_by_hand() -> None:
    true, made = torch.tensor([0.5, 1.0]), torch.tensor([0.0, 0.5])
    assert float(fooling_loss(made)) == pytest.approx((1 + 0.25) / 2)
    assert float(telling_loss(true, made)) == pytest.approx((0.25 / 2 + 0.25 / 2) / 2)
    assert float(telling_loss(torch.ones(2), torch.zeros(2))) == 0


def test_a_verdict_of_the_patchgan_looks_at_70_pixels() -> None:
    # without its normalisation, which looks at everything
    convolutions = [m for m in PatchGAN(1, 2).layers if isinstance(m, torch.nn.Conv2d)]
    image = torch.zeros(1, 1, 160, 160, requires_grad=True)
    verdicts = torch.nn.Sequential(*convolutions)(image)
    verdicts[0, 0, verdicts.shape[2] // 2, verdicts.shape[3] // 2].backward()
    assert image.grad is not None
    rows, columns = torch.nonzero(image.grad[0, 0], as_tuple=True)
    assert int(rows.max() - rows.min()) + 1 == int(columns.max() - columns.min()) + 1 == 70


def test_a_batch_moves_as_a_whole() -> None:
    moved = replace(batch([[0.0, 255.0]]), stage="joint").to("meta")
    assert moved.stage == "joint" and moved.foreground is None
    assert {moved.image.device.type, moved.trimap.device.type} == {"meta"}
