in vec2 v_ndc;

uniform mat3 u_ndc_to_world;

out vec4 out_color;

void main() {
#ifdef PHOTO
    out_color = with_luma(encode_srgb(photo_light(v_ndc)));
#else
    out_color = with_luma(tone(sky_light(u_ndc_to_world * vec3(v_ndc, 1.0))));
#endif
}
