// From linear light to the picture. Each channel follows an S in log light (Naka and Rushton's x^c / (x^c + k)),
// as film and phones do: blacks are deep, bright colours pale. A grey card comes out at 115 of 255, a white
// sheet at 213.
uniform vec3 u_exposure;

const float CONTRAST = 1.30;
const float HALF = 0.62;  // k

vec3 encode_srgb(vec3 x) {
    return mix(12.92 * x, 1.055 * pow(x, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, x));
}

vec3 tone(vec3 light) {
    vec3 x = pow(max(light * u_exposure, 1e-6), vec3(CONTRAST));
    return encode_srgb(x / (x + HALF));
}

vec4 with_luma(vec3 color) {
    return vec4(color, dot(color, vec3(0.299, 0.587, 0.114)));
}
