in vec2 v_ndc;

uniform mat3 u_ndc_to_world;
uniform sampler2D u_sky;  // all round: u is azimuth, v the sine of elevation from -0.25 to 1

out vec4 out_color;

void main() {
    vec3 ray = normalize(u_ndc_to_world * vec3(v_ndc, 1.0));
    vec2 uv = vec2(atan(ray.y, ray.x) / 6.2831853, (ray.z + 0.25) / 1.25);
    out_color = vec4(tone(textureLod(u_sky, uv, 0.0).rgb), 1.0);
}
