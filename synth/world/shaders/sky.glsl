// What lies behind everything: a picture all round, or a photograph that fills the frame.
uniform sampler2D u_sky;  // u is azimuth, v the sine of elevation from u_lowest_sine to 1; or a photograph
uniform float u_lowest_sine;
uniform vec2 u_cover;  // share of the photograph's width and height that the frame shows
uniform float u_panorama_height_m;  // how high above the ground a panorama was taken

vec3 sky_light(vec3 ray) {
    vec3 unit = normalize(ray);
    vec2 uv = vec2(atan(unit.y, unit.x) / 6.2831853, (unit.z - u_lowest_sine) / (1.0 - u_lowest_sine));
    return textureLod(u_sky, uv, 0.0).rgb;
}

vec3 photo_light(vec2 ndc) {
    return textureLod(u_sky, 0.5 + 0.5 * ndc * u_cover, 0.0).rgb;
}
