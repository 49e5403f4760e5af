// From linear light to the picture: extended Reinhard (Reinhard et al. 2002) on each channel, blended with the
// same curve on luminance so that bright colours pale but keep their hue, then sRGB and a little contrast.
uniform vec3 u_exposure;

const float WHITE = 3.2;

vec3 shoulder(vec3 x) {
    return x * (1.0 + x / (WHITE * WHITE)) / (1.0 + x);
}

vec3 tone(vec3 light) {
    vec3 x = max(light * u_exposure, 0.0);
    float luminance = dot(x, vec3(0.2126, 0.7152, 0.0722));
    vec3 by_luminance = x * (shoulder(vec3(luminance)).x / max(luminance, 1e-5));
    vec3 mapped = clamp(mix(shoulder(x), by_luminance, 0.35), 0.0, 1.0);
    vec3 encoded = mix(12.92 * mapped, 1.055 * pow(mapped, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, mapped));
    return mix(encoded, encoded * encoded * (3.0 - 2.0 * encoded), 0.45);
}
