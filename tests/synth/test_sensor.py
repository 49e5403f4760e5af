"""The sensor: known answers for exposure, blur, white balance and noise."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.scene import SensorSpec
from synth.sensor import BLUR_PICTURES, blend, develop, shutter_times

GREY = np.full((64, 80, 3), 118, np.uint8)  # 18 % of linear light


def _rng():
    return rng_for(0, "sensor-test")


def test_a_sensor_that_does_nothing_returns_the_very_picture():
    assert develop(_rng(), GREY, SensorSpec()) is GREY


def test_every_byte_survives_the_way_to_light_and_back():
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    np.testing.assert_array_equal(blend([ramp, ramp]), ramp)


def test_one_stop_doubles_the_light():
    brighter = develop(_rng(), GREY, SensorSpec(exposure_ev=1.0))
    assert np.abs(brighter.astype(int) - 162).max() <= 1  # sRGB of 0.36


def test_highlights_clip():
    white = develop(_rng(), np.full((2, 2, 3), 230, np.uint8), SensorSpec(exposure_ev=3.0))
    assert (white == 255).all()


def test_a_warm_shift_lifts_red_over_blue():
    warm = develop(_rng(), GREY, SensorSpec(temperature_shift=1.0))[0, 0].astype(int)
    assert warm[0] > warm[1] > warm[2]


def test_blend_averages_light_not_bytes():
    black, white = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    assert np.abs(blend([black, white]).astype(int) - 188).max() <= 1  # sRGB of one half


@pytest.mark.parametrize("pictures", [[], [GREY, GREY[:10]]])
def test_blend_refuses_none_and_unequal_ones(pictures):
    with pytest.raises(InputError, match="of one size"):
        blend(pictures)


def test_noise_has_the_size_asked_for_and_repeats():
    noisy = develop(_rng(), np.full((400, 400, 3), 118, np.uint8), SensorSpec(noise=0.02))
    linear = ((noisy / 255.0 + 0.055) / 1.055) ** 2.4
    assert abs(linear.std() - 0.02) < 0.001, f"noise {linear.std():.4f}, asked for 0.02"
    assert abs(linear.mean() - 0.1812) < 0.001
    again = develop(_rng(), np.full((400, 400, 3), 118, np.uint8), SensorSpec(noise=0.02))
    np.testing.assert_array_equal(noisy, again)


def test_shutter_times_lie_evenly_about_the_middle():
    times = np.array(shutter_times(SensorSpec(shutter_s=0.02)))
    assert len(times) == BLUR_PICTURES
    assert abs(times.sum()) < 1e-9
    np.testing.assert_allclose(np.diff(times), 0.02 / BLUR_PICTURES, atol=1e-6)
    assert shutter_times(SensorSpec()) == (0.0,)
